// An oracle in front of the plugin. It judges each request by the model, as Node and the router read it, and compares this with
// what happens to the request.
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { judge } from '../helpers/model.ts'
import { BrokenLookup, places } from './places.ts'

/** Something that must not happen, with the request's number or the peer's port, so that the sender can find the bytes. */
export interface Violation {
  readonly what: string
  readonly id?: number | undefined
  readonly port?: number | undefined
}

export interface Oracle {
  onViolation: (violation: Violation) => void
  /** How often each decision was expected. */
  readonly verdicts: Map<string, number>
  /** How often handlers ran. */
  runs: number
}

declare module 'fastify' {
  interface FastifyContextConfig { place?: string }
  interface FastifyRequest { expected: Expectation | undefined }
}

/** The number in a request's path. */
export function idOf ({ url = '' }: { url?: string | undefined }): number | undefined {
  const digits = /\bid(\d+)/.exec(url)?.[1]
  return digits === undefined ? undefined : Number(digits)
}

interface Expectation {
  /** Whether the handler may run. */
  readonly mayRun: boolean
  /** Whether the request must be refused with a 403. */
  readonly isRefused: boolean
  /** Whether a function of `allowedOrigins` throws for it. */
  readonly isBroken: boolean
  readonly verdict: string
}

/** Judges every request before the plugin does, and judges its response. */
export function observe (app: FastifyInstance, oracle: Oracle, isProxied: boolean): void {
  app.decorateRequest('expected', undefined)
  app.addHook('onRequest', function judgeFirst (request, reply, done) {
    const expected = expect(request, isProxied)
    request.expected = expected
    oracle.verdicts.set(expected.verdict, (oracle.verdicts.get(expected.verdict) ?? 0) + 1)
    const id = idOf(request.raw)
    if (id !== undefined) reply.header('x-id', id)
    // An exempt path must never lead to a route that is not below its entry, however the router reads the path.
    const route = request.routeOptions.url
    if (expected.verdict === 'exempt-path: allowed' && route !== undefined && !/^(?:\/hooks|\/api\/v1\/events|\/strict\/hooks)\/\*$/.test(route)) {
      report(oracle, request, `an exempt path led to ${route}`)
    }
    done()
  })
  app.addHook('onResponse', function checkResponse (request, reply, done) {
    const { expected, method } = request
    const { statusCode } = reply
    if (expected === undefined) report(oracle, request, `${method} was answered without a decision`)
    else if (statusCode >= 500 && !expected.isBroken) report(oracle, request, `${statusCode}, expected ${expected.verdict}`)
    else if (expected.isBroken && statusCode !== 500 && !expected.mayRun) report(oracle, request, `${statusCode} although a lookup failed`)
    else if (expected.isRefused !== (statusCode === 403)) report(oracle, request, `${statusCode}, expected ${expected.verdict}`)
    done()
  })
}

function expect (request: FastifyRequest, isProxied: boolean): Expectation {
  const { method = '', url = '', headers } = request.raw
  const forwarded = isProxied ? headers['x-forwarded-host'] : undefined
  const host = forwarded ? String(forwarded).split(',').pop()!.trim() : headers.host ?? ''
  const place = places[request.routeOptions.config?.place ?? 'outer']!
  try {
    const { allowed, reason } = judge(place, { method, url, host, headers: headers as Record<string, string>, lines: request.raw.rawHeaders.length / 2 })
    const isRefused = !allowed && !place.isReportOnly
    return { mayRun: !isRefused, isRefused, isBroken: false, verdict: `${reason}: ${allowed ? 'allowed' : 'denied'}` }
  } catch (error) {
    if (!(error instanceof BrokenLookup)) throw error
    return { mayRun: place.isReportOnly, isRefused: false, isBroken: true, verdict: 'broken lookup' }
  }
}

/** Called by every handler: reports a violation if it must not run. */
export function checkRun (request: FastifyRequest, oracle: Oracle): void {
  oracle.runs++
  const { expected } = request
  if (!expected?.mayRun) report(oracle, request, `the handler of ${request.routeOptions.url} ran, expected ${expected?.verdict}`)
}

function report (oracle: Oracle, { raw }: FastifyRequest, what: string): void {
  oracle.onViolation({ what: `${what} (${raw.method} ${JSON.stringify(raw.url?.slice(0, 200))})`, id: idOf(raw), port: raw.socket.remotePort })
}

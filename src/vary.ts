// Vary, for GET and HEAD where their answer depends on who asks: without it a cache would give one
// origin what another was answered.
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { FastifyReply } from 'fastify'
import { isGetOrHead, type DecidableRequest, type Decision } from './decision.ts'
import type { Policy } from './policy.ts'

/**
 * The request headers that decide about a request, or undefined where none was consulted or the response
 * does not vary. They are those of the policy, not of this one request: caches expect the same of every
 * response of a resource.
 */
export function consultedHeaders ({ options }: Policy, request: DecidableRequest, { reason }: Decision): readonly string[] | undefined {
  if (options.safeMethods === 'allow' || !isGetOrHead(request)) return undefined
  if (reason === 'exempt-path' || reason === 'exempt-route') return undefined
  return consulted[options.safeMethods]
}

/**
 * Appends header names to the Vary of a response, whatever the application makes of it. That is known only
 * when the head is written: a handler, any onSend hook and a web Response may all still set it.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-12.5.5
 */
export function appendVary (reply: FastifyReply, names: readonly string[]): void {
  const raw: ServerResponse = reply.raw
  const { writeHead } = raw as { writeHead: (...args: unknown[]) => ServerResponse }
  raw.writeHead = function writeHeadWithVary (...args: unknown[]) {
    const given = args.at(-1)
    if (isHeaders(given)) args[args.length - 1] = withVary(given, names, raw.getHeader('vary'))
    else raw.setHeader('vary', joinVary(raw.getHeader('vary'), names))
    return writeHead.apply(raw, args)
  }
}

// ---------------------------------------------------------------------------------------------

const consulted = {
  isolate: ['Sec-Fetch-Site', 'Sec-Fetch-Mode', 'Sec-Fetch-Dest', 'Origin'],
  check: ['Sec-Fetch-Site', 'Origin']
} as const

function isHeaders (value: unknown): value is OutgoingHttpHeaders {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Headers given to writeHead win over those set before, in any letter case. */
function withVary (headers: OutgoingHttpHeaders, names: readonly string[], before: OutgoingHttpHeaders[string]): OutgoingHttpHeaders {
  const rest = Object.entries(headers).filter(([name]) => name.toLowerCase() !== 'vary')
  const given = Object.entries(headers).find(([name]) => name.toLowerCase() === 'vary')
  return { ...Object.fromEntries(rest), vary: joinVary(given === undefined ? before : given[1], names) }
}

function joinVary (value: OutgoingHttpHeaders[string], names: readonly string[]): string {
  const present = [value ?? []].flat().flatMap(line => String(line).split(',')).map(name => name.trim()).filter(name => name !== '')
  const known = new Set(present.map(name => name.toLowerCase()))
  return [...present, ...names.filter(name => !known.has(name.toLowerCase()) && !known.has('*'))].join(', ')
}

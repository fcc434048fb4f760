// Vary, for GET and HEAD where their answer depends on who asks: without it a cache would give one
// origin what another was answered.
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
 * Appends to what the application has set, in the reply or in a web Response, and gives the payload to
 * send.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-12.5.5
 */
export function appendVary (reply: FastifyReply, names: readonly string[], payload: unknown): unknown {
  reply.header('vary', joinVary(reply.getHeader('vary'), names))
  if (!(payload instanceof Response) || !payload.headers.has('vary')) return payload
  // Fastify sets the headers of a Response last, over those of the reply.
  const headers = new Headers(payload.headers)
  headers.set('vary', joinVary(headers.get('vary')!, names))
  return new Response(payload.body, { status: payload.status, statusText: payload.statusText, headers })
}

// ---------------------------------------------------------------------------------------------

const consulted = {
  isolate: ['Sec-Fetch-Site', 'Sec-Fetch-Mode', 'Sec-Fetch-Dest', 'Origin'],
  check: ['Sec-Fetch-Site', 'Origin']
} as const

function joinVary (value: number | string | string[] | undefined, names: readonly string[]): string {
  const present = [value ?? []].flat().flatMap(line => String(line).split(',')).map(name => name.trim()).filter(name => name !== '')
  const known = new Set(present.map(name => name.toLowerCase()))
  return [...present, ...names.filter(name => !known.has(name.toLowerCase()) && !known.has('*'))].join(', ')
}

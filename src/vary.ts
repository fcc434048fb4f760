// Vary, for GET and HEAD responses that depend on the requesting origin. Without it, a cache could serve one origin
// another's response.
import type { FastifyReply } from 'fastify'
import { isGetOrHead, type DecidableRequest, type Decision } from './decision.ts'
import { joinToHead } from './head.ts'
import type { Policy } from './policy.ts'

/**
 * Adds to the Vary of a response the request headers on which it depends, if it does. That follows from the policy, not from
 * this one request: caches expect the same Vary on every response of a resource.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-12.5.5
 */
export function joinVary ({ options: { safeMethods } }: Policy, { method }: DecidableRequest, { reason }: Decision, reply: FastifyReply): void {
  if (safeMethods === 'allow' || !isGetOrHead(method) || reason === 'exempt-path' || reason === 'exempt-route') return
  joinToHead(reply, 'vary', value => withNames(value, deciding[safeMethods]))
}

// ---------------------------------------------------------------------------------------------

// Every header that can decide about a GET, whichever decided about this one.
const fetchMetadata = ['Sec-Fetch-Site', 'Sec-Fetch-Mode', 'Sec-Fetch-Dest', 'Origin']
const deciding = {
  isolate: fetchMetadata,
  check: [...fetchMetadata, 'Referer', 'Accept', 'Service-Worker-Navigation-Preload']
}

function withNames (value: string, names: readonly string[]): string {
  const present = value.split(',').map(name => name.trim()).filter(name => name !== '')
  const known = new Set(present.map(name => name.toLowerCase()))
  return [...present, ...names.filter(name => !known.has(name.toLowerCase()) && !known.has('*'))].join(', ')
}

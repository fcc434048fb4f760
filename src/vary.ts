// Vary, for GET and HEAD responses that depend on the requesting origin. Without it, a cache could serve one origin
// another's response.
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { FastifyReply } from 'fastify'
import { isGetOrHead, type DecidableRequest, type Decision } from './decision.ts'
import type { Policy } from './policy.ts'

/**
 * Whether the response depends on the request headers that show where a request comes from. That follows from the policy,
 * not from this one request: caches expect the same Vary on every response of a resource.
 */
export function variesByOrigin ({ options }: Policy, { method }: DecidableRequest, { reason }: Decision): boolean {
  return options.safeMethods !== 'allow' && isGetOrHead(method) && reason !== 'exempt-path' && reason !== 'exempt-route'
}

/**
 * Appends those headers to the Vary of a response, whatever the application sets. That is known only when the head is
 * written: a handler, an onSend hook or a web Response may set it until then.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-12.5.5
 */
export function appendVary (reply: FastifyReply): void {
  const raw: ServerResponse = reply.raw
  const { writeHead } = raw as { writeHead: (...args: unknown[]) => ServerResponse }
  raw.writeHead = function writeHeadWithVary (...args: unknown[]) {
    const given = args.at(-1)
    if (typeof given === 'object' && given !== null) args[args.length - 1] = withVary(given, raw.getHeader('vary'))
    else raw.setHeader('vary', joinVary(raw.getHeader('vary')))
    return writeHead.apply(raw, args)
  }
}

// ---------------------------------------------------------------------------------------------

// Every header that can decide about a GET, whichever decided about this one.
const consulted = ['Sec-Fetch-Site', 'Sec-Fetch-Mode', 'Sec-Fetch-Dest', 'Origin']

type Field = [name: string, value: OutgoingHttpHeaders[string]]

/** Headers that writeHead is given, as an object or a list, win over those set before, in any letter case. */
function withVary (given: object, before: Field[1]): object {
  const fields = fieldsOf(given)
  const own = fields.filter(isVary).map(([, value]) => value)
  const all: Field[] = [...fields.filter(field => !isVary(field)), ['vary', joinVary(own.length === 0 ? before : own.join())]]
  return Array.isArray(given) ? all.flat() : Object.fromEntries(all)
}

/** Node takes an object, a list of pairs, or a list of alternating names and values. */
function fieldsOf (given: object): Field[] {
  if (!Array.isArray(given)) return Object.entries(given)
  if (Array.isArray(given[0])) return given
  return given.flatMap((name, index) => index % 2 === 0 ? [[name, given[index + 1]] as Field] : [])
}

function isVary ([name]: Field): boolean {
  return String(name).toLowerCase() === 'vary'
}

function joinVary (value: Field[1]): string {
  const present = String(value ?? '').split(',').map(name => name.trim()).filter(name => name !== '')
  const known = new Set(present.map(name => name.toLowerCase()))
  return [...present, ...consulted.filter(name => !known.has(name.toLowerCase()) && !known.has('*'))].join(', ')
}

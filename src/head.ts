// What is joined to a response head when it is written. Only then is it known what the application has set: a handler, an
// error handler, an onSend hook, a web Response and the very call that writes the head may all set a header until then.
import type { FastifyReply } from 'fastify'

/**
 * Gives a response header the value that `join` makes of what the application has set, empty if nothing.
 *
 * For that it replaces the methods of this one response that write a head, as the package on-headers does.
 */
export function joinToHead ({ raw }: FastifyReply, name: string, join: (value: string) => string): void {
  const { stream } = raw as { readonly stream?: object }

  // HTTP/2 writes every head on the stream, those of Node's compatibility API too.
  if (stream !== undefined) {
    for (const [method, index] of streamWriters) {
      replaceWriter(stream, method, args => { args[index] = withJoined(args[index] ?? {}, '') })
    }
    return
  }
  replaceWriter(raw, 'writeHead', args => {
    // writeHead(status, headers) may be called with undefined as its third argument.
    const index = typeof args[1] !== 'string' && args[2] == null ? 1 : 2
    const given = args[index]
    const before = textOf(raw.getHeader(name))
    if (typeof given === 'object' && given !== null) args[index] = withJoined(given, before)
    else raw.setHeader(name, join(before))
  })

  /** Headers that the call is given, as an object or a list, win over those set before, in any letter case. */
  function withJoined (given: object, before: string): object {
    const fields = fieldsOf(given)
    const own = fields.filter(isJoined)
    const value = join(own.length === 0 ? before : textOf(own.flatMap(([, value]) => value)))
    if (Array.isArray(given)) return [...fields.filter(field => !isJoined(field)), [name, value]].flat()
    const headers: Record<string, unknown> = { ...given }
    for (const [field] of own) delete headers[field]
    return Object.assign(headers, { [name]: value })
  }

  function isJoined ([field]: Field): boolean {
    return String(field).toLowerCase() === name
  }
}

// ---------------------------------------------------------------------------------------------

type Field = [name: string, value: unknown]

/** The methods of an HTTP/2 stream that write its head, each with the index of its headers. */
const streamWriters = [['respond', 0], ['respondWithFD', 1], ['respondWithFile', 1]] as const

/** Has the arguments of a method changed before it is called. */
function replaceWriter (target: object, method: string, change: (args: unknown[]) => void): void {
  const write = (target as Record<string, (...args: unknown[]) => unknown>)[method]!
  Object.assign(target, {
    [method] (...args: unknown[]) {
      change(args)
      return write.apply(target, args)
    }
  })
}

/** Node takes an object, a list of pairs, or a list of alternating names and values. */
function fieldsOf (given: object): Field[] {
  if (!Array.isArray(given)) return Object.entries(given)
  if (Array.isArray(given[0])) return given
  return given.flatMap((name, index) => index % 2 === 0 ? [[name, given[index + 1]] as Field] : [])
}

function textOf (value: unknown): string {
  return value === undefined ? '' : [value].flat().join(', ')
}

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
      replaceWriter(stream, method, args => { args[index] = withJoined(args[index] ?? {}, undefined, name, join) })
    }
    return
  }
  replaceWriter(raw, 'writeHead', args => {
    // writeHead(status, headers) may be called with undefined as its third argument.
    const index = args[2] == null ? 1 : 2
    const given = args[index]
    const before = raw.getHeader(name)
    if (typeof given === 'object' && given !== null) args[index] = withJoined(given, before, name, join)
    else raw.setHeader(name, join(textOf(before)))
  })
}

// ---------------------------------------------------------------------------------------------

/** The methods of an HTTP/2 stream that write its head, each with the index of its headers. */
const streamWriters = [['respond', 0], ['respondWithFD', 1], ['respondWithFile', 1]] as const

/** Has the arguments of a method changed before it is called. */
function replaceWriter (target: object, method: string, change: (args: unknown[]) => void): void {
  const methods = target as Record<string, (...args: unknown[]) => unknown>
  const write = methods[method]!
  methods[method] = (...args) => {
    change(args)
    return write.apply(target, args)
  }
}

/** Headers that the call is given, as an object or a list, win over what was set before, in any letter case. */
function withJoined (given: object, before: unknown, name: string, join: (value: string) => string): object {
  if (Array.isArray(given)) return withJoinedLines(given, before, name, join)
  const headers: Record<PropertyKey, unknown> = {}
  let value = before
  // One by one, as Node reads them: what a spread makes is slow to go through, which is a tenth of what a refusal costs.
  const fields = given as Readonly<Record<PropertyKey, unknown>>
  for (const field in fields) {
    if (!Object.hasOwn(fields, field)) continue
    if (field.toLowerCase() === name) value = fields[field]
    else headers[field] = fields[field]
  }
  // HTTP/2 has a symbol for headers that are sensitive.
  for (const symbol of Object.getOwnPropertySymbols(fields)) headers[symbol] = fields[symbol]
  headers[name] = join(textOf(value))
  return headers
}

/** Node takes a list of pairs, or one of alternating names and values. */
function withJoinedLines (given: unknown[], before: unknown, name: string, join: (value: string) => string): unknown[] {
  const lines = Array.isArray(given[0]) ? given.flat() : given
  const kept: unknown[] = []
  const values: unknown[] = []
  for (let i = 0; i < lines.length; i += 2) {
    if (String(lines[i]).toLowerCase() === name) values.push(lines[i + 1])
    else kept.push(lines[i], lines[i + 1])
  }
  return [...kept, name, join(textOf(values.length === 0 ? before : values.flat()))]
}

function textOf (value: unknown): string {
  return value === undefined ? '' : Array.isArray(value) ? value.join(', ') : String(value)
}

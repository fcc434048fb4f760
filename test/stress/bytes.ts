// What `npm run fuzz` sends: conversations of one or more requests as bytes, any part of which can be valid or invalid HTTP. A
// conversation is exact as long as the framing stays valid: then each response must belong to the request in the same place,
// whatever the rest of the bytes says.
import fc, { type Arbitrary } from 'fast-check'
import type { ModelRequest } from '../helpers/model.ts'
import { asNodeReads, otherHeaders, requests } from '../helpers/requests.ts'
import { hostileText, rarely, weighted } from '../helpers/spoilt.ts'
import type { servers } from './application.ts'
import { lineEnds, rightBody, versions, wrongBody, wrongLines, type Body, type Line } from './framing.ts'
import { functions, prefixes } from './places.ts'

/** A request as latin1 bytes, with `idN` as a placeholder for its number, and `idM` for that of a request inside its body. */
interface Piece {
  readonly text: string
  readonly isExact: boolean
  /** How Node should read it, and where it should lead; undefined if this side cannot know. */
  readonly meant: { readonly place: string, readonly request: ModelRequest } | undefined
}

export interface Conversation {
  readonly server: keyof typeof servers
  readonly pieces: readonly Piece[]
  readonly isExact: boolean
  /** Where the bytes are split into several writes, from 0 to 1. */
  readonly cuts: readonly number[]
  readonly isHalfClosed: boolean
}

const routes = Object.entries(prefixes).flatMap(([place, prefixes]) => prefixes.map(prefix => ({ place, prefix })))

/** Targets that try to get from an exempt path to another route, or to a route under another name. */
const detours: ReadonlyArray<(prefix: string) => string> = [
  prefix => `/hooks/..${prefix}/idN`,
  prefix => `/hooks/.${prefix}/idN`,
  prefix => `/hooks/%2e%2e${prefix}/idN`,
  prefix => `/hooks/..%2F${prefix.slice(1)}/idN`,
  prefix => `/hooks/..%252f${prefix.slice(1)}/idN`,
  prefix => `/hooks/..%25%32f${prefix.slice(1)}/idN`,
  prefix => `/hooks/..%5c${prefix.slice(1)}/idN`,
  prefix => `/hooks;/..${prefix}/idN`,
  prefix => `/hooks/..;${prefix}/idN`,
  prefix => `/hooks/${prefix}/idN`,
  prefix => `/hooks\\..${prefix}/idN`,
  prefix => `/hooks/idN?${prefix}`,
  prefix => `/hooks/idN#${prefix}`,
  prefix => `/hooks/gone/idN/..${prefix}`,
  prefix => `/hooks/gone/idN;${prefix}`,
  prefix => `/old${prefix}/idN`,
  prefix => `/old/..${prefix}/idN`,
  prefix => `/old/%2e%2e${prefix}/idN`,
  prefix => `/${prefix}/idN`,
  prefix => `${prefix}//idN`,
  prefix => `${prefix};/hooks/idN`,
  prefix => `${prefix}/idN;/../hooks`,
  prefix => `${prefix}/idN/../../hooks`,
  prefix => `${prefix}/idN?/hooks`,
  prefix => `${prefix}/idN/`,
  prefix => `${prefix}/idN%`,
  prefix => `${prefix}/idN%ff`,
  prefix => `${prefix}/idN\xff`,
  prefix => `${prefix.toUpperCase()}/idN`,
  prefix => `${prefix.replace(/\w/, letter => `%${letter.charCodeAt(0).toString(16)}`)}/idN`,
  prefix => `http://app.example${prefix}/idN`,
  prefix => `http://evil.example/hooks/idN/..${prefix}`,
  prefix => 'https://app.example/hooks/idN',
  prefix => `HTTP://app.example:80${prefix}/idN`,
  prefix => `//app.example${prefix}/idN`,
  prefix => prefix.slice(1) + '/idN',
  () => '/idN',
  () => '/unknown/idN',
  () => '*',
  () => 'app.example:443',
  prefix => `${prefix}/idN/${'a'.repeat(3000)}`,
  prefix => `${prefix}/${'../'.repeat(200)}hooks/idN`
]

const target = fc.tuple(fc.constantFrom(...routes), rarely(1, fc.nat(detours.length - 1)))
  .map(([{ place, prefix }, detour]) => (
    detour === undefined ? { place, target: `${prefix}/idN` } : { place: undefined, target: detours[detour]!(prefix) }
  ))

const caseOfNames = fc.constantFrom<Array<(name: string) => string>>(
  name => name, name => name.toUpperCase(), name => name.replace(/\b\w/g, letter => letter.toUpperCase())
)

/** Of some repeated headers the first counts, others are joined, as Node documents for `message.headers`. */
const firstCounts = ['host', 'content-type', 'content-length', 'authorization', 'referer', 'user-agent']

function asNodeJoins (lines: readonly Line[]): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const [name, value] of lines) {
    const key = name.toLowerCase()
    const before = headers[key]
    if (before === undefined) headers[key] = value
    else if (!firstCounts.includes(key)) headers[key] = `${before}, ${value}`
  }
  return headers
}

const knownMethods = ['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'PROPFIND']

const piece: Arbitrary<Piece> = fc.record({
  request: requests,
  known: rarely(6, fc.constantFrom(...Object.keys(functions))),
  again: rarely(5, requests),
  others: rarely(2, otherHeaders),
  target,
  body: weighted<{ isRight: boolean, body: Body }>(
    [9, rightBody.map(body => ({ isRight: true, body }))], [1, wrongBody.map(body => ({ isRight: false, body }))]
  ),
  isHostile: weighted<boolean>([9, false], [1, true]),
  wrongLine: rarely(16, wrongLines),
  version: versions,
  lineEnd: lineEnds,
  name: caseOfNames,
  isUpgrade: fc.boolean()
}).map(({ request, known, again, others, target, body, isHostile, wrongLine, version, lineEnd, name, isUpgrade }) => {
  const value = isHostile ? (text: string) => text : asNodeReads
  const method = isHostile || knownMethods.includes(request.method) ? request.method : 'POST'
  const { 'content-length': _length, connection: _connection, expect: _expect, ...harmless } = others ?? {}
  const lines: Line[] = [
    ...Object.entries({ ...request.headers, ...(known && { origin: known }) }), ...Object.entries(again?.headers ?? {}).slice(0, 3), ...Object.entries(isHostile ? others ?? {} : harmless)
  ].map(([name, text = '']) => [name, value(text)])
  if (isUpgrade && request.headers.upgrade) {
    lines.push(['connection', 'Upgrade'], ['sec-websocket-version', '13'], ['sec-websocket-key', 'AAAAAAAAAAAAAAAAAAAAAA=='])
  }
  const isExact = !isHostile && body.isRight && wrongLine === undefined && ['HTTP/1.0', 'HTTP/1.1'].includes(version) && lineEnd === '\r\n'
  const head = [
    `${method} ${target.target} ${version}`,
    ...[...lines, ...body.body.lines].map(([key, value]) => `${name(key)}: ${value}`),
    ...(wrongLine === undefined ? [] : [wrongLine]),
    '', ''
  ].join(lineEnd)
  const headers = asNodeJoins(lines)
  return {
    text: head + body.body.text,
    isExact,
    meant: target.place === undefined ? undefined : { place: target.place, request: { method, url: target.target, host: headers.host ?? '', headers } }
  }
})

/** Changes, removes or adds bytes anywhere. */
const damage = fc.array(fc.tuple(fc.nat(), fc.nat(2), hostileText), { minLength: 1, maxLength: 3 })

/** The number of pieces in a pipeline: mostly one, sometimes many. */
const pipeline = fc.oneof(
  { weight: 5, arbitrary: fc.array(piece, { minLength: 1, maxLength: 1 }) },
  { weight: 4, arbitrary: fc.array(piece, { minLength: 2, maxLength: 6 }) }
)

export const conversations: Arbitrary<Conversation> = fc.record({
  server: fc.constantFrom('plain', 'loose') as Arbitrary<keyof typeof servers>,
  pieces: pipeline,
  damage: rarely(6, damage),
  cuts: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 4 }),
  isHalfClosed: fc.boolean()
}).map(({ damage, pieces, ...conversation }) => {
  if (damage === undefined) return { ...conversation, pieces, isExact: pieces.every(({ isExact }) => isExact) }
  const text = damage.reduce((text, [at, kind, by]) => {
    const index = at % (text.length + 1)
    return text.slice(0, index) + (kind === 0 ? '' : by) + text.slice(index + (kind === 1 ? 0 : 1))
  }, pieces.map(({ text }) => text).join(''))
  return { ...conversation, pieces: [{ text, isExact: false, meant: undefined }], isExact: false }
})

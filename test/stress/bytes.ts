// What `npm run fuzz` sends: conversations of one or more requests, right or wrong in every part that HTTP has, as bytes.
// A part that leaves the framing as it should be keeps a conversation exact: then each response must be that of the
// request in its place, whatever the rest of the bytes says.
import fc, { type Arbitrary } from 'fast-check'
import { asNodeReads, hostileText, otherHeaders, rarely, requests, weighted } from '../helpers/requests.ts'
import type { ModelRequest } from '../helpers/model.ts'
import type { servers } from './application.ts'
import { functions, prefixes } from './places.ts'

/** A request as bytes, in latin1, with `idN` where its number goes and `idM` where one within its body has its own. */
interface Piece {
  readonly text: string
  readonly isExact: boolean
  /** What Node should read of it, and where it should lead; undefined where that is not for this side to say. */
  readonly meant: { readonly place: string, readonly request: ModelRequest } | undefined
}

export interface Conversation {
  readonly server: keyof typeof servers
  readonly pieces: readonly Piece[]
  readonly isExact: boolean
  /** Where the bytes are cut into several writes, from 0 to 1. */
  readonly cuts: readonly number[]
  readonly isHalfClosed: boolean
}

type Line = readonly [name: string, value: string]

const routes = Object.entries(prefixes).flatMap(([place, prefixes]) => prefixes.map(prefix => ({ place, prefix })))

/** Targets that mean to lead from an exempt path to another, or to a place by another name. */
const detours: ReadonlyArray<(prefix: string) => string> = [
  prefix => `/hooks/..${prefix}/idN`,
  prefix => `/hooks/.${prefix}/idN`,
  prefix => `/hooks/%2e%2e${prefix}/idN`,
  prefix => `/hooks/..%2F${prefix.slice(1)}/idN`,
  prefix => `/hooks/..%252f${prefix.slice(1)}/idN`,
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

/** A whole request, to be taken for the body of another; or for the next one, where the framing is wrong. */
const inner = fc.constantFrom(
  'POST /transfer/idM HTTP/1.1\r\nHost: app.example\r\nSec-Fetch-Site: cross-site\r\nContent-Length: 0\r\n\r\n',
  'GET /logout/idM HTTP/1.1\r\nHost: app.example\r\nOrigin: https://evil.example\r\n\r\n',
  'POST /transfer/idM HTTP/1.1\r\nHost: evil.example\r\nOrigin: https://evil.example\r\nX: '
)

const content = weighted<string>([8, ''], [4, 'amount=100'], [6, inner], [1, 'x'.repeat(20_000)])

const hex = (length: number) => length.toString(16)
const chunked = (body: string) => body === '' ? '0\r\n\r\n' : `${hex(body.length)}\r\n${body}\r\n0\r\n\r\n`

interface Body { readonly lines: readonly Line[], readonly text: string }

const rightBody: Arbitrary<Body> = fc.tuple(content, fc.nat(4)).map(([body, form]) => {
  switch (form) {
    case 0: return { lines: [['Content-Length', `${body.length}`]], text: body }
    case 1: return { lines: [['Transfer-Encoding', 'chunked']], text: chunked(body) }
    case 2: return {
      lines: [['transfer-encoding', 'Chunked'], ['Trailer', 'Origin']],
      text: chunked(body).replace(/0\r\n\r\n$/, '0;x=y\r\nSec-Fetch-Site: same-origin\r\nOrigin: https://app.example\r\n\r\n')
    }
    case 3: return { lines: [['Expect', '100-continue'], ['Content-Length', `${body.length}`]], text: body }
    default: return { lines: [], text: '' }
  }
})

/** Lengths and encodings that two servers in a row have read in two ways. */
const framings: ReadonlyArray<(length: number) => readonly Line[]> = [
  length => [['Content-Length', `${length + 7}`]],
  length => [['Content-Length', `${Math.max(0, length - 3)}`]],
  length => [['Content-Length', `${length}`], ['Content-Length', '0']],
  length => [['Content-Length', `+${length}`]],
  length => [['Content-Length', `${length}, ${length}`]],
  length => [['Content-Length', `0x${hex(length)}`]],
  () => [['Content-Length', '-1']],
  () => [['Content-Length', '']],
  () => [['Content-Length', '99999999999999999999']],
  length => [['Content-Length', `${length}`], ['Transfer-Encoding', 'chunked']],
  () => [['Content-Length', '0'], ['Transfer-Encoding', 'chunked']],
  () => [['Transfer-Encoding', 'xchunked']],
  () => [['Transfer-Encoding', 'chunked, identity']],
  () => [['Transfer-Encoding', 'identity']],
  () => [['Transfer-Encoding', 'gzip, chunked']],
  () => [['Transfer-Encoding', ' chunked\x0b']],
  () => [['Transfer-Encoding', 'chunked'], ['Transfer-Encoding', 'identity']],
  () => [['Transfer-Encoding ', 'chunked']],
  () => [['Transfer_Encoding', 'chunked']],
  () => [['Transfer-Encoding\n', 'chunked']]
]

const wrongBody: Arbitrary<Body> = fc.tuple(content, fc.nat(framings.length - 1), fc.nat(3)).map(([body, framing, form]) => ({
  lines: framings[framing]!(body.length),
  text: [body, chunked(body), chunked(body).replace('\r\n', '\n'), `ffffffff\r\n${body}`][form]!
}))

/** Lines that are none, or more than one. */
const wrongLines = fc.constantFrom(
  'Origin : https://app.example', ' Origin: https://app.example', 'Origin: https://evil.example\r\n https://app.example',
  'Origin: https://evil.example\nSec-Fetch-Site: same-origin', 'Sec-Fetch-Site: cross-site\rX: y', 'Sec-Fetch-Site: cross-site\0',
  'Sec-Fetch-Site\t: same-origin', 'Sec-Fetch-Site: same-origin\x0b', ': empty', 'no colon', '', 'X: y\r', 'X: y\n',
  `X: ${'y'.repeat(20_000)}`, Array.from({ length: 2500 }, (_, i) => `X${i}: y`).join('\r\n'), 'Sec-Fetch-S\xeete: same-origin',
  'Sec_Fetch_Site: same-origin', 'Origin: https://app.example\x7f', 'Host: evil.example\r\nHost: app.example'
)

const versions = weighted<string>([12, 'HTTP/1.1'], [2, 'HTTP/1.0'], [1, fc.constantFrom('HTTP/0.9', 'HTTP/2.0', 'HTTP/1.2', 'http/1.1', 'HTTP/1.1 ', 'HTTP/11', '')])

const lineEnds = weighted<string>([30, '\r\n'], [1, '\n'], [1, '\r'], [1, '\r\r\n'], [1, '\n\r'])

const caseOfNames = fc.constantFrom<Array<(name: string) => string>>(
  name => name, name => name.toUpperCase(), name => name.replace(/\b\w/g, letter => letter.toUpperCase())
)

/** The first of repeated lines counts, others are joined: as Node's documentation of `message.headers` says. */
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

/** Bytes changed, lost or added anywhere. */
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

// The framing of the requests that `npm run fuzz` sends: bodies, lengths, encodings, versions and line endings, valid and invalid.
import fc, { type Arbitrary } from 'fast-check'
import { weighted } from '../helpers/spoilt.ts'

/** A header line. */
export type Line = readonly [name: string, value: string]

/** A whole request, used as the body of another one. If the framing is wrong, it is read as the next request. */
const inner = fc.constantFrom(
  'POST /transfer/idM HTTP/1.1\r\nHost: app.example\r\nSec-Fetch-Site: cross-site\r\nContent-Length: 0\r\n\r\n',
  'GET /logout/idM HTTP/1.1\r\nHost: app.example\r\nOrigin: https://evil.example\r\n\r\n',
  'POST /transfer/idM HTTP/1.1\r\nHost: evil.example\r\nOrigin: https://evil.example\r\nX: '
)

const content = weighted<string>([8, ''], [4, 'amount=100'], [6, inner], [1, 'x'.repeat(20_000)])

const hex = (length: number) => length.toString(16)
const chunked = (body: string) => body === '' ? '0\r\n\r\n' : `${hex(body.length)}\r\n${body}\r\n0\r\n\r\n`

export interface Body { readonly lines: readonly Line[], readonly text: string }

export const rightBody: Arbitrary<Body> = fc.tuple(content, fc.nat(4)).map(([body, form]) => {
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

/** Lengths and encodings that two servers, one behind the other, have read differently. */
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

export const wrongBody: Arbitrary<Body> = fc.tuple(content, fc.nat(framings.length - 1), fc.nat(3)).map(([body, framing, form]) => ({
  lines: framings[framing]!(body.length),
  text: [body, chunked(body), chunked(body).replace('\r\n', '\n'), `ffffffff\r\n${body}`][form]!
}))

/** Lines that are not header lines, or more than one. */
export const wrongLines = fc.constantFrom(
  'Origin : https://app.example', ' Origin: https://app.example', 'Origin: https://evil.example\r\n https://app.example',
  'Origin: https://evil.example\nSec-Fetch-Site: same-origin', 'Sec-Fetch-Site: cross-site\rX: y', 'Sec-Fetch-Site: cross-site\0',
  'Sec-Fetch-Site\t: same-origin', 'Sec-Fetch-Site: same-origin\x0b', ': empty', 'no colon', '', 'X: y\r', 'X: y\n',
  `X: ${'y'.repeat(20_000)}`, Array.from({ length: 2500 }, (_, i) => `X${i}: y`).join('\r\n'), 'Sec-Fetch-S\xeete: same-origin',
  'Sec_Fetch_Site: same-origin', 'Origin: https://app.example\x7f', 'Host: evil.example\r\nHost: app.example'
)

export const versions = weighted<string>([12, 'HTTP/1.1'], [2, 'HTTP/1.0'], [1, fc.constantFrom('HTTP/0.9', 'HTTP/2.0', 'HTTP/1.2', 'http/1.1', 'HTTP/1.1 ', 'HTTP/11', '')])

export const lineEnds = weighted<string>([30, '\r\n'], [1, '\n'], [1, '\r'], [1, '\r\r\n'], [1, '\n\r'])

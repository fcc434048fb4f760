// Origins: the grammar of the Origin header, the request's own host, and the list of allowed origins.
//
// The header is judged only by the grammar of RFC 6454. A URL parser repairs its input (drops userinfo, turns backslashes
// into slashes, decodes percent signs), and the repaired origin may not be the one that the browser sent; most published
// bypasses of checks like this one began there. A URL parser is used only for options, where a person wrote the value and is
// told when it is wrong.
import { WrongValue } from './errors.ts'

/**
 * Whether a header value is a serialised origin: `scheme "://" host [ ":" port ]`, and nothing more.
 *
 * A host is letters, digits, `-`, `.`, `_` and `~`, or an IPv6 address in brackets. Two Origin lines, which Node joins with a
 * comma, are therefore not an origin.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6454#section-6.2
 */
export function isSerialisedOrigin (value: string): boolean {
  const schemeEnd = value.indexOf('://')
  return schemeEnd > 0 && LETTER[value.charCodeAt(0)] === 1 && skip(SCHEME, value, 1) === schemeEnd && isHostAndPort(value, schemeEnd + 3)
}

/**
 * Whether a header value is a serialised origin that names the request's own host.
 *
 * http and https count as the same, because the scheme of a request is unknown behind a proxy that terminates TLS; a site
 * closes that gap with HSTS. No other scheme ever names the own host: `capacitor://localhost` is an application on a phone,
 * whatever listens on localhost here. An empty host equals nothing.
 */
export function isOwnHost (origin: string, host: string): boolean {
  // As browsers write them: lower case, and no default port on either side.
  const start = origin.length - host.length
  const scheme = start === 8 ? 'https://' : 'http://'
  if (start === scheme.length && origin.startsWith(scheme) && origin.endsWith(host)) return isHostAndPort(origin, start)

  // The Host header carries no scheme: it is read under the scheme of the origin.
  if (!isSerialisedOrigin(origin)) return false
  const normal = normaliseOrigin(origin)
  return ['https://', 'http://'].some(scheme => normal.startsWith(scheme) && normal === normaliseOrigin(scheme + host))
}

/** The serialised origin at the beginning of a URL such as a Referer, or undefined if it does not begin with one. */
export function originOfUrl (url: string): string | undefined {
  const end = url.indexOf('/', url.indexOf('://') + 3)
  const origin = end === -1 ? url : url.slice(0, end)
  return isSerialisedOrigin(origin) ? origin : undefined
}

/** Whether a header value is a serialised origin and the same as another one. */
export function isSameOrigin (value: string, origin: string): boolean {
  return isSerialisedOrigin(value) && normaliseOrigin(value) === normaliseOrigin(origin)
}

/** The entries of `allowedOrigins`, ready for lookups whose cost does not grow with their number. */
export interface AllowedOrigins<Ask> {
  /** Origins as browsers send them. */
  readonly origins: ReadonlySet<string>
  /** Origins with `*` as their first label. */
  readonly wildcards: ReadonlySet<string>
  /** The hosts of both, without scheme and port: for hints only, never for decisions. */
  readonly hosts: ReadonlySet<string>
  /** Asked one after another, only about an origin that no string allows. */
  readonly functions: readonly Ask[]
}

export function compileAllowedOrigins<Ask extends (...args: never[]) => unknown> (
  entries: ReadonlyArray<string | Ask>
): AllowedOrigins<Ask> {
  const strings = entries.filter(entry => typeof entry === 'string')
  return {
    origins: new Set(strings.filter(entry => !entry.includes('*'))),
    wildcards: new Set(strings.filter(entry => entry.includes('*'))),
    hosts: new Set(strings.map(hostOf)),
    functions: entries.filter(entry => typeof entry === 'function')
  }
}

/** Whether a string of the list allows an Origin header value. A value that is not a serialised origin is never allowed. */
export function isAllowedOrigin ({ origins, wildcards }: AllowedOrigins<unknown>, value: string): boolean {
  if (origins.size + wildcards.size === 0) return false
  // Entries are stored as browsers write origins, so a value that equals one needs no further check.
  if (origins.has(value)) return true
  if (!isSerialisedOrigin(value)) return false
  const origin = normaliseOrigin(value)
  return origins.has(origin) || (wildcards.size > 0 && wildcardsOf(origin).some(wildcard => wildcards.has(wildcard)))
}

/** Lower case, and without the default port of http and https; for serialised origins. */
export function normaliseOrigin (origin: string): string {
  const lower = origin.toLowerCase()
  if (lower.startsWith('https://') && lower.endsWith(':443')) return lower.slice(0, -4)
  if (lower.startsWith('http://') && lower.endsWith(':80')) return lower.slice(0, -3)
  return lower
}

/** The host of a normalised origin or wildcard, without scheme and port. */
export function hostOf (origin: string): string {
  return origin.slice(origin.indexOf('://') + 3).replace(/:\d+$/, '')
}

/**
 * The wildcard entries that would allow a normalised origin, one for each of its parent domains: for
 * `https://a.b.example` these are `https://*.b.example` and `https://*.example`.
 */
export function wildcardsOf (origin: string): string[] {
  const host = origin.indexOf('://') + 3
  const wildcards: string[] = []
  // No DNS name is longer or has an empty label: such a host is not a subdomain of anything.
  if (origin.length - host > LONGEST_HOST || origin[host] === '.' || origin.includes('..')) return wildcards
  for (let dot = origin.indexOf('.', host); dot !== -1; dot = origin.indexOf('.', dot + 1)) {
    wildcards.push(`${origin.slice(0, host)}*${origin.slice(dot)}`)
  }
  return wildcards
}

/**
 * Parses a string of `allowedOrigins` into the form in which browsers send it: lower case, international hosts as punycode,
 * without the default port of http and https.
 *
 * Throws `WrongValue` on anything but `scheme://host[:port]` and `scheme://*.host[:port]`.
 */
export function parseAllowedOrigin (value: string): string {
  for (const { pattern, problem } of wrongOrigins) {
    if (pattern.test(value)) throw new WrongValue(problem)
  }
  const parts = originPattern.exec(value)?.groups as OriginParts | undefined
  if (parts === undefined) throw new WrongValue(`which has no scheme. ${EXAMPLE}`)
  const { scheme, wildcard, host, port, rest } = parts
  const name = browserHost(scheme, host)
  if (name === undefined || !isSerialisedOrigin(`${scheme}://${name}`)) throw new WrongValue(`whose host is not one that a browser could send. ${EXAMPLE}`)
  if (wildcard !== '' && !isDomainOfTwoLabels(name)) throw new WrongValue("whose wildcard covers domains of more than one owner. Write at least two labels after it, such as 'https://*.partner.example'.")
  if (port !== '' && !isPort(port, 0)) throw new WrongValue(`whose port is not a number from 1 to 65535. ${EXAMPLE}`)
  const normal = normaliseOrigin(`${scheme}://${wildcard}${name}${port}`)
  if (rest !== '') throw new WrongValue(`which has something after the host. Write '${normal}'.`)
  return normal
}

// ---------------------------------------------------------------------------------------------

const LETTER = characters('abcdefghijklmnopqrstuvwxyz')
const SCHEME = characters('abcdefghijklmnopqrstuvwxyz0123456789+-.')
const HOST = characters('abcdefghijklmnopqrstuvwxyz0123456789-._~')
const IPV6 = characters('abcdef0123456789:.')
const DIGIT = characters('0123456789')

/** A table by character code that marks the given characters, letters in both cases. */
function characters (allowed: string): Uint8Array {
  const table = new Uint8Array(128)
  for (const character of allowed + allowed.toUpperCase()) table[character.charCodeAt(0)] = 1
  return table
}

/** The index of the first character from `start` on that is not in the table. */
function skip (table: Uint8Array, value: string, start: number): number {
  let index = start
  while (index < value.length && table[value.charCodeAt(index)] === 1) index++
  return index
}

/** Whether the value ends, from `start` on, in a host and perhaps a port. */
function isHostAndPort (value: string, start: number): boolean {
  const end = value[start] === '[' ? ipv6End(value, start) : skip(HOST, value, start)
  return end > start && (end === value.length || isPort(value, end))
}

/** The index after `[…]`, or 0 when `start` has no such thing. */
function ipv6End (value: string, start: number): number {
  const end = skip(IPV6, value, start + 1)
  return end > start + 1 && value[end] === ']' ? end + 1 : 0
}

/** Whether the value ends, from `colon` on, in a colon and a port as browsers write it. */
function isPort (value: string, colon: number): boolean {
  const start = colon + 1
  return value[colon] === ':' && value[start] !== '0' && start < value.length &&
    skip(DIGIT, value, start) === value.length && Number(value.slice(start)) <= 65535
}

const EXAMPLE = "Write scheme://host[:port], such as 'https://partner.example'."

/** Each is empty where it is missing; `port` has its colon, `rest` is whatever follows. */
type OriginParts = Readonly<Record<'scheme' | 'wildcard' | 'host' | 'port' | 'rest', string>>

const originPattern = /^(?<scheme>[a-z][a-z0-9+.-]*):\/\/(?<wildcard>(?:\*\.)?)(?<host>\[[^\]]*\]|[^:/?#]*)(?<port>(?::[^/?#]*)?)(?<rest>.*)/is

/** A DNS name has at most 253 characters; a port adds six. */
const LONGEST_HOST = 253 + 6

const wrongOrigins = [
  { pattern: /^$/, problem: `which is empty. ${EXAMPLE}` },
  { pattern: /^null$/i, problem: "which any sandboxed frame or data: document sends, including an attacker's. List the origin of a real page instead." },
  { pattern: /[\s,\p{Cc}]/u, problem: 'which has white space or a comma. Put each origin in its own entry.' },
  { pattern: /^\*(?::\/\/)?\*?$|^[^:/]*:\/\/\*(?::|$)/, problem: 'which would trust every site. List each origin that you trust.' },
  { pattern: /^(?![a-z][a-z0-9+.-]*:\/\/\*\.[^*]*$)[^]*\*/i, problem: "which has a wildcard that is not its first label. Write 'https://*.partner.example' for every subdomain of a host." },
  { pattern: /\\/, problem: `which has a backslash. ${EXAMPLE}` },
  { pattern: /^wss?:/i, problem: 'but browsers send the origin of the page with a WebSocket handshake. Write https:// or http:// instead.' },
  { pattern: /^[^:]*:\/\/(?:[/?#:]|$)/, problem: `which has no host. ${EXAMPLE}` },
  { pattern: /^[^:]*:\/\/[^/?#]*@/, problem: `which has a user name. ${EXAMPLE}` }
]

/** Whether a host is a name of two labels or more, and not an IP address. */
function isDomainOfTwoLabels (host: string): boolean {
  return /[^.]\.[^.]/.test(host) && !/\[|\.\d+\.?$/.test(host)
}

/** The host as a browser sends it, or undefined if none could. Schemes other than http and https have opaque hosts. */
function browserHost (scheme: string, host: string): string | undefined {
  if (!/^https?$/i.test(scheme) || host.includes('%')) return host
  const url = `http://${host}`
  return URL.canParse(url) ? new URL(url).hostname : undefined
}

// Origins: the grammar of the Origin header, the request's own host, and the list of allowed origins.
//
// The header is judged only by the grammar of RFC 6454. A URL parser repairs its input (drops userinfo, turns backslashes
// into slashes, decodes percent signs), and the repaired origin may not be the one that the browser sent; most published
// bypasses of checks like this one began there. A URL parser is used only for options, where a person wrote the value and is
// told when it is wrong.
import { WrongValue } from './errors.ts'
import { assertOneOwner, browserHost, characters, isHostAndPort, isPort, skip, wildcardsOf } from './hosts.ts'

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
  // As browsers write them: lower case, and no default port on either side. Eight characters are those of https://.
  const start = origin.length - host.length
  const scheme = start === 8 ? 'https://' : 'http://'
  if (start === scheme.length && origin.startsWith(scheme) && origin.endsWith(host)) return isHostAndPort(origin, start)

  // The Host header carries no scheme: it is read under the scheme of the origin.
  if (!isSerialisedOrigin(origin)) return false
  const normal = normaliseOrigin(origin)
  const ownScheme = normal.slice(0, normal.indexOf('://') + 3)
  return (ownScheme === 'https://' || ownScheme === 'http://') && normal === normaliseOrigin(ownScheme + host)
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
  return origins.has(origin) || (wildcards.size > 0 && wildcardOrigins(origin).some(wildcard => wildcards.has(wildcard)))
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

/** The wildcard entries that would allow a normalised origin, such as `https://*.b.example` and `https://*.example`. */
export function wildcardOrigins (origin: string): string[] {
  const host = origin.indexOf('://') + 3
  return wildcardsOf(origin.slice(host), origin.slice(0, host))
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
  // Schemes other than http and https have opaque hosts, which no URL parser changes.
  const name = /^https?$/i.test(scheme) ? browserHost(host) : host
  if (name === undefined || !isSerialisedOrigin(`${scheme}://${name}`)) throw new WrongValue(`whose host is not one that a browser could send. ${EXAMPLE}`)
  if (wildcard !== '') assertOneOwner(name, "List each origin, such as 'https://my-app.vercel.app', or write a function.")
  if (port !== '' && !isPort(port, 0)) throw new WrongValue(`whose port is not a number from 1 to 65535. ${EXAMPLE}`)
  const normal = normaliseOrigin(`${scheme}://${wildcard}${name}${port}`)
  if (rest !== '') throw new WrongValue(`which has something after the host. Write '${normal}'.`)
  return normal
}

// ---------------------------------------------------------------------------------------------

const LETTER = characters('abcdefghijklmnopqrstuvwxyz')
const SCHEME = characters('abcdefghijklmnopqrstuvwxyz0123456789+-.')

const EXAMPLE = "Write scheme://host[:port], such as 'https://partner.example'."

/** Each is empty where it is missing; `port` has its colon, `rest` is whatever follows. */
type OriginParts = Readonly<Record<'scheme' | 'wildcard' | 'host' | 'port' | 'rest', string>>

const originPattern = /^(?<scheme>[a-z][a-z0-9+.-]*):\/\/(?<wildcard>(?:\*\.)?)(?<host>\[[^\]]*\]|[^:/?#]*)(?<port>(?::[^/?#]*)?)(?<rest>.*)/is

const WILDCARD = "Write 'https://*.partner.example' for every subdomain of a host."

const wrongOrigins: ReadonlyArray<{ readonly pattern: RegExp, readonly problem: string }> = [
  { pattern: /^$/, problem: `which is empty. ${EXAMPLE}` },
  { pattern: /^null$/i, problem: "which any sandboxed frame or data: document sends, including an attacker's. List the origin of a real page instead." },
  { pattern: /^file:/i, problem: 'which all files on all machines share, so they cannot be told apart. Load the pages from a scheme or a server of their own, and list that origin.' },
  { pattern: /[\s,\p{Cc}]/u, problem: 'which has white space or a comma. Put each origin in its own entry.' },
  { pattern: /^[a-z-]+-extension:\/\/.*\*/i, problem: 'which would trust every browser extension. List the origin of yours; where it differs in each installation, as in Firefox and Safari, write a function.' },
  { pattern: /^\*(?::\/\/)?\*?$|^[^:/]*:\/\/\*(?::|$)/, problem: 'which would trust every site. List each origin that you trust.' },
  { pattern: /^\*:\/\//, problem: 'which has a wildcard for its scheme. List the origin with each scheme, such as https and http, in its own entry.' },
  { pattern: /^\*\.[^*]*$/, problem: `which has no scheme. ${WILDCARD}` },
  { pattern: /:\*$/, problem: 'which has a wildcard for its port. List the origin with each port in its own entry, or write a function.' },
  { pattern: /^[^:]*:\/\/[^/]*[^*./]\*|^[^:]*:\/\/\*[^*./]/, problem: `which has a wildcard for a part of a label, and anyone may be able to get a name that fits. ${WILDCARD} Or write a function.` },
  { pattern: /^(?![a-z][a-z0-9+.-]*:\/\/\*\.[^*]*$)[^]*\*/i, problem: `which has a wildcard that is not its first label. ${WILDCARD}` },
  { pattern: /\\/, problem: `which has a backslash. ${EXAMPLE}` },
  { pattern: /^wss?:/i, problem: 'but browsers send the origin of the page with a WebSocket handshake. Write https:// or http:// instead.' },
  { pattern: /^[^:]*:\/\/(?:[/?#:]|$)/, problem: `which has no host. ${EXAMPLE}` },
  { pattern: /^[^:]*:\/\/[^/?#]*@/, problem: `which has a user name. ${EXAMPLE}` }
]

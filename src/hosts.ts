// Hosts: the grammar of a host with its port, and the list of allowed hosts.
//
// Comparing Origin with Host shows nothing where an attacker's own name has been made to resolve to this server (DNS rebinding):
// then both are the attacker's. The list names the hosts under which the application is served. A Host header is judged by the
// grammar below and by nothing else: `[::1]evil.example` and `app.example@evil.example` are hosts to other parsers.
import { WrongValue } from './errors.ts'
import { isSharedDomain } from './shared-domains.ts'

/** The entries of `allowedHosts`, ready for lookups whose cost does not grow with their number. */
export interface AllowedHosts {
  /** Hosts that are allowed as they are sent; most lookups end here, without an allocation. */
  readonly asSent: ReadonlySet<string>
  /** `name` with any port, `name:port`, and `name:` with a default port or none. The name may begin with `*.`. */
  readonly entries: ReadonlySet<string>
}

export function compileAllowedHosts (hosts: readonly string[]): AllowedHosts {
  const asSent = new Set<string>()
  const entries = new Set<string>()
  for (const host of hosts) {
    const { wildcard, name, port } = entryPattern.exec(host)!.groups as EntryParts
    const isDefault = isDefaultPort(port)
    entries.add(wildcard + name + (isDefault ? ':' : port))
    if (wildcard === '') for (const sent of isDefault ? ['', ':80', ':443'] : [port]) asSent.add(name + sent)
  }
  return { asSent, entries }
}

/**
 * Whether the list names a host. Letter case and a trailing dot do not count. An entry without a port names the host with any
 * port; in an entry with a port, no port, `:80` and `:443` count as the same.
 */
export function isAllowedHost ({ asSent, entries }: AllowedHosts, host: string): boolean {
  if (asSent.has(host)) return true
  if (!isHostAndPort(host, 0)) return false
  const end = hostEnd(host, 0)
  const name = host.slice(0, end).toLowerCase().replace(/\.$/, '')
  const port = end === host.length || isDefaultPort(host.slice(end)) ? ':' : host.slice(end)
  return [name, ...wildcardsOf(name)].some(name => entries.has(name) || entries.has(name + port))
}

/**
 * Parses an entry of `allowedHosts`: a host, which is a name, an IPv4 address or an IPv6 address in brackets, with or without a
 * port, or `*.` and a name for its subdomains at any depth. International names become punycode.
 *
 * Throws `WrongValue` on anything else.
 */
export function parseAllowedHost (value: string): string {
  for (const { pattern, problem } of wrongHosts) {
    if (pattern.test(value)) throw new WrongValue(problem(value))
  }
  const { wildcard, name, port } = entryPattern.exec(value)!.groups as EntryParts
  const host = browserHost(name)?.replace(/\.$/, '')
  if (host === undefined || !isHostAndPort(host, 0) || /^\.|\.$|\.\./.test(host)) throw new WrongValue(`which is not a host. ${EXAMPLE}`)
  if (/^[\d.]+$/.test(host) && host !== name) throw new WrongValue(`which browsers read as ${host}. Write the host in full, such as '${host}'.`)
  if (wildcard !== '') assertOneOwner(host, 'List each host.')
  if (port !== '' && !isPort(port, 0)) throw new WrongValue(`whose port is not a number from 1 to 65535. ${EXAMPLE}`)
  return wildcard + host + port
}

/**
 * The wildcards that would cover a host, one for each of its parent domains, after a prefix: for `a.b.example`, `*.b.example` and
 * `*.example`.
 */
export function wildcardsOf (host: string, prefix = ''): string[] {
  const wildcards: string[] = []
  // No DNS name is longer or has an empty label: such a host is not a subdomain of anything.
  if (host.length > LONGEST_HOST || host.startsWith('.') || host.includes('..')) return wildcards
  for (let dot = host.indexOf('.'); dot !== -1; dot = host.indexOf('.', dot + 1)) wildcards.push(`${prefix}*${host.slice(dot)}`)
  return wildcards
}

/** Throws `WrongValue` for a wildcard over names of more than one owner. `instead` says what to write, where that depends. */
export function assertOneOwner (host: string, instead: string): void {
  const name = host.toLowerCase().replace(/\.$/, '')
  if (name === 'localhost') return // Its subdomains are this machine.
  if (!/[^.]\.[^.]/.test(name) || /\[|\.\d+$/.test(name)) {
    throw new WrongValue('whose wildcard covers domains of more than one owner. Write at least two labels after the *.')
  }
  if (isSharedDomain(name)) throw new WrongValue(`whose wildcard covers strangers: anyone can get a subdomain of ${name}. ${instead}`)
}

/** A host as a browser sends it, or undefined if none could. */
export function browserHost (host: string): string | undefined {
  if (host.includes('%')) return undefined
  try {
    return new URL(`http://${host}`).hostname
  } catch {} // URL.canParse of Node 20 accepts some names that the constructor does not.
}

/** Whether the value ends, from `start` on, in a host and perhaps a port. */
export function isHostAndPort (value: string, start: number): boolean {
  const end = hostEnd(value, start)
  return end > start && (end === value.length || isPort(value, end))
}

/** Whether the value ends, from `colon` on, in a colon and a port as browsers write it. */
export function isPort (value: string, colon: number): boolean {
  const start = colon + 1
  return value[colon] === ':' && value[start] !== '0' && start < value.length &&
    skip(DIGIT, value, start) === value.length && Number(value.slice(start)) <= 65535
}

/** A table by character code that marks the given characters, letters in both cases. */
export function characters (allowed: string): Uint8Array {
  const table = new Uint8Array(128)
  for (const character of allowed + allowed.toUpperCase()) table[character.charCodeAt(0)] = 1
  return table
}

/** The index of the first character from `start` on that is not in the table. */
export function skip (table: Uint8Array, value: string, start: number): number {
  let index = start
  while (index < value.length && table[value.charCodeAt(index)] === 1) index++
  return index
}

// ---------------------------------------------------------------------------------------------

const HOST = characters('abcdefghijklmnopqrstuvwxyz0123456789-._~')
const IPV6 = characters('abcdef0123456789:.')
const DIGIT = characters('0123456789')

/** The index after the host that begins at `start`, or one that is not greater if none does. */
function hostEnd (value: string, start: number): number {
  return value[start] === '[' ? ipv6End(value, start) : skip(HOST, value, start)
}

/** The index after `[…]`, or 0 when `start` has no such thing. */
function ipv6End (value: string, start: number): number {
  const end = skip(IPV6, value, start + 1)
  return end > start + 1 && value[end] === ']' ? end + 1 : 0
}

function isDefaultPort (port: string): boolean {
  return port === ':80' || port === ':443'
}

/** A DNS name has at most 253 characters; a port adds six. */
const LONGEST_HOST = 253 + 6

const EXAMPLE = "Write host or host:port, such as 'app.example' or 'localhost:3000'."

/** Each is empty where it is missing; `port` has its colon. */
type EntryParts = Readonly<Record<'wildcard' | 'name' | 'port', string>>

/** Matches every value, from its beginning to its end. */
const entryPattern = /(?<wildcard>(?:\*\.)?)(?<name>\[[^\]]*\]|[^:]*)(?<port>.*)/s

const wrongHosts: ReadonlyArray<{ readonly pattern: RegExp, readonly problem: (value: string) => string }> = [
  { pattern: /^$/, problem: () => `which is empty. ${EXAMPLE}` },
  { pattern: /[\s,\p{Cc}]/u, problem: () => 'which has white space or a comma. Put each host in its own entry.' },
  { pattern: /^[^/]*:\/\//, problem: value => `which has a scheme. Write the host alone, '${hostIn(value)}'.` },
  { pattern: /[/?#\\]/, problem: value => `which has something after the host. Write the host alone, '${hostIn(value)}'.` },
  { pattern: /@/, problem: value => `which has a user name. Write the host alone, '${hostIn(value)}'.` },
  { pattern: /^\*?\.?\*(?::|$)/, problem: () => 'which would allow every host. List each host under which the application is served, or leave the option out.' },
  { pattern: /.\*|\*(?!\.)/, problem: () => "which has a wildcard that is not its first label. Write '*.app.example' for every subdomain of a host." },
  { pattern: /^[\da-f.]*:[\da-f.:]*:[\da-f.:]*$/i, problem: value => `which is an IPv6 address. Write it in brackets, '[${value}]'.` },
  { pattern: /^:/, problem: () => `which has no host. ${EXAMPLE}` }
]

/** What is meant by a URL, for messages. */
function hostIn (value: string): string {
  return value.replace(/[^/]*:\/\//, '').replace(/[/?#\\].*/s, '').replace(/.*@/s, '') || 'app.example'
}

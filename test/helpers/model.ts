// The rules a second time, for the tests that generate requests: slow, and as close to the words of the README's
// "How it decides" as code can be. Nothing here comes from src/, and nothing there may come from here: two readings
// that agree by copying say nothing.

/** Options as the rules speak of them: complete, and origins as browsers send them. */
export interface ModelPolicy {
  readonly allowedOrigins: readonly string[]
  /** As they are stored; none for any host. */
  readonly allowedHosts: readonly string[]
  /** What the functions of `allowedOrigins` say, taken together. */
  readonly isTrusted: (origin: string) => boolean
  readonly exemptPaths: readonly string[]
  readonly isExemptRoute: boolean
  readonly allowUnverifiableRequests: boolean
  readonly protectWebSockets: boolean
  readonly safeMethods: 'allow' | 'isolate' | 'check'
}

/** A request as Node gives it: header names in lower case, repeated lines joined with a comma. */
export interface ModelRequest {
  readonly method: string
  readonly url: string
  readonly host: string
  readonly headers: Readonly<Record<string, string | undefined>>
  /** How many header lines there are, where that is known: of more than a thousand, Node drops the rest. */
  readonly lines?: number
}

export interface Verdict {
  readonly allowed: boolean
  readonly reason: string
}

/** The verdict of the rules, step by step under the README's numbers. */
export function judge (policy: ModelPolicy, request: ModelRequest): Verdict {
  const { method, headers } = request
  const isRead = method === 'GET' || method === 'HEAD'
  const isHandshake = isRead && (headers.upgrade ?? '').toLowerCase().includes('websocket')
  const isSafeRead = isRead && !(isHandshake && policy.protectWebSockets)

  // 0. Allowed hosts.
  const isExempted = isExempt(policy.exemptPaths, request.url) || policy.isExemptRoute
  if (policy.allowedHosts.length > 0 && !isExempted && !policy.allowedHosts.some(entry => names(entry, request.host))) return deny('unknown-host')

  // 1. Safe methods.
  if (method === 'OPTIONS') return allow('safe-method')
  if (isSafeRead && policy.safeMethods === 'allow') return allow('safe-method')

  // 2. Exemptions.
  if (isExempt(policy.exemptPaths, request.url)) return allow('exempt-path')
  if (policy.isExemptRoute) return allow('exempt-route')

  // 3. to 5.
  const verdict = judgeByHeaders(policy, request, isSafeRead)
  if (verdict.allowed) return verdict

  // "With safeMethods: 'isolate', a GET or HEAD that steps 3 to 5 would deny also passes if …"
  if (isSafeRead && policy.safeMethods === 'isolate') {
    if (verdict.reason === 'same-site') return allow('same-site')
    if (verdict.reason === 'user-initiated') return allow('user-initiated')
    if (verdict.reason === 'unverifiable' && !mayLackSome(request)) return allow('unverifiable')
    if (verdict.reason === 'referer-mismatch') return allow('navigation')
    if (['cross-site', 'null-origin', 'malformed-origin', 'host-mismatch'].includes(verdict.reason) && isNavigation(headers)) return allow('navigation')
  }

  // 6. What is denied passes if its origin is allowed; but for a Referer that contradicts Origin.
  if (verdict.reason === 'referer-mismatch') return verdict
  return isAllowed(policy, headers.origin ?? '') ? allow('allowed-origin') : verdict
}

// ---------------------------------------------------------------------------------------------

function judgeByHeaders (policy: ModelPolicy, request: ModelRequest, isSafeRead: boolean): Verdict {
  const { headers } = request
  const site = (headers['sec-fetch-site'] ?? '').toLowerCase()
  const origin = headers.origin ?? ''

  // 3. Sec-Fetch-Site.
  if (site === 'same-origin') {
    const isPreloaded = isSafeRead && headers['service-worker-navigation-preload'] !== undefined
    return isPreloaded || isResent(headers) ? judgeResent(request, isSafeRead) : allow('same-origin')
  }
  // "none" with an Origin is decided by step 4, and without one by step 5; but a GET or HEAD has its own reason.
  if (site === 'none' && origin === '' && isSafeRead) return deny('user-initiated')
  if (site === 'same-site') return deny('same-site')
  if (site === 'cross-site') return deny('cross-site')
  if (site !== '' && site !== 'none') return deny('unrecognized-fetch-site')

  // 4. Origin.
  if (origin !== '') return judgeByOrigin(origin, request.host)

  // 5. Neither.
  return { allowed: policy.allowUnverifiableRequests && !mayLackSome(request), reason: 'unverifiable' }
}

/** Whether an entry of `allowedHosts` names a host: letter case, a trailing dot and default ports do not count. */
function names (entry: string, host: string): boolean {
  const match = /^([a-z0-9._~-]+|\[[a-f0-9:.]+\])(?::([1-9][0-9]{0,4}))?$/i.exec(host)
  if (match === null || Number(match[2] ?? 1) > 65535) return false
  const name = match[1]!.toLowerCase().replace(/\.$/, '')
  const [, own = '', port] = /^(.*?)(?::([0-9]+))?$/.exec(entry.startsWith('[') ? entry.replace(/^\[.*\]/, 'x') : entry)!
  const listed = entry.startsWith('[') ? entry.replace(/(?<=\]):.*$/, '') : own
  const isDefault = (port: string) => port === '80' || port === '443'
  const isPort = port === undefined || port === match[2] || (isDefault(port) && (match[2] === undefined || isDefault(match[2])))
  if (!isPort) return false
  if (!listed.startsWith('*.')) return name === listed
  const labels = name.split('.')
  return name.endsWith(listed.slice(1)) && labels.every(label => label !== '') && name.length <= 259
}

/** A navigation that a service worker re-sent, as WebKit and Chromium or as Firefox do. */
function isResent (headers: ModelRequest['headers']): boolean {
  const labels = `${headers['sec-fetch-mode']} ${headers['sec-fetch-dest']}`
  if (labels === 'navigate empty') return true
  return headers['sec-fetch-dest'] === 'empty' && (headers.accept ?? '').startsWith('text/html') &&
    (headers['sec-fetch-mode'] === 'same-origin' || isScript(headers.referer ?? ''))
}

/** A Referer that names a script: the worker's own, where the page sends none. */
function isScript (referer: string): boolean {
  const path = referer.split(/[?#]/)[0]!.toLowerCase()
  return ['.js', '.cjs', '.mjs', '.ts', '.cts', '.mts'].some(extension => path.endsWith(extension))
}

/** "its Referer must name the same origin as its Origin", and that of a GET without Origin the own host. */
function judgeResent ({ headers, host }: ModelRequest, isSafeRead: boolean): Verdict {
  const origin = headers.origin ?? ''
  if (origin === 'null') return deny('null-origin')
  const page = readOrigin((headers.referer ?? '').split('/').slice(0, 3).join('/'))
  if (page === null || isScript(headers.referer ?? '')) return deny('referer-mismatch')
  if (origin === '') {
    const isOwn = isSafeRead && judgeByOrigin(writeOrigin(page), host).allowed
    return isOwn ? allow('same-origin') : deny('referer-mismatch')
  }
  const named = readOrigin(origin)
  return named !== null && writeOrigin(named) === writeOrigin(page) ? judgeByOrigin(origin, host) : deny('referer-mismatch')
}

/** "it has so many header lines that Node may have dropped some" */
function mayLackSome ({ lines = 0 }: ModelRequest): boolean {
  return lines >= 1000
}

function judgeByOrigin (value: string, host: string): Verdict {
  if (value === 'null') return deny('null-origin')
  const origin = readOrigin(value)
  if (origin === null) return deny('malformed-origin')
  if (origin.scheme !== 'http' && origin.scheme !== 'https') return deny('host-mismatch')
  // The Host header carries no scheme: the default port that may be left out there is that of the origin's scheme.
  return withoutPort(host.toLowerCase(), defaultPorts[origin.scheme]) === authority(origin) ? allow('same-host') : deny('host-mismatch')
}

/** By Fetch Metadata: without Sec-Fetch-Site, the other two say nothing. */
function isNavigation (headers: ModelRequest['headers']): boolean {
  return (headers['sec-fetch-site'] ?? '') !== '' && headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] !== 'object' && headers['sec-fetch-dest'] !== 'embed'
}

/** "absolute paths that skip the check, each with everything below it", for a path that can be read in one way only. */
function isExempt (entries: readonly string[], target: string): boolean {
  const path = target.split('?')[0]!
  return isPlain(path) && entries.some(entry => path === entry || path.startsWith(`${entry}/`))
}

function isPlain (path: string): boolean {
  // A fragment is not part of a request target, so '#' is as ambiguous as the others.
  for (const character of ['\\', ';', '#']) if (path.includes(character)) return false

  const segments = path.split('/')
  for (const [index, segment] of segments.entries()) {
    const isOuter = index === 0 || index === segments.length - 1
    if (segment === '' && !isOuter) return false
    if (segment !== '' && isDotsAndSpace(segment)) return false
  }
  // "what clients percent-encode"
  if ([...path].some(character => character <= ' ' || character > '~')) return false

  // "a percent-encoded / \ . ; at any depth": an encoded percent sign, or one that encodes nothing, may become one.
  const escapes = path.split('%').slice(1)
  if (!escapes.every(rest => /^[\da-f]{2}/i.test(rest) && !/^(25|2f|5c|2e|3b)/i.test(rest))) return false
  // What decoders read as one of those although it is none, or leave out: overlong UTF-8, control characters, a last space.
  if (escapes.some(rest => /^(c0|c1|[01].|7f)/i.test(rest))) return false
  return !/%e0%[89]/i.test(path) && !/%f0%8/i.test(path) && !path.endsWith('%20')
}

/** "a segment that is dots and white space, encoded or not"; NEL is white space to Unicode, but not to JavaScript. */
function isDotsAndSpace (segment: string): boolean {
  try {
    return /^[.\s\x85]+$/.test(decodeURIComponent(segment))
  } catch {
    return false // Not UTF-8: refused below.
  }
}

/** "A request that steps 3 and 4 deny still passes if its Origin is in allowedOrigins." */
function isAllowed (policy: ModelPolicy, value: string): boolean {
  const origin = readOrigin(value)
  if (origin === null) return false
  return policy.allowedOrigins.some(entry => allows(entry, origin)) || policy.isTrusted(writeOrigin(origin))
}

function allows (entry: string, origin: Origin): boolean {
  if (!entry.includes('*')) return entry === writeOrigin(origin)

  // scheme://*.host[:port]: "every subdomain at any depth, never the host itself".
  const parent = readOrigin(entry.replace('*.', ''))!
  if (parent.scheme !== origin.scheme || parent.port !== origin.port) return false
  if (!origin.host.endsWith(`.${parent.host}`)) return false
  const labels = origin.host.slice(0, -parent.host.length - 1).split('.')
  // No name of the DNS has an empty label, or is longer than 253 characters; a port adds six.
  return labels.every(label => label !== '') && authority(origin).length <= 259
}

interface Origin {
  readonly scheme: string
  readonly host: string
  /** Empty for the default port. */
  readonly port: string
}

const defaultPorts = { http: '80', https: '443' }

const serialisedOrigin = /^([a-z][a-z0-9+.-]*):\/\/([a-z0-9._~-]+|\[[a-f0-9:.]+\])(?::([1-9][0-9]{0,4}))?$/i

/** A serialised origin in lower case and without default port, or null for anything else. */
function readOrigin (value: string): Origin | null {
  const match = serialisedOrigin.exec(value)
  if (match === null || Number(match[3] ?? 0) > 65535) return null
  const scheme = match[1]!.toLowerCase()
  const port = match[3] ?? ''
  const isDefault = (scheme === 'http' || scheme === 'https') && port === defaultPorts[scheme]
  return { scheme, host: match[2]!.toLowerCase(), port: isDefault ? '' : port }
}

function writeOrigin (origin: Origin): string {
  return `${origin.scheme}://${authority(origin)}`
}

function authority ({ host, port }: Origin): string {
  return port === '' ? host : `${host}:${port}`
}

function withoutPort (host: string, port: string): string {
  return host.endsWith(`:${port}`) ? host.slice(0, -port.length - 1) : host
}

function allow (reason: string): Verdict {
  return { allowed: true, reason }
}

function deny (reason: string): Verdict {
  return { allowed: false, reason }
}

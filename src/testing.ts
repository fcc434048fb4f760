// For tests of applications: requests as real browsers send them, so that a test does not pass on headers
// that no browser ever sent. The data was recorded by this package's own browser tests (docs/browsers.md).
import { requests, sent, tables, vehicles } from './browser-requests.ts'

/**
 * Which document sends the request, as seen from the application: a page of its own, a sandboxed or a `data:` frame in such a
 * page, a page of another origin of its site, a page of another site, a sandboxed or a `data:` frame in such a page, the
 * script of an extension that has permission for the application's host, and of one that has not.
 */
export type BrowserRequestInitiator =
  | 'same-origin' | 'own-sandboxed-frame' | 'own-data-frame' | 'same-site' | 'cross-site' | 'sandboxed-frame' | 'data-frame'
  | 'extension' | 'extension-without-permission'

/**
 * How the page sends the request. Vehicles that only read or end in `websocket` send GET, `fetch-preflight` PUT, `xhr-preflight`
 * DELETE, the rest POST.
 */
export type BrowserRequestVehicle =
  // Forms, by enctype, and by where their answer goes.
  | 'form' | 'form-multipart' | 'form-text'
  | 'form-in-window' | 'form-in-named-window' | 'form-multipart-in-window' | 'form-text-in-window'
  | 'form-in-frame' | 'form-multipart-in-frame' | 'form-text-in-frame'
  // Scripts, by mode, with and without credentials.
  | 'fetch-cors' | 'fetch-cors-credentials' | 'fetch-no-cors' | 'fetch-no-cors-credentials' | 'fetch-same-origin'
  | 'fetch-preflight' | 'fetch-keepalive' | 'fetch-keepalive-on-leave' | 'xhr' | 'xhr-credentials' | 'xhr-preflight'
  | 'beacon' | 'beacon-on-leave' | 'ping' | 'websocket'
  // What only reads.
  | 'image' | 'script' | 'object' | 'embed' | 'fetch-get' | 'fetch-get-no-cors' | 'frame' | 'link'
  | 'prefetch' | 'preload' | 'modulepreload' | 'stylesheet' | 'module' | 'json-module' | 'font' | 'video' | 'event-source'
  | 'link-in-window' | 'popup' | 'download'
  // Scripts of workers, and what the browser sends later.
  | 'worker-fetch' | 'worker-websocket' | 'nested-worker-fetch' | 'nested-worker-websocket' | 'blob-worker-fetch' | 'blob-worker-websocket'
  | 'data-worker-fetch' | 'data-worker-websocket' | 'shared-worker-fetch' | 'shared-worker-websocket'
  | 'service-worker-fetch' | 'service-worker-websocket' | 'service-worker-keepalive' | 'fetch-later'
  // Reports that the browser sends by itself: of a CSP by report-uri and by report-to, of COEP, COOP and Permissions-Policy.
  | 'report-csp-uri' | 'report-csp' | 'report-coep' | 'report-coop' | 'report-permissions'

/** Whose request it is: Chromium's, Firefox's, or WebKit's as in Safari. */
export type BrowserEngine = 'chromium' | 'firefox' | 'webkit'

/** Who sends what, to whom. */
export interface BrowserRequestOptions {
  /** Which document sends the request. */
  readonly from: BrowserRequestInitiator
  /** How it sends the request. */
  readonly by: BrowserRequestVehicle
  /** Default: `'chromium'`. */
  readonly engine?: BrowserEngine
  /**
   * Origin of the application, `scheme://host[:port]`; its host is that of the request. Default:
   * `https://localhost`. With `http` and a host that is not loopback, browsers send no Fetch Metadata.
   */
  readonly to?: string
  /**
   * Origin of the page that sends. Default: the application's own, another port of its host for `same-site`, and
   * `other.example` otherwise. Its scheme is that of `to`, except that a `cross-site` page may be `http` when `to` is
   * `https`, even on its host. For `same-site` it must be of the same site. That of an extension is
   * `chrome-extension://<id>` or `moz-extension://<id>`; default: an id that stands for any.
   */
  readonly origin?: string
  /** The page's `Referrer-Policy`. Only `no-referrer` changes what is sent. Default: that of browsers. */
  readonly referrerPolicy?: 'no-referrer'
  /**
   * Status with which another site redirected the request to the application: for `cross-site` the site of the page
   * itself, for `same-origin` one that the page sent to. Default: none did. With 307 and 308, redirects by the
   * application itself change nothing of what its own pages send.
   */
  readonly crossSiteRedirect?: 302 | 307 | 308
  /** Headers to add or to replace, such as a cookie. Default: none. */
  readonly headers?: Readonly<Record<string, string>>
}

/** What `app.inject` takes. */
export interface BrowserRequest {
  /** What the vehicle sends. */
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>
}

/**
 * The method of a browser's request, and the headers that show where it comes from: `host`, `origin`,
 * `referer`, `sec-fetch-site`, `sec-fetch-mode` and `sec-fetch-dest`, with its `content-type` and, of a
 * WebSocket handshake, its `upgrade`.
 *
 * ```ts
 * const response = await app.inject({ url: '/transfer', ...browserRequest({ from: 'cross-site', by: 'form' }) })
 * ```
 *
 * Throws a RangeError for a request that the browser does not send, such as Firefox's `ping`, and for one that was not
 * recorded.
 *
 * @see https://www.w3.org/TR/fetch-metadata/
 */
export function browserRequest (
  { from, by, engine = 'chromium', to = 'https://localhost', origin, referrerPolicy, crossSiteRedirect, headers }: BrowserRequestOptions
): BrowserRequest {
  const target = parseOrigin('to', to)
  const page = isExtension(from) ? extensionOf(engine, origin, target) : pageOf(from, origin, target)
  const sender = nameOf(from, page, target, referrerPolicy, crossSiteRedirect)
  const table = tableOf(sender, groundOf(target))
  const index = table?.[vehicles.indexOf(by)]?.[engines.indexOf(engine)]
  if (index === undefined) throw new RangeError(`nothing is recorded of "${by}" from "${sender}" in "${engine}"`)
  if (index === null) throw new RangeError(`${engine} does not send "${by}" from "${sender}"`)

  const [method, recorded] = requests[index]!
  const filled = Object.entries(recorded).map(([name, value]) => [name, value.replace('{to}', target.origin).replace('{from}', page.origin)])
  return {
    method: method as BrowserRequest['method'],
    headers: { host: target.host, ...Object.fromEntries(filled), ...headers }
  }
}

// ---------------------------------------------------------------------------------------------

const engines: readonly string[] = ['chromium', 'firefox', 'webkit'] satisfies BrowserEngine[]

function parseOrigin (name: string, value: string): URL {
  const url = URL.canParse(value) ? new URL(value) : undefined
  if (url === undefined || !/^https?:/.test(url.protocol)) throw new RangeError(`${name} is "${value}", which is not an http or https origin`)
  return url
}

function isExtension (from: BrowserRequestInitiator): boolean {
  return from === 'extension' || from === 'extension-without-permission'
}

type Page = Pick<URL, 'origin' | 'protocol'>

function extensionOf (engine: BrowserEngine, origin: string | undefined, { protocol }: URL): Page {
  const own = engine === 'firefox' ? 'moz-extension://00000000-0000-4000-8000-000000000000' : 'chrome-extension://abcdefghijklmnopabcdefghijklmnop'
  if (origin !== undefined && !/^(?:chrome|moz)-extension:\/\/[\w-]+$/.test(origin)) throw new RangeError(`origin is "${origin}", which is no origin of an extension`)
  return { origin: origin ?? own, protocol }
}

function pageOf (from: BrowserRequestInitiator, origin: string | undefined, target: URL): URL {
  const isOwn = ['same-origin', 'own-sandboxed-frame', 'own-data-frame'].includes(from)
  if (origin === undefined) return isOwn ? target : from === 'same-site' ? onOtherPort(target) : new URL(`${target.protocol}//other.example`)
  if (isOwn) throw new RangeError(`the page is the application's own when from is "${from}": leave origin out`)
  const page = parseOrigin('origin', origin)
  if (page.origin === target.origin) throw new RangeError(`origin is "${origin}", the application's own: from is "same-origin" then`)
  if (from === 'same-site' && siteOf(page) !== siteOf(target)) throw new RangeError(`origin is "${origin}", of another site than ${target.origin}: from is "cross-site" then`)
  return page
}

/** Near enough for tests: a site is a domain of two labels, and browsers know of those that have three. */
function siteOf ({ hostname }: URL): string {
  return /\]|\.\d+$/.test(hostname) ? hostname : hostname.split('.').slice(-2).join('.')
}

function onOtherPort (url: URL): URL {
  const other = new URL(url)
  other.port = String(Number(url.port || 8442) + 1)
  return other
}

type Ground = 'https' | 'loopback' | 'plain'

/** Browsers send Fetch Metadata over HTTPS, and to loopback; some reports go out over HTTPS only. */
function groundOf ({ protocol, hostname }: URL): Ground {
  if (protocol === 'https:') return 'https'
  return /^(?:(?:.*\.)?localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname) ? 'loopback' : 'plain'
}

/** As the data has it. */
function nameOf (from: string, page: Page, target: URL, referrerPolicy: string | undefined, redirect: number | undefined): string {
  const parts = [from]
  if (page.protocol !== target.protocol) parts.push(`${page.protocol} to ${target.protocol}`.replaceAll(':', ''))
  if (referrerPolicy !== undefined) parts.push(referrerPolicy)
  if (redirect !== undefined) parts.push(`redirected with ${redirect}`)
  return parts.join(', ')
}

function tableOf (sender: string, ground: Ground): typeof tables[number] | undefined {
  // What goes to https alone has no other table, and is never asked for one.
  return Object.hasOwn(sent, sender) ? tables[sent[sender]![ground]!] : undefined
}

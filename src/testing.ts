// For tests of applications: requests as real browsers send them, so that a test does not pass on headers
// that no browser ever sent. The data was recorded by this package's own browser tests (docs/browsers.md).
import { requests, sent } from './browser-requests.ts'

/** Whose page sends, as seen from the application. `no-referrer` and `sandboxed-frame` are pages of another site. */
export type BrowserRequestInitiator = 'same-origin' | 'same-site' | 'cross-site' | 'no-referrer' | 'sandboxed-frame'

/** By what it sends; what only reads sends a GET, a preflighted fetch a PUT, a preflighted XHR a DELETE, all else a POST. */
export type BrowserRequestVehicle =
  // Forms, by enctype, and by where their answer goes.
  | 'form' | 'form-multipart' | 'form-text' | 'form-in-window' | 'form-in-named-window' | 'form-in-frame'
  // Scripts, by mode, with and without credentials.
  | 'fetch-cors' | 'fetch-cors-credentials' | 'fetch-no-cors' | 'fetch-no-cors-credentials' | 'fetch-same-origin'
  | 'fetch-preflight' | 'fetch-keepalive' | 'xhr' | 'xhr-credentials' | 'xhr-preflight' | 'beacon' | 'ping' | 'websocket'
  // What only reads.
  | 'image' | 'script' | 'object' | 'embed' | 'fetch-get' | 'fetch-get-no-cors' | 'frame' | 'link'

/** Whose request it is: Chromium's, Firefox's, or WebKit's as in Safari. */
export type BrowserEngine = 'chromium' | 'firefox' | 'webkit'

/** Who sends what, to whom. */
export interface BrowserRequestOptions {
  /** Whose page sends. */
  readonly from: BrowserRequestInitiator
  /** By what it sends. */
  readonly by: BrowserRequestVehicle
  /** Default: `'chromium'`. */
  readonly engine?: BrowserEngine
  /**
   * Origin of the application, `scheme://host[:port]`. Default: `http://localhost`, which is where `app.inject`
   * sends requests to. Where `host` is another, the request carries it.
   */
  readonly to?: string
  /**
   * Origin of the page that sends, when that is not the application's own. Default: `https://other.example`, or
   * `http://neighbour.localhost` for `same-site`.
   */
  readonly origin?: string
  /**
   * Whether the application is served over plain HTTP under a name that is not loopback, where browsers send
   * no Fetch Metadata. Default: `false`.
   */
  readonly plainHttp?: boolean
}

/** What `app.inject` takes. */
export interface BrowserRequest {
  /** What the vehicle sends. */
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>
}

/**
 * The method and those headers of a browser's request that tell where it comes from: `host`, `origin`,
 * `referer`, `sec-fetch-site`, `-mode`, `-dest` and `-user`, and `upgrade`.
 *
 * ```ts
 * const response = await app.inject({ url: '/transfer', ...browserRequest({ from: 'cross-site', by: 'form' }) })
 * ```
 *
 * Throws a RangeError for a vehicle that the browser does not send from there, such as Firefox's `ping`, and
 * for names that there are not.
 *
 * @see https://www.w3.org/TR/fetch-metadata/
 */
export function browserRequest ({
  from, by, engine = 'chromium', to = 'http://localhost', origin = defaultOrigins[from], plainHttp = false
}: BrowserRequestOptions): BrowserRequest {
  const index = sent[from]?.[plainHttp ? 'plain' : 'secure'][by]?.[engines.indexOf(engine)]
  if (index === undefined) throw new RangeError(`nothing is recorded of "${by}" from "${from}" in "${engine}"`)
  if (index === null) throw new RangeError(`${engine} does not send "${by}" from "${from}"`)

  const [method, recorded] = requests[index]!
  const headers = Object.entries(recorded).map(([name, value]) => [name, value.replace('{to}', to).replace('{from}', origin ?? to)])
  return { method: method as BrowserRequest['method'], headers: { host: new URL(to).host, ...Object.fromEntries(headers) } }
}

// ---------------------------------------------------------------------------------------------

const engines: readonly string[] = ['chromium', 'firefox', 'webkit'] satisfies BrowserEngine[]

const defaultOrigins: Readonly<Partial<Record<BrowserRequestInitiator, string>>> = {
  'same-site': 'http://neighbour.localhost',
  'cross-site': 'https://other.example',
  'no-referrer': 'https://other.example',
  'sandboxed-frame': 'https://other.example'
}

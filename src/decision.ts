// The decision: what a policy says of a request. It knows nothing of Fastify, changes nothing, and
// builds nothing: every decision it can reach exists already.
//
// The order is that of Go's http.CrossOriginProtection: the first conclusive signal wins. What it does
// not read is as much a choice: the content type, cookies, Authorization and X-Requested-With have each
// been a way around a guard that did.
import type { IncomingHttpHeaders } from 'node:http'
import { isAllowedOrigin, isOwnHost, isSerialisedOrigin, normaliseOrigin, type AllowedOrigins } from './origins.ts'
import { isExemptPath, type ExemptPaths } from './paths.ts'

/** Why a request was allowed or denied; a closed set. */
export type DecisionReason = keyof typeof verdicts

/** What was decided on a request, and why. */
export interface Decision {
  /** Whether the request may go on to its handler. */
  readonly allowed: boolean
  /** The first conclusive signal. */
  readonly reason: DecisionReason
  /** The reason in a sentence for people. It is fixed: nothing in it comes from the request. */
  readonly message: string
}

/** What a decision is made from; a FastifyRequest has all of it. */
export interface DecidableRequest {
  /** In capitals, as it was sent. */
  readonly method: string
  /** The request target, as the router reads it. */
  readonly url: string
  /** The request's own host with its port, empty when unknown. */
  readonly host: string
  /** By lower-case name, repeated lines joined as Node joins them. */
  readonly headers: IncomingHttpHeaders
  /** Node's own request, which tells what `headers` may lack. */
  readonly raw?: { readonly rawHeaders?: readonly string[], readonly socket?: unknown }
}

/** What happens to GET and HEAD: they pass, follow the Resource Isolation Policy, or are checked like POST. */
export type SafeMethods = 'allow' | 'isolate' | 'check'

/** The part of a compiled policy that decides. */
export interface DecidingPolicy {
  readonly allowedOrigins: AllowedOrigins<unknown>
  readonly exemptPaths: ExemptPaths
  readonly isExemptRoute: boolean
  readonly options: {
    readonly allowUnverifiableRequests: boolean
    readonly protectWebSockets: boolean
    readonly safeMethods: SafeMethods
  }
}

/**
 * Decides on one request. Never throws, whatever the request carries. The functions of `allowedOrigins`
 * are not asked here.
 */
export function decide (policy: DecidingPolicy, request: DecidableRequest): Decision {
  const { options } = policy
  const { method, headers } = request

  // 1. Preflights must reach CORS; links and images need cross-origin GETs. TRACE, QUERY and methods yet
  // unknown are not safe, and neither is the GET of a WebSocket handshake: what follows it is no reading.
  if (method === 'OPTIONS') return decisions['safe-method']
  const isRead = isGetOrHead(method) && !(options.protectWebSockets && isWebSocketHandshake(headers))
  if (isRead && options.safeMethods === 'allow') return decisions['safe-method']

  // 2. The application vouches for these: webhooks, probes, endpoints with their own authentication.
  if (policy.exemptPaths.lengths.length > 0 && isExemptPath(policy.exemptPaths, request.url)) return decisions['exempt-path']
  if (policy.isExemptRoute) return decisions['exempt-route']

  // 3. Fetch Metadata: set by the browser, out of reach of any page, so conclusive when present.
  // 4. Origin, from browsers and in places without Fetch Metadata: plain HTTP beyond loopback, and
  // Chromium's WebSocket handshakes.
  // 5. Neither: not a browser, or one from before 2020 on its own site. No cross-site POST of a current
  // browser lacks both; for older ones this fails open unless the policy says otherwise.
  const site = headers['sec-fetch-site']
  if (site === 'same-origin' && !isRefetchedNavigation(headers)) return decisions['same-origin'] // Most requests end here.
  const { origin } = headers
  const checked = site ? decideBySite(site, request) : origin ? decideByOrigin(origin, request.host) : decideUnverifiable(options, request)
  const verdict = isRead && options.safeMethods === 'isolate' ? isolate(checked, request) : checked

  // 6. Last, so that the lookup costs nothing on requests that pass anyway.
  if (!verdict.allowed && origin && isAllowedOrigin(policy.allowedOrigins, origin)) return decisions['allowed-origin']
  return verdict
}

/**
 * What becomes of a denial when functions are asked about its origin, one after another: the first `true`
 * allows it. An origin that is no serialised one is never asked about. Rejects with what a function throws.
 */
export async function appeal<Request extends DecidableRequest> (
  denial: Decision, functions: ReadonlyArray<(origin: string, request: Request) => unknown>, request: Request
): Promise<Decision> {
  const { origin } = request.headers
  if (!origin || !isSerialisedOrigin(origin)) return denial
  for (const isTrusted of functions) {
    if (await isTrusted(normaliseOrigin(origin), request) === true) return decisions['allowed-origin']
  }
  return denial
}

/** GET and HEAD, which `safeMethods` is about. */
export function isGetOrHead (method: string): boolean {
  return method === 'GET' || method === 'HEAD'
}

/**
 * Whether a GET asks for a WebSocket. In doubt it does: the word is found wherever a server might see it.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6455#section-4.1
 */
export function isWebSocketHandshake ({ upgrade }: IncomingHttpHeaders): boolean {
  return upgrade !== undefined && /websocket/i.test(upgrade)
}

// ---------------------------------------------------------------------------------------------

/** @see https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header */
function decideBySite (site: string | string[], request: DecidableRequest): Decision {
  switch (site) {
    case 'cross-site': return decisions['cross-site']
    case 'same-site': return decisions['same-site']
    case 'none': return decisions['user-initiated']
    case 'same-origin': return isRefetchedNavigation(request.headers) ? decideRefetched(request) : decisions['same-origin']
  }
  // Browsers write lower case; for other clients, any will do. Node joins repeated lines with a comma, which
  // makes an unrecognised value: never split, never search.
  const lower = String(site).toLowerCase()
  return lower === site ? decisions['unrecognized-fetch-site'] : decideBySite(lower, request)
}

/** A navigation that the site's own service worker fetched again: no other navigation has no destination. */
function isRefetchedNavigation (headers: IncomingHttpHeaders): boolean {
  return headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'empty'
}

/**
 * WebKit calls it same-origin whoever began it, but mostly leaves the Origin of a form as it was: see
 * docs/browsers.md. Every form has one; a link has none, whoever wrote it.
 */
function decideRefetched ({ method, headers, host }: DecidableRequest): Decision {
  if (headers.origin) return decideByOrigin(headers.origin, host)
  return isGetOrHead(method) ? decisions['same-origin'] : decisions['null-origin']
}

/** @see https://fetch.spec.whatwg.org/#origin-header */
function decideByOrigin (origin: string, ownHost: string): Decision {
  if (isOwnHost(origin, ownHost)) return decisions['same-host']
  // Sandboxed frames and data: documents send it, whoever wrote them. It is present, and equals nothing.
  if (origin === 'null') return decisions['null-origin']
  return isSerialisedOrigin(origin) ? decisions['host-mismatch'] : decisions['malformed-origin']
}

function decideUnverifiable ({ allowUnverifiableRequests }: DecidingPolicy['options'], request: DecidableRequest): Decision {
  return allowUnverifiableRequests && !mayLackHeaders(request) ? decisions.unverifiable : unverifiableDenied
}

/**
 * Node 20 drops header lines beyond `server.maxHeadersCount`, 1000 by default, without a word; 22.23 refuses them with 431.
 * Where CORS lets a page send any header, the page can fill them all: Chromium and Firefox write Origin and Sec-Fetch-Site
 * after the page's own.
 *
 * @see https://nodejs.org/api/http.html#servermaxheaderscount
 */
function mayLackHeaders ({ raw }: DecidableRequest): boolean {
  const { server } = (raw?.socket ?? {}) as { server?: { maxHeadersCount?: number | null } }
  const limit = server?.maxHeadersCount ?? 1000
  return limit > 0 && raw?.rawHeaders !== undefined && raw.rawHeaders.length >= 2 * limit
}

/**
 * What the Resource Isolation Policy lets a GET or HEAD do that a POST may not: come from the same site,
 * be a navigation (a link, a frame), and come from a client that sends neither header.
 *
 * @see https://web.dev/articles/fetch-metadata#implementing_a_resource_isolation_policy
 */
function isolate (checked: Decision, request: DecidableRequest): Decision {
  switch (checked.reason) {
    case 'same-site': return sameSiteAllowed
    case 'unverifiable': return mayLackHeaders(request) ? checked : decisions.unverifiable
    case 'cross-site': return isNavigation(request.headers) ? decisions.navigation : checked
    default: return checked
  }
}

/** A page or a frame, but not what `<object>` and `<embed>` load under the name of a navigation. */
function isNavigation (headers: IncomingHttpHeaders): boolean {
  const destination = headers['sec-fetch-dest']
  return headers['sec-fetch-mode'] === 'navigate' && destination !== 'object' && destination !== 'embed'
}

const verdicts = {
  'safe-method': [true, 'The method of the request does not change state.'],
  'exempt-path': [true, 'The path is exempt from the check.'],
  'exempt-route': [true, 'The route is exempt from the check.'],
  'same-origin': [true, 'The browser says that the request comes from this origin.'],
  'user-initiated': [true, 'The browser says that the user made the request, not a page.'],
  'same-site': [false, 'The browser says that the request comes from another origin of this site.'],
  'cross-site': [false, 'The browser says that the request comes from another site.'],
  navigation: [true, 'The browser follows a link or loads a frame, and shows what it gets.'],
  'unrecognized-fetch-site': [false, 'The Sec-Fetch-Site header has a value that no browser sends.'],
  'null-origin': [false, 'The request comes from a page that hides its origin.'],
  'malformed-origin': [false, 'The Origin header is not an origin.'],
  'same-host': [true, 'The origin of the request is the host that it is for.'],
  'host-mismatch': [false, 'The origin of the request is not the host that it is for.'],
  unverifiable: [true, 'The request carries neither Sec-Fetch-Site nor Origin.'],
  'allowed-origin': [true, 'The origin of the request is in the list of allowed origins.']
} as const

/** Every reason there is. */
export const reasons = Object.keys(verdicts) as readonly DecisionReason[]

const decisions = Object.fromEntries(Object.entries(verdicts).map(
  ([reason, [allowed, message]]) => [reason, Object.freeze({ allowed, reason, message })]
)) as Record<DecisionReason, Decision>

const sameSiteAllowed: Decision = Object.freeze({ ...decisions['same-site'], allowed: true })
const unverifiableDenied: Decision = Object.freeze({ ...decisions.unverifiable, allowed: false })

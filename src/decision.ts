// The decision: what a policy says of a request. It knows nothing of Fastify, changes nothing and allocates nothing: every
// decision that it can reach exists beforehand.
//
// The order is that of Go's http.CrossOriginProtection: the first conclusive signal wins. It is stricter in two places, where
// browsers make other sites' requests look harmless: `none`, and `same-origin` of what a service worker re-sent. What it does
// not read is as much a choice: the content type, cookies, Authorization and X-Requested-With have each been a way around a
// guard that did.
import type { IncomingHttpHeaders } from 'node:http'
import { isAllowedHost, type AllowedHosts } from './hosts.ts'
import { isAllowedOrigin, isOwnHost, isSameOrigin, isSerialisedOrigin, originOfUrl, type AllowedOrigins } from './origins.ts'
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
  /** Node's own request, which shows whether `headers` may be incomplete. */
  readonly raw?: { readonly rawHeaders?: readonly string[], readonly socket?: unknown }
}

/** What happens to GET and HEAD: they pass, follow the Resource Isolation Policy, or are checked like POST. */
export type SafeMethods = 'allow' | 'isolate' | 'check'

/** The part of a compiled policy that decides. */
export interface DecidingPolicy {
  readonly allowedHosts: AllowedHosts
  readonly allowedOrigins: AllowedOrigins<unknown>
  readonly exemptPaths: ExemptPaths
  readonly isExemptRoute: boolean
  readonly options: {
    readonly allowUnverifiableRequests: boolean
    readonly protectWebSockets: boolean
    readonly safeMethods: SafeMethods
  }
}

/** Decides on one request. Throws only what `request.host` throws. The functions of `allowedOrigins` are not asked here. */
export function decide (policy: DecidingPolicy, request: DecidableRequest): Decision {
  const { options } = policy
  const { method, headers } = request

  // 0. DNS rebinding: where Host is the attacker's own name, the headers below say nothing.
  const { allowedHosts } = policy
  if (allowedHosts.entries.size > 0 && !isAllowedHost(allowedHosts, request.host) && exemption(policy, request) === undefined) {
    return decisions['unknown-host']
  }

  // 1. Preflights must reach CORS; links and images need cross-origin GETs. TRACE, QUERY and unknown methods are not safe,
  // nor is the GET of a WebSocket handshake, which opens a two-way channel.
  if (method === 'OPTIONS') return decisions['safe-method']
  const isRead = isGetOrHead(method) && !(options.protectWebSockets && isWebSocketHandshake(headers))
  if (isRead && options.safeMethods === 'allow') return decisions['safe-method']

  // 2. The application vouches for these: webhooks, probes, endpoints with their own authentication.
  const exempt = exemption(policy, request)
  if (exempt !== undefined) return exempt

  // 3. Fetch Metadata: set by the browser, out of reach of any page, so conclusive when present; but for `none`, and for what a
  // service worker re-sent.
  const site = headers['sec-fetch-site']
  let decision = site ? decideBySite(site, request, isRead) : undefined

  // 4. Origin, with `none` and where browsers send no Fetch Metadata: plain HTTP beyond loopback, Chromium's WebSocket
  // handshakes, and the reports that Chromium uploads.
  if (decision === undefined && headers.origin) decision = decideByOrigin(headers.origin, request.host)

  // 5. Neither: not a browser, one from before 2020 on its own site, or a request that no page is known to have started.
  // Current browsers send at least one of the two with every cross-site POST of a page; for older ones, and for Firefox's
  // "View Page Source" on a refused form, this fails open unless the policy says otherwise.
  decision ??= decideUnverifiable(options, request)
  if (isRead && options.safeMethods === 'isolate') decision = isolate(decision, request)

  // 6. Last, so that the lookup costs nothing on requests that pass anyway.
  if (decision.allowed || isFinal(decision) || !headers.origin || !isAllowedOrigin(policy.allowedOrigins, headers.origin)) return decision
  return decisions['allowed-origin']
}

/** Whether no allowed origin changes a denial: where `Origin` does not show who started the request. */
export function isFinal ({ reason }: Decision): boolean {
  return reason === 'unknown-host' || reason === 'referer-mismatch'
}

/** GET and HEAD, which `safeMethods` is about. */
export function isGetOrHead (method: string): boolean {
  return method === 'GET' || method === 'HEAD'
}

// ---------------------------------------------------------------------------------------------

function exemption ({ exemptPaths, isExemptRoute }: DecidingPolicy, request: DecidableRequest): Decision | undefined {
  if (exemptPaths.lengths.length > 0 && isExemptPath(exemptPaths, request.url)) return decisions['exempt-path']
  return isExemptRoute ? decisions['exempt-route'] : undefined
}

/**
 * Whether a GET asks for a WebSocket. In doubt it does: the word is found wherever a server might see it.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6455#section-4.1
 */
function isWebSocketHandshake ({ upgrade }: IncomingHttpHeaders): boolean {
  return upgrade !== undefined && /websocket/i.test(upgrade)
}

/**
 * Undefined where the header is not the last word, and step 4 or 5 decides.
 *
 * @see https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header
 */
function decideBySite (site: string | string[], request: DecidableRequest, isRead: boolean): Decision | undefined {
  const { headers } = request
  switch (site) {
    case 'same-origin': return isResentNavigation(headers, isRead) ? decideResent(request, isRead) : decisions['same-origin']
    case 'cross-site': return decisions['cross-site']
    case 'same-site': return decisions['same-site']
    // The browser knows no page that started the request, which is no proof that none did: WebKit says so when an attacker's
    // form is reloaded and then redirected here, Chromium when another origin's speculation rules prefetch, and all of them
    // when an attacker's address is opened by another program and redirected here.
    case 'none': return isRead && !headers.origin ? decisions['user-initiated'] : undefined
  }
  // Browsers write lower case; from other clients any case is accepted. Node joins repeated lines with a comma, which makes
  // an unrecognised value: never split, never search.
  const lower = String(site).toLowerCase()
  return lower === site ? decisions['unrecognized-fetch-site'] : decideBySite(lower, request, isRead)
}

/**
 * A navigation that a service worker of this site re-sent with fetch(), or that its navigation preload sent. Browsers label
 * these same-origin whoever started them: WebKit and Firefox what is re-sent as it is, all of them what the worker copied or
 * stored, and Firefox a preload.
 *
 * No other navigation has an empty destination. Where the mode is that of a script's request, the Accept is still that of a
 * navigation, which no script sends unless it is told to.
 */
function isResentNavigation (headers: IncomingHttpHeaders, isRead: boolean): boolean {
  if (isRead && headers['service-worker-navigation-preload'] !== undefined) return true
  if (headers['sec-fetch-dest'] !== 'empty') return false
  const mode = headers['sec-fetch-mode']
  return mode === 'navigate' || (isForDocument(headers) && (mode === 'same-origin' || isFromScript(headers)))
}

function isForDocument ({ accept }: IncomingHttpHeaders): boolean {
  return accept !== undefined && /^text\/html/.test(accept)
}

/** Where the page sends no referrer, the browser may send that of the worker, which is its script. */
function isFromScript ({ referer }: IncomingHttpHeaders): boolean {
  return referer !== undefined && /^[^?#]*\.[cm]?[jt]s(?:[?#]|$)/i.test(referer)
}

/**
 * These browsers leave Referer unchanged, while Origin may be the application's own whoever started the request. So both have to
 * agree, and a page without referrer is refused. A link has no Origin, whoever wrote it. docs/browsers.md has what was seen.
 */
function decideResent ({ headers, host }: DecidableRequest, isRead: boolean): Decision {
  const { origin, referer } = headers
  if (origin === 'null') return decisions['null-origin']
  const page = referer && !isFromScript(headers) ? originOfUrl(referer) : undefined
  if (page === undefined) return decisions['referer-mismatch']
  if (origin) return isSameOrigin(origin, page) ? decideByOrigin(origin, host) : decisions['referer-mismatch']
  return isRead && isOwnHost(page, host) ? decisions['same-origin'] : decisions['referer-mismatch']
}

/** @see https://fetch.spec.whatwg.org/#origin-header */
function decideByOrigin (origin: string, ownHost: string): Decision {
  if (isOwnHost(origin, ownHost)) return decisions['same-host']
  // Any sandboxed frame or data: document sends it, including an attacker's. It is a value, and equals nothing.
  if (origin === 'null') return decisions['null-origin']
  return isSerialisedOrigin(origin) ? decisions['host-mismatch'] : decisions['malformed-origin']
}

function decideUnverifiable ({ allowUnverifiableRequests }: DecidingPolicy['options'], request: DecidableRequest): Decision {
  return allowUnverifiableRequests && !mayLackHeaders(request) ? decisions.unverifiable : unverifiableDenied
}

/**
 * Node 20 silently drops header lines beyond `server.maxHeadersCount`, 1000 by default; Node 22.23 refuses them with 431.
 * A page that CORS lets send any header can use up that number: Chromium and Firefox write Origin and Sec-Fetch-Site after
 * the page's own headers.
 *
 * @see https://nodejs.org/api/http.html#servermaxheaderscount
 */
function mayLackHeaders ({ raw }: DecidableRequest): boolean {
  const { server } = (raw?.socket ?? {}) as { server?: { maxHeadersCount?: number | null } }
  const limit = server?.maxHeadersCount ?? 1000
  return limit > 0 && raw?.rawHeaders !== undefined && raw.rawHeaders.length >= 2 * limit
}

/**
 * What the Resource Isolation Policy allows a GET or HEAD, but not a POST: to come from the same site, to be a navigation (a
 * link or a frame), and to come from a client that sends neither header.
 *
 * @see https://web.dev/articles/fetch-metadata#implementing_a_resource_isolation_policy
 */
function isolate (checked: Decision, request: DecidableRequest): Decision {
  if (checked.allowed) return checked
  switch (checked.reason) {
    case 'same-site': return sameSiteAllowed
    case 'user-initiated': return userInitiatedAllowed
    case 'unverifiable': return mayLackHeaders(request) ? checked : decisions.unverifiable
    case 'referer-mismatch': return decisions.navigation // A navigation that a service worker re-sent.
    case 'unrecognized-fetch-site': return checked
    // Without Sec-Fetch-Site, no browser wrote the mode.
    default: return request.headers['sec-fetch-site'] && isNavigation(request.headers) ? decisions.navigation : checked
  }
}

/** A page or a frame. `<object>` and `<embed>` load with the mode of a navigation too, but only embed a resource. */
function isNavigation (headers: IncomingHttpHeaders): boolean {
  const destination = headers['sec-fetch-dest']
  return headers['sec-fetch-mode'] === 'navigate' && destination !== 'object' && destination !== 'embed'
}

/** By reason: what it mostly means, and why. `same-site`, `user-initiated` and `unverifiable` can be either: see below. */
const verdicts = {
  'unknown-host': [false, "The host is not one of this application's."],
  'safe-method': [true, 'The method of the request does not change state.'],
  'exempt-path': [true, 'The path is exempt from the check.'],
  'exempt-route': [true, 'The route is exempt from the check.'],
  'same-origin': [true, 'The browser says that the request comes from the same origin.'],
  'user-initiated': [false, 'The browser knows no page that started the request.'],
  'same-site': [false, 'The browser says that the request comes from the same site, but a different origin.'],
  'cross-site': [false, 'The browser says that the request comes from another site.'],
  navigation: [true, 'The request is a navigation: a link or a frame.'],
  'unrecognized-fetch-site': [false, 'The Sec-Fetch-Site header has a value that no browser sends.'],
  'referer-mismatch': [false, 'The request passed through a service worker, and its Referer header does not match its origin.'],
  'null-origin': [false, 'The request comes from a page that hides its origin.'],
  'malformed-origin': [false, 'The Origin header is not a serialised origin.'],
  'same-host': [true, "The request's origin matches its host."],
  'host-mismatch': [false, "The request's origin does not match its host."],
  unverifiable: [true, 'No header shows which origin the request comes from.'],
  'allowed-origin': [true, "The request's origin is in the list of allowed origins."]
} as const

/** Every reason there is. */
export const reasons = Object.keys(verdicts) as readonly DecisionReason[]

/** The decision of each reason. */
export const decisions = Object.fromEntries(Object.entries(verdicts).map(
  ([reason, [allowed, message]]) => [reason, Object.freeze({ allowed, reason, message })]
)) as Record<DecisionReason, Decision>

const sameSiteAllowed: Decision = Object.freeze({ ...decisions['same-site'], allowed: true })
const userInitiatedAllowed: Decision = Object.freeze({ ...decisions['user-initiated'], allowed: true })
const unverifiableDenied: Decision = Object.freeze({ ...decisions.unverifiable, allowed: false })

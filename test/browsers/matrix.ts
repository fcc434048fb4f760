// The attack matrix: who sends, by what, and what must become of it. What is expected here is written from
// how a user would judge each row, not from what the plugin does.
import { extensionKinds } from './extensions.ts'
import type { Origin } from './lab.ts'

/** A document that sends requests to a bank. */
export interface Initiator {
  readonly name: string
  readonly origin: Origin
  readonly target: 'bank' | 'naiveBank' | 'carefulBank' | 'plainBank' | 'tlsBank' | 'openBank' | 'plainOpenBank'
  /** The kind of document that sends. Sandboxed frames and data: documents have an origin of their own. */
  readonly kind: 'page' | 'naive-worker' | 'careful-worker' | 'sandbox' | 'data' | 'blob' | 'srcdoc' | 'extension' | 'extension-without-permission'
  readonly referrer?: 'no-referrer'
  /** The site that redirects the request on its way, and how. */
  readonly via?: readonly [by: Origin, status: 302 | 307 | 308]
}

export type VehicleKind = 'post' | 'socket' | 'get'

export interface Vehicle {
  readonly name: string
  readonly kind: VehicleKind
  /** Whether the page that sends goes away. */
  readonly leavesPage?: true
  /** Whether it is sent while the page goes away. */
  readonly sentOnLeave?: true
  readonly opensWindow?: true
  /** Whether it loads a page or a frame, which `safeMethods: 'isolate'` lets others do. */
  readonly navigates?: true
  /** Whether it asks by CORS, so that it carries an Origin that no referrer policy hides. */
  readonly usesCors?: true
  /** Whether browsers only send it within an origin. */
  readonly staysHome?: true
  /** Whether it says that cookies are sent, or that they are not. */
  readonly credentials?: 'include' | 'omit'
  /** Whether only ordinary pages fire it: none in frames, none whose requests are redirected or go to a service worker. */
  readonly onlyFromPages?: true
  /** Whether the browser waits until the page loads nothing else. */
  readonly needsQuietPage?: true
  /** Whether browsers have it only where the page came over HTTPS or from loopback. */
  readonly needsSecurePage?: true
  /** Whether what sends has an origin of its own, as a sandboxed frame has. */
  readonly isOpaque?: true
}

export const vehicles: readonly Vehicle[] = [
  { name: 'form', kind: 'post', leavesPage: true },
  { name: 'form-multipart', kind: 'post', leavesPage: true },
  { name: 'form-text', kind: 'post', leavesPage: true },
  { name: 'form-in-window', kind: 'post', opensWindow: true },
  { name: 'form-in-named-window', kind: 'post', opensWindow: true },
  { name: 'form-multipart-in-window', kind: 'post', opensWindow: true },
  { name: 'form-text-in-window', kind: 'post', opensWindow: true },
  { name: 'form-in-frame', kind: 'post' },
  { name: 'form-multipart-in-frame', kind: 'post' },
  { name: 'form-text-in-frame', kind: 'post' },
  { name: 'fetch-cors', kind: 'post', usesCors: true, credentials: 'omit' },
  { name: 'fetch-cors-credentials', kind: 'post', usesCors: true, credentials: 'include' },
  { name: 'fetch-no-cors', kind: 'post', credentials: 'omit' },
  { name: 'fetch-no-cors-credentials', kind: 'post', credentials: 'include' },
  { name: 'fetch-same-origin', kind: 'post', staysHome: true },
  { name: 'fetch-preflight', kind: 'post', usesCors: true, credentials: 'include' },
  { name: 'fetch-keepalive', kind: 'post' },
  { name: 'fetch-keepalive-on-leave', kind: 'post', sentOnLeave: true },
  { name: 'xhr', kind: 'post', usesCors: true },
  { name: 'xhr-credentials', kind: 'post', usesCors: true, credentials: 'include' },
  { name: 'xhr-preflight', kind: 'post', usesCors: true, credentials: 'include' },
  { name: 'beacon', kind: 'post' },
  { name: 'beacon-on-leave', kind: 'post', sentOnLeave: true },
  { name: 'ping', kind: 'post' },
  { name: 'websocket', kind: 'socket', usesCors: true },
  { name: 'image', kind: 'get' },
  { name: 'script', kind: 'get' },
  { name: 'object', kind: 'get' },
  { name: 'embed', kind: 'get' },
  { name: 'fetch-get', kind: 'get', usesCors: true },
  { name: 'fetch-get-no-cors', kind: 'get' },
  { name: 'frame', kind: 'get', navigates: true },
  { name: 'link', kind: 'get', navigates: true, leavesPage: true },
  ...([
    { name: 'prefetch', kind: 'get', needsQuietPage: true },
    { name: 'preload', kind: 'get' },
    { name: 'modulepreload', kind: 'get', usesCors: true },
    { name: 'stylesheet', kind: 'get' },
    { name: 'module', kind: 'get', usesCors: true },
    { name: 'json-module', kind: 'get', usesCors: true },
    { name: 'font', kind: 'get', usesCors: true },
    { name: 'video', kind: 'get' },
    { name: 'event-source', kind: 'get', usesCors: true },
    { name: 'link-in-window', kind: 'get', navigates: true, opensWindow: true },
    { name: 'popup', kind: 'get', navigates: true, opensWindow: true },
    { name: 'download', kind: 'get', navigates: true, leavesPage: true },
    { name: 'fetch-later', kind: 'post', needsSecurePage: true },
    ...['worker', 'nested-worker', 'blob-worker', 'shared-worker'].flatMap(worker => [
      { name: `${worker}-fetch`, kind: 'post', usesCors: true } as const,
      { name: `${worker}-websocket`, kind: 'socket', usesCors: true } as const
    ]),
    { name: 'data-worker-fetch', kind: 'post', usesCors: true, isOpaque: true },
    { name: 'data-worker-websocket', kind: 'socket', usesCors: true, isOpaque: true },
    { name: 'service-worker-fetch', kind: 'post', usesCors: true, needsSecurePage: true },
    { name: 'service-worker-websocket', kind: 'socket', usesCors: true, needsSecurePage: true },
    { name: 'service-worker-keepalive', kind: 'post', needsSecurePage: true },
    { name: 'report-csp-uri', kind: 'post' },
    { name: 'report-csp', kind: 'post', usesCors: true, needsSecurePage: true },
    { name: 'report-coep', kind: 'post', usesCors: true, needsSecurePage: true },
    { name: 'report-permissions', kind: 'post', usesCors: true, needsSecurePage: true },
    { name: 'report-coop', kind: 'post', usesCors: true, needsSecurePage: true, opensWindow: true }
  ] satisfies Vehicle[]).map((vehicle: Vehicle): Vehicle => ({ ...vehicle, onlyFromPages: true }))
]

const statuses = [302, 307, 308] as const

export const initiators: readonly Initiator[] = [
  // To a bank on localhost, where browsers send Fetch Metadata.
  { name: 'own page', origin: 'bank', target: 'bank', kind: 'page' },
  { name: 'own srcdoc frame', origin: 'bank', target: 'bank', kind: 'srcdoc' },
  { name: 'own blob: frame', origin: 'bank', target: 'bank', kind: 'blob' },
  { name: 'own page, no-referrer', origin: 'bank', target: 'bank', kind: 'page', referrer: 'no-referrer' },
  ...statuses.map(status => ({ name: `own page, own ${status}`, origin: 'bank', target: 'bank', kind: 'page', via: ['bank', status] } as const)),
  { name: 'partner', origin: 'partner', target: 'bank', kind: 'page' },
  { name: 'same site', origin: 'sameSite', target: 'bank', kind: 'page' },
  { name: 'other site', origin: 'crossSite', target: 'bank', kind: 'page' },
  { name: 'other site, no-referrer', origin: 'crossSite', target: 'bank', kind: 'page', referrer: 'no-referrer' },
  { name: 'other site, sandboxed frame', origin: 'crossSite', target: 'bank', kind: 'sandbox' },
  { name: 'other site, data: frame', origin: 'crossSite', target: 'bank', kind: 'data' },
  { name: 'other site, blob: frame', origin: 'crossSite', target: 'bank', kind: 'blob' },
  { name: 'other site, srcdoc frame', origin: 'crossSite', target: 'bank', kind: 'srcdoc' },
  { name: 'sandboxed frame in own page', origin: 'bank', target: 'bank', kind: 'sandbox' },
  { name: 'data: frame in own page', origin: 'bank', target: 'bank', kind: 'data' },
  ...statuses.map(status => ({ name: `other site, its ${status}`, origin: 'crossSite', target: 'bank', kind: 'page', via: ['crossSite', status] } as const)),
  ...statuses.map(status => ({ name: `own page, there and back by ${status}`, origin: 'bank', target: 'bank', kind: 'page', via: ['crossSite', status] } as const)),
  ...statuses.map(status => ({ name: `other site, the bank's ${status}`, origin: 'crossSite', target: 'bank', kind: 'page', via: ['bank', status] } as const)),

  // Service workers. A bank's own takes the navigations of other sites to the bank as well.
  { name: 'other site, its service worker', origin: 'workerSite', target: 'bank', kind: 'naive-worker' },
  { name: 'own page, own service worker', origin: 'carefulBank', target: 'carefulBank', kind: 'careful-worker' },
  { name: 'same site, the bank\'s service worker', origin: 'sameSite', target: 'carefulBank', kind: 'page' },
  { name: 'other site, the bank\'s service worker', origin: 'crossSite', target: 'carefulBank', kind: 'page' },
  { name: 'partner, the bank\'s service worker', origin: 'partner', target: 'carefulBank', kind: 'page' },
  { name: 'other site, its 307, the bank\'s service worker', origin: 'crossSite', target: 'carefulBank', kind: 'page', via: ['crossSite', 307] },
  { name: 'own page, there and back by 307, own service worker', origin: 'carefulBank', target: 'carefulBank', kind: 'careful-worker', via: ['crossSite', 307] },

  // To a bank that is not on loopback, over plain HTTP, where they send none.
  { name: 'plain HTTP: own page', origin: 'plainBank', target: 'plainBank', kind: 'page' },
  { name: 'plain HTTP: own page, no-referrer', origin: 'plainBank', target: 'plainBank', kind: 'page', referrer: 'no-referrer' },
  { name: 'plain HTTP: partner', origin: 'plainPartner', target: 'plainBank', kind: 'page' },
  { name: 'plain HTTP: same site', origin: 'plainSameSite', target: 'plainBank', kind: 'page' },
  { name: 'plain HTTP: other site', origin: 'plainCrossSite', target: 'plainBank', kind: 'page' },
  { name: 'plain HTTP: other site, no-referrer', origin: 'plainCrossSite', target: 'plainBank', kind: 'page', referrer: 'no-referrer' },
  { name: 'plain HTTP: other site, sandboxed frame', origin: 'plainCrossSite', target: 'plainBank', kind: 'sandbox' },
  { name: 'plain HTTP: other site, data: frame', origin: 'plainCrossSite', target: 'plainBank', kind: 'data' },
  { name: 'plain HTTP: sandboxed frame in own page', origin: 'plainBank', target: 'plainBank', kind: 'sandbox' },
  { name: 'plain HTTP: data: frame in own page', origin: 'plainBank', target: 'plainBank', kind: 'data' },
  ...statuses.map(status => ({ name: `plain HTTP: other site, its ${status}`, origin: 'plainCrossSite', target: 'plainBank', kind: 'page', via: ['plainCrossSite', status] } as const)),
  ...statuses.map(status => ({ name: `plain HTTP: own page, there and back by ${status}`, origin: 'plainBank', target: 'plainBank', kind: 'page', via: ['plainCrossSite', status] } as const)),

  // To a bank over HTTPS.
  { name: 'HTTPS: own page', origin: 'tlsBank', target: 'tlsBank', kind: 'page' },
  { name: 'HTTPS: own page, no-referrer', origin: 'tlsBank', target: 'tlsBank', kind: 'page', referrer: 'no-referrer' },
  { name: 'HTTPS: partner', origin: 'tlsPartner', target: 'tlsBank', kind: 'page' },
  { name: 'HTTPS: the bank over HTTP', origin: 'plainBank', target: 'tlsBank', kind: 'page' },
  { name: 'HTTPS: same site', origin: 'tlsSameSite', target: 'tlsBank', kind: 'page' },
  { name: 'HTTPS: other site', origin: 'tlsCrossSite', target: 'tlsBank', kind: 'page' },
  { name: 'HTTPS: other site, no-referrer', origin: 'tlsCrossSite', target: 'tlsBank', kind: 'page', referrer: 'no-referrer' },
  { name: 'HTTPS: other site over HTTP', origin: 'plainCrossSite', target: 'tlsBank', kind: 'page' },
  { name: 'HTTPS: other site, sandboxed frame', origin: 'tlsCrossSite', target: 'tlsBank', kind: 'sandbox' },
  { name: 'HTTPS: sandboxed frame in own page', origin: 'tlsBank', target: 'tlsBank', kind: 'sandbox' },
  { name: 'HTTPS: data: frame in own page', origin: 'tlsBank', target: 'tlsBank', kind: 'data' },
  { name: 'HTTPS: own page, own 307', origin: 'tlsBank', target: 'tlsBank', kind: 'page', via: ['tlsBank', 307] },
  ...statuses.map(status => ({ name: `HTTPS: other site, its ${status}`, origin: 'tlsCrossSite', target: 'tlsBank', kind: 'page', via: ['tlsCrossSite', status] } as const)),
  { name: 'HTTPS: other site, the bank\'s 307', origin: 'tlsCrossSite', target: 'tlsBank', kind: 'page', via: ['tlsBank', 307] },
  { name: 'HTTPS: own page, there and back by 307', origin: 'tlsBank', target: 'tlsBank', kind: 'page', via: ['tlsCrossSite', 307] },

  // Extensions, whose requests the browser counts as begun by nobody, or by another site.
  ...extensionKinds.flatMap(kind => [
    { name: kind, origin: 'crossSite', target: 'bank', kind },
    { name: `plain HTTP: ${kind}`, origin: 'plainCrossSite', target: 'plainBank', kind },
    { name: `HTTPS: ${kind}`, origin: 'tlsCrossSite', target: 'tlsBank', kind }
  ] as const),

  // To a bank without the plugin: what is refused above is refused by nothing else.
  { name: 'no plugin: other site', origin: 'crossSite', target: 'openBank', kind: 'page' },
  { name: 'no plugin: other site, sandboxed frame', origin: 'crossSite', target: 'openBank', kind: 'sandbox' },
  { name: 'no plugin: plain HTTP: other site', origin: 'plainCrossSite', target: 'plainOpenBank', kind: 'page' }
]

/**
 * The same with a bank whose service worker fetches navigations again, which the README warns of. What
 * becomes of its navigations differs from engine to engine, and is only written down.
 */
export const naiveInitiators: readonly Initiator[] = [
  { name: 'own page', origin: 'naiveBank', target: 'naiveBank', kind: 'naive-worker' },
  { name: 'own page, no-referrer', origin: 'naiveBank', target: 'naiveBank', kind: 'naive-worker', referrer: 'no-referrer' },
  { name: 'own page, own 307', origin: 'naiveBank', target: 'naiveBank', kind: 'naive-worker', via: ['naiveBank', 307] },
  { name: 'same site', origin: 'sameSite', target: 'naiveBank', kind: 'page' },
  { name: 'other site', origin: 'crossSite', target: 'naiveBank', kind: 'page' },
  { name: 'other site, no-referrer', origin: 'crossSite', target: 'naiveBank', kind: 'page', referrer: 'no-referrer' },
  { name: 'other site, its 307', origin: 'crossSite', target: 'naiveBank', kind: 'page', via: ['crossSite', 307] },
  { name: 'sandboxed frame', origin: 'crossSite', target: 'naiveBank', kind: 'sandbox' }
]

/** Where a GET is sent: to a route with `safeMethods: 'isolate'` or `'check'`. */
export type SafeMethodsRoute = 'isolate' | 'check'

/**
 * What became of an attempt: its handler ran; it was answered 403; a redirect made it a GET, which changed
 * nothing; or the browser sent nothing.
 */
export type Outcome = 'ran' | 'refused' | 'read' | 'not sent'

/** What must become of an attempt. */
export function expectedOutcome (initiator: Initiator, vehicle: Vehicle, route?: SafeMethodsRoute): Outcome {
  const { target, via } = initiator
  const isOwn = isOwnRequest(initiator)
  if (vehicle.staysHome && !isOwn) return 'not sent'
  if (vehicle.needsSecurePage && initiator.origin.startsWith('plain')) return 'not sent'
  if (!isProtected(initiator)) return 'ran'
  if (vehicle.isOpaque) return 'refused'
  const isPartner = ['partner', 'plainPartner', 'tlsPartner'].includes(initiator.origin)

  if (vehicle.kind !== 'get') {
    // The bank's own redirect is a route like any other: others are refused before it redirects.
    const isRefusedOnTheWay = via?.[0] === target && !isOwn
    if (via?.[1] === 302 && becomesGet(vehicle) && !isRefusedOnTheWay) return 'read'
    // Over plain HTTP, a page without referrer hides its origin too, unless it asks by CORS: README, hints.
    if (isOwn && !hasMetadata(initiator) && initiator.referrer === 'no-referrer' && !vehicle.usesCors) return 'refused'
    return isOwn || isPartner ? 'ran' : 'refused'
  }

  if (isOwn) return 'ran'
  // Neither header: README, safe methods.
  if (!hasMetadata(initiator) && !vehicle.usesCors) return 'ran'
  if (isPartner && vehicle.usesCors) return 'ran'
  return route === 'isolate' && (isSameSite(initiator) || (hasMetadata(initiator) && vehicle.navigates)) ? 'ran' : 'refused'
}

/** What `Sec-Fetch-Site` must say of an attempt; undefined for none. */
export function expectedSite (initiator: Initiator, { isOpaque }: Vehicle): string | undefined {
  if (!hasMetadata(initiator)) return undefined
  if (isOpaque) return 'cross-site'
  return isOwnRequest(initiator) ? 'same-origin' : isSameSite(initiator) ? 'same-site' : 'cross-site'
}

export function isExtension (kind: Initiator['kind']): boolean {
  return kind.startsWith('extension')
}

/** What extensions send: their background script has no document. */
export function isOfExtensions ({ name }: Vehicle): boolean {
  return ['fetch-cors-credentials', 'fetch-no-cors-credentials', 'websocket', 'fetch-get', 'fetch-get-no-cors'].includes(name)
}

/** A page without more ado. */
export function isOrdinaryPage ({ kind, via, target }: Initiator): boolean {
  return kind === 'page' && via === undefined && target !== 'carefulBank' && target !== 'naiveBank'
}

/** A request of the bank's own page, from a document of its origin, that never left it on its way. */
export function isOwnRequest ({ origin, target, kind, via }: Initiator): boolean {
  return origin === target && kind !== 'sandbox' && kind !== 'data' && (via === undefined || via[0] === target)
}

/** A page of another origin of the bank's site. */
export function isSameSite ({ origin }: Initiator): boolean {
  return origin === 'sameSite' || origin === 'tlsSameSite'
}

/** Whether a redirect of another site lies on the way. */
export function crossesSites ({ target, via }: Initiator): boolean {
  return via !== undefined && via[0] !== target
}

/** Whether browsers send Fetch Metadata there: over HTTPS, and to loopback. */
export function hasMetadata ({ target }: Initiator): boolean {
  return target !== 'plainBank' && target !== 'plainOpenBank'
}

// ---------------------------------------------------------------------------------------------

function isProtected ({ target }: Initiator): boolean {
  return target !== 'openBank' && target !== 'plainOpenBank'
}

/** Whether a 302 turns it into a GET, as it does with every POST but with no other method. */
function becomesGet ({ name }: Vehicle): boolean {
  return name !== 'fetch-preflight' && name !== 'xhr-preflight'
}

// Hints: what usually explains the denial of a legitimate request, and what to do about it. They are guesses for people, made
// after the decision; none of them changes it. A page may steer what a hint is made from, so advice that widens trust says "if
// the page is yours", and nothing of the request is in a hint.
import type { FastifyRequest } from 'fastify'
import { isGetOrHead, type Decision, type DecisionReason } from './decision.ts'
import { isAllowedHost, isHostAndPort } from './hosts.ts'
import { hostOf, isOwnHost, isSerialisedOrigin, normaliseOrigin, originOfUrl, wildcardOrigins } from './origins.ts'
import { isAlmostExempt } from './paths.ts'
import type { Policy } from './policy.ts'
import { hasSharedParent, isSharedDomain } from './shared-domains.ts'

/** Every hint. A `hint` of the log names the likely cause, and ends with what to write. */
export const hints = {
  almostExempt: 'The path is under an exempt path, but it is not written plainly: it has doubled slashes, encoded characters or the like. If the sender is yours, have it write the path as the entry in exemptPaths.',

  unknownAddress: 'Host is an IP address. If a health check or a scraper calls by address, set crossOriginProtection: false in the config of its route. If people use the address, list it in allowedHosts.',
  unknownLocalhost: 'Host is localhost, as in a test: app.inject sends localhost:80. Send a host that is listed, or list localhost in allowedHosts.',
  missingHost: 'The request has no Host, as health checks by HTTP/1.0 send it. If it is one of yours, set crossOriginProtection: false in the config of its route.',
  unknownService: 'Host is a name inside a network. If a health check or another service calls by it, set crossOriginProtection: false in the config of its route, or list the name in allowedHosts.',
  unknownHost: 'allowedHosts does not name this host. If the application is served under it, list it there. Behind a reverse proxy, have the proxy forward the original Host, or set trustProxy to its address.',

  rewrittenHost: 'X-Forwarded-Host is the host that the browser asked for, and Host is not: a reverse proxy rewrites Host. Have the proxy forward the original Host, or set trustProxy to its address.',
  untrustedProxy: 'X-Forwarded-Host is the host that the browser asked for, but trustProxy does not trust the proxy with it: a number of hops does not count for the host, and a Unix socket has no address. Set trustProxy to the address of the proxy, or to address => address === undefined for a Unix socket.',
  forwardedList: 'X-Forwarded-Host has several values, of which Fastify takes the last. Have each reverse proxy replace X-Forwarded-Host instead of appending to it.',
  lostPort: 'Origin has the name of this host, but another port. If both are one address, a reverse proxy drops or changes the port in Host: in nginx, write proxy_set_header Host $http_host, or $host:$server_port, instead of $host. If the page is yours and has a port of its own, list its origin in allowedOrigins.',
  hiddenHost: 'Host is a name or address inside a network, so a reverse proxy probably rewrites Host. Have the proxy forward the original Host (in nginx: proxy_set_header Host $http_host). If the page is yours, you can also list its public origin in allowedOrigins.',
  platformHost: 'Host is a name that a hosting platform assigned, and some platforms cannot forward the public one. If the page is yours, list its public origin in allowedOrigins.',
  developmentProxy: 'Origin is another port of this machine, as behind a development proxy that rewrites Host. Remove changeOrigin from its settings (in Vite: server.proxy), or, if the page is yours, list the origin of the development server in allowedOrigins.',
  developmentPage: 'The page comes from a server on the user\'s own machine, as in development. If the page is yours, list its origin in allowedOrigins where you develop, not where your users are.',
  siblingHost: 'Origin and Host are names of one domain. If the browser asked for the one in Origin, a reverse proxy or CDN rewrites Host: have the proxy forward the original Host. If the page is yours, list its origin in allowedOrigins.',
  platformNames: 'Origin and Host are names that a hosting platform assigned, and each is its own site. If the page is yours, list its origin in allowedOrigins.',

  loopbackNames: 'localhost, 127.0.0.1 and [::1] are different sites. Open the page under the name to which it sends its requests, and remove changeOrigin from a development proxy between them.',
  insecurePage: 'The page was loaded over HTTP, so to the browser it is another site than this one over HTTPS. Redirect HTTP to HTTPS, and send Strict-Transport-Security (HSTS).',
  windowWithoutOpener: 'Origin is this host, but the browser calls the request cross-site: WebKit does so when a form opens a window without an opener. Give the form rel=opener, or name its window.',
  linkWithoutOpener: 'Referer is this host, but the browser calls the link cross-site: WebKit does so when a link opens a window without an opener, and every browser when another site redirects to here. Give the link rel=opener, or link directly.',
  rewrittenOrigin: 'Origin is this host, but the browser says that the request comes from another origin of this site: a proxy rewrote Origin, such as one for development. Have the proxy forward Origin unchanged.',
  sameSite: 'Origin is another subdomain or port of this site. If its pages are yours, list it in allowedOrigins.',
  listedOtherwise: 'allowedOrigins has this host under another scheme or port. If the page is yours, list its origin as the browser sends it.',
  wildcardHost: 'allowedOrigins has the subdomains of this host, but not the host itself. If the page is yours, list its origin too.',
  removedOrigin: 'The request has no Origin, which browsers send with every request other than GET and HEAD: a proxy or a browser extension removed it. allowedOrigins needs Origin. Have the proxy forward it.',

  hiddenProvider: 'The form came from a page that sends no referrer, or through redirects of other sites, so its Origin is null. If it is the return from an identity or payment provider of yours, set crossOriginProtection: false in the config of that route, and verify state or the provider\'s signature there.',
  opaquePage: 'The page that sent the request is from this host, but has no origin: it is sandboxed, in a frame or by its own policy, or it is the page of a refusal. Send the request from a page with an origin; a denyHandler can redirect to one with 303.',
  noReferrer: 'Over plain HTTP, a page with Referrer-Policy: no-referrer sends Origin: null. Use the policy same-origin, or HTTPS. If it is the return from an identity or payment provider of yours, set crossOriginProtection: false in the config of that route, and verify state or the provider\'s signature there.',
  resentNavigation: 'A service worker of this site re-sent the request with fetch(), and Referer does not show that a page of the same origin started it. In its fetch handler, return early for navigations: if (event.request.mode === \'navigate\') return. If the page is yours and sends no referrer, set its Referrer-Policy to same-origin.',

  typedAddress: 'safeMethods: \'check\' denies what no page of yours started: links on other sites and in mail programs, returns from identity providers, typed addresses, bookmarks, launches of installed applications, prefetches. Set it only on routes that change state, and link to them from your own pages.',
  shareTarget: 'The browser or a native application may have started this form by itself: a share target of an installed application, postUrl of an Android WebView, or a search engine that uses POST. An attack looks the same. If your application has such an entry point, set crossOriginProtection: false in the config of that route, and ask the user there before anything changes.',
  extension: 'Origin is that of a browser extension. If it is yours, list its origin in allowedOrigins. Firefox and Safari give it another one in each installation: write a function for these.',
  installedApp: 'Origin is that of a page of an installed application, such as Capacitor\'s or Tauri\'s. If it is yours, list its origin in allowedOrigins.',
  fileOrigin: 'Origin is file://, which all files on all machines share, so it can never be allowed. Have the application load its pages from a scheme or a server of its own.',
  fedCm: 'The browser sends this for FedCM, with the origin of the site where the user signs in. Write a function in allowedOrigins that knows your clients, in the config of that route, and leave safeMethods at \'allow\' for its GET routes.',
  pdfForm: 'The request is a form in a PDF document. Chromium sends those with Origin: null, no matter which site the document is from. If the document is yours, link from it to a page that has the form.',
  report: 'The browser sends reports by itself, also those of other sites\' pages, and WebKit with Origin: null. Set crossOriginProtection: false in the config of the route that takes reports.',

  severalOrigins: 'The request has more than one Origin, or one with a comma: a proxy added one. Have the proxy forward Origin unchanged.',
  writtenOrigin: 'Origin is not scheme://host[:port] and nothing more, so a program wrote it and not a browser. Have it send an origin without a path, or no Origin.',
  severalSites: 'The request has more than one Sec-Fetch-Site: a proxy added one. Have the proxy forward Sec-Fetch-Site unchanged.',
  tooManyHeaders: 'The request has as many header lines as Node keeps, so Sec-Fetch-Site and Origin may have been dropped. Set server.maxHeadersCount higher if that many are legitimate.',
  neitherHeader: 'The request has neither Sec-Fetch-Site nor Origin: it comes from a program or a browser from before 2020, or a proxy removed both headers. Have the proxy forward them. If programs call this route, set allowUnverifiableRequests: true in its config.'
} as const

export type Hint = typeof hints[keyof typeof hints]

/** The hint for a denial, if a common cause explains it and nothing in the request contradicts that cause. */
export function findHint ({ reason }: Decision, request: FastifyRequest, policy: Policy): Hint | undefined {
  if (isAlmostExempt(policy.exemptPaths, request.url)) return hints.almostExempt
  const { headers, method } = request
  const origin = headers.origin ?? ''
  const isSerialised = isSerialisedOrigin(origin)
  const normal = isSerialised ? normaliseOrigin(origin) : origin
  const denial: Denial = {
    request,
    policy,
    host: request.host,
    name: nameOf(request.host),
    site: String(headers['sec-fetch-site'] ?? '').toLowerCase(),
    origin: normal,
    isSerialised,
    originName: nameOf(normal.slice(normal.indexOf('://') + 3)),
    isRead: isGetOrHead(method),
    isNavigation: headers['sec-fetch-mode'] === 'navigate'
  }
  if (reason === 'unknown-host') return explainHost(denial)
  return explainSender(denial) ?? (isSerialised || origin === '' || origin === 'null' ? explanations[reason]?.(denial) : explainGrammar(origin))
}

// ---------------------------------------------------------------------------------------------

/** What hints are made from. */
interface Denial {
  readonly request: FastifyRequest
  readonly policy: Policy
  readonly host: string
  /** The host in lower case, without its port. */
  readonly name: string
  /** In lower case; empty where there is none. */
  readonly site: string
  /** Normalised if it is a serialised origin; empty where there is none. */
  readonly origin: string
  readonly isSerialised: boolean
  /** The host of the origin, if it is a serialised one, without its port. */
  readonly originName: string
  readonly isRead: boolean
  readonly isNavigation: boolean
}

function explainHost (denial: Denial): Hint | undefined {
  const { host, name, policy } = denial
  const forwarded = explainForwardedHost(denial, host => isAllowedHost(policy.allowedHosts, host))
  if (forwarded !== undefined) return forwarded
  if (host === '') return hints.missingHost
  if (!isHostAndPort(host, 0)) return undefined
  if (name === 'localhost') return hints.unknownLocalhost
  if (address.test(name)) return hints.unknownAddress
  return isHidden(name) ? hints.unknownService : hints.unknownHost
}

/** Senders that are recognised by their own headers, whatever the reason is. */
function explainSender ({ request: { headers }, name, site, origin, isSerialised, isRead, isNavigation }: Denial): Hint | undefined {
  const destination = headers['sec-fetch-dest']
  if (destination === 'webidentity') return hints.fedCm
  if (destination === 'embed' && !isRead) return hints.pdfForm
  if (destination === 'report' || reportType.test(String(headers['content-type']))) return hints.report
  if (site === 'none' && origin === 'null' && isNavigation && !isRead) return hints.shareTarget
  if (!isSerialised) return /^file:\/{2,3}$/i.test(origin) ? hints.fileOrigin : undefined
  if (!origin.startsWith('http:') && !origin.startsWith('https:')) return /^[a-z-]+-extension:/.test(origin) ? hints.extension : hints.installedApp
  // The pages of Tauri on Windows, and of Capacitor on Android.
  if (origin.endsWith('://tauri.localhost')) return hints.installedApp
  return origin.endsWith('://localhost') && !isHidden(name) ? hints.installedApp : undefined
}

/** Why an Origin is not a serialised origin. */
function explainGrammar (origin: string): Hint {
  return origin.includes(',') ? hints.severalOrigins : hints.writtenOrigin
}

const explanations: { readonly [Reason in DecisionReason]?: (denial: Denial) => Hint | undefined } = {
  'same-site' (denial) {
    const { origin, host } = denial
    if (origin === '') return explainNoOrigin(denial)
    if (origin === 'null') return explainNull(denial)
    return isOwnHost(origin, host) ? hints.rewrittenOrigin : explainList(denial) ?? hints.sameSite
  },

  'cross-site' (denial) {
    const { origin, originName, host, name } = denial
    if (origin === '') return explainNoOrigin(denial)
    if (origin === 'null') return explainNull(denial)
    if (areLoopback(denial)) return isOwnHost(origin, host) ? hints.windowWithoutOpener : hints.loopbackNames
    if (origin.startsWith('http:') && areOfOneDomain(denial)) return hints.insecurePage
    if (isOwnHost(origin, host)) return hints.windowWithoutOpener
    if (isLoopback(originName)) return hints.developmentPage
    return explainList(denial) ?? (hasSharedParent(name) && hasSharedParent(originName) ? hints.platformNames : undefined)
  },

  'host-mismatch' (denial) {
    const { site, origin, originName, host, name } = denial
    if (site === 'same-origin') return hints.resentNavigation
    const forwarded = explainForwardedHost(denial, host => isOwnHost(origin, host))
    if (forwarded !== undefined) return forwarded
    if (name === originName) return areLoopback(denial) && /:\d/.test(host) ? hints.developmentProxy : hints.lostPort
    if (areLoopback(denial)) return hints.loopbackNames
    const listed = explainList(denial)
    if (listed !== undefined) return listed
    if (isHidden(name)) return hints.hiddenHost
    if (hasSharedParent(name)) return hints.platformHost
    if (isLoopback(originName)) return hints.developmentPage
    return areOfOneDomain(denial) ? hints.siblingHost : undefined
  },

  'referer-mismatch': () => hints.resentNavigation,

  'null-origin' (denial) {
    const { request: { headers }, site } = denial
    if (site === 'same-origin') return hints.resentNavigation
    if (site !== '') return undefined
    return headers.referer === undefined ? hints.noReferrer : isOwnPage(denial) ? hints.opaquePage : undefined
  },

  'unrecognized-fetch-site': ({ site }) => site.includes(',') ? hints.severalSites : undefined,
  'user-initiated': () => hints.typedAddress,

  unverifiable ({ policy, site }) {
    if (policy.options.allowUnverifiableRequests) return hints.tooManyHeaders
    return site === '' ? hints.neitherHeader : undefined
  }
}

/** Why Host is not the expected one, where X-Forwarded-Host is. */
function explainForwardedHost ({ request }: Denial, isExpected: (host: string) => boolean): Hint | undefined {
  const forwarded = request.headers['x-forwarded-host']
  if (typeof forwarded !== 'string') return undefined
  const hosts = forwarded.slice(-MAX_CHARACTERS).split(',').map(host => host.trim())
  if (!hosts.some(isExpected)) return undefined
  // Only with trustProxy do requests have `ips`.
  if (!('ips' in request)) return hints.rewrittenHost
  return isExpected(hosts.at(-1)!) ? hints.untrustedProxy : hints.forwardedList
}

/** `Origin: null`, where Fetch Metadata says that it is not of the same origin. */
function explainNull (denial: Denial): Hint | undefined {
  if (isOwnPage(denial)) return hints.opaquePage
  return denial.isNavigation && !denial.isRead ? hints.hiddenProvider : undefined
}

function explainNoOrigin (denial: Denial): Hint | undefined {
  const { request: { headers }, policy: { options }, name, isRead, isNavigation } = denial
  if (!isRead) return options.allowedOrigins.length > 0 ? hints.removedOrigin : undefined
  if (!isNavigation || options.safeMethods !== 'check') return undefined
  if (!isOwnPage(denial)) return hints.typedAddress
  return headers.referer!.startsWith('http:') && !isLoopback(name) ? hints.insecurePage : hints.linkWithoutOpener
}

function explainList ({ origin, originName, policy: { allowedOrigins: { hosts } } }: Denial): Hint | undefined {
  if (hosts.size === 0) return undefined
  if ([origin, ...wildcardOrigins(origin)].some(listed => hosts.has(hostOf(listed)))) return hints.listedOtherwise
  return hosts.has(`*.${originName}`) ? hints.wildcardHost : undefined
}

function isOwnPage ({ request: { headers: { referer } }, host }: Denial): boolean {
  if (referer === undefined) return false
  const origin = originOfUrl(referer)
  return origin !== undefined && isOwnHost(origin, host)
}

/** Whether both are one name, or names of a domain that belongs to one owner. */
function areOfOneDomain ({ name, originName }: Denial): boolean {
  if (address.test(name) || address.test(originName) || isLoopback(name)) return false
  if (name === originName) return true
  const [labels, others] = [name.split('.').reverse(), originName.split('.').reverse()]
  const differs = labels.findIndex((label, index) => label !== others[index])
  const shared = labels.slice(0, differs === -1 ? labels.length : differs)
  return shared.length > 1 && !isSharedDomain(shared.reverse().join('.'))
}

function areLoopback ({ name, originName }: Denial): boolean {
  return isLoopback(name) && isLoopback(originName)
}

function isLoopback (name: string): boolean {
  return name === 'localhost' || name.endsWith('.localhost') || loopbackAddress.test(name)
}

/** Whether only a network of one's own knows the name or address. */
function isHidden (name: string): boolean {
  return hiddenName.test(name) || address.test(name)
}

const reportType = /^application\/(?:reports\+json|csp-report)/i
const loopbackAddress = /^(?:127(?:\.\d+){3}|0\.0\.0\.0|\[::1?\])$/
const address = /^(?:\d+(?:\.\d+){3}|\[[^\]]*\])$/
const hiddenName = /^[^.:[\]]+$|\.(?:internal|local|localdomain|localhost|lan|svc|arpa|docker)$/

/** Headers are looked at no further than this: hints are for people, who write short ones. */
const MAX_CHARACTERS = 1024

/** A host in lower case, without its port. */
function nameOf (host: string): string {
  return host.slice(0, MAX_CHARACTERS).toLowerCase().replace(/:\d*$/, '')
}

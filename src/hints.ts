// Hints for the log: what usually explains the denial of a legitimate request. They are guesses for people, made after the
// decision; none of them changes it.
import type { FastifyRequest } from 'fastify'
import type { Decision, DecisionReason } from './decision.ts'
import { hostOf, isOwnHost, isSerialisedOrigin, normaliseOrigin, wildcardOrigins, type AllowedOrigins } from './origins.ts'

/** Every hint, by the misconfiguration that it explains. */
export const hints = {
  rewrittenHost: 'Origin equals X-Forwarded-Host: a reverse proxy rewrites Host. Have it forward the original Host, or set trustProxy to its address.',
  loopbackNames: 'localhost, 127.0.0.1 and [::1] are different origins. Open the page under the name to which it sends its requests.',
  noReferrer: 'Over plain HTTP, a page with Referrer-Policy: no-referrer sends Origin: null. Use the policy same-origin, or HTTPS.',
  resentNavigation: "A service worker of this site re-sent a form submission with fetch(), so only Origin shows who submitted it. In its fetch handler, return early for navigations: if (event.request.mode === 'navigate') return.",
  ownOrigin: 'Origin is this host, but the browser calls the request cross-site: WebKit does so when a form opens a window without an opener. Give the form rel=opener, or name its window.',
  listedOtherwise: 'allowedOrigins has this host under another scheme or port. List the origin as the browser sends it.',
  sameSite: 'Origin is another subdomain or port of this site. If its pages are yours, list it in allowedOrigins.'
} as const

/** The hint for a denial, if a common misconfiguration explains it. */
export function findHint ({ reason }: Decision, { headers, host }: FastifyRequest, allowed: AllowedOrigins<unknown>): string | undefined {
  if (reason === 'referer-mismatch' || (byOrigin.has(reason) && /^same-origin$/i.test(String(headers['sec-fetch-site'])))) return hints.resentNavigation
  if (reason === 'null-origin' && headers.referer === undefined) return hints.noReferrer
  if (!headers.origin || !isSerialisedOrigin(headers.origin)) return undefined
  const origin = normaliseOrigin(headers.origin)
  if (reason === 'host-mismatch' && isOwnHost(origin, String(headers['x-forwarded-host'] ?? ''))) return hints.rewrittenHost
  if (areLoopbackNames(origin, host)) return hints.loopbackNames
  if (reason === 'cross-site' && isOwnHost(origin, host)) return hints.ownOrigin
  if (isListedOtherwise(origin, allowed)) return hints.listedOtherwise
  if (reason === 'same-site') return hints.sameSite
  return undefined
}

// ---------------------------------------------------------------------------------------------

/** What is labelled same-origin and decided by its Origin all the same is a re-sent navigation. */
const byOrigin: ReadonlySet<DecisionReason> = new Set(['null-origin', 'malformed-origin', 'host-mismatch'])

const loopback = /^(https?:\/\/)(?:localhost|127\.0\.0\.1|\[::1\])(?=$|:)/

/** Two names of this machine, and the same port. */
function areLoopbackNames (origin: string, host: string): boolean {
  const own = normaliseOrigin(`${origin.slice(0, origin.indexOf(':'))}://${host}`)
  return origin !== own && loopback.test(origin) && loopback.test(own) && origin.replace(loopback, '$1') === own.replace(loopback, '$1')
}

function isListedOtherwise (origin: string, { hosts }: AllowedOrigins<unknown>): boolean {
  return [origin, ...wildcardOrigins(origin)].some(listed => hosts.has(hostOf(listed)))
}

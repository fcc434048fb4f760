// From options to a policy: everything that can be computed before the first request is computed here.
import type { IncomingMessage } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { DecidableRequest, Decision, DecidingPolicy, SafeMethods } from './decision.ts'
import { compileAllowedHosts, parseAllowedHost } from './hosts.ts'
import { assertOptions, parseEach, type OptionsPlace } from './options.ts'
import { compileAllowedOrigins, parseAllowedOrigin, type AllowedOrigins } from './origins.ts'
import { compileExemptPaths, parseExemptPath } from './paths.ts'

/**
 * An origin to allow, or a function that decides.
 *
 * A string is `scheme://host[:port]`, or `scheme://*.host[:port]` for every subdomain of the host at any depth, never the
 * host itself.
 */
export type AllowedOrigin = string | AllowedOriginFunction

/**
 * Tells whether an origin is trusted to send this request.
 *
 * It is asked only when the request would be denied and no string of the list allows the origin. Only `true`, returned or
 * resolved, allows; a throw or a rejection is the application's error, and the request does not reach its route.
 *
 * @param origin As browsers send it: `scheme://host[:port]` in lower case. Never `null`.
 */
export type AllowedOriginFunction = (origin: string, request: FastifyRequest | RawRequest) => boolean | Promise<boolean>

/** Node's own request, where `check` was given one: what it has in common with a FastifyRequest. */
export interface RawRequest extends DecidableRequest {
  /** The request itself. */
  readonly raw: IncomingMessage | Http2ServerRequest
}

/**
 * Answers a denied request in place of the default 403.
 *
 * The status is 403 until the handler sets another. A returned or resolved value is sent; to send later, return a promise, or
 * `reply` itself as in any Fastify handler. If the handler sends nothing, the default answer is sent. If it throws an error
 * without a status, the answer is 500. Whatever it does, the request does not reach its route.
 */
export type DenyHandler = (request: FastifyRequest, reply: FastifyReply, decision: Decision) => unknown

/** What a route's `config.crossOriginProtection` may hold; each overrides the registration's option. */
export interface CrossOriginProtectionRouteOptions {
  /**
   * Origins that are trusted to send cross-origin requests that change state. Default: none.
   *
   * Each is `scheme://host[:port]`, or `scheme://*.host[:port]` for every subdomain of the host, or a function. Scheme, host
   * and port must all be equal: `https://partner.example` trusts neither `http://partner.example` nor
   * `https://partner.example:8443`. Anything more (a path, a trailing slash) or less throws
   * `FST_CROSS_ORIGIN_INVALID_OPTION` at registration.
   *
   * @see https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Origin
   */
  readonly allowedOrigins?: readonly AllowedOrigin[]

  /**
   * Whether a request passes if no header shows its origin: without `Sec-Fetch-Site` and `Origin`, or with
   * `Sec-Fetch-Site: none` and no `Origin`. Default: `true`, because such requests come from clients that are not browsers, and
   * from browsers from before 2020. Set it to `false` where only browsers call.
   */
  readonly allowUnverifiableRequests?: boolean

  /** Answers a denied request in place of the default 403. Default: none. */
  readonly denyHandler?: DenyHandler

  /**
   * Whether denied requests are only logged and published, and go on to their handlers. **Nothing is protected while it is
   * `true`.** Default: `false`.
   */
  readonly reportOnly?: boolean

  /**
   * Whether a WebSocket handshake counts as a request that changes state, although it is a GET. Default: `true`. If it is
   * `false`, any page on the web can open a socket with the user's cookies.
   *
   * @see https://datatracker.ietf.org/doc/html/rfc6455#section-10.2
   */
  readonly protectWebSockets?: boolean

  /**
   * What happens to GET and HEAD. Default: `'allow'`.
   *
   * - `'allow'`: they pass.
   * - `'isolate'`: they follow the Resource Isolation Policy. Other sites may link to a page and frame it, but not load it as
   *   an image, a script or with fetch.
   * - `'check'`: they are decided like requests that change state, and typed addresses, bookmarks and links in mail are denied
   *   too. It is for single routes, such as a logout by GET, never for a scope.
   *
   * With `'isolate'` and `'check'` their responses carry `Vary`.
   *
   * @see https://web.dev/articles/fetch-metadata
   */
  readonly safeMethods?: SafeMethods

  /**
   * The level of a denial's log line, and of the warning about a browser's request with neither header; `'silent'` for none.
   * Default: `'warn'`.
   */
  readonly denialLogLevel?: DenialLogLevel
}

/** The levels of pino, and `'silent'`. */
export type DenialLogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent'

/** The options of `crossOriginProtection`. The defaults are safe. */
export interface CrossOriginProtectionOptions extends CrossOriginProtectionRouteOptions {
  /**
   * The hosts under which the application is served; requests to any other are denied, whatever their method. This protects
   * servers on localhost and in local networks from DNS rebinding, where an attacker's name resolves to the server and both
   * `Origin` and `Host` are the attacker's. Default: `[]`, any host.
   *
   * Each is `host`, which covers every port, or `host:port`, or `*.host` or `*.host:port` for every subdomain of the host. A host
   * is a name, an IPv4 address or an IPv6 address in brackets. What is compared is Fastify's `request.host`. Exempt paths and
   * routes are not concerned. Anything else (a scheme, a path) throws `FST_CROSS_ORIGIN_INVALID_OPTION` at registration.
   */
  readonly allowedHosts?: readonly string[]

  /**
   * Absolute paths that skip the check, each with everything below it: `/hooks` exempts `/hooks` and `/hooks/github`, but not
   * `/hooksmith`. The prefix of a scope is part of the path. Default: none.
   *
   * Prefer the route's own `config: { crossOriginProtection: false }`, which follows the router rather than the text of a URL.
   */
  readonly exemptPaths?: readonly string[]
}

/** The options in force in a scope: every option, frozen, origins as browsers send them. */
export interface ResolvedCrossOriginProtectionOptions extends Required<Omit<CrossOriginProtectionOptions, 'denyHandler'>> {
  /** The handler, or undefined for the default answer. */
  readonly denyHandler: DenyHandler | undefined
}

/** Options and what was computed from them. */
export interface Policy extends DecidingPolicy {
  readonly allowedOrigins: AllowedOrigins<AllowedOriginFunction>
  readonly options: ResolvedCrossOriginProtectionOptions
}

/**
 * The policy of a registration, from the options as the user wrote them.
 *
 * Throws `FST_CROSS_ORIGIN_INVALID_OPTION` for options that are wrong.
 */
export function createPolicy (options: CrossOriginProtectionOptions): Policy {
  return compile(defaultPolicy, options, { plugin: 'crossOriginProtection' })
}

/**
 * The policy of a route: its `config.crossOriginProtection` over the policy of the nearest scope.
 *
 * Throws `FST_CROSS_ORIGIN_INVALID_OPTION` for a config that is wrong.
 */
export function overridePolicy (base: Policy, config: CrossOriginProtectionRouteOptions, route: string): Policy {
  return compile(base, config, { plugin: 'crossOriginProtection', route })
}

/** The policy of a route whose config is `false`. */
export function exemptPolicy (base: Policy): Policy {
  return Object.freeze({ ...base, isExemptRoute: true })
}

// ---------------------------------------------------------------------------------------------

const defaultOptions: ResolvedCrossOriginProtectionOptions = Object.freeze({
  allowedOrigins: Object.freeze([]),
  allowedHosts: Object.freeze([]),
  exemptPaths: Object.freeze([]),
  allowUnverifiableRequests: true,
  denyHandler: undefined,
  reportOnly: false,
  protectWebSockets: true,
  safeMethods: 'allow',
  denialLogLevel: 'warn'
})

const defaultPolicy: Base = Object.freeze({
  options: defaultOptions,
  allowedOrigins: compileAllowedOrigins<AllowedOriginFunction>([]),
  allowedHosts: compileAllowedHosts([]),
  exemptPaths: compileExemptPaths([])
})

/** What options are merged over. */
type Base = Omit<Policy, 'isExemptRoute'>

/** What the options leave out is taken from the base, compiled. */
function compile (base: Base, own: CrossOriginProtectionOptions, place: OptionsPlace): Policy {
  assertOptions(own, place)
  const options = Object.freeze({
    allowedOrigins: own.allowedOrigins === undefined
      ? base.options.allowedOrigins
      : Object.freeze(parseEach('allowedOrigins', own.allowedOrigins, parseEntry, place)),
    allowedHosts: own.allowedHosts === undefined
      ? base.options.allowedHosts
      : Object.freeze(parseEach('allowedHosts', own.allowedHosts, parseAllowedHost, place)),
    exemptPaths: own.exemptPaths === undefined
      ? base.options.exemptPaths
      : Object.freeze(parseEach('exemptPaths', own.exemptPaths, parseExemptPath, place)),
    allowUnverifiableRequests: own.allowUnverifiableRequests ?? base.options.allowUnverifiableRequests,
    denyHandler: own.denyHandler ?? base.options.denyHandler,
    reportOnly: own.reportOnly ?? base.options.reportOnly,
    protectWebSockets: own.protectWebSockets ?? base.options.protectWebSockets,
    safeMethods: own.safeMethods ?? base.options.safeMethods,
    denialLogLevel: own.denialLogLevel ?? base.options.denialLogLevel
  })
  return Object.freeze({
    options,
    allowedOrigins: own.allowedOrigins === undefined ? base.allowedOrigins : compileAllowedOrigins(options.allowedOrigins),
    allowedHosts: own.allowedHosts === undefined ? base.allowedHosts : compileAllowedHosts(options.allowedHosts),
    exemptPaths: own.exemptPaths === undefined ? base.exemptPaths : compileExemptPaths(options.exemptPaths),
    isExemptRoute: false
  })
}

function parseEntry (entry: AllowedOrigin): AllowedOrigin {
  return typeof entry === 'string' ? parseAllowedOrigin(entry) : entry
}

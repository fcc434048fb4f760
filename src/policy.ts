// From options to a policy: everything that can be computed before the first request is computed here.
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Decision, DecidingPolicy } from './decision.ts'
import { assertOptions, parseEach, type OptionsPlace } from './options.ts'
import { parseAllowedOrigin } from './origins.ts'
import { compileExemptPaths, parseExemptPath } from './paths.ts'

/**
 * Answers a denied request in place of the default 403.
 *
 * The status is 403 until the handler sets another. A returned or resolved value is sent; to send later,
 * return a promise, or `reply` itself as in any Fastify handler. When the handler sends nothing, the
 * default answer goes out. Whatever it does, the request does not reach its route.
 */
export type DenyHandler = (request: FastifyRequest, reply: FastifyReply, decision: Decision) => unknown

/** What a route's `config.crossOriginProtection` may hold; each overrides the registration's option. */
export interface CrossOriginProtectionRouteOptions {
  /**
   * Origins that are trusted to send cross-origin requests that change state.
   *
   * Each is `scheme://host[:port]`. Scheme, host and port must all be equal: `https://partner.example`
   * trusts neither `http://partner.example` nor `https://partner.example:8443`. Anything more (a path,
   * a trailing slash) or less throws `FST_CROSS_ORIGIN_INVALID_OPTION`. Default: none.
   *
   * @see https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Origin
   */
  readonly allowedOrigins?: readonly string[]

  /**
   * Whether a request with neither `Sec-Fetch-Site` nor `Origin` passes. Default: `true`, because only
   * clients that are not browsers send such requests, and browsers from before 2020. Set it to `false`
   * where only browsers call.
   */
  readonly allowUnverifiableRequests?: boolean

  /** Answers a denied request in place of the default 403. Default: none. */
  readonly denyHandler?: DenyHandler
}

/** The options of `crossOriginProtection`. The defaults are safe. */
export interface CrossOriginProtectionOptions extends CrossOriginProtectionRouteOptions {
  /**
   * Absolute paths that skip the check, each with everything below it: `/hooks` exempts `/hooks` and
   * `/hooks/github`, not `/hooksmith`. A prefix of the scope is part of the path. Default: none.
   *
   * Prefer the route's own `config: { crossOriginProtection: false }`, which follows the router and not
   * the text of a URL.
   */
  readonly exemptPaths?: readonly string[]
}

/** The options in force in a scope: every option, frozen, origins as browsers send them. */
export interface ResolvedCrossOriginProtectionOptions extends Required<Omit<CrossOriginProtectionOptions, 'denyHandler'>> {
  readonly denyHandler: DenyHandler | undefined
}

/** Options and what was computed from them. */
export interface Policy extends DecidingPolicy {
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
  exemptPaths: Object.freeze([]),
  allowUnverifiableRequests: true,
  denyHandler: undefined
})

const defaultPolicy: Policy = Object.freeze({
  options: defaultOptions,
  allowedOrigins: new Set<string>(),
  exemptPaths: compileExemptPaths([]),
  isExemptRoute: false
})

/** Whatever the options leave out stays the base's, compiled: an override costs only what it says. */
function compile (base: Policy, own: CrossOriginProtectionOptions, place: OptionsPlace): Policy {
  assertOptions(own, place)
  const options = Object.freeze({
    allowedOrigins: own.allowedOrigins === undefined
      ? base.options.allowedOrigins
      : Object.freeze(parseEach('allowedOrigins', own.allowedOrigins, parseAllowedOrigin, place)),
    exemptPaths: own.exemptPaths === undefined
      ? base.options.exemptPaths
      : Object.freeze(parseEach('exemptPaths', own.exemptPaths, parseExemptPath, place)),
    allowUnverifiableRequests: own.allowUnverifiableRequests ?? base.options.allowUnverifiableRequests,
    denyHandler: own.denyHandler ?? base.options.denyHandler
  })
  return Object.freeze({
    options,
    allowedOrigins: own.allowedOrigins === undefined ? base.allowedOrigins : new Set(options.allowedOrigins),
    exemptPaths: own.exemptPaths === undefined ? base.exemptPaths : compileExemptPaths(options.exemptPaths),
    isExemptRoute: false
  })
}

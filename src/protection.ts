// The plugin crossOriginProtection: options in, a decorator and an onRequest hook out.
import type { IncomingMessage } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { decide, isSafeMethod, type DecidableRequest, type Decision } from './decision.ts'
import { answerDenied, reportDenial } from './denial.ts'
import { UnsupportedFastifyError } from './errors.ts'
import {
  createPolicy, exemptPolicy, overridePolicy,
  type CrossOriginProtectionOptions, type CrossOriginProtectionRouteOptions, type ResolvedCrossOriginProtectionOptions
} from './policy.ts'
import { createRouteSettings } from './routes.ts'

/** What `fastify.crossOriginProtection` holds: the policy of the nearest scope that registered the plugin. */
export interface CrossOriginProtection {
  /** The options in force, frozen, with every default filled in. */
  readonly options: ResolvedCrossOriginProtectionOptions

  /**
   * The decision on a request, by this scope's policy and the config of the request's route. Nothing is
   * logged, published or answered.
   *
   * It also takes Node's own request, for servers that handle their `upgrade` event themselves. That has no
   * route, and its host is its `Host` or `:authority`, never a forwarded one.
   */
  readonly check: (request: FastifyRequest | IncomingMessage | Http2ServerRequest) => Promise<Decision>
}

declare module 'fastify' {
  interface FastifyInstance {
    crossOriginProtection: CrossOriginProtection
  }
  interface FastifyContextConfig {
    /** `false` exempts the route; an object overrides the options of the nearest scope, one by one. */
    crossOriginProtection?: false | (CrossOriginProtectionRouteOptions & { exemptPaths?: never })
  }
}

/**
 * Refuses cross-origin requests that change state, for the scope that registers it and all below.
 *
 * Rejects with `FST_CROSS_ORIGIN_INVALID_OPTION` for wrong options, and with
 * `FST_CROSS_ORIGIN_UNSUPPORTED_FASTIFY` on Fastify before 5.12.1.
 */
export const crossOriginProtection = fp<CrossOriginProtectionOptions>(registerProtection, {
  name: 'fastify-cross-origin-protection',
  fastify: '5.x || 6.x'
})

async function registerProtection (fastify: FastifyInstance, options: CrossOriginProtectionOptions): Promise<void> {
  assertSupportedFastify(fastify.version)
  const policy = createPolicy(options)
  const policyOf = createRouteSettings(policy, exemptPolicy(policy), (config: CrossOriginProtectionRouteOptions, route) => (
    overridePolicy(policy, config, route)
  ))
  const protection: CrossOriginProtection = Object.freeze({
    options: policy.options,
    async check (request: FastifyRequest | IncomingMessage | Http2ServerRequest) {
      if (!isFastifyRequest(request)) return decide(policy, rawRequest(request))
      const route = request.routeOptions
      return decide(policyOf(route.config?.crossOriginProtection, route), request)
    }
  })

  fastify.decorate('crossOriginProtection', protection)

  // A wrong config stops the application where the route is written. Routes that were added before this
  // plugin loaded do not come by here; theirs is read on their first request.
  fastify.addHook('onRoute', function checkRouteConfig (route) {
    policyOf(route.config?.crossOriginProtection, route)
  })

  // onRequest: before the body is read, and before anything else that a refused request should not pay for.
  fastify.addHook('onRequest', function checkCrossOrigin (request, reply, done) {
    // The nearest scope decides, alone: an outer registration's hook, which runs here too, steps aside.
    // The decorator of the route's own scope says which is nearest, whatever was registered first.
    if (request.server.crossOriginProtection !== protection || isSafeMethod(request.method)) return done()

    const route = request.routeOptions
    const routePolicy = policyOf(route.config?.crossOriginProtection, route)
    const decision = decide(routePolicy, request)
    if (decision.allowed) return done()
    reportDenial(request, decision)
    answerDenied(request, reply, decision, routePolicy.options.denyHandler, done)
  })
}

function isFastifyRequest (request: FastifyRequest | IncomingMessage | Http2ServerRequest): request is FastifyRequest {
  return 'routeOptions' in request
}

function rawRequest ({ method = '', url = '', headers }: IncomingMessage | Http2ServerRequest): DecidableRequest {
  return { method, url, headers, host: headers.host ?? String(headers[':authority'] ?? '') }
}

// ---------------------------------------------------------------------------------------------

// Before these versions any client could forge request.host with X-Forwarded-Host, although the
// application's trustProxy named one proxy (CVE-2026-3635) or a number of hops (CVE-2026-16732).
function assertSupportedFastify (version: string): void {
  const [major = 0, minor = 0, patch = 0] = version.split(/[.-]/).map(Number)
  if (major > 5 || (major === 5 && (minor > 12 || (minor === 12 && patch >= 1)))) return
  throw new UnsupportedFastifyError(
    `crossOriginProtection compares origins with request.host, which any client can forge in Fastify ${version} ` +
    '(CVE-2026-3635, CVE-2026-16732). Use Fastify 5.12.1 or later.'
  )
}

// The plugin crossOriginProtection: options in, a decorator and an onRequest hook out.
import type { IncomingMessage } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'
import type {
  FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest, HookHandlerDoneFunction, RawServerBase, RouteGenericInterface
} from 'fastify'
import fp from 'fastify-plugin'
import { decide, type Decision } from './decision.ts'
import { publishException } from './channels.ts'
import { askFunctions, endDenied, endFailed } from './denial.ts'
import { UnsupportedFastifyError } from './errors.ts'
import { createUnverifiedNotice, warnAtStart } from './notices.ts'
import {
  createPolicy, exemptPolicy, overridePolicy,
  type CrossOriginProtectionOptions, type CrossOriginProtectionRouteOptions, type Policy, type RawRequest,
  type ResolvedCrossOriginProtectionOptions
} from './policy.ts'
import { addRegistration } from './scopes.ts'
import { closeUpgradeOnceAnswered } from './upgrades.ts'
import { joinVary } from './vary.ts'

/** What `fastify.crossOriginProtection` holds: the policy of the nearest scope that registered the plugin. */
export interface CrossOriginProtection {
  /** The options in force, frozen, with every default filled in. */
  readonly options: ResolvedCrossOriginProtectionOptions

  /**
   * The decision on a request, by this scope's policy and the config of the request's route. Nothing is logged, published
   * or answered, and `reportOnly` is ignored: honour `options.reportOnly` yourself. Rejects when a function in `allowedOrigins`
   * fails.
   *
   * It also takes Node's own request, for servers that handle their `upgrade` event themselves. Such a request has no
   * route, and its host is its `Host` or `:authority`, never a forwarded one.
   */
  readonly check: (request: AnyFastifyRequest | IncomingMessage | Http2ServerRequest) => Promise<Decision>
}

/** A request of any Fastify server: HTTP/1.1, HTTPS or HTTP/2. */
type AnyFastifyRequest = FastifyRequest<RouteGenericInterface, RawServerBase>

declare module 'fastify' {
  interface FastifyInstance {
    crossOriginProtection: CrossOriginProtection
  }
  interface FastifyContextConfig {
    /** `false` exempts the route; an object overrides the options of the nearest scope, one by one. */
    crossOriginProtection?: false | (object & CrossOriginProtectionRouteOptions & { allowedHosts?: never, exemptPaths?: never })
  }
}

/**
 * Refuses cross-origin requests that change state, for the scope that registers it and its child scopes.
 *
 * Rejects with `FST_CROSS_ORIGIN_INVALID_OPTION` for wrong options, and with `FST_CROSS_ORIGIN_UNSUPPORTED_FASTIFY` on
 * Fastify before 5.12.1.
 */
export const crossOriginProtection: FastifyPluginAsync<CrossOriginProtectionOptions> = fp(registerProtection, {
  name: 'fastify-cross-origin-protection',
  fastify: '5.x || 6.x'
})

async function registerProtection (fastify: FastifyInstance, options: CrossOriginProtectionOptions): Promise<void> {
  assertSupportedFastify(fastify.version)
  const policy = createPolicy(options)
  const protection: CrossOriginProtection = {
    options: policy.options,
    async check (request) {
      return isFastifyRequest(request)
        ? decideFully(settingsOf(request.routeOptions), request as FastifyRequest)
        : decideFully(policy, rawRequest(request))
    }
  }
  fastify.decorate('crossOriginProtection', Object.freeze(protection))
  const { isNearestTo, isInUse, settingsOf } = addRegistration(fastify, 'crossOriginProtection', {
    scope: policy,
    off: exemptPolicy(policy),
    compile: (config: CrossOriginProtectionRouteOptions, route) => overridePolicy(policy, config, route)
  })

  const noteUnverified = createUnverifiedNotice()

  // onRequest: before the body is read, and before anything else that a refused request should not pay for.
  fastify.addHook('onRequest', checkCrossOrigin)
  warnAtStart(fastify, policy, isInUse, checkCrossOrigin.name)

  function checkCrossOrigin (this: FastifyInstance, request: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction): void {
    if (!isNearestTo(this)) return done()
    closeUpgradeOnceAnswered(request, reply)

    // Safe methods too: a route's config may have them checked.
    const routePolicy = settingsOf(request.routeOptions)
    let decision: Decision
    try {
      decision = decide(routePolicy, request)
      if (decision.reason === 'unverifiable' && decision.allowed) noteUnverified(request, routePolicy)
    } catch (error) {
      // request.host asks the application's trustProxy, which may throw anything. Fastify takes a thrown undefined for no error.
      return endFailed(error, routePolicy, request, reply, done)
    }
    joinVary(routePolicy, request, decision, reply)
    if (!decision.allowed) return endDenied(decision, routePolicy, request, reply, done)
    publishException(decision, request)
    done()
  }
}

// ---------------------------------------------------------------------------------------------

async function decideFully (policy: Policy, request: FastifyRequest | RawRequest): Promise<Decision> {
  const decision = decide(policy, request)
  return decision.allowed ? decision : askFunctions(decision, policy, request)
}

function isFastifyRequest (request: AnyFastifyRequest | IncomingMessage | Http2ServerRequest): request is AnyFastifyRequest {
  return 'routeOptions' in request
}

function rawRequest (raw: IncomingMessage | Http2ServerRequest): RawRequest {
  const { method = '', url = '', headers } = raw
  if (typeof headers.get === 'function') throw new TypeError('check() takes a request of Fastify or Node, not one of the Fetch API.')
  return { method, url, headers, host: headers.host ?? String(headers[':authority'] ?? ''), raw }
}

// Before these versions any client could forge request.host with X-Forwarded-Host, although the application's trustProxy
// named one proxy (CVE-2026-3635) or a number of hops (CVE-2026-16732). Fastify checks the version of a plugin that is
// registered, but not of one that is called, so older major versions are refused here as well.
function assertSupportedFastify (version: string): void {
  const [major = 0, minor = 0, patch = 0] = version.split(/[.-]/).map(Number)
  if (major > 5 || (major === 5 && (minor > 12 || (minor === 12 && patch >= 1)))) return
  throw new UnsupportedFastifyError(
    `crossOriginProtection compares origins with request.host, which any client can forge in Fastify ${version} ` +
    '(CVE-2026-3635, CVE-2026-16732). Use Fastify 5.12.1 or later.'
  )
}

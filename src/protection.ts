// The plugin crossOriginProtection: options in, a decorator and an onRequest hook out.
import type { IncomingMessage } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'
import type {
  FastifyInstance, FastifyReply, FastifyRequest, HookHandlerDoneFunction, RawServerBase, RouteGenericInterface
} from 'fastify'
import fp from 'fastify-plugin'
import { appeal, decide, type Decision } from './decision.ts'
import { answerDenied, asksForUpgrade, endOnceAnswered, reportDenial } from './denial.ts'
import { EmptyRejectionError, UnsupportedFastifyError } from './errors.ts'
import {
  createPolicy, exemptPolicy, overridePolicy,
  type CrossOriginProtectionOptions, type CrossOriginProtectionRouteOptions, type Policy, type RawRequest,
  type ResolvedCrossOriginProtectionOptions
} from './policy.ts'
import { createRouteSettings, createScopes, type SettingsOf } from './scopes.ts'
import { appendVary, variesByOrigin } from './vary.ts'

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
    crossOriginProtection?: false | (object & CrossOriginProtectionRouteOptions & { exemptPaths?: never })
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

const scopes = createScopes<CrossOriginProtection, SettingsOf<CrossOriginProtectionRouteOptions, Policy>>()

async function registerProtection (fastify: FastifyInstance, options: CrossOriginProtectionOptions): Promise<void> {
  assertSupportedFastify(fastify.version)
  const policy = createPolicy(options)
  const policyOf = createRouteSettings(policy, exemptPolicy(policy), (config: CrossOriginProtectionRouteOptions, route) => (
    overridePolicy(policy, config, route)
  ))
  const protection: CrossOriginProtection = {
    options: policy.options,
    async check (request: AnyFastifyRequest | IncomingMessage | Http2ServerRequest) {
      if (!isFastifyRequest(request)) return decideFully(policy, rawRequest(request))
      const route = request.routeOptions
      return decideFully(policyOf(route.config.crossOriginProtection, route), request as FastifyRequest)
    }
  }

  const needsHooks = scopes.add(protection, fastify.crossOriginProtection, policyOf)
  fastify.decorate('crossOriginProtection', Object.freeze(protection))
  if (!needsHooks) return

  // A wrong config stops the application where the route is written. Routes that were added before this
  // plugin loaded do not come by here; theirs is read on their first request.
  fastify.addHook('onRoute', function checkRouteConfig (route) {
    scopes.find(this.crossOriginProtection, protection)?.(route.config?.crossOriginProtection, route)
  })

  // onRequest: before the body is read, and before anything else that a refused request should not pay for.
  fastify.addHook('onRequest', function checkCrossOrigin (request, reply, done) {
    // The nearest scope decides, alone. The decorator of the route's own scope says which that is, whatever was
    // registered first.
    const policyOf = scopes.find(request.server.crossOriginProtection, protection)
    if (policyOf === undefined) return done()
    if (asksForUpgrade(request)) endOnceAnswered(request, reply)

    // Of safe methods too: a route's config may have them checked.
    const route = request.routeOptions
    const policy = policyOf(route.config.crossOriginProtection, route)
    const decision = decide(policy, request)
    if (variesByOrigin(policy, request, decision)) appendVary(reply)

    if (decision.allowed) done()
    else settleDenial(decision, policy, request, reply, done)
  })
}

// ---------------------------------------------------------------------------------------------

/** What decide() says, and then the functions of allowedOrigins. Rejects with what a function throws. */
async function decideFully<Request extends FastifyRequest | RawRequest> (policy: Policy, request: Request): Promise<Decision> {
  const decision = decide(policy, request)
  return decision.allowed ? decision : appeal(decision, policy.allowedOrigins.functions, request)
}

/** A denial is final unless a function of allowedOrigins knows better. */
function settleDenial (
  denial: Decision, policy: Policy, request: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction
): void {
  const { functions } = policy.allowedOrigins
  if (functions.length === 0) return refuse(denial, policy, request, reply, done)
  appeal(denial, functions, request).then(
    decision => { decision.allowed ? done() : refuse(decision, policy, request, reply, done) },
    error => {
      // Only reporting never breaks an application, not even one whose database is down.
      if (!policy.options.reportOnly) return done(error || new EmptyRejectionError())
      request.log.error({ err: error }, 'a function in allowedOrigins failed')
      done()
    }
  ).catch(error => { done(error || new EmptyRejectionError()) })
}

function refuse (
  denial: Decision, policy: Policy, request: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction
): void {
  reportDenial(request, denial, policy)
  // Fails open by choice of the application: a roll-out that wants to see first what would be refused.
  if (policy.options.reportOnly) return done()
  answerDenied(request, reply, denial, policy.options.denyHandler, done)
}

function isFastifyRequest (request: AnyFastifyRequest | IncomingMessage | Http2ServerRequest): request is AnyFastifyRequest {
  return 'routeOptions' in request
}

function rawRequest (raw: IncomingMessage | Http2ServerRequest): RawRequest {
  const { method = '', url = '', headers } = raw
  return { method, url, headers, host: headers.host ?? String(headers[':authority'] ?? ''), raw }
}

// Before these versions any client could forge request.host with X-Forwarded-Host, although the
// application's trustProxy named one proxy (CVE-2026-3635) or a number of hops (CVE-2026-16732). Older major
// versions are refused here as well: Fastify does that for what is registered, not for what is called.
function assertSupportedFastify (version: string): void {
  const [major = 0, minor = 0, patch = 0] = version.split(/[.-]/).map(Number)
  if (major > 5 || (major === 5 && (minor > 12 || (minor === 12 && patch >= 1)))) return
  throw new UnsupportedFastifyError(
    `crossOriginProtection compares origins with request.host, which any client can forge in Fastify ${version} ` +
    '(CVE-2026-3635, CVE-2026-16732). Use Fastify 5.12.1 or later.'
  )
}

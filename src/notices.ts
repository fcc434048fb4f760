// What is logged besides denials: mistakes that make no noise of their own.
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { isGetOrHead } from './decision.ts'
import type { Policy } from './policy.ts'

/**
 * Warns once the application is ready: of a registration that only reports, and of one that no route is under. `isInUse` tells
 * whether a route is known to be under it, and `hook` is the function whose name shows in Fastify's list of routes if one is.
 */
export function warnAtStart (fastify: FastifyInstance, { options }: Policy, isInUse: () => boolean, hook: string): void {
  fastify.addHook('onReady', async function warnOfSilentMistakes () {
    if (options.reportOnly) fastify.log.warn('crossOriginProtection only reports, because of reportOnly: nothing is protected')
    if (!isInUse() && !canHaveOtherRoutes(fastify) && !hasRouteWith(fastify, hook)) {
      fastify.log.warn(
        'crossOriginProtection protects no route: it covers the plugin that registers it and what is inside, where there are no routes. ' +
        'Wrap that plugin in fastify-plugin: export default fp(async fastify => { await fastify.register(crossOriginProtection) })'
      )
    }
  })
}

/**
 * Logs, at most once an hour, that a browser's request passes although nothing verifies it. It is made by browsers from before
 * 2020, and wherever a proxy or a CDN removes both headers and so leaves nothing protected. The two headers that it is known by
 * decide nothing.
 */
export function createUnverifiedNotice ({ options }: Policy) {
  let next = 0
  return function noteUnverified (request: FastifyRequest): void {
    if (!isUnverifiedBrowser(request) || options.denialLogLevel === 'silent' || Date.now() < next) return
    next = Date.now() + HOUR
    request.log[options.denialLogLevel](
      { method: request.method, route: request.routeOptions.url, host: request.host },
      'a request that a browser seems to have sent has neither Sec-Fetch-Site nor Origin, and passes unverified. ' +
      'If this is no browser from before 2020, a proxy or CDN removes both headers and nothing is protected: have it forward them, ' +
      'and check with: curl -X POST -H "Sec-Fetch-Site: cross-site", which must be answered with 403'
    )
  }
}

// ---------------------------------------------------------------------------------------------

const HOUR = 3_600_000

function isUnverifiedBrowser ({ method, headers }: FastifyRequest): boolean {
  return !isGetOrHead(method) && !headers['sec-fetch-site'] && !headers.origin && headers.cookie !== undefined &&
    /^(?:Mozilla\/|Amazon CloudFront)/.test(headers['user-agent'] ?? '')
}

/** The root covers every route there will be, and a prefix may have a not-found handler of its own. */
function canHaveOtherRoutes (fastify: FastifyInstance): boolean {
  return fastify.prefix !== '' || Object.getPrototypeOf(fastify) === Object.prototype
}

/**
 * Whether Fastify's list of routes names the hook, or has no routes at all: in doubt. The list is made once for all
 * registrations of an application, because it takes some 0.1 ms a route.
 */
function hasRouteWith (fastify: FastifyInstance, hook: string): boolean {
  let list = lists.get(fastify.server)
  if (list === undefined) {
    list = fastify.printRoutes({ includeHooks: true })
    lists.set(fastify.server, list)
  }
  return list.includes(hook) || list.includes('(empty tree)')
}

const lists = new WeakMap<object, string>()

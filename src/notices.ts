// What is logged besides denials: mistakes that nobody would notice otherwise.
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { isGetOrHead } from './decision.ts'
import type { Policy } from './policy.ts'

/**
 * Warns once the application is ready: of a registration that only reports, and of one that covers no route. `isInUse` tells
 * whether it is known to cover one, and `hook` is the name of the function that Fastify's list of routes shows for each.
 */
export function warnAtStart (fastify: FastifyInstance, { options }: Policy, isInUse: () => boolean, hook: string): void {
  fastify.addHook('onReady', async function warnOfSilentMistakes () {
    if (options.reportOnly) fastify.log.warn('crossOriginProtection refuses nothing, because reportOnly is true. Remove reportOnly to protect the application.')
    if (!isInUse() && !mayCoverMore(fastify) && !hasRouteWith(fastify, hook)) {
      fastify.log.warn(
        'crossOriginProtection protects no route: it covers the plugin that registers it and what is inside, where there are no routes. ' +
        'Wrap that plugin in fastify-plugin: export default fp(async fastify => { await fastify.register(crossOriginProtection) }). ' +
        '(If the plugin only answers unknown paths or calls check(), it does protect these.)'
      )
    }
  })
}

/**
 * Logs, at most once an hour, that a browser's request passes although nothing verifies it. It is made by browsers from before
 * 2020, and wherever a proxy or a CDN removes both headers and so leaves nothing protected. `Cookie` and `User-Agent`, by which a
 * browser is recognised here, decide nothing.
 */
export function createUnverifiedNotice () {
  let next = 0
  return function noteUnverified (request: FastifyRequest, { options }: Policy): void {
    if (!isUnverifiedBrowser(request) || options.denialLogLevel === 'silent' || Date.now() < next) return
    next = Date.now() + HOUR
    request.log[options.denialLogLevel](
      { method: request.method, route: request.routeOptions.url, host: request.host },
      'a request that a browser seems to have sent has neither Sec-Fetch-Site nor Origin, and passes unverified. ' +
      'Unless the browser is from before 2020, a proxy or CDN removes both headers and nothing is protected. Have it forward them, ' +
      'then check: curl -X POST -H "Sec-Fetch-Site: cross-site" <public URL of a POST route> must be answered with 403.'
    )
  }
}

// ---------------------------------------------------------------------------------------------

const HOUR = 3_600_000

function isUnverifiedBrowser ({ method, headers }: FastifyRequest): boolean {
  return !isGetOrHead(method) && !headers['sec-fetch-site'] && !headers.origin && headers.cookie !== undefined &&
    /^(?:Mozilla\/|Amazon CloudFront)/.test(String(headers['user-agent']))
}

/** The root covers every unknown path, and a prefix may have its own not-found handler. Only the root inherits from no instance. */
function mayCoverMore (fastify: FastifyInstance): boolean {
  return fastify.prefix !== '' || Object.getPrototypeOf(fastify) === Object.prototype
}

/** Whether Fastify's list of routes names the hook. Without any route or a list, it is taken to: there is nothing to protect, or in doubt. */
function hasRouteWith (fastify: FastifyInstance, hook: string): boolean {
  const list = listOf(fastify)
  return list.includes(`"${hook}()"`) || list.includes('(empty tree)') || list === ''
}

/** Fastify's list of routes, made once for all registrations of an application, because it takes some 0.1 ms a route. */
function listOf (fastify: FastifyInstance): string {
  const application = fastify.initialConfig
  let list = lists.get(application)
  if (list === undefined) {
    try {
      list = fastify.printRoutes({ includeHooks: true })
    } catch {
      list = '' // A list that fails must not keep the application from starting.
    }
    lists.set(application, list)
  }
  return list
}

const lists = new WeakMap<object, string>()

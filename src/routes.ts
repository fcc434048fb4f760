// listRoutes: which routes are protected, and how; for a snapshot in an application's tests, and for finding the route that
// nobody protects.
import type { FastifyInstance, RouteOptions } from 'fastify'
import { isGetOrHead } from './decision.ts'
import { ListRoutesError } from './errors.ts'
import { isUnderEntry } from './paths.ts'
import type { Policy, ResolvedCrossOriginProtectionOptions } from './policy.ts'
import { registrationIn } from './scopes.ts'

/** A route of an application, and what becomes of an ordinary cross-origin request to it. */
export interface ListedRoute {
  /** One method; a route with several has a row for each. */
  readonly method: string
  /** With the prefix of its scope, as Fastify has it: `/accounts/:id`. */
  readonly url: string
  /**
   * The first that fits:
   *
   * - `'none'`: no registration covers the route;
   * - `'exempt'`: every request passes, because of the route's config or an exempt path;
   * - `'safe-method'`: the request passes, because of its method;
   * - `'report-only'`: it passes, and the denial is only logged;
   * - `'isolate'` and `'check'`: it is denied as `safeMethods` says; methods that change state always say `'check'`.
   */
  readonly policy: 'none' | 'exempt' | 'safe-method' | 'report-only' | 'isolate' | 'check'
  /** The options in force on the route; undefined where no registration covers it. */
  readonly options: ResolvedCrossOriginProtectionOptions | undefined
}

/**
 * Lists the routes of an application, in the order in which they are added. It is called before any route is added, and
 * returns a function that gives the list once the application is ready. HEAD routes that Fastify makes of GET routes are left out.
 *
 * ```ts
 * const fastify = Fastify()
 * const routes = listRoutes(fastify)
 * // … plugins and routes, then:
 * await fastify.ready()
 * console.table(routes(), ['method', 'url', 'policy'])
 * ```
 *
 * `listRoutes` throws `FST_CROSS_ORIGIN_LIST_ROUTES` if a route exists already, and the function that it returns throws it if the
 * application is not ready. An exempt path is compared with the URL of a route as text, whatever the router makes of either.
 */
export function listRoutes (fastify: AnyFastify): () => ListedRoute[] {
  if (fastify.printRoutes() !== '(empty tree)') {
    throw new ListRoutesError('listRoutes was called after a route was added, and would not list it. Call it before any plugin or route: const routes = listRoutes(fastify).')
  }
  const added: Array<{ readonly scope: object, readonly route: RouteOptions, readonly url: string, readonly methods: readonly string[] }> = []
  let isReady = false
  fastify.addHook('onReady', async () => { isReady = true })
  fastify.addHook('onRoute', function listRoute (route) {
    // Fastify changes the URL and the method of this object afterwards; later hooks of the application may change its config.
    const { method, url } = route
    if (!isMadeByFastify(route)) added.push({ scope: this, route, url, methods: [method].flat() })
  })
  return function routes () {
    if (!isReady) throw new ListRoutesError('The routes are known once the application is ready. Call this after await fastify.ready().')
    return added.flatMap(({ scope, route: { config }, url, methods }) => {
      const policy = registrationIn<Policy>(scope, 'crossOriginProtection')?.settingsOf({ method: methods, url, config })
      return methods.map(method => ({ method, url, policy: policyOf(policy, method, url), options: policy?.options }))
    })
  }
}

/** Any Fastify instance: HTTP/1.1, HTTPS or HTTP/2, with any logger and type provider. */
export type AnyFastify = Pick<FastifyInstance, 'printRoutes'> & {
  /** Fastify's own, of which two hooks are used. */
  addHook: ((name: 'onReady', hook: () => Promise<void>) => unknown) & ((name: 'onRoute', hook: (this: object, route: RouteOptions) => void) => unknown)
}

// ---------------------------------------------------------------------------------------------

function policyOf (policy: Policy | undefined, method: string, url: string): ListedRoute['policy'] {
  if (policy === undefined) return 'none'
  if (policy.isExemptRoute || isUnderEntry(policy.exemptPaths, url)) return 'exempt'
  const { safeMethods, reportOnly } = policy.options
  const isRead = isGetOrHead(method)
  if (method === 'OPTIONS' || (isRead && safeMethods === 'allow')) return 'safe-method'
  if (reportOnly) return 'report-only'
  return isRead && safeMethods === 'isolate' ? 'isolate' : 'check'
}

/** Fastify marks the HEAD route that it makes of a GET route only by one of its onSend hooks. */
function isMadeByFastify ({ method, onSend }: RouteOptions): boolean {
  return method === 'HEAD' && [onSend].flat().some(hook => hook?.name === 'headRouteOnSendHandler')
}

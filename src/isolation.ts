// The plugin crossOriginIsolation: options in, headers built once, an onSend hook out.
//
// onSend, because only then is it known which headers the application set itself; it runs for streams,
// errors, redirects and 404s as well. It shares nothing with crossOriginProtection but the way in which
// options are validated.
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { assertOptions, type OptionsPlace } from './options.ts'
import { createRouteSettings } from './routes.ts'

/** What a route's `config.crossOriginIsolation` may hold; each overrides the registration's option. */
export interface CrossOriginIsolationRouteOptions {
  /**
   * `Cross-Origin-Opener-Policy`: whether the page shares a browsing context group with pages of other
   * origins that it opens or that open it. Default: `same-origin`. `null` leaves the header alone.
   *
   * @see https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Cross-Origin-Opener-Policy
   */
  readonly openerPolicy?: 'same-origin' | 'same-origin-allow-popups' | 'noopener-allow-popups' | 'unsafe-none' | null

  /**
   * `Cross-Origin-Embedder-Policy`: whether the page may load cross-origin resources that do not agree to
   * it. Default: `require-corp`. `null` leaves the header alone.
   *
   * @see https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Cross-Origin-Embedder-Policy
   */
  readonly embedderPolicy?: 'require-corp' | 'credentialless' | 'unsafe-none' | null

  /**
   * `Cross-Origin-Resource-Policy`: which other pages may load this response as a resource. Default:
   * `same-site`. `null` leaves the header alone.
   *
   * @see https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Cross-Origin-Resource-Policy
   */
  readonly resourcePolicy?: 'same-origin' | 'same-site' | 'cross-origin' | null
}

/** The options of `crossOriginIsolation`. */
export interface CrossOriginIsolationOptions extends CrossOriginIsolationRouteOptions {}

/** What `fastify.crossOriginIsolation` holds: the headers of the nearest scope that registered the plugin. */
export interface CrossOriginIsolation {
  /** Header names in lower case with their values, frozen. */
  readonly headers: Readonly<Record<string, string>>
}

declare module 'fastify' {
  interface FastifyInstance {
    crossOriginIsolation: CrossOriginIsolation
  }
  interface FastifyContextConfig {
    /** `false` adds no header on the route; an object overrides the options of the nearest scope, one by one. */
    crossOriginIsolation?: false | CrossOriginIsolationRouteOptions
  }
}

/**
 * Adds COOP, COEP and CORP to every reply of the scope that registers it and all below, each only where
 * the application has not set the header itself.
 *
 * Rejects with `FST_CROSS_ORIGIN_INVALID_OPTION` for wrong options.
 */
export const crossOriginIsolation = fp<CrossOriginIsolationOptions>(registerIsolation, {
  name: 'fastify-cross-origin-isolation',
  fastify: '5.x || 6.x'
})

async function registerIsolation (fastify: FastifyInstance, options: CrossOriginIsolationOptions): Promise<void> {
  const policies = override(defaults, options, { plugin: 'crossOriginIsolation' })
  const lines = headerLines(policies)
  const linesOf = createRouteSettings(lines, [], (config: CrossOriginIsolationRouteOptions, route) => (
    headerLines(override(policies, config, { plugin: 'crossOriginIsolation', route }))
  ))
  const isolation: CrossOriginIsolation = Object.freeze({ headers: Object.freeze(Object.fromEntries(lines)) })

  fastify.decorate('crossOriginIsolation', isolation)

  // A wrong config stops the application where the route is written. Routes that were added before this
  // plugin loaded do not come by there; their first request stops before it reaches the handler.
  fastify.addHook('onRoute', function checkRouteConfig (route) {
    linesOf(route.config?.crossOriginIsolation, route)
  })
  fastify.addHook('onRequest', function checkEarlyRouteConfig (request, _reply, done) {
    const route = request.routeOptions
    linesOf(route.config?.crossOriginIsolation, route)
    done()
  })

  fastify.addHook('onSend', function addIsolationHeaders (request, reply, _payload, done) {
    // The nearest scope's headers, alone. `this` is the scope of the route, after callNotFound() too.
    if (this.crossOriginIsolation === isolation) {
      const route = request.routeOptions
      for (const [name, value] of linesOf(route.config?.crossOriginIsolation, route)) {
        if (!reply.hasHeader(name)) reply.header(name, value)
      }
    }
    done()
  })
}

// ---------------------------------------------------------------------------------------------

type Policies = Required<CrossOriginIsolationRouteOptions>

const defaults: Policies = Object.freeze({
  openerPolicy: 'same-origin',
  embedderPolicy: 'require-corp',
  resourcePolicy: 'same-site'
})

/** The given options over the base's. Throws `FST_CROSS_ORIGIN_INVALID_OPTION`. */
function override (base: Policies, own: CrossOriginIsolationRouteOptions, place: OptionsPlace): Policies {
  assertOptions(own, place)
  const { openerPolicy = base.openerPolicy, embedderPolicy = base.embedderPolicy, resourcePolicy = base.resourcePolicy } = own
  return { openerPolicy, embedderPolicy, resourcePolicy }
}

function headerLines ({ openerPolicy, embedderPolicy, resourcePolicy }: Policies): Array<[name: string, value: string]> {
  const lines: Array<[string, string | null]> = [
    ['cross-origin-opener-policy', openerPolicy],
    ['cross-origin-embedder-policy', embedderPolicy],
    ['cross-origin-resource-policy', resourcePolicy]
  ]
  return lines.filter((line): line is [string, string] => line[1] !== null)
}

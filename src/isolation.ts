// The plugin crossOriginIsolation: options in, headers built once, an onSend hook out.
//
// onSend, because only then is it known which headers the application set itself; it runs for streams, errors, redirects and
// 404s as well. What Fastify answers before any hook runs has none: a malformed URL, a parameter that is too long, an
// asynchronous constraint that fails, and requests while the server is closing.
//
// It shares nothing with crossOriginProtection but how options are validated and scopes are found.
import type { FastifyInstance, FastifyPluginAsync } from 'fastify'
import fp from 'fastify-plugin'
import { assertOptions, type OptionsPlace } from './options.ts'
import { addRegistration } from './scopes.ts'

/** Values of `Cross-Origin-Opener-Policy`. */
export type OpenerPolicy = 'same-origin' | 'same-origin-allow-popups' | 'noopener-allow-popups' | 'unsafe-none'

/** Values of `Cross-Origin-Embedder-Policy`. */
export type EmbedderPolicy = 'require-corp' | 'credentialless' | 'unsafe-none'

/** Values of `Cross-Origin-Resource-Policy`. */
export type ResourcePolicy = 'same-origin' | 'same-site' | 'cross-origin'

/** Values of `Document-Isolation-Policy`. */
export type DocumentIsolationPolicy = 'isolate-and-require-corp' | 'isolate-and-credentialless' | 'none'

/** What a route's `config.crossOriginIsolation` may hold; each overrides the registration's option. */
export interface CrossOriginIsolationRouteOptions {
  /**
   * `Cross-Origin-Opener-Policy`: whether the page shares a browsing context group with pages of other origins that it opens,
   * or that open it. Default: `same-origin`. `null` leaves the header alone.
   *
   * @see https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Cross-Origin-Opener-Policy
   */
  readonly openerPolicy?: OpenerPolicy | null

  /**
   * `Cross-Origin-Embedder-Policy`: whether the page may load cross-origin resources that do not opt in. Default:
   * `require-corp`. `null` leaves the header alone.
   *
   * @see https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Cross-Origin-Embedder-Policy
   */
  readonly embedderPolicy?: EmbedderPolicy | null

  /**
   * `Cross-Origin-Resource-Policy`: which other pages may load this response as a resource. Default: `same-site`. `null`
   * leaves the header alone.
   *
   * @see https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Cross-Origin-Resource-Policy
   */
  readonly resourcePolicy?: ResourcePolicy | null

  /**
   * `Origin-Agent-Cluster`: whether the browser is asked to isolate the origin from others of its site: `?1` for `true`, `?0`
   * for `false`. Default: `null`, which leaves the header alone.
   *
   * @see https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Origin-Agent-Cluster
   */
  readonly originAgentCluster?: boolean | null

  /**
   * `Document-Isolation-Policy`: isolates one document without COOP and COEP on the pages around it, in browsers that support
   * it. Default: `null`, which leaves the header alone.
   *
   * @see https://wicg.github.io/document-isolation-policy/
   */
  readonly documentIsolationPolicy?: DocumentIsolationPolicy | null

  /**
   * Policies that are only reported on: the `…-Report-Only` headers. Default: `null`, none. An object on a route replaces the
   * whole object of the scope.
   */
  readonly reportOnly?: ReportOnlyPolicies | null

  /**
   * Name of an endpoint in your `Reporting-Endpoints` header, added as `; report-to="name"` to the opener, embedder and
   * document isolation policies, enforced or not. Default: `null`, none.
   *
   * @see https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Reporting-Endpoints
   */
  readonly reportTo?: string | null
}

/** The policies that have a `…-Report-Only` header. */
export interface ReportOnlyPolicies {
  /** `Cross-Origin-Opener-Policy-Report-Only`. Default: none. */
  readonly openerPolicy?: OpenerPolicy | null
  /** `Cross-Origin-Embedder-Policy-Report-Only`. Default: none. */
  readonly embedderPolicy?: EmbedderPolicy | null
  /** `Document-Isolation-Policy-Report-Only`. Default: none. */
  readonly documentIsolationPolicy?: DocumentIsolationPolicy | null
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
    crossOriginIsolation?: false | (object & CrossOriginIsolationRouteOptions)
  }
}

/**
 * Adds COOP, COEP, CORP and related headers to every reply of the scope that registers it and its child scopes, each only if
 * the application has not set the header itself.
 *
 * Rejects with `FST_CROSS_ORIGIN_INVALID_OPTION` for wrong options.
 */
export const crossOriginIsolation: FastifyPluginAsync<CrossOriginIsolationOptions> = fp(registerIsolation, {
  name: 'fastify-cross-origin-isolation',
  fastify: '5.x || 6.x'
})

async function registerIsolation (fastify: FastifyInstance, options: CrossOriginIsolationOptions): Promise<void> {
  const policies = override(defaults, options, { plugin: 'crossOriginIsolation' })
  const lines = headerLines(policies)
  const isolation: CrossOriginIsolation = { headers: Object.freeze(Object.fromEntries(lines)) }
  fastify.decorate('crossOriginIsolation', Object.freeze(isolation))
  const { isNearestTo, settingsOf } = addRegistration<CrossOriginIsolationRouteOptions, Line[]>(fastify, 'crossOriginIsolation', {
    scope: lines,
    off: [],
    compile: (config, route) => headerLines(override(policies, config, { plugin: 'crossOriginIsolation', route }))
  })

  // The first request of a route that was added before this plugin loaded stops here if its config is wrong.
  fastify.addHook('onRequest', function checkEarlyRouteConfig (request, _reply, done) {
    if (isNearestTo(this)) settingsOf(request.routeOptions)
    done()
  })

  fastify.addHook('onSend', function addIsolationHeaders (request, reply, _payload, done) {
    // `this` is the scope of the route, after callNotFound() too; request.server is then the scope of the not-found handler.
    if (isNearestTo(this)) {
      for (const [name, value] of settingsOf(request.routeOptions)) {
        if (!reply.hasHeader(name)) reply.header(name, value)
      }
    }
    done()
  })

  // An error may leave no time for onSend: a hook that was added earlier throws, or the reply's headers cannot be written.
  // Fastify then answers with what was set on Node's response.
  fastify.addHook('onError', function keepIsolationHeaders (request, reply, _error, done) {
    if (isNearestTo(this)) {
      for (const [name, value] of settingsOf(request.routeOptions)) reply.raw.setHeader(name, reply.getHeader(name) ?? value)
    }
    done()
  })
}

// ---------------------------------------------------------------------------------------------

type Policies = Required<CrossOriginIsolationRouteOptions>

/** The options of a registration that gives none. */
export const defaults: Policies = Object.freeze({
  openerPolicy: 'same-origin',
  embedderPolicy: 'require-corp',
  resourcePolicy: 'same-site',
  originAgentCluster: null,
  documentIsolationPolicy: null,
  reportOnly: null,
  reportTo: null
})

/** The given options over the base's. Throws `FST_CROSS_ORIGIN_INVALID_OPTION`. */
function override (base: Policies, own: CrossOriginIsolationRouteOptions, place: OptionsPlace): Policies {
  assertOptions(own, place)
  const names = Object.keys(base) as Array<keyof Policies>
  return Object.fromEntries(names.map(name => [name, own[name] === undefined ? base[name] : own[name]])) as unknown as Policies
}

type Line = [name: string, value: string]

function headerLines ({ originAgentCluster, reportOnly, reportTo, ...enforced }: Policies): Line[] {
  const report = reportTo === null ? '' : `; report-to="${reportTo}"`
  return [
    line('cross-origin-opener-policy', enforced.openerPolicy, report),
    line('cross-origin-embedder-policy', enforced.embedderPolicy, report),
    line('cross-origin-resource-policy', enforced.resourcePolicy),
    line('document-isolation-policy', enforced.documentIsolationPolicy, report),
    line('origin-agent-cluster', originAgentCluster === null ? null : originAgentCluster ? '?1' : '?0'),
    line('cross-origin-opener-policy-report-only', reportOnly?.openerPolicy, report),
    line('cross-origin-embedder-policy-report-only', reportOnly?.embedderPolicy, report),
    line('document-isolation-policy-report-only', reportOnly?.documentIsolationPolicy, report)
  ].flat()
}

/** The line of a header in a list, which is empty when the header is left alone. */
function line (name: string, value: string | null | undefined, parameters = ''): Line[] {
  return value == null ? [] : [[name, value + parameters]]
}

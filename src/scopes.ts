// Whose settings a request has, for both plugins: those of the nearest scope that registered the plugin, with the route's
// config over them.
//
// Each registration adds its own hooks and decorates its scope with itself, under a symbol that child scopes inherit.
// Fastify runs the hooks of every scope around a route, so each hook steps aside unless the scope carries its own
// registration. The nearest one therefore decides, whatever was registered first. The public decorator is never asked: an
// application that replaces it, with a test double or a copy, stays protected.
import type { FastifyInstance } from 'fastify'
import type { PluginName } from './options.ts'

/** What Fastify tells of a route, when it is added and with each request. */
export interface Route {
  readonly method?: string | readonly string[]
  readonly url?: string
  readonly config?: object | undefined
}

/**
 * What stands under the symbol `Symbol.for('fastify-cross-origin-protection:<plugin>')`. Copies of this package in one
 * process (an ESM and a CommonJS one, or two versions) find each other by it, so this shape is fixed.
 */
export interface Registration<Settings> {
  /** The settings of a route of this scope. Throws `FST_CROSS_ORIGIN_INVALID_OPTION` for a wrong config. */
  readonly settingsOf: (route: Route) => Settings
}

/** What a plugin learns of its own registration. */
export interface OwnRegistration<Settings> extends Registration<Settings> {
  /** Whether no nearer scope registered the plugin. */
  readonly isNearestTo: (scope: object) => boolean
  /** Whether a route was added under it. It does not know of routes that were added before the plugin loaded. */
  readonly isInUse: () => boolean
}

/** Where the settings of routes come from. */
export interface SettingsSource<Options extends object, Settings> {
  /** The settings of routes without a config. */
  readonly scope: Settings
  /** The settings of routes whose config is `false`. */
  readonly off: Settings
  /** The settings of a config object. Its errors name the route, such as `POST /sso`. */
  readonly compile: (config: Options, route: string) => Settings
}

/**
 * Registers a plugin in a scope.
 *
 * From then on a wrong route config stops the application where the route is added. onRoute does not fire for routes that
 * were added before, so there `settingsOf` throws on the first request.
 */
export function addRegistration<Options extends object, Settings> (
  fastify: FastifyInstance, plugin: PluginName, source: SettingsSource<Options, Settings>
): OwnRegistration<Settings> {
  const registration = Object.freeze({ settingsOf: createSettingsOf(plugin, source) })
  const isNearestTo = (scope: object) => registrationIn(scope, plugin) === registration
  let isInUse = false

  fastify.decorate(keys[plugin], registration)
  fastify.addHook('onRoute', function checkRouteConfig (route) {
    if (!isNearestTo(this)) return
    isInUse = true
    registration.settingsOf(route)
  })
  return { ...registration, isNearestTo, isInUse: () => isInUse }
}

/** The nearest registration of a plugin. */
export function registrationIn<Settings> (scope: object, plugin: PluginName): Registration<Settings> | undefined {
  return (scope as { readonly [key: symbol]: Registration<Settings> | undefined })[keys[plugin]]
}

const keys = {
  crossOriginProtection: Symbol.for('fastify-cross-origin-protection:crossOriginProtection'),
  crossOriginIsolation: Symbol.for('fastify-cross-origin-protection:crossOriginIsolation')
} as const

/** The settings of a registration's routes, by their config. */
export function createSettingsOf<Options extends object, Settings> (
  plugin: PluginName, { scope, off, compile }: SettingsSource<Options, Settings>
) {
  const compiled = new WeakMap<Options, Settings>()

  return function settingsOf ({ config: configs, method, url }: Route): Settings {
    const config = (configs as { readonly [plugin]?: false | Options } | undefined)?.[plugin]
    if (config === undefined) return scope
    if (config === false) return off
    // A config object is compiled once, however many routes share it.
    let settings = compiled.get(config)
    if (settings === undefined) {
      settings = compile(config, url === undefined ? 'the not-found handler' : `${String(method)} ${url}`)
      compiled.set(config, settings)
    }
    return settings
  }
}

// The config of a route over the settings of its scope, for both plugins.

/** What Fastify tells of a route, when it is added and with each request. */
export interface Route {
  readonly method?: string | readonly string[]
  readonly url?: string
}

/** `false` switches a plugin off on a route; an object overrides the scope's options. */
export type RouteConfig<Options extends object> = false | Options | undefined

/**
 * The settings of a registration's routes. Routes without a config share the scope's; a config object is
 * compiled once, on its first route, and its errors name that route.
 *
 * `compile` throws `FST_CROSS_ORIGIN_INVALID_OPTION` for a config that is wrong.
 */
export function createRouteSettings<Options extends object, Settings> (
  scope: Settings, off: Settings, compile: (config: Options, route: string) => Settings
): (config: RouteConfig<Options>, route: Route) => Settings {
  const compiled = new WeakMap<Options, Settings>()

  return function settingsOf (config, { method, url }) {
    if (config === undefined) return scope
    if (config === false) return off
    let settings = compiled.get(config)
    if (settings === undefined) {
      settings = compile(config, url === undefined ? 'the not-found handler' : `${String(method)} ${url}`)
      compiled.set(config, settings)
    }
    return settings
  }
}

// Which settings a request has, for both plugins: those of the nearest scope that registered the plugin, alone, and the
// config of its route over them.
//
// The hooks of the outermost registration serve every scope below, so a request pays once, however deep registrations
// nest. One that loads before an outer one has hooks of its own, and the outer ones, which Fastify adds there later, step
// aside.

/** Finds what a registration knows by the object with which it decorated its scope, which scopes below inherit. */
export interface Scopes<Decorator extends object, SettingsOf> {
  /** Adds a registration; `outer` is the decorator that its scope inherits. Tells whether it needs hooks of its own. */
  readonly add: (decorator: Decorator, outer: Decorator | undefined, settingsOf: SettingsOf) => boolean
  /** The settings of the nearest registration, or undefined where it is not served by the hooks of `owner`. */
  readonly find: (nearest: Decorator, owner: Decorator) => SettingsOf | undefined
}

export function createScopes<Decorator extends object, SettingsOf> (): Scopes<Decorator, SettingsOf> {
  // On the decorator itself, out of users' sight: each request looks there. The owner is the registration whose hooks
  // serve it.
  const registration: unique symbol = Symbol('registration')
  type Registered = Decorator & { readonly [registration]?: { readonly settingsOf: SettingsOf, readonly owner: Decorator } }
  return {
    add (decorator, outer, settingsOf) {
      // An outer decorator of another copy of this package has no such property, and its hooks do not find this one's.
      const owner = (outer as Registered | undefined)?.[registration]?.owner ?? decorator
      Object.defineProperty(decorator, registration, { value: { settingsOf, owner } })
      return owner === decorator
    },
    find (nearest, owner) {
      const found = (nearest as Registered)[registration]
      return found?.owner === owner ? found.settingsOf : undefined
    }
  }
}

/** What Fastify tells of a route, when it is added and with each request. */
export interface Route {
  readonly method?: string | readonly string[]
  readonly url?: string
}

/** `false` switches a plugin off on a route; an object overrides the scope's options. */
export type RouteConfig<Options extends object> = false | Options | undefined

/** The settings of a route, by its config. */
export type SettingsOf<Options extends object, Settings> = (config: RouteConfig<Options>, route: Route) => Settings

/**
 * The settings of a registration's routes. Routes without a config share the scope's; a config object is
 * compiled once, on its first route, and its errors name that route.
 *
 * `compile` throws `FST_CROSS_ORIGIN_INVALID_OPTION` for a config that is wrong.
 */
export function createRouteSettings<Options extends object, Settings> (
  scope: Settings, off: Settings, compile: (config: Options, route: string) => Settings
): SettingsOf<Options, Settings> {
  const compiled = new WeakMap<Options, Settings>()

  return function settingsOf (config, route) {
    if (config === undefined) return scope
    if (config === false) return off
    let settings = compiled.get(config)
    if (settings === undefined) {
      settings = compile(config, route.url === undefined ? 'the not-found handler' : `${String(route.method)} ${route.url}`)
      compiled.set(config, settings)
    }
    return settings
  }
}

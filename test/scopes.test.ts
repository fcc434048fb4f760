// Which registration a route belongs to, and what its settings are.
import type { FastifyInstance, RouteOptions } from 'fastify'
import fp from 'fastify-plugin'
import t, { type Test } from 'tap'
import { addRegistration, type Registration, type Route, type SettingsSource } from '../src/scopes.ts'
import { emptyApp } from './helpers/app.ts'

type Found = Registration<string> & { isNearestTo: (scope: object) => boolean }

const source: SettingsSource<{ readonly name: string }, string> = { scope: 'scope', off: 'off', compile: ({ name }) => name }

/** Registers in a scope, as the plugins do. */
async function registerIn (scope: FastifyInstance, own = source): Promise<Found> {
  let found: Found | undefined
  await scope.register(fp(async scope => { found = addRegistration(scope, 'crossOriginProtection', own) }))
  return found!
}

function route (config?: unknown, method: string | string[] = 'POST', url?: string): Route {
  return { method, ...(url !== undefined && { url }), config: { crossOriginProtection: config } }
}

t.test('the settings of a route', async t => {
  const compiled: string[] = []
  const { settingsOf } = await registerIn(emptyApp(t), { ...source, compile ({ name }, route) { compiled.push(route); return name } })

  t.equal(settingsOf({}), 'scope')
  t.equal(settingsOf(route(undefined)), 'scope')
  t.equal(settingsOf({ config: { crossOriginIsolation: false } }), 'scope', 'the config of the other plugin is not its own')
  t.equal(settingsOf(route(false)), 'off')
  t.same(compiled, [])

  const config = { name: 'own' }
  t.equal(settingsOf(route(config, 'POST', '/x')), 'own')
  t.equal(settingsOf(route(config, ['GET', 'HEAD'], '/y')), 'own')
  t.same(compiled, ['POST /x'], 'a config is compiled once, however many routes share it')

  settingsOf(route({ name: 'own' }, ['GET', 'HEAD'], '/y'))
  settingsOf(route({ name: 'own' }))
  t.same(compiled, ['POST /x', 'GET,HEAD /y', 'the not-found handler'])
})

t.test('a config that is wrong is wrong each time', async t => {
  const { settingsOf } = await registerIn(emptyApp(t), { ...source, compile () { throw new Error('wrong') } })
  const config = {}
  for (let i = 0; i < 2; i++) t.throws(() => settingsOf(route(config)), { message: 'wrong' })
})

t.test('the nearest registration, by identity', async t => {
  for (const first of ['inner', 'outer']) {
    const app = emptyApp(t)
    const scopes: Record<string, FastifyInstance> = { app }
    let outer: Found | undefined
    let inner: Found | undefined
    if (first === 'outer') outer = await registerIn(app)
    await app.register(async child => {
      inner = await registerIn(child)
      scopes.child = child
      child.register(async grandchild => { scopes.grandchild = grandchild })
    })
    await app.register(async sibling => { scopes.sibling = sibling })
    if (first === 'inner') outer = await registerIn(app)

    for (const [name, nearest] of [['app', outer], ['child', inner], ['grandchild', inner], ['sibling', outer]] as const) {
      t.equal(outer!.isNearestTo(scopes[name]!), nearest === outer, `${first} first: ${name}`)
      t.equal(inner!.isNearestTo(scopes[name]!), nearest === inner, `${first} first: ${name}`)
    }
  }
})

t.test('what stands under the symbol, for other copies of this package, has a fixed shape', async t => {
  const app = emptyApp(t)
  await registerIn(app)
  const registration = (app as unknown as Record<symbol, Registration<string>>)[Symbol.for('fastify-cross-origin-protection:crossOriginProtection')]!
  t.same(Object.keys(registration), ['settingsOf'])
  t.ok(Object.isFrozen(registration))
  t.equal(registration.settingsOf(route({ name: 'own' })), 'own')
})

t.test('each registration looks at the routes of its own scope only', async t => {
  const app = emptyApp(t)
  const seen: string[] = []
  const register = async (scope: FastifyInstance, name: string) => {
    await registerIn(scope, { ...source, compile (_config, route) { seen.push(`${name} ${route}`); return name } })
  }
  const post = (scope: FastifyInstance) => { scope.route({ method: 'POST', url: '/x', config: { crossOriginProtection: {} }, handler: async () => 'ok' } as RouteOptions) }
  await register(app, 'outer')
  await app.register(async scope => {
    await register(scope, 'inner')
    post(scope)
  }, { prefix: '/inner' })
  post(app)
  t.same(seen, ['inner POST /inner/x', 'outer POST /x'])
})

t.test('twice in one scope is an error', async (t: Test) => {
  const app = emptyApp(t)
  await registerIn(app)
  await t.rejects(registerIn(app), { code: 'FST_ERR_DEC_ALREADY_PRESENT' })
})

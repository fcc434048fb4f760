// listRoutes: every route of an application, and what becomes of an ordinary cross-origin request there.
import fastifySwagger from '@fastify/swagger'
import Fastify, { type FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import t from 'tap'
import crossOriginProtection, { crossOriginIsolation, listRoutes, type ListedRoute } from '../src/index.ts'
import { crossSitePost, emptyApp } from './helpers/app.ts'

const short = (rows: ListedRoute[]) => rows.map(({ method, url, policy }) => `${method} ${url} ${policy}`)
const handler = async () => 'ok'

t.test('the policies of routes', async t => {
  const app = emptyApp(t)
  const routes = listRoutes(app)
  app.register(async scope => { scope.post('/uncovered', handler) })
  await app.register(async scope => {
    await scope.register(crossOriginProtection, { exemptPaths: ['/hooks'] })
    scope.head('/page', handler)
    scope.get('/page', handler)
    scope.options('/page', handler)
    scope.post('/transfer', handler)
    scope.delete('/transfer', handler)
    scope.post('/webhook', { config: { crossOriginProtection: false } }, handler)
    scope.get('/webhook', { config: { crossOriginProtection: false } }, handler)
    scope.post('/hooks', handler)
    scope.post('/hooks/:provider', handler)
    scope.post('/hooksmith', handler)
    scope.post('/*', handler)
    scope.get('/logout', { config: { crossOriginProtection: { safeMethods: 'check' } } }, handler)
    scope.get('/api', { config: { crossOriginProtection: { safeMethods: 'isolate' } } }, handler)
    scope.post('/api', { config: { crossOriginProtection: { safeMethods: 'isolate' } } }, handler)
    scope.post('/watched', { config: { crossOriginProtection: { reportOnly: true } } }, handler)
    scope.get('/watched', { config: { crossOriginProtection: { reportOnly: true } } }, handler)
    scope.get('/watched-check', { config: { crossOriginProtection: { reportOnly: true, safeMethods: 'check' } } }, handler)
  })
  await app.ready()
  t.same(short(routes()), [
    'POST /uncovered none',
    'HEAD /page safe-method', 'GET /page safe-method', 'OPTIONS /page safe-method', 'POST /transfer check', 'DELETE /transfer check',
    'POST /webhook exempt', 'GET /webhook exempt', 'POST /hooks exempt', 'POST /hooks/:provider exempt', 'POST /hooksmith check', 'POST /* check',
    'GET /logout check', 'GET /api isolate', 'POST /api check', 'POST /watched report-only', 'GET /watched safe-method', 'GET /watched-check report-only'
  ])
  t.equal(routes()[0]!.options, undefined)
  t.equal(routes()[4]!.options!.safeMethods, 'allow')
  t.equal(routes()[12]!.options!.safeMethods, 'check')
  t.ok(Object.isFrozen(routes()[12]!.options))
})

t.test('what it says is what happens', async t => {
  const app = emptyApp(t)
  const routes = listRoutes(app)
  await app.register(async scope => {
    await scope.register(crossOriginProtection, { exemptPaths: ['/hooks'] })
    for (const url of ['/transfer', '/hooks/x', '/hooksmith']) scope.post(url, handler)
    scope.post('/webhook', { config: { crossOriginProtection: false } }, handler)
  })
  app.post('/uncovered', handler)
  await app.ready()
  for (const { url, policy } of routes()) {
    t.equal((await app.inject({ ...crossSitePost, url })).statusCode, policy === 'check' ? 403 : 200, `${url}: ${policy}`)
  }
})

t.test('methods, as Fastify has them', async t => {
  const app = emptyApp(t)
  const routes = listRoutes(app)
  app.addHttpMethod('PROPFIND')
  app.register(crossOriginProtection)
  app.route({ method: ['GET', 'POST'], url: '/several', handler })
  app.route({ method: 'PROPFIND' as 'GET', url: '/custom', handler })
  app.route({ method: 'post' as 'POST', url: '/lower-case', handler })
  app.get('/without-head', { exposeHeadRoute: false }, handler)
  app.get('/with-hook', { onSend: async () => {} }, handler)
  app.get('/with-hook-of-that-name', { onSend: async function headRouteOnSendHandler () {} }, handler)
  app.head('/own-head', { onSend: async () => {} }, handler)
  app.get('/own-head', handler)
  app.all('/all', handler)
  await app.ready()
  const rows = short(routes())
  t.same(rows.slice(0, 9), [
    'GET /several safe-method', 'POST /several check', 'PROPFIND /custom check', 'POST /lower-case check', 'GET /without-head safe-method',
    'GET /with-hook safe-method', 'GET /with-hook-of-that-name safe-method', 'HEAD /own-head safe-method', 'GET /own-head safe-method'
  ])
  t.ok(rows.includes('POST /all check') && rows.includes('HEAD /all safe-method') && rows.includes('OPTIONS /all safe-method') && rows.includes('TRACE /all check'))
})

t.test('prefixes, nested scopes and late registrations', async t => {
  const app = emptyApp(t)
  const routes = listRoutes(app)
  app.register(async scope => {
    scope.post('/', handler)
    scope.get('/', handler)
    scope.register(crossOriginProtection, { safeMethods: 'isolate' })
    scope.register(async inner => {
      inner.get('/before', handler)
      await inner.register(crossOriginProtection, { safeMethods: 'check' })
      inner.get('/after', handler)
    }, { prefix: '/inner' })
  }, { prefix: '/api' })
  app.get('/root', handler)
  app.register(crossOriginProtection)
  await app.ready()
  t.same(short(routes()).sort(), [
    'GET /api isolate', 'GET /api/inner/after check', 'GET /api/inner/before check', 'GET /root safe-method', 'POST /api check'
  ])
})

t.test('constraints have a row each, and plugins\' own routes are listed', async t => {
  const app = emptyApp(t)
  const routes = listRoutes(app)
  await app.register(fastifySwagger)
  await app.register(crossOriginIsolation)
  await app.register(crossOriginProtection)
  for (const version of ['1.0.0', '2.0.0']) app.post('/x', { constraints: { version } }, handler)
  await app.register(fp(async fastify => { fastify.post('/plugin', handler) }))
  await app.ready()
  t.same(short(routes()), ['POST /x check', 'POST /x check', 'POST /plugin check'])
})

t.test('any instance', async t => {
  for (const options of [{ http2: true }, { logger: false }, { routerOptions: { ignoreTrailingSlash: true } }] as object[]) {
    const app = Fastify(options) as unknown as FastifyInstance
    t.teardown(() => app.close())
    const routes = listRoutes(app)
    await app.register(crossOriginProtection)
    app.post('/x', handler)
    await app.ready()
    t.same(short(routes()), ['POST /x check'], JSON.stringify(options))
  }
})

t.test('an application that replaces the public decorator is listed as it is protected', async t => {
  const app = emptyApp(t)
  const routes = listRoutes(app)
  await app.register(crossOriginProtection)
  await app.register(async scope => {
    scope.decorate('crossOriginProtection', undefined as never)
    scope.post('/x', handler)
  })
  await app.ready()
  t.same(short(routes()), ['POST /x check'])
})

t.test('a wrong config is an error, here too', async t => {
  const app = emptyApp(t)
  const routes = listRoutes(app)
  app.post('/x', { config: { crossOriginProtection: { allowedOrigin: [] } as object } }, handler)
  app.register(crossOriginProtection)
  await app.ready()
  t.throws(routes, { code: 'FST_CROSS_ORIGIN_INVALID_OPTION', message: /POST \/x/ })
})

t.test('too late, and too early', async t => {
  const app = emptyApp(t)
  const routes = listRoutes(app)
  t.throws(routes, { code: 'FST_CROSS_ORIGIN_LIST_ROUTES', message: 'The routes are known once the application is ready. Call this after await fastify.ready().' })
  app.post('/x', handler)
  t.throws(() => listRoutes(app), {
    code: 'FST_CROSS_ORIGIN_LIST_ROUTES', message: 'listRoutes was called after a route was added, and would not list it. Call it before any plugin or route: const routes = listRoutes(fastify).'
  })
  await app.ready()
  t.throws(() => listRoutes(app), { code: 'FST_CROSS_ORIGIN_LIST_ROUTES' })
  t.same(short(routes()), ['POST /x none'])
})

t.test('a config that a later onRoute hook of the application changes', async t => {
  const app = emptyApp(t)
  const routes = listRoutes(app)
  app.register(crossOriginProtection)
  app.addHook('onRoute', route => { if (route.url === '/open') route.config = { ...route.config, crossOriginProtection: false } })
  app.post('/open', handler)
  app.post('/transfer', handler)
  await app.ready()
  t.same(short(routes()), ['POST /open exempt', 'POST /transfer check'])
  for (const [url, status] of [['/open', 200], ['/transfer', 403]] as const) t.equal((await app.inject({ ...crossSitePost, url })).statusCode, status)
})

t.test('the HEAD route of Fastify, to which another plugin has added a hook', async t => {
  const app = emptyApp(t)
  app.addHook('onRoute', route => { route.onSend = [route.onSend ?? [], async function compress () {}].flat() })
  const routes = listRoutes(app)
  app.get('/x', handler)
  app.head('/y', handler)
  await app.ready()
  t.same(short(routes()), ['GET /x none', 'HEAD /y none'])
})

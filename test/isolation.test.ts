import { once } from 'node:events'
import { connect } from 'node:net'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import Fastify, { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { crossOriginIsolation, crossOriginProtection, type CrossOriginIsolationOptions } from '../src/index.ts'
import { crossSitePost, emptyApp } from './helpers/app.ts'
import { isolationDefaults as defaults, isolationHeaders } from './helpers/headers.ts'
import { hasNameAndVersions } from './helpers/plugin.ts'

const coop = 'cross-origin-opener-policy'
const coep = 'cross-origin-embedder-policy'
const corp = 'cross-origin-resource-policy'
const dip = 'document-isolation-policy'
const oac = 'origin-agent-cluster'

async function isolatedApp (t: Test, options: CrossOriginIsolationOptions = {}): Promise<FastifyInstance> {
  const app = emptyApp(t)
  await app.register(crossOriginIsolation, options)
  return app
}

t.test('the headers of the options', async t => {
  const cases: Array<[options: CrossOriginIsolationOptions, expected: object]> = [
    [{}, defaults],
    [{ openerPolicy: 'same-origin-allow-popups' }, { ...defaults, [coop]: 'same-origin-allow-popups' }],
    [{ openerPolicy: 'noopener-allow-popups' }, { ...defaults, [coop]: 'noopener-allow-popups' }],
    [{ openerPolicy: 'unsafe-none' }, { ...defaults, [coop]: 'unsafe-none' }],
    [{ embedderPolicy: 'credentialless' }, { ...defaults, [coep]: 'credentialless' }],
    [{ embedderPolicy: 'unsafe-none' }, { ...defaults, [coep]: 'unsafe-none' }],
    [{ resourcePolicy: 'same-origin' }, { ...defaults, [corp]: 'same-origin' }],
    [{ resourcePolicy: 'cross-origin' }, { ...defaults, [corp]: 'cross-origin' }],
    [{ openerPolicy: null }, { [coep]: 'require-corp', [corp]: 'same-site' }],
    [{ embedderPolicy: null, resourcePolicy: null }, { [coop]: 'same-origin' }],
    [{ openerPolicy: null, embedderPolicy: null, resourcePolicy: null }, {}],
    [{ openerPolicy: undefined }, defaults],
    [Object.create({ openerPolicy: 'unsafe-none' }), { ...defaults, [coop]: 'unsafe-none' }],
    [{ originAgentCluster: true }, { ...defaults, [oac]: '?1' }],
    [{ originAgentCluster: false }, { ...defaults, [oac]: '?0' }],
    [{ originAgentCluster: null }, defaults],
    [{ documentIsolationPolicy: 'isolate-and-require-corp' }, { ...defaults, [dip]: 'isolate-and-require-corp' }],
    [{ documentIsolationPolicy: 'isolate-and-credentialless' }, { ...defaults, [dip]: 'isolate-and-credentialless' }],
    [{ documentIsolationPolicy: 'none' }, { ...defaults, [dip]: 'none' }],
    [{ documentIsolationPolicy: null }, defaults],
    [{ reportOnly: {} }, defaults],
    [{ reportOnly: null }, defaults],
    [{ reportOnly: { embedderPolicy: null } }, defaults],
    [{ openerPolicy: null, embedderPolicy: null, reportOnly: { openerPolicy: 'same-origin', embedderPolicy: 'credentialless', documentIsolationPolicy: 'isolate-and-require-corp' } },
      { [corp]: 'same-site', [`${coop}-report-only`]: 'same-origin', [`${coep}-report-only`]: 'credentialless', [`${dip}-report-only`]: 'isolate-and-require-corp' }],
    [{ reportTo: 'default' }, { ...defaults, [coop]: 'same-origin; report-to="default"', [coep]: 'require-corp; report-to="default"' }],
    [{ reportTo: null }, defaults],
    [{ reportTo: '*.a-b_1', openerPolicy: null, documentIsolationPolicy: 'none', originAgentCluster: true, reportOnly: { openerPolicy: 'unsafe-none', documentIsolationPolicy: 'none' } }, {
      [coep]: 'require-corp; report-to="*.a-b_1"',
      [corp]: 'same-site',
      [dip]: 'none; report-to="*.a-b_1"',
      [oac]: '?1',
      [`${coop}-report-only`]: 'unsafe-none; report-to="*.a-b_1"',
      [`${dip}-report-only`]: 'none; report-to="*.a-b_1"'
    }]
  ]
  for (const [options, expected] of cases) {
    const app = await isolatedApp(t, options)
    app.get('/', async () => 'ok')
    t.same(isolationHeaders(await app.inject('/')), expected, JSON.stringify(options))
    t.same(app.crossOriginIsolation.headers, expected)
    t.ok(Object.isFrozen(app.crossOriginIsolation))
    t.ok(Object.isFrozen(app.crossOriginIsolation.headers))
  }
})

t.test('a header that the application set is never replaced', async t => {
  const app = await isolatedApp(t)
  app.get('/reply', async (_request, reply) => { reply.header('Cross-Origin-Opener-Policy', 'unsafe-none'); return 'ok' })
  app.get('/raw', async (_request, reply) => { reply.raw.setHeader('CROSS-ORIGIN-embedder-policy', 'unsafe-none'); return 'ok' })
  app.get('/empty', async (_request, reply) => { reply.header(corp, ''); return 'ok' })
  app.get('/removed', async (_request, reply) => { reply.header(corp, 'cross-origin'); reply.removeHeader(corp); return 'ok' })
  app.get('/response', async () => new Response('ok', { headers: { 'Cross-Origin-Resource-Policy': 'cross-origin' } }))
  app.get('/hook', { onSend: async (_request, reply) => { reply.header(coop, 'unsafe-none') } }, async () => 'ok')

  t.same(isolationHeaders(await app.inject('/reply')), { ...defaults, [coop]: 'unsafe-none' })
  t.same(isolationHeaders(await app.inject('/raw')), { ...defaults, [coep]: 'unsafe-none' })
  t.same(isolationHeaders(await app.inject('/empty')), { ...defaults, [corp]: '' })
  t.same(isolationHeaders(await app.inject('/removed')), defaults)
  t.same(isolationHeaders(await app.inject('/response')), { ...defaults, [corp]: 'cross-origin' })
  t.same(isolationHeaders(await app.inject('/hook')), { ...defaults, [coop]: 'unsafe-none' })
})

t.test('every kind of reply', async t => {
  const app = await isolatedApp(t)
  app.get('/json', async () => ({ ok: true }))
  app.get('/stream', async () => Readable.from(['a', 'b']))
  app.get('/buffer', async () => Buffer.from('ok'))
  app.get('/nothing', async (_request, reply) => { reply.code(204) })
  app.get('/error', async () => { throw new Error('broken') })
  app.get('/invalid', { schema: { querystring: { type: 'object', required: ['q'] } } }, async () => 'ok')
  app.get('/redirect', async (_request, reply) => reply.redirect('/json'))
  app.get('/not-modified', async (_request, reply) => { reply.code(304) })
  app.get('/late', (_request, reply) => { setTimeout(() => reply.send('ok'), 1) })
  app.get('/not-found', (_request, reply) => { reply.callNotFound() })
  app.get('/hook-error', { onSend: async () => { throw new Error('broken') } }, async () => 'ok')

  const cases: Array<[method: 'GET' | 'HEAD' | 'POST', url: string, status: number]> = [
    ['GET', '/json', 200], ['HEAD', '/json', 200], ['GET', '/stream', 200], ['HEAD', '/stream', 200],
    ['GET', '/buffer', 200], ['GET', '/nothing', 204], ['GET', '/error', 500], ['GET', '/invalid', 400],
    ['GET', '/redirect', 302], ['GET', '/not-modified', 304], ['GET', '/late', 200], ['GET', '/not-found', 404],
    ['GET', '/hook-error', 500], ['GET', '/unknown', 404], ['POST', '/json', 404]
  ]
  for (const [method, url, status] of cases) {
    const response = await app.inject({ method, url })
    t.equal(response.statusCode, status, `${method} ${url}`)
    t.same(isolationHeaders(response), defaults, `${method} ${url}`)
  }
})

t.test('an error that leaves no time for the plugin\'s own onSend hook', async t => {
  const app = emptyApp(t)
  app.addHook('onSend', async (request, reply) => {
    if (request.url.startsWith('/hook')) throw new Error('broken')
    if (request.url === '/late') reply.header('x-broken', 'a\nb')
  })
  await app.register(crossOriginIsolation)
  app.get('/hook', async () => 'ok')
  app.get('/hook-and-own', async (_request, reply) => { reply.header(coop, 'unsafe-none'); return 'ok' })
  app.get('/hook-off', { config: { crossOriginIsolation: false } }, async () => 'ok')
  app.get('/late', async () => 'ok')
  app.get('/header', async (_request, reply) => { reply.header('x-broken', 'a\nb'); return 'ok' })
  app.get('/own-header', async (_request, reply) => { reply.header(coop, 'a\nb'); return 'ok' })
  for (const [url, expected] of [
    ['/hook', defaults], ['/hook-and-own', { ...defaults, [coop]: 'unsafe-none' }], ['/hook-off', {}], ['/late', defaults], ['/header', defaults]
  ] as const) {
    const response = await app.inject(url)
    t.equal(response.statusCode, 500, url)
    t.same(isolationHeaders(response), expected, url)
  }
  t.equal((await app.inject('/own-header')).statusCode, 500, 'a header of the application\'s that cannot be written is no crash')
})

t.test('the nearest scope decides on errors too', async t => {
  const app = emptyApp(t)
  app.addHook('onSend', async () => { throw new Error('broken') })
  await app.register(async scope => {
    await scope.register(crossOriginIsolation, { openerPolicy: null })
    scope.get('/inner', async () => 'ok')
  })
  await app.register(crossOriginIsolation)
  app.get('/outer', async () => 'ok')
  t.same(isolationHeaders(await app.inject('/outer')), defaults)
  t.same(isolationHeaders(await app.inject('/inner')), { [coep]: 'require-corp', [corp]: 'same-site' })
})

t.test('Fastify answers these before any hook runs, so they have none', async t => {
  const app = emptyApp(t, { routerOptions: { maxParamLength: 5 } })
  await app.register(crossOriginIsolation)
  app.get('/:id', async () => 'ok')
  for (const [url, status] of [['/123456', 414], ['/%', 400]] as const) {
    const response = await app.inject(url)
    t.equal(response.statusCode, status)
    t.same(isolationHeaders(response), {})
  }
})

t.test('a hijacked reply is the application\'s own', async t => {
  const app = await isolatedApp(t)
  app.get('/', (_request, reply) => { reply.hijack(); reply.raw.end('ok') })
  t.same(isolationHeaders(await app.inject('/')), {})
})

t.test('the nearest scope\'s headers, alone, in any order of registration', async t => {
  for (const first of ['outer', 'inner']) {
    for (const awaited of [true, false]) {
      await t.test(`${first} first, ${awaited ? 'awaited' : 'not awaited'}`, async t => {
        const app = emptyApp(t)
        const isolate = async (scope: FastifyInstance, options: CrossOriginIsolationOptions) => {
          const registered = scope.register(crossOriginIsolation, options)
          if (awaited) await registered
        }
        const registerInner = () => app.register(async scope => {
          scope.get('/before', async () => 'ok')
          await isolate(scope, { openerPolicy: null, embedderPolicy: null })
          scope.get('/after', async () => 'ok')
          scope.get('/not-found', (_request, reply) => { reply.callNotFound() })
        }, { prefix: '/inner' })
        app.get('/before', async () => 'ok')
        if (first === 'outer') await isolate(app, {})
        registerInner()
        if (first === 'inner') await isolate(app, {})

        for (const [url, status, headers] of [
          ['/before', 200, defaults], ['/unknown', 404, defaults],
          ['/inner/before', 200, { [corp]: 'same-site' }], ['/inner/after', 200, { [corp]: 'same-site' }], ['/inner/not-found', 404, { [corp]: 'same-site' }]
        ] as const) {
          const response = await app.inject(url)
          t.equal(response.statusCode, status, url)
          t.same(isolationHeaders(response), headers, url)
        }
      })
    }
  }
})

t.test('a route that is added to an inner scope at last has the headers and the config of that scope', async t => {
  const app = emptyApp(t)
  let inner: FastifyInstance | undefined
  await app.register(async scope => {
    await scope.register(crossOriginIsolation, { openerPolicy: null })
    inner = scope
  }, { prefix: '/inner' })
  await app.register(crossOriginIsolation)
  t.throws(() => inner!.get('/wrong', { config: { crossOriginIsolation: { openerPolicies: null } as object } }, async () => 'ok'),
    { code: 'FST_CROSS_ORIGIN_INVALID_OPTION', message: /GET \/inner\/wrong/ })
  inner!.get('/late', { config: { crossOriginIsolation: { embedderPolicy: null } } }, async () => 'ok')
  t.same(isolationHeaders(await app.inject('/inner/late')), { [corp]: 'same-site' })
})

t.test('an application that replaces the public decorator keeps its headers', async t => {
  const app = await isolatedApp(t)
  await app.register(async scope => {
    scope.decorate('crossOriginIsolation', { ...app.crossOriginIsolation })
    scope.get('/inner', async () => 'ok')
  })
  Object.assign(app, { crossOriginIsolation: { headers: {} } })
  app.get('/outer', async () => 'ok')
  for (const url of ['/inner', '/outer']) t.same(isolationHeaders(await app.inject(url)), defaults, url)
})

t.test('a hundred nested registrations each add their own headers', async t => {
  const app = emptyApp(t)
  const nest = (depth: number) => async (scope: FastifyInstance) => {
    await scope.register(crossOriginIsolation, { reportTo: `depth-${depth}`, embedderPolicy: null })
    scope.get('/x', async () => 'ok')
    if (depth < 100) scope.register(nest(depth + 1), { prefix: '/in' })
  }
  await app.register(nest(1))
  for (const depth of [1, 2, 100]) {
    t.equal((await app.inject(`${'/in'.repeat(depth - 1)}/x`)).headers[coop], `same-origin; report-to="depth-${depth}"`)
  }
})

t.test('nothing beside the scope that registered it', async t => {
  const app = emptyApp(t)
  app.get('/', async () => 'ok')
  await app.register(async scope => {
    await scope.register(crossOriginIsolation)
    scope.get('/', async () => 'ok')
  }, { prefix: '/inner' })
  t.same(isolationHeaders(await app.inject('/')), {})
  t.same(isolationHeaders(await app.inject('/inner')), defaults)
})

t.test('route config', async t => {
  const config = (crossOriginIsolation: unknown) => ({ config: { crossOriginIsolation: crossOriginIsolation as false } })
  for (const routes of ['before', 'after']) {
    await t.test(`of a route ${routes} the plugin`, async t => {
      const app = emptyApp(t)
      if (routes === 'after') await app.register(crossOriginIsolation, { resourcePolicy: 'same-origin' })
      app.get('/off', config(false), async () => 'ok')
      app.get('/popup', config({ openerPolicy: 'same-origin-allow-popups' }), async () => 'ok')
      app.get('/null', config({ embedderPolicy: null }), async () => 'ok')
      app.get('/report', config({ reportOnly: { openerPolicy: 'same-origin' }, reportTo: 'main' }), async () => 'ok')
      app.get('/none', async () => 'ok')
      if (routes === 'before') app.register(crossOriginIsolation, { resourcePolicy: 'same-origin' })

      const scope = { ...defaults, [corp]: 'same-origin' }
      t.same(isolationHeaders(await app.inject('/off')), {})
      t.same(isolationHeaders(await app.inject('/popup')), { ...scope, [coop]: 'same-origin-allow-popups' })
      t.same(isolationHeaders(await app.inject({ method: 'HEAD', url: '/popup' })), { ...scope, [coop]: 'same-origin-allow-popups' })
      t.same(isolationHeaders(await app.inject('/null')), { [coop]: 'same-origin', [corp]: 'same-origin' })
      t.same(isolationHeaders(await app.inject('/report')), {
        [coop]: 'same-origin; report-to="main"',
        [coep]: 'require-corp; report-to="main"',
        [corp]: 'same-origin',
        [`${coop}-report-only`]: 'same-origin; report-to="main"'
      })
      t.same(isolationHeaders(await app.inject('/none')), scope)
    })
  }

  const wrongConfigs: Array<[config: unknown, message: RegExp]> = [
    [true, /^crossOriginIsolation in the config of GET \/x: the value is true, which is not an object\. Write false, an object of options, or leave it out/],
    [{ openerPolicy: 'same-site' }, /option openerPolicy is 'same-site', which is not one of its values/],
    [{ policy: 'x' }, /option policy is 'x', but there is no such option/],
    [{ exemptPaths: [] }, /option exemptPaths is \[\], but there is no such option/]
  ]

  t.test('wrong, on a route after the plugin: it fails where the route is written', async t => {
    const app = await isolatedApp(t)
    for (const [value, message] of wrongConfigs) {
      t.throws(() => app.get('/x', config(value), async () => 'ok'), { code: 'FST_CROSS_ORIGIN_INVALID_OPTION', message })
    }
  })

  t.test('wrong, on a route before the plugin: no request reaches its handler', async t => {
    for (const [value, message] of wrongConfigs) {
      const app = emptyApp(t)
      app.get('/x', config(value), async () => { app.ran++ })
      app.register(crossOriginIsolation)
      const response = await app.inject('/x')
      t.equal(response.statusCode, 500)
      t.match(response.json().message, message)
      t.equal(app.ran, 0)
    }
  })
})

t.test('false on a route adds no header at all', async t => {
  const app = emptyApp(t)
  await app.register(crossOriginIsolation)
  app.get('/off', { config: { crossOriginIsolation: false } }, async () => 'ok')
  const bare = emptyApp(t)
  bare.get('/off', async () => 'ok')
  t.same(Object.keys((await app.inject('/off')).headers), Object.keys((await bare.inject('/off')).headers))
})

t.test('with the other plugin: a denied request has the headers too', async t => {
  const app = await isolatedApp(t)
  await app.register(crossOriginProtection)
  app.post('/transfer', async () => 'ok')
  const response = await app.inject(crossSitePost)
  t.equal(response.statusCode, 403)
  t.same(isolationHeaders(response), defaults)
})

t.test('a client that hangs up in the middle of a stream does no harm', async t => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(crossOriginIsolation)
  app.get('/', async () => Readable.from((async function * () { for (let i = 0; i < 100; i++) { yield 'x'.repeat(1000); await sleep(1) } })()))
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as { port: number }
  const socket = connect(port, '127.0.0.1')
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
  const [chunk] = await once(socket, 'data')
  t.match(String(chunk), /cross-origin-opener-policy: same-origin/)
  socket.destroy()
  t.equal((await app.inject({ method: 'HEAD', url: '/' })).statusCode, 200)
})

hasNameAndVersions(t, crossOriginIsolation, 'fastify-cross-origin-isolation')

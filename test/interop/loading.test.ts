// Where to register: @fastify/autoload, whose scopes are folders, and @fastify/otel, which must see hooks being added.
import { readFileSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import fastifyAutoload from '@fastify/autoload'
import fastifyHelmet from '@fastify/helmet'
import { FastifyOtelInstrumentation } from '@fastify/otel'
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node'
import t, { type Test } from 'tap'
import { crossOriginIsolation, crossOriginProtection, listRoutes } from '../../src/index.ts'
import { crossSitePost, emptyApp, postFrom, sameOriginPost, type CountingApp } from '../helpers/app.ts'
import { inBothOrders } from '../helpers/orders.ts'

/** A file of an application that imports this package's source instead of the package. */
const file = (code: string) => code.replace('\'fastify-cross-origin-protection\'', JSON.stringify(new URL('../../src/index.ts', import.meta.url)))

const document = readFileSync(new URL('../../docs/interop.md', import.meta.url), 'utf8')
const section = document.split('\n## @fastify/autoload\n')[1]!.split('\n## ')[0]!
const [withAutoConfig = '', wrapped = '', listing = ''] = [...section.matchAll(/^```js\n(.*?)^```/gms)].map(([, code = '']) => file(code))
const unwrapped = file(`
  import { crossOriginProtection } from 'fastify-cross-origin-protection'
  export default async fastify => { await fastify.register(crossOriginProtection) }
`)
const itself = file('export { crossOriginProtection as default } from \'fastify-cross-origin-protection\'')
const helmet = 'export { default } from \'@fastify/helmet\''
const route = 'export default async fastify => { fastify.post(\'/transfer\', async () => { fastify.count() }) }'

/** An application whose routes are in folders and count their runs. */
function foldersApp (t: Test, folders: object): { app: CountingApp, folder: (name: string) => string } {
  const app = emptyApp(t)
  app.decorate('count', () => { app.ran++ })
  const directory = t.testdir({ ...folders })
  return { app, folder: name => `${directory}/${name}` }
}

/** Asserts which folders are protected. */
async function probe (t: Test, app: CountingApp, folders: Record<string, boolean>): Promise<void> {
  for (const [folder, isProtected] of Object.entries(folders)) {
    app.ran = 0
    t.equal((await app.inject({ ...crossSitePost, url: `${folder}/transfer` })).statusCode, isProtected ? 403 : 200, folder)
    t.equal(app.ran, isProtected ? 0 : 1)
    t.equal((await app.inject({ ...sameOriginPost, url: `${folder}/transfer` })).statusCode, 200)
  }
}

const routes = { 'index.js': route, account: { 'index.js': route, cards: { 'index.js': route } } }
const everything = { '': true, '/account': true, '/account/cards': true }
const nothing = { '': false, '/account': false, '/account/cards': false }

inBothOrders(t, '@fastify/autoload of routes', async (t, { register }) => {
  const { app, folder } = foldersApp(t, { routes })
  await register(() => app.register(crossOriginProtection), () => app.register(fastifyAutoload, { dir: folder('routes') }))
  await probe(t, app, everything)
})

const files: Array<[name: string, code: string, covered: Record<string, boolean>]> = [
  ['that registers this plugin, without fastify-plugin', unwrapped, nothing],
  ['that registers this plugin after helmet, with fastify-plugin', wrapped, everything],
  ['that is this plugin', itself, everything],
  ['that is this plugin, with autoConfig', withAutoConfig, everything]
]
for (const [name, code, covered] of files) {
  for (const order of [['plugins', 'routes'], ['routes', 'plugins']]) {
    t.test(`@fastify/autoload of a file ${name}: ${order.join(', then ')}`, async t => {
      const { app, folder } = foldersApp(t, { routes, plugins: { 'protection.js': code, 'z-helmet.js': helmet } })
      for (const dir of order) await app.register(fastifyAutoload, { dir: folder(dir) })
      await probe(t, app, covered)
    })
  }
}

t.test('listRoutes with @fastify/autoload, and the example that uses it', async t => {
  const app = emptyApp(t)
  const routes = listRoutes(app)
  await app.register(crossOriginProtection)
  app.register(fastifyAutoload, { dir: fileURLToPath(new URL('../../examples/autoload/routes', import.meta.url)), autoHooks: true, cascadeHooks: true })
  await app.ready()
  t.ok(routes().length > 2)
  t.same(routes().filter(({ policy }) => policy === 'none'), [], 'nothing is uncovered')
})

t.test('@fastify/autoload hands autoConfig over', async t => {
  const { app, folder } = foldersApp(t, { routes, plugins: { 'protection.js': withAutoConfig } })
  for (const dir of ['plugins', 'routes']) await app.register(fastifyAutoload, { dir: folder(dir) })
  t.equal((await app.inject({ ...postFrom('https://evil.example'), url: '/transfer' })).statusCode, 403)
  t.equal(app.ran, 0)
  t.equal((await app.inject({ ...postFrom('https://partner.example'), url: '/transfer' })).statusCode, 200)
})

t.test('@fastify/autoload registers helmet first where the file depends on it', async t => {
  for (const [name, code, isFirst] of [['autoConfig', withAutoConfig, false], ['dependencies', wrapped, true]] as const) {
    await t.test(name, async t => {
      const { app, folder } = foldersApp(t, { plugins: { 'protection.js': code, 'z-helmet.js': helmet } })
      await app.register(fastifyAutoload, { dir: folder('plugins') })
      const refused = await app.inject(crossSitePost)
      t.equal(refused.statusCode, 403)
      t.equal('x-frame-options' in refused.headers, isFirst)
    })
  }
})

t.test('@fastify/autoload stops the start where it hands over what is no option', async t => {
  const handed: Array<[name: string, plugins: object, options: object, named: RegExp]> = [
    ['a folder within', { external: { 'protection.js': withAutoConfig } }, {}, /prefix/],
    ['a prefix', { 'protection.js': withAutoConfig }, { prefix: '/api' }, /prefix/],
    ['options of the server', { 'protection.js': withAutoConfig }, { trustProxy: true }, /trustProxy/]
  ]
  for (const [name, plugins, options, named] of handed) {
    await t.test(name, async t => {
      const { app, folder } = foldersApp(t, { plugins })
      app.register(fastifyAutoload, { dir: folder('plugins'), options })
      await t.rejects(Promise.resolve(app.ready()), { code: 'FST_CROSS_ORIGIN_INVALID_OPTION', message: named })
    })
  }
  await t.test('not so a plugin around it', async t => {
    const { app, folder } = foldersApp(t, { routes, plugins: { within: { 'protection.js': wrapped } } })
    await app.register(fastifyHelmet)
    await app.register(fastifyAutoload, { dir: folder('plugins'), options: { trustProxy: true, prefix: '/api' } })
    await app.register(fastifyAutoload, { dir: folder('routes') })
    await probe(t, app, everything)
  })
})

t.test('an application of folders that lists its routes, as docs/interop.md has it', async t => {
  const { app, folder } = foldersApp(t, {
    'app.js': `import autoload from '@fastify/autoload'\n${listing.replace(/ *\/\/ The folders.*/, `
      fastify.register(autoload, { dir: import.meta.dirname + '/plugins', options: {} })
      fastify.register(autoload, { dir: import.meta.dirname + '/routes' })`)}`,
    plugins: { 'protection.js': withAutoConfig },
    routes: { ...routes, hooks: { 'index.js': 'export default async fastify => { fastify.post(\'/\', { config: { crossOriginProtection: false } }, async () => {}) }' } }
  })
  const printed: unknown[] = []
  t.intercept(console, 'table', { value: (...words: unknown[]) => { printed.push(words) } })
  await app.register((await import(pathToFileURL(folder('app.js')).href)).default)
  await app.ready()
  t.match(printed, [[[
    { method: 'POST', url: '/transfer', policy: 'check', options: { allowedOrigins: ['https://partner.example'] } },
    { method: 'POST', url: '/account/transfer', policy: 'check' },
    { method: 'POST', url: '/account/cards/transfer', policy: 'check' },
    { method: 'POST', url: '/hooks', policy: 'exempt' }
  ], ['method', 'url', 'policy']]])
})

t.test('@fastify/autoload with the hooks of a folder', async t => {
  for (const cascadeHooks of [false, true]) {
    const { app, folder } = foldersApp(t, { routes: { ...routes, account: { ...routes.account, 'autohooks.js': unwrapped } } })
    await app.register(fastifyAutoload, { dir: folder('routes'), autoHooks: true, cascadeHooks })
    await probe(t, app, { '': false, '/account': true, '/account/cards': cascadeHooks })
  }
})

/** An instrumentation with its own tracer, and a function that returns the spans that have ended since its last call. */
function startTracing (t: Test, options: { registerOnInitialization?: boolean } = {}) {
  const exporter = new InMemorySpanExporter()
  const instrumentation = new FastifyOtelInstrumentation(options)
  instrumentation.setTracerProvider(new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }))
  t.teardown(() => instrumentation.disable())
  const spans = () => {
    const ended = exporter.getFinishedSpans().map(({ name, attributes, status: { message } }) => {
      const status = attributes['http.response.status_code']
      return { name, ...(status !== undefined && { status }), ...(message !== undefined && { message }) }
    })
    exporter.reset()
    return ended.sort((one, other) => one.name.localeCompare(other.name))
  }
  return { instrumentation, spans }
}

async function registerOurs (app: CountingApp): Promise<void> {
  await app.register(crossOriginIsolation)
  await app.register(crossOriginProtection)
}

const handlerSpan = { name: 'handler - transfer' }
const requestSpan = (status: number) => ({
  name: 'request',
  status,
  ...(status === 403 && { message: 'Cross-origin request denied. The browser says that the request comes from another site.' })
})
const ourErrorSpan = { name: 'onError - keepIsolationHeaders' }
const ourSpans = [
  { name: 'onRequest - checkCrossOrigin' }, { name: 'onRequest - checkEarlyRouteConfig' }, { name: 'onSend - addIsolationHeaders' }
]

inBothOrders(t, '@fastify/otel', async (t, { oursFirst, register }) => {
  const app = emptyApp(t)
  const { instrumentation, spans } = startTracing(t)
  await register(() => registerOurs(app), () => app.register(instrumentation.plugin()))
  app.post('/transfer', async function transfer () { app.ran++ })

  t.equal((await app.inject(crossSitePost)).statusCode, 403)
  t.same(spans(), oursFirst ? [] : [ourErrorSpan, ...ourSpans, requestSpan(403)], `a refused request has ${oursFirst ? 'no span' : 'its spans'}`)
  t.equal(app.ran, 0)
  t.equal((await app.inject(sameOriginPost)).statusCode, 200)
  t.same(spans(), [handlerSpan, ...(oursFirst ? [] : ourSpans), requestSpan(200)])
})

t.test('@fastify/otel that registers itself comes first', async t => {
  const { spans } = startTracing(t, { registerOnInitialization: true })
  const app = emptyApp(t)
  await registerOurs(app)
  app.post('/transfer', async function transfer () { app.ran++ })
  t.equal((await app.inject(crossSitePost)).statusCode, 403)
  t.equal(app.ran, 0)
  t.same(spans(), [ourErrorSpan, ...ourSpans, requestSpan(403)])
})

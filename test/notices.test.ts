// What is logged besides denials: mistakes that make no noise of their own. Above all, no false alarm.
import { createServer } from 'node:http'
import Fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify'
import fp from 'fastify-plugin'
import t, { type Test } from 'tap'
import crossOriginProtection, { type CrossOriginProtectionOptions } from '../src/index.ts'
import { countAll, crossSitePost, emptyApp, protectedApp } from './helpers/app.ts'
import { captureLog } from './helpers/log.ts'

const handler = async () => 'ok'
const protectsNothing = /^crossOriginProtection protects no route: .*Wrap that plugin in fastify-plugin: export default fp\(.* \(If the plugin only answers unknown paths or calls check\(\), it does protect these\.\)$/
const onlyReports = /^crossOriginProtection refuses nothing, because reportOnly is true\. Remove reportOnly to protect the application\.$/

/** The messages that an application logs at warn until it is ready. */
async function startOf (t: Test, build: (app: FastifyInstance) => unknown, server: FastifyServerOptions = {}): Promise<string[]> {
  const { lines, logger } = captureLog('warn')
  const app = emptyApp(t, { ...server, logger })
  await build(app)
  await app.ready()
  return lines.map(({ msg }) => msg)
}

/** A plugin file of an application that is not wrapped, and one that is: fastify-plugin marks the function itself. */
const unwrapped = async (fastify: FastifyInstance) => { await fastify.register(crossOriginProtection) }
const wrapped = fp(async fastify => { await fastify.register(crossOriginProtection) })

t.test('a registration that no route is under', async t => {
  const mistakes: Array<[name: string, build: (app: FastifyInstance) => unknown]> = [
    ['in a plugin file of its own', app => { app.register(unwrapped); app.post('/x', handler) }],
    ['awaited', async app => { await app.register(unwrapped); app.post('/x', handler) }],
    ['after the routes', app => { app.post('/x', handler); app.register(unwrapped) }],
    ['beside routes in files of their own', app => { app.register(unwrapped); app.register(async scope => { scope.post('/x', handler) }, { prefix: '/api' }) }],
    ['deeper', app => { app.register(async scope => { scope.register(unwrapped) }); app.post('/x', handler) }]
  ]
  for (const [name, build] of mistakes) {
    const messages = await startOf(t, build)
    t.equal(messages.length, 1, name)
    t.match(messages[0], protectsNothing)
  }

  const two = await startOf(t, app => { app.register(unwrapped); app.register(unwrapped); app.post('/x', handler) })
  t.equal(two.length, 2, 'each registration has its own line')
})

t.test('no false alarm', async t => {
  const arrangements: Array<[name: string, build: (app: FastifyInstance) => unknown]> = [
    ['at the root', app => { app.register(crossOriginProtection); app.post('/x', handler) }],
    ['at the root, after the routes', app => { app.post('/x', handler); app.register(crossOriginProtection) }],
    ['at the root, without a route', app => { app.register(crossOriginProtection) }],
    ['wrapped', app => { app.register(wrapped); app.post('/x', handler) }],
    ['wrapped twice', app => { app.register(fp(async scope => { scope.register(wrapped) })); app.post('/x', handler) }],
    ['in a scope with its routes', app => { app.register(async scope => { scope.register(crossOriginProtection); scope.post('/x', handler) }); app.post('/y', handler) }],
    ['in a scope after its routes', app => { app.register(async scope => { scope.post('/x', handler); scope.register(crossOriginProtection) }); app.post('/y', handler) }],
    ['in a scope whose routes are deeper', app => { app.register(async scope => { scope.register(async inner => { inner.post('/x', handler) }); scope.register(crossOriginProtection) }) }],
    ['in a scope with a prefix', app => { app.register(unwrapped, { prefix: '/api' }); app.post('/x', handler) }],
    ['in an empty application', app => { app.register(unwrapped) }],
    ['only for one of several registrations that another one covers', app => { app.register(crossOriginProtection); app.register(unwrapped); app.post('/x', handler) }],
    ['with a route of another plugin', app => { app.register(async scope => { scope.register(crossOriginProtection); scope.register(fp(async plugin => { plugin.get('/x', handler) })) }) }]
  ]
  for (const [name, build] of arrangements) t.same(await startOf(t, build), [], name)
})

t.test('Fastify\'s list of routes is made once a start, and only if in doubt', async t => {
  let made = 0
  const build = (registration: (app: FastifyInstance) => unknown) => async (app: FastifyInstance) => {
    const { printRoutes } = app
    app.printRoutes = options => { made++; return printRoutes.call(app, options) }
    await registration(app)
    app.post('/x', handler)
  }
  await startOf(t, build(app => { app.register(crossOriginProtection) }))
  t.equal(made, 0)
  await startOf(t, build(app => { app.register(async scope => { await scope.register(crossOriginProtection); scope.post('/y', handler) }) }))
  t.equal(made, 0, 'nor where a scope has a route of its own')
  await startOf(t, build(app => { for (let i = 0; i < 5; i++) app.register(unwrapped) }))
  t.equal(made, 1)
})

t.test('in doubt, silence', async t => {
  t.same(await startOf(t, app => {
    app.printRoutes = () => { throw new Error('broken') }
    app.register(unwrapped)
    app.post('/x', handler)
  }), [], 'a list that fails')
})

t.test('a route whose URL has the name of the hook does not hide the mistake', async t => {
  t.match(await startOf(t, app => { app.register(unwrapped); app.post('/checkCrossOrigin', handler) }), [protectsNothing])
})

t.test('two applications that share a server have a list each', async t => {
  const server = createServer()
  const build = async (registration: (app: FastifyInstance) => unknown) => startOf(t, app => registration(app), { serverFactory: () => server })
  t.match(await build(app => { app.register(unwrapped); app.post('/x', handler) }), [protectsNothing])
  t.same(await build(app => app.register(async scope => { scope.post('/x', handler); scope.register(crossOriginProtection) })), [])
})

t.test('reportOnly', async t => {
  const messages = await startOf(t, async app => {
    await app.register(crossOriginProtection, { reportOnly: true, denialLogLevel: 'silent' })
    app.post('/x', handler)
  })
  t.equal(messages.length, 1, 'also where denials are not logged')
  t.match(messages[0], onlyReports)
  t.same(await startOf(t, app => app.register(crossOriginProtection)), [])
  t.same(await startOf(t, async app => {
    await app.register(crossOriginProtection)
    app.post('/x', { config: { crossOriginProtection: { reportOnly: true } } }, handler)
  }), [], 'a route that only reports is listed by listRoutes')
})

t.test('a browser\'s request with neither header', async t => {
  const browser = { cookie: 'session=1', 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64)' }
  const linesOf = async (requests: Array<{ method?: string, headers: Record<string, string> }>, options: CrossOriginProtectionOptions = {}) => {
    const { lines, logger } = captureLog('trace')
    const app = emptyApp(t, { logger })
    await app.register(crossOriginProtection, options)
    countAll(app)
    for (const { method = 'POST', headers } of requests) t.equal((await app.inject({ method: method as 'POST', url: '/accounts?token=secret', headers })).statusCode, 200)
    return lines.filter(({ msg }) => msg.includes('passes unverified'))
  }

  for (const [name, request] of Object.entries<{ method?: string, headers: Record<string, string> }>({
    'a GET': { method: 'GET', headers: browser },
    'a HEAD': { method: 'HEAD', headers: browser },
    'a preflight': { method: 'OPTIONS', headers: browser },
    'without a cookie': { headers: { 'user-agent': browser['user-agent'] } },
    'a program': { headers: { cookie: 'session=1', 'user-agent': 'curl/8.0' } },
    'a program that calls itself compatible': { headers: { cookie: 'session=1', 'user-agent': 'like Mozilla/5.0' } },
    'without a name': { headers: { cookie: 'session=1' } },
    'with Sec-Fetch-Site': { headers: { ...browser, 'sec-fetch-site': 'same-origin' } },
    'with Sec-Fetch-Site: none': { headers: { ...browser, 'sec-fetch-site': 'none' } },
    'with Origin': { headers: { ...browser, host: 'app.example', origin: 'https://app.example' } }
  })) t.same(await linesOf([request]), [], name)

  const [line] = await linesOf([{ headers: browser }])
  t.match(line, { level: 40, method: 'POST', route: '/*', msg: /a proxy or CDN removes both headers and nothing is protected\. Have it forward them, then check: curl -X POST .* must be answered with 403\.$/ })
  t.equal((await linesOf([{ headers: { ...browser, 'user-agent': 'Amazon CloudFront' } }])).length, 1, 'CloudFront')
  t.equal((await linesOf([{ headers: browser }], { denialLogLevel: 'info' }))[0]!.level, 30, 'at denialLogLevel')
  t.same(await linesOf([{ headers: browser }], { denialLogLevel: 'silent' }), [])
  const withoutLogger = await protectedApp(t, { denialLogLevel: 'silent' })
  t.equal((await withoutLogger.inject({ method: 'POST', url: '/', headers: browser })).statusCode, 200, 'no logger needs a level of that name')
  t.equal((await linesOf([1, 2, 3].map(() => ({ headers: browser })))).length, 1, 'at most one an hour')
})

t.test('that line comes again an hour later', async t => {
  const { lines, logger } = captureLog('warn')
  const app = emptyApp(t, { logger })
  await app.register(crossOriginProtection)
  countAll(app)
  const now = t.captureFn(() => time)
  let time = 1_800_000_000_000
  t.intercept(Date, 'now', { value: now })
  for (const [minutes, count] of [[0, 1], [59, 1], [60, 2], [119, 2], [120, 3]] as const) {
    time = 1_800_000_000_000 + minutes * 60_000
    await app.inject({ method: 'POST', url: '/', headers: { cookie: 'a=b', 'user-agent': 'Mozilla/5.0' } })
    t.equal(lines.length, count, `after ${minutes} minutes`)
  }
})

t.test('it decides nothing, and a logger that throws there is an error', async t => {
  for (const reportOnly of [false, true]) {
    const app = Fastify({ logger: { level: 'warn', stream: { write: (line: string) => { if (line.includes('unverified')) throw new Error('no space left') } } } })
    t.teardown(() => app.close())
    let ran = 0
    await app.register(crossOriginProtection, { reportOnly })
    app.post('/', async () => { ran++ })
    const { statusCode } = await app.inject({ method: 'POST', url: '/', headers: { cookie: 'a=b', 'user-agent': 'Mozilla/5.0' } })
    t.equal(statusCode, reportOnly ? 200 : 500)
    t.equal(ran, reportOnly ? 1 : 0)
    t.equal((await app.inject(crossSitePost)).statusCode, reportOnly ? 404 : 403)
  }
})

t.test('a route whose denials are not logged', async t => {
  const { lines, logger } = captureLog('trace')
  const app = emptyApp(t, { logger })
  await app.register(crossOriginProtection)
  countAll(app, app, '/*', { crossOriginProtection: { denialLogLevel: 'silent' } })
  const headers = { cookie: 'session=1', 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64)' }
  t.equal((await app.inject({ method: 'POST', url: '/', headers })).statusCode, 200)
  t.same(lines.filter(({ msg }) => msg.includes('passes unverified')), [])
})

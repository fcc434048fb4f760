// Guards that did not run: registered too late, in a sibling scope, or on all routes except one, switched off by accident, or
// running after what they guard.
import { readdirSync } from 'node:fs'
import fastifyCookie from '@fastify/cookie'
import fastifyCsrf from '@fastify/csrf-protection'
import middie from '@fastify/middie'
import mercurius from 'mercurius'
import t, { type Test } from 'tap'
import crossOriginProtection, { type CrossOriginProtectionOptions } from '../../src/index.ts'
import { advisories } from '../helpers/advisories.ts'
import { countAll, emptyApp, protectedApp, type CountingApp } from '../helpers/app.ts'
import { evil, evilOrigin, own, portOf, post, refuses, request, serves, suiteOf, type Attempt } from '../helpers/bypasses.ts'
import { listen, sendBytes, sendRaw } from '../helpers/socket.ts'

const { bypass, isComplete } = suiteOf('configuration')

const attacks = (...targets: string[]): Attempt[] => targets.flatMap(target => [
  [`POST ${target}`, post(target, ...evil)],
  [`POST ${target}, without Fetch Metadata`, post(target, ...evilOrigin)]
])
const ownPosts = (...targets: string[]): Attempt[] => targets.map(target => [`POST ${target} from our own page`, post(target, ...own)])

bypass('CVE-2026-73423, GHSA-8mv7-9c27-98vc', async t => {
  t.test('routes that were added before the plugin', async t => {
    for (const isAwaited of [true, false]) {
      const app = emptyApp(t)
      countAll(app, app, '/before')
      app.register(async scope => { countAll(app, scope, '/x') }, { prefix: '/child-before' })
      app.setNotFoundHandler(async () => { app.ran++ })
      const registered = app.register(crossOriginProtection)
      if (isAwaited) await registered
      countAll(app, app, '/after')
      app.register(async scope => { countAll(app, scope, '/x') }, { prefix: '/child-after' })
      const targets = ['/before', '/child-before/x', '/after', '/child-after/x']
      await refuses(t, app, attacks(...targets, '/unknown', '/child-before/unknown'))
      await serves(t, app, ownPosts(...targets, '/unknown'))
    }
  })

  t.test('middleware of @fastify/middie', async t => {
    const middlewareApp = async (order: 'guard first' | 'middleware first', hook: 'onRequest' | 'preHandler') => {
      const app = emptyApp(t)
      if (order === 'guard first') await app.register(crossOriginProtection)
      await app.register(middie, { hook })
      app.use('/_actions', (_request: unknown, response: { end (text: string): void }) => { app.ran++; response.end('ran') })
      if (order === 'middleware first') await app.register(crossOriginProtection)
      app.post('/_actions/save', async () => { t.fail('the middleware answers') })
      return app
    }
    for (const [order, hook] of [['guard first', 'onRequest'], ['guard first', 'preHandler'], ['middleware first', 'preHandler']] as const) {
      const app = await middlewareApp(order, hook)
      await refuses(t, app, attacks('/_actions/save'))
      await serves(t, app, ownPosts('/_actions/save'))
    }
    // Hooks run in the order in which they were added. If an earlier onRequest hook answers, the plugin's hook never runs, so such
    // middleware must be registered after the plugin.
    const app = await middlewareApp('middleware first', 'onRequest')
    await serves(t, app, [['an attack on middleware that was registered before the plugin', post('/_actions/save', ...evil)]])
  })
})

bypass('GHSA-qwww-vcr4-c8h2', async t => {
  const app = emptyApp(t)
  const steps: string[] = []
  await app.register(crossOriginProtection)
  const step = (name: string) => async () => { steps.push(name) }
  app.addHook('onRequest', step('a later onRequest hook'))
  app.addHook('preParsing', step('preParsing'))
  app.addHook('preValidation', step('preValidation'))
  app.addHook('preHandler', step('preHandler'))
  app.addContentTypeParser('text/plain', { parseAs: 'string' }, (_request, body, done) => { steps.push('the parser'); done(null, body) })
  app.post('/action.rsc', {
    schema: { body: { type: 'string' } },
    validatorCompiler: () => () => { steps.push('validation'); return true },
    onRequest: step('the onRequest hook of the route'),
    preHandler: step('the preHandler hook of the route')
  }, async () => { app.ran++ })
  const text = ['Content-Type: text/plain']
  await refuses(t, app, [['an action', post('/action.rsc', ...evil, ...text), { body: 'a=1' }], ['without Fetch Metadata', post('/action.rsc', ...evilOrigin, ...text), { body: 'a=1' }]])
  t.same(steps, [])
  await serves(t, app, [['our own page', post('/action.rsc', ...own, ...text), { body: 'a=1' }]])
  t.equal(steps.length, 8)

  t.test('the body of a refused request is never read as another request', async t => {
    const app = await protectedApp(t)
    const port = await listen(app)
    const smuggled = 'POST /smuggled HTTP/1.1\r\nHost: app.example\r\nSec-Fetch-Site: same-origin\r\n\r\n'
    const last = 'POST /last HTTP/1.1\r\nHost: app.example\r\nSec-Fetch-Site: same-origin\r\nConnection: close\r\n\r\n'
    const head = 'POST /transfer HTTP/1.1\r\nHost: app.example\r\nSec-Fetch-Site: cross-site\r\n'
    const length = `Content-Length: ${smuggled.length}\r\n\r\n${smuggled}`
    const cases: Array<[name: string, bytes: string, statuses: number[], ran?: number]> = [
      ['with its length', `${head}${length}${last}`, [403, 200]],
      ['in a chunk', `${head}Transfer-Encoding: chunked\r\n\r\n${smuggled.length.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n${last}`, [403], 1], // Its length is unknown, so the connection is closed after the answer, but Node has already read the next request.
      ['twice', `${head}${length}${head}${length}${last}`, [403, 403, 200]],
      ['that waits for 100 Continue', `${head}Expect: 100-continue\r\n${length}${last}`, [100, 403, 200]],
      ['with an Upgrade that nothing listens for', `${head}Connection: Upgrade, close\r\nUpgrade: websocket\r\n${length}`, [403]],
      ['with both lengths, which Node rejects', `${head}Transfer-Encoding: chunked\r\n${length}`, [400]]
    ]
    for (const [name, bytes, statuses, ran = statuses.filter(status => status === 200).length] of cases) {
      app.ran = 0
      t.same(await sendBytes(port, bytes), statuses, name)
      t.equal(app.ran, ran, 'no handler ran, except for the request that follows')
    }
  })
})

bypass('CVE-2026-34373, GHSA-q3p6-g7c4-829c', async t => {
  const app = emptyApp(t)
  await app.register(crossOriginProtection)
  // Next to the plugin, in its own scope, and in somebody else's plugin.
  const mutation = { body: '{"query":"mutation { transfer }"}' }
  app.register(async scope => {
    await scope.register(mercurius, {
      schema: 'type Query { balance: Int } type Mutation { transfer: Int }',
      resolvers: { Mutation: { transfer: () => { app.ran++; return 1 } } },
      path: '/graphql'
    })
  })
  app.register(async scope => { countAll(app, scope, '/rest') }, { prefix: '/sibling' })
  const json = ['Content-Type: application/json']
  await refuses(t, app, [['GraphQL', post('/graphql', ...evil, ...json), mutation], ['GraphQL, without Fetch Metadata', post('/graphql', ...evilOrigin, ...json), mutation], ...attacks('/sibling/rest')])
  await serves(t, app, [['GraphQL from our own page', post('/graphql', ...own, ...json), mutation], ...ownPosts('/sibling/rest')])
})

bypass('wundergraph/cosmo#2845, gosec G121', async t => {
  for (const path of ['/', '/*', '//', '/{path...}', '/**', '*', '', '/./', '/.', '/..', '/:path', '/:path*', '/(.*)', '/x/..', '/x/*', '/?', '/#', '/%2f', '/;']) {
    await t.rejects(async () => { await emptyApp(t).register(crossOriginProtection, { exemptPaths: [path] }) }, { code: 'FST_CROSS_ORIGIN_INVALID_OPTION' }, path)
  }
  const app = await protectedApp(t, { exemptPaths: ['/anything-else'] })
  await refuses(t, app, attacks('/anything', '/', '/anything-else-too'))
  await serves(t, app, [...ownPosts('/anything', '/'), ['the exempt path', post('/anything-else', ...evil)]])
})

bypass('better-auth#7204', async t => {
  for (const options of [{ disableOriginCheck: true }, { disableCSRFCheck: true }, { enabled: false }, { allowedOrigin: [] }, { exempt: ['/'] }, { safeMethods: ['POST'] }, { allowUnverifiableRequests: 'yes' }, true, 'off', []]) {
    await t.rejects(async () => { await emptyApp(t).register(crossOriginProtection, options as object) }, { code: 'FST_CROSS_ORIGIN_INVALID_OPTION' }, JSON.stringify(options))
  }
  // No option switches off more than its name says.
  const each: CrossOriginProtectionOptions[] = [
    { protectWebSockets: false }, { allowUnverifiableRequests: true }, { safeMethods: 'allow' }, { safeMethods: 'isolate' }, { denialLogLevel: 'silent' }, { exemptPaths: ['/hooks'] }, { exemptPaths: [] },
    { allowedOrigins: ['https://partner.example'] }, { allowedOrigins: [() => false] }, { denyHandler: () => undefined }, { denyHandler: () => null }, { denyHandler: () => 'refused' }, { reportOnly: false },
    // Fastify does not treat these as options at all.
    ...[false, null, 0] as unknown as object[]
  ]
  for (const options of each) {
    const app = await protectedApp(t, options)
    await refuses(t, app, attacks('/sign-in/email'))
    await serves(t, app, ownPosts('/sign-in/email'))
  }
})

bypass('better-auth#8392', async t => {
  const app = emptyApp(t)
  await app.register(crossOriginProtection)
  const routes = ['/sign-in', '/sign-up', '/request-password-reset', '/sign-out']
  for (const url of routes) countAll(app, app, url)
  countAll(app, app, '/webhook', { crossOriginProtection: false })
  await refuses(t, app, attacks(...routes))
  await serves(t, app, [...ownPosts(...routes), ['the route that is exempt', post('/webhook', ...evil)]])
})

/** An application that also has @fastify/csrf-protection, with the cookies and the token that it gives to anyone. */
async function tokenApp (t: Test, options: Parameters<typeof fastifyCsrf>[1]): Promise<{ app: CountingApp, cookie: string, token: string }> {
  const app = emptyApp(t)
  await app.register(crossOriginProtection)
  await app.register(fastifyCookie, { secret: 'of these tests' })
  await app.register(fastifyCsrf, options)
  app.get('/token', async (_request, reply) => reply.generateCsrf(options && 'getUserInfo' in options ? { userInfo: 'victim' } : {}))
  app.post('/', { onRequest: app.csrfProtection }, async () => { app.ran++ })
  const { headers, body } = await sendRaw(await portOf(app), request('GET', '/token'))
  return { app, cookie: `Cookie: ${headers['set-cookie']!.split(';')[0]}`, token: `csrf-token: ${body}` }
}

bypass('CVE-2021-29624, GHSA-rc4q-9m69-gqp8', async t => {
  // A subdomain got its own token and planted its cookie. The token is valid, but that makes no difference here.
  const { app, cookie, token } = await tokenApp(t, {})
  await refuses(t, app, [
    ['a subdomain with a planted cookie', post('/', 'Origin: https://sib.app.example', 'Sec-Fetch-Site: same-site', cookie, token)],
    ['without Fetch Metadata', post('/', 'Origin: https://sib.app.example', cookie, token)],
    ['our own page without the token', post('/', ...own, cookie), { status: 403 }]
  ])
  await serves(t, app, [['our own page', post('/', ...own, cookie, token)]])
})

bypass('CVE-2023-27495, GHSA-qrgf-9gpc-vrxw', async t => {
  const { app, cookie, token } = await tokenApp(t, { getUserInfo: () => 'victim', csrfOpts: { hmacKey: 'of these tests' } })
  await refuses(t, app, [['a subdomain with a token of the victim', post('/', 'Origin: https://sib.app.example', 'Sec-Fetch-Site: same-site', cookie, token)]])
  await serves(t, app, [['our own page', post('/', ...own, cookie, token)]])
})

bypass('CVE-2011-0696, GHSA-5j2h-h5hg-3wf8', async t => {
  const app = await protectedApp(t)
  const ajax = ['X-Requested-With: XMLHttpRequest', 'X-CSRFToken: 1', 'X-Requested-By: 1', 'X-Header: 1']
  await refuses(t, app, ajax.flatMap(line => [[line, post('/', ...evil, line)], [`${line}, without Fetch Metadata`, post('/', ...evilOrigin, line)]]))
  await serves(t, app, ajax.map(line => [line, post('/', ...own, line)]))
})

bypass('oRPC Strict GET plugin', async t => {
  const target = '/rpc/deleteUser?data=1'
  const app = emptyApp(t)
  await app.register(async scope => {
    await scope.register(crossOriginProtection, { safeMethods: 'check' })
    countAll(app, scope, '/*')
  }, { prefix: '/rpc' })
  await refuses(t, app, [
    ['GET', request('GET', target, 'Sec-Fetch-Site: cross-site')], ['HEAD', request('HEAD', target, 'Sec-Fetch-Site: cross-site')],
    ['GET without Fetch Metadata', request('GET', target, ...evilOrigin)], ['POST', post(target, ...evil)]
  ])
  await serves(t, app, [
    ['GET from our own page', request('GET', target, ...own)],
    // Handlers that write must not be registered for every method: preflights must pass, whoever sends them.
    ['OPTIONS, which is never checked', request('OPTIONS', target, ...evil)]
  ])
})

isComplete()

t.test('every root cause has a suite, and every suite has a root cause', async t => {
  const suites = readdirSync(import.meta.dirname).map(name => name.replace('.test.ts', ''))
  t.same(suites.sort(), Object.keys(advisories).sort())
})

t.test('whatever an application does with a denied request, its handler does not run', async t => {
  const app = emptyApp(t)
  app.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) => { reply.code(error.statusCode ?? 500).send('handled') })
  await app.register(crossOriginProtection)
  const denials: Array<[name: string, denyHandler: CrossOriginProtectionOptions['denyHandler'], status: number]> = [
    ['sends nothing', () => {}, 403],
    ['throws undefined', () => { throw undefined }, 500], // eslint-disable-line no-throw-literal -- applications do throw values that are not Errors
    ['rejects with nothing', () => Promise.reject(), 500], // eslint-disable-line prefer-promise-reject-errors -- applications do reject with values that are not Errors
    ['throws an error with status 400', () => { throw Object.assign(new Error('fine'), { statusCode: 400 }) }, 400],
    ['redirects', (_request, reply) => reply.redirect('/login', 303), 303],
    ['calls the not-found handler', (_request, reply) => { reply.callNotFound() }, 404],
    ['says yes', (_request, reply) => reply.code(200).send('yes'), 200]
  ]
  for (const [i, [, denyHandler]] of denials.entries()) countAll(app, app, `/${i}`, { crossOriginProtection: { denyHandler } })
  for (const [i, [name, , status]] of denials.entries()) {
    await refuses(t, app, [[`a denyHandler that ${name}`, post(`/${i}`, ...evil), { status }]])
    await serves(t, app, ownPosts(`/${i}`))
  }
})

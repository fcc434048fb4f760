// Which methods are safe: GET, HEAD and OPTIONS, and no other that Node's parser delivers. The application promises that their
// handlers do not change state, unless it has them checked.
import { METHODS } from 'node:http'
import fastifyCors from '@fastify/cors'
import t, { type Test } from 'tap'
import crossOriginProtection, { type CrossOriginProtectionOptions } from '../../src/index.ts'
import { countAll, emptyApp, protectedApp, type CountingApp } from '../helpers/app.ts'
import { evil, evilOrigin, own, ownOrigin, post, refuses, request, serves, suiteOf, type Attempt } from '../helpers/bypasses.ts'
import { listen, sendRaw } from '../helpers/socket.ts'

const { bypass, isComplete } = suiteOf('methods')

const safe = ['GET', 'HEAD', 'OPTIONS']
// Node makes no request of CONNECT: a server that does not listen for it closes the connection.
const unsafe = METHODS.filter(method => !safe.includes(method) && method !== 'CONNECT')

/** Every method that Node's parser knows has a handler. */
async function allMethods (t: Test, options: CrossOriginProtectionOptions = {}): Promise<CountingApp> {
  const app = emptyApp(t)
  for (const method of METHODS) {
    if (!app.supportedMethods.includes(method)) app.addHttpMethod(method, { hasBody: true })
  }
  await app.register(crossOriginProtection, options)
  countAll(app)
  return app
}

/** The same request with each method. Fastify does not accept a QUERY without a body. */
const by = (methods: readonly string[], ...lines: string[]): Attempt[] => methods.map(method => (
  [`${method}: ${lines.join(', ')}`, request(method, '/', ...lines, ...(method === 'QUERY' ? ['Content-Type: application/json'] : [])), method === 'QUERY' ? { body: '{}' } : {}]
))

bypass('CVE-2026-39371, GHSA-x8rx-789c-2pxq', async t => {
  const target = '/?__action=delete&args=[1]'
  const link = ['Sec-Fetch-Site: cross-site', 'Sec-Fetch-Mode: navigate', 'Sec-Fetch-Dest: document']
  // A GET passes, because links must work: the threat model says so. A route that writes on GET must say so in its config.
  const open = await protectedApp(t)
  await serves(t, open, [['a link, where GET only reads', request('GET', target, ...link)]])
  const app = emptyApp(t)
  await app.register(crossOriginProtection)
  countAll(app, app, '/', { crossOriginProtection: { safeMethods: 'check' } })
  await refuses(t, app, [
    ['a link, where GET is checked', request('GET', target, ...link)],
    ['an image', request('GET', target, 'Sec-Fetch-Site: cross-site', 'Sec-Fetch-Mode: no-cors', 'Sec-Fetch-Dest: image')],
    ['HEAD', request('HEAD', target, ...evil)],
    ['POST', post(target, ...evil)],
    ['an address that the user typed, which may redirect here', request('GET', target, 'Sec-Fetch-Site: none', 'Sec-Fetch-Mode: navigate', 'Sec-Fetch-User: ?1')]
  ])
  await serves(t, app, [
    ['a link on our own page', request('GET', target, 'Sec-Fetch-Site: same-origin', 'Sec-Fetch-Mode: navigate')]
  ])
})

bypass('CVE-2026-40883, GHSA-jrq5-hg6x-j6g3', async t => {
  const app = emptyApp(t)
  await app.register(crossOriginProtection)
  countAll(app, app, '/file')
  // All GET routes of such a server can be checked, too.
  const checked = await protectedApp(t, { safeMethods: 'check' })
  const get = (...lines: string[]) => ['GET /file?delete HTTP/1.1', 'Host: localhost:8000', ...lines]
  await refuses(t, checked, [['GET that deletes', get('Sec-Fetch-Site: cross-site')], ['GET that makes a directory', get('Origin: https://evil.example')]])
  await serves(t, checked, [['GET from our own page', get('Sec-Fetch-Site: same-origin')]])
  await serves(t, app, [['GET where GET only reads', get('Sec-Fetch-Site: cross-site')]])
})

bypass('CVE-2026-42091, GHSA-rhf7-wvw3-vjvm', async t => {
  for (const guardFirst of [true, false]) {
    const app = emptyApp(t)
    if (guardFirst) await app.register(crossOriginProtection)
    await app.register(fastifyCors, { origin: true, credentials: true, methods: ['GET', 'PUT', 'POST', 'DELETE', 'PATCH'] })
    if (!guardFirst) await app.register(crossOriginProtection)
    app.route({ method: ['PUT', 'DELETE', 'PATCH', 'POST'], url: '/*', handler: async () => { app.ran++ } })
    const methods = ['PUT', 'DELETE', 'PATCH', 'POST']
    const port = await listen(app)
    const preflight = await sendRaw(port, request('OPTIONS', '/evil.txt', ...evil, 'Access-Control-Request-Method: PUT'))
    t.equal(preflight.status, 204, 'CORS allows every page to send it')
    t.equal(preflight.headers['access-control-allow-origin'], 'https://evil.example')
    await refuses(t, app, [...by(methods, ...evil), ...by(methods, ...evilOrigin)])
    await serves(t, app, by(methods, ...own))
  }
})

bypass('honojs/hono#5250', async t => {
  const app = emptyApp(t)
  await app.register(crossOriginProtection, { safeMethods: 'check' })
  await app.register(fastifyCors, { origin: 'https://partner.example' })
  countAll(app, app, '/api')
  const port = await listen(app)
  const { status, headers } = await sendRaw(port, request('OPTIONS', '/api', 'Origin: https://partner.example', 'Sec-Fetch-Site: cross-site', 'Access-Control-Request-Method: POST'))
  t.equal(status, 204, 'the preflight reaches CORS, which was registered after the guard')
  t.equal(headers['access-control-allow-origin'], 'https://partner.example')
  await refuses(t, app, [['what the preflight asked for', post('/api', 'Origin: https://partner.example', 'Sec-Fetch-Site: cross-site')]])
  await serves(t, app, [['our own page', post('/api', ...own)]])
})

bypass('asgi-cross-origin-protection 2a03381', async t => {
  const app = await allMethods(t)
  t.ok(unsafe.includes('TRACE') && unsafe.includes('QUERY') && unsafe.includes('PROPFIND') && unsafe.length > 25)
  await refuses(t, app, [
    ...by(unsafe, ...evil), ...by(unsafe, ...evilOrigin), ...by(unsafe, 'Origin: null'), ...by(unsafe, 'Origin: https://sub.app.example', 'Sec-Fetch-Site: same-site'), ...by(unsafe, 'Sec-Fetch-Site: no-such-value')
  ])
  await serves(t, app, [...by([...unsafe, ...safe], ...own), ...by([...unsafe, ...safe], ...ownOrigin), ...by(safe, ...evil)])
})

bypass('fastify/fastify#6879', async t => {
  const app = emptyApp(t)
  app.addHttpMethod('GET', { hasBody: true, overrideExisting: true } as object)
  await app.register(crossOriginProtection)
  let body: unknown
  const handler = async (request: { body: unknown }) => { app.ran++; body = request.body }
  app.get('/', handler)
  app.get('/checked', { config: { crossOriginProtection: { safeMethods: 'check' } } }, handler)
  const json = ['Content-Type: application/json']
  await refuses(t, app, [['GET with a body, where GET is checked', request('GET', '/checked', ...evil, ...json), { body: '{"a":1}' }]])
  t.equal(body, undefined)
  // A body does not make a GET less safe: the application still promises that its handler does not change state.
  await serves(t, app, [
    ['GET with a body', request('GET', '/', ...evil, ...json), { body: '{"a":1}' }],
    ['GET with a body from our own page, where GET is checked', request('GET', '/checked', ...own, ...json), { body: '{"a":1}' }]
  ])
  t.same(body, { a: 1 })
})

isComplete()

t.test('a method without a handler, or that Node rejects, reaches no handler', async t => {
  const app = emptyApp(t)
  await app.register(crossOriginProtection)
  app.get('/', async () => { app.ran++ })
  await refuses(t, app, [
    ...by(unsafe, ...evil),
    ...['get', 'Get', 'post', 'FOO', 'GETS', 'G', 'POST\t', 'PRI'].map(method => [`the method ${method}`, request(method, '/', ...evil), { status: 400 }] as Attempt),
    ['CONNECT', ['CONNECT app.example:443 HTTP/1.1', 'Host: app.example', ...evil], { status: 0 }],
    ['a method without a handler, from our own page', request('POST', '/', ...own), { status: 404 }]
  ])
  await serves(t, app, by(['GET', 'HEAD'], ...evil))
})

t.test('no header or parameter turns a POST into another method', async t => {
  const app = await protectedApp(t)
  const overrides = ['X-HTTP-Method-Override: GET', 'X-HTTP-Method: GET', 'X-Method-Override: GET', 'Access-Control-Request-Method: GET']
  await refuses(t, app, [
    ...overrides.map(line => [line, post('/', ...evil, line)] as Attempt),
    ['_method in the query', post('/?_method=GET', ...evil)],
    ['_method in the body', post('/', ...evil, 'Content-Type: text/plain'), { body: '_method=GET' }]
  ])
  await serves(t, app, [...overrides.map(line => [line, post('/', ...own, line)] as Attempt)])
})

t.test('with safeMethods: check, every method is checked except OPTIONS', async t => {
  const app = await allMethods(t, { safeMethods: 'check' })
  const checked = [...unsafe, 'GET', 'HEAD']
  await refuses(t, app, [...by(checked, ...evil), ...by(checked, ...evilOrigin)])
  await serves(t, app, [...by([...checked, 'OPTIONS'], ...own), ...by(['OPTIONS'], ...evil)])
})

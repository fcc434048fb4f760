// The headers of crossOriginIsolation: every reply that Fastify sends has exactly the configured policies.
import { Readable } from 'node:stream'
import fastifyHelmet from '@fastify/helmet'
import fastifyStatic from '@fastify/static'
import fastifyWebsocket from '@fastify/websocket'
import type { Test } from 'tap'
import { crossOriginIsolation, crossOriginProtection, type CrossOriginIsolationOptions } from '../../src/index.ts'
import { emptyApp, type CountingApp } from '../helpers/app.ts'
import { evil, handshake, own, portOf, post, request, suiteOf } from '../helpers/bypasses.ts'
import { sendRaw } from '../helpers/socket.ts'

const { bypass, isComplete } = suiteOf('isolation-headers')

/** The status of a reply, and its COOP, COEP and CORP. */
async function policies (app: CountingApp, head: string[], body?: string): Promise<Array<string | number | undefined>> {
  const { status, headers } = await sendRaw(await portOf(app), head, body)
  return [status, headers['cross-origin-opener-policy'], headers['cross-origin-embedder-policy'], headers['cross-origin-resource-policy']]
}

const get = (target: string) => request('GET', target, ...own)
const defaults = ['same-origin', 'require-corp', 'same-site']

bypass('helmetjs/helmet#390', async t => {
  const rows: Array<[options: CrossOriginIsolationOptions, ...expected: Array<string | undefined>]> = [
    [{}, ...defaults],
    [{ embedderPolicy: 'credentialless' }, 'same-origin', 'credentialless', 'same-site'],
    [{ openerPolicy: 'noopener-allow-popups', embedderPolicy: 'unsafe-none', resourcePolicy: 'cross-origin' }, 'noopener-allow-popups', 'unsafe-none', 'cross-origin'],
    [{ openerPolicy: null, embedderPolicy: null, resourcePolicy: 'same-origin' }, undefined, undefined, 'same-origin']
  ]
  for (const [options, ...expected] of rows) {
    const app = emptyApp(t)
    await app.register(crossOriginIsolation, options)
    app.get('/', async () => 'ok')
    t.same(await policies(app, get('/')), [200, ...expected], JSON.stringify(options))
  }
  // The shapes of helmet's options are invalid here, and are not ignored.
  for (const options of [{ policy: 'credentialless' }, { embedderPolicy: { policy: 'credentialless' } }, { crossOriginEmbedderPolicy: 'credentialless' }, { embedderPolicy: 'credentiallesss' }, { embedderPolicy: true }]) {
    await t.rejects(async () => { await emptyApp(t).register(crossOriginIsolation, options as object) }, { code: 'FST_CROSS_ORIGIN_INVALID_OPTION' }, JSON.stringify(options))
  }
  // Together with helmet, each header is sent once, and helmet's values win.
  for (const helmetFirst of [true, false]) {
    const app = emptyApp(t)
    const helmet = async () => { await app.register(fastifyHelmet, { crossOriginOpenerPolicy: { policy: 'same-origin-allow-popups' }, crossOriginEmbedderPolicy: false, crossOriginResourcePolicy: false }) }
    if (helmetFirst) await helmet()
    await app.register(crossOriginIsolation)
    if (!helmetFirst) await helmet()
    app.get('/', async () => 'ok')
    t.same(await policies(app, get('/')), [200, 'same-origin-allow-popups', 'require-corp', 'same-site'])
  }
})

bypass('CVE-2025-9636, GHSA-6859-2qxq-ffv2', async t => {
  const app = emptyApp(t)
  await app.register(crossOriginIsolation)
  app.get('/login', async (_request, reply) => reply.type('text/html').send('<title>Sign in</title>'))
  app.get('/oauth', async (_request, reply) => reply.redirect('/login'))
  app.get('/popup', { config: { crossOriginIsolation: { openerPolicy: 'same-origin-allow-popups' } } }, async () => 'ok')
  t.same(await policies(app, get('/login')), [200, ...defaults])
  t.same(await policies(app, get('/oauth')), [302, ...defaults])
  t.same(await policies(app, get('/popup')), [200, 'same-origin-allow-popups', 'require-corp', 'same-site'], 'only if the application says so')
})

/** Asserts that every kind of reply that Fastify sends has these policies. */
async function everyReplyHas (t: Test, options: CrossOriginIsolationOptions, expected: string[]): Promise<void> {
  const app = emptyApp(t)
  await app.register(crossOriginProtection)
  await app.register(crossOriginIsolation, options)
  await app.register(fastifyStatic, { root: t.testdir({ 'main.js': 'export {}' }) })
  app.get('/stream', async () => Readable.from(['a', 'b']))
  app.get('/error', async () => { throw new Error('broken') })
  app.get('/teapot', async (_request, reply) => reply.code(418).send('short and stout'))
  app.get('/redirect', async (_request, reply) => reply.redirect('/main.js'))
  app.post('/transfer', async () => 'ok')
  app.post('/json', { schema: { body: { type: 'object', required: ['amount'] } } }, async () => 'ok')
  const replies: Array<[name: string, head: string[], status: number, body?: string]> = [
    ['a static file', get('/main.js'), 200],
    ['the head of a static file', request('HEAD', '/main.js', ...own), 200],
    ['a static file that is not there', get('/other.js'), 404],
    ['a stream', get('/stream'), 200],
    ['an error', get('/error'), 500],
    ['another status', get('/teapot'), 418],
    ['a redirect', get('/redirect'), 302],
    ['an unknown route', request('DELETE', '/', ...own), 404],
    ['a refusal by the other plugin', post('/transfer', ...evil), 403],
    ['a body that is not valid', post('/json', ...own, 'Content-Type: application/json'), 400, '{}'],
    ['a body that is not JSON', post('/json', ...own, 'Content-Type: application/json'), 400, '{'],
    ['a body of another type', post('/json', ...own, 'Content-Type: text/x'), 415, 'x']
  ]
  for (const [name, head, status, body] of replies) t.same(await policies(app, head, body), [status, ...expected], name)
}

bypass('CVE-2026-6402, webpack-dev-server df073c53', async t => {
  await everyReplyHas(t, { resourcePolicy: 'same-origin' }, ['same-origin', 'require-corp', 'same-origin'])
  // If other sites may load something, its route says so in its config, or sets the header itself.
  const app = emptyApp(t)
  await app.register(crossOriginIsolation, { resourcePolicy: 'same-origin' })
  app.get('/widget.js', { config: { crossOriginIsolation: { resourcePolicy: 'cross-origin' } } }, async () => 'ok')
  app.get('/own.js', async (_request, reply) => { reply.header('Cross-Origin-Resource-Policy', 'cross-origin'); return 'ok' })
  app.get('/other.js', async () => 'ok')
  t.same(await policies(app, get('/other.js')), [200, 'same-origin', 'require-corp', 'same-origin'])
  t.same(await policies(app, get('/widget.js')), [200, 'same-origin', 'require-corp', 'cross-origin'])
  t.same(await policies(app, get('/own.js')), [200, 'same-origin', 'require-corp', 'cross-origin'])
})

bypass('Fastify Lifecycle.md', async t => {
  // The headers are added in onSend, not in onRequest as that page recommends, because only then is it known what the application
  // has set itself. A hijacked reply belongs to the application, and a WebSocket has no document.
  const app = emptyApp(t)
  await app.register(crossOriginIsolation)
  await app.register(fastifyWebsocket)
  app.get('/hijacked', (_request, reply) => { reply.hijack(); reply.raw.end('ok') })
  app.get('/socket', { websocket: true }, () => {})
  app.get('/late', (_request, reply) => { setImmediate(() => { reply.send('ok') }) })
  app.get('/not-found', (_request, reply) => { reply.callNotFound() })
  t.same(await policies(app, get('/hijacked')), [200, undefined, undefined, undefined])
  t.same(await policies(app, handshake('/socket', ...own)), [101, undefined, undefined, undefined])
  t.same(await policies(app, get('/socket')), [404, ...defaults])
  t.same(await policies(app, get('/late')), [200, ...defaults])
  t.same(await policies(app, get('/not-found')), [404, ...defaults])
  await everyReplyHas(t, {}, defaults)
})

isComplete()

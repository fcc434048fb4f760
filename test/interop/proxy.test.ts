// @fastify/http-proxy and @fastify/reply-from: what they forward, and what a guard behind them can still see.
import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import fastifyHttpProxy from '@fastify/http-proxy'
import fastifyReplyFrom from '@fastify/reply-from'
import fastifyWebsocket from '@fastify/websocket'
import type { FastifyServerOptions } from 'fastify'
import t, { type Test } from 'tap'
import { crossOriginIsolation, crossOriginProtection, type CrossOriginProtectionOptions } from '../../src/index.ts'
import { browserRequest, type BrowserRequestOptions } from '../../src/testing.ts'
import { countAll, emptyApp, type CountingApp } from '../helpers/app.ts'
import { isolationDefaults, isolationHeaders } from '../helpers/headers.ts'
import { inBothOrders } from '../helpers/orders.ts'
import { listen } from '../helpers/socket.ts'
import { clientThatHangsUp, handshakeHeaders, open } from '../helpers/websocket.ts'

type ProxyOptions = Parameters<typeof fastifyHttpProxy>[1]

interface Upstream { app: CountingApp, url: string, connections: number, handshakes: Array<Record<string, unknown>> }

/** An application that counts who connects, with a socket under /chat. */
async function startUpstream (t: Test, options?: CrossOriginProtectionOptions, server?: FastifyServerOptions): Promise<Upstream> {
  const app = emptyApp(t, server)
  const upstream: Upstream = { app, url: '', connections: 0, handshakes: [] }
  app.server.on('connection', () => { upstream.connections++ })
  await app.register(fastifyWebsocket)
  if (options) await app.register(crossOriginProtection, options)
  app.get('/chat', { websocket: true }, (socket, { headers }) => {
    upstream.handshakes.push(headers)
    socket.send('welcome')
  })
  app.get('/own', async (_request, reply) => { reply.header('cross-origin-resource-policy', 'cross-origin'); return 'own' })
  countAll(app, app, '/transfer')
  upstream.url = `http://127.0.0.1:${await listen(app)}`
  return upstream
}

/** A proxy that has no guard itself. */
async function startProxy (t: Test, options: ProxyOptions): Promise<number> {
  const app = emptyApp(t)
  await app.register(fastifyHttpProxy, options)
  return listen(app)
}

interface Answer { status: number, headers: Record<string, unknown>, body: string }

/** Sends text over a new connection, which the proxy keeps open. */
async function post (port: number, path: string, options: BrowserRequestOptions, more: Record<string, string> = {}): Promise<Answer> {
  const { method, headers } = browserRequest(options)
  const sent = request({ host: '127.0.0.1', port, agent: false, method, path, headers: { ...headers, ...more } })
  sent.end('amount=100')
  const [response] = await once(sent, 'response') as [IncomingMessage]
  return { status: response.statusCode!, headers: response.headers, body: await text(response) }
}

inBothOrders(t, '@fastify/http-proxy forwards nothing that is refused', async (t, { register }) => {
  const upstream = await startUpstream(t)
  const app = emptyApp(t)
  await register(
    async () => {
      await app.register(crossOriginIsolation)
      await app.register(crossOriginProtection)
    },
    () => app.register(fastifyHttpProxy, { upstream: upstream.url, prefix: '/api', websocket: true })
  )
  const port = await listen(app)
  const to = `http://localhost:${port}`
  const chat = `ws://localhost:${port}/api/chat`

  for (const by of ['form', 'fetch-cors', 'fetch-preflight', 'beacon'] as const) {
    t.equal((await post(port, '/api/transfer', { from: 'cross-site', by, to })).status, 403, by)
  }
  for (const engine of ['chromium', 'firefox', 'webkit'] as const) {
    const { status, body } = await open(chat, handshakeHeaders(port, 'cross-site', engine))
    t.equal(status, 403, `a WebSocket, ${engine}`)
    t.equal(JSON.parse(body!).code, 'FST_CROSS_ORIGIN_DENIED')
  }
  t.equal(upstream.connections, 0)
  t.equal(upstream.app.ran, 0)

  const own = await post(port, '/api/transfer', { from: 'same-origin', by: 'fetch-cors', to })
  t.equal(own.body, 'ran')
  t.equal(upstream.app.ran, 1)
  t.same(isolationHeaders(own), isolationDefaults)
  t.same(isolationHeaders(await app.inject('/api/own')), { ...isolationDefaults, 'cross-origin-resource-policy': 'cross-origin' }, 'the upstream\'s own header stays')
  t.same(await open(chat, handshakeHeaders(port, 'same-origin')), { status: 101, message: 'welcome' })
  t.equal(upstream.handshakes.length, 1)
})

inBothOrders(t, '@fastify/http-proxy with the config of its routes', async (t, { register }) => {
  const upstream = await startUpstream(t)
  const app = emptyApp(t)
  await register(
    () => app.register(crossOriginProtection),
    () => app.register(fastifyHttpProxy, {
      upstream: upstream.url, prefix: '/api', config: { crossOriginProtection: { allowedOrigins: ['https://partner.example'] } }
    })
  )
  const from = (origin: string) => app.inject({ url: '/api/transfer', payload: 'amount=100', ...browserRequest({ from: 'cross-site', by: 'fetch-cors', origin }) })
  t.equal((await from('https://evil.example')).statusCode, 403)
  t.equal(upstream.connections, 0)
  t.equal((await from('https://partner.example')).payload, 'ran')
})

t.test('a guard behind @fastify/http-proxy, which rewrites Host', async t => {
  const to = 'http://app.example' // Browsers send no Fetch Metadata there, so Origin decides.
  const secure = 'https://app.example'
  const rewrite = (headers: (host: string) => object): ProxyOptions['replyOptions'] => ({
    rewriteRequestHeaders: ({ host }, given) => ({ ...given, ...headers(host) })
  })
  const set: Array<[name: string, server: FastifyServerOptions, replyOptions: ProxyOptions['replyOptions'], ownStatus: number]> = [
    ['without a setting', {}, undefined, 403],
    ['with X-Forwarded-Host that is not trusted', {}, rewrite(host => ({ 'x-forwarded-host': host })), 403],
    ['with X-Forwarded-Host from a trusted proxy', { trustProxy: '127.0.0.1' }, rewrite(host => ({ 'x-forwarded-host': host })), 200],
    ['with Host forwarded', {}, rewrite(host => ({ host })), 200]
  ]
  for (const [name, server, replyOptions, ownStatus] of set) {
    const { app, url } = await startUpstream(t, {}, server)
    const port = await startProxy(t, { upstream: url, replyOptions })
    const cases: Array<[name: string, request: BrowserRequestOptions, status: number, more?: Record<string, string>]> = [
      ['another site', { from: 'cross-site', by: 'fetch-cors', to }, 403],
      ['another site, with Fetch Metadata', { from: 'cross-site', by: 'fetch-cors', to: secure }, 403],
      ['another site that sends X-Forwarded-Host', { from: 'cross-site', by: 'fetch-cors', to }, 403, { 'x-forwarded-host': 'other.example' }],
      ['our own page', { from: 'same-origin', by: 'fetch-cors', to }, ownStatus],
      ['our own page, with Fetch Metadata', { from: 'same-origin', by: 'fetch-cors', to: secure }, 200]
    ]
    for (const [who, request, status, more] of cases) {
      app.ran = 0
      t.equal((await post(port, '/transfer', request, more)).status, status, `${name}: ${who}`)
      t.equal(app.ran, status === 200 ? 1 : 0)
    }
  }
})

t.test('a guard behind @fastify/http-proxy is blind to WebSockets, which come without Origin', async t => {
  const upstream = await startUpstream(t, {})
  const port = await startProxy(t, { upstream: upstream.url, websocket: true })
  t.same(await open(`ws://localhost:${port}/chat`, handshakeHeaders(port, 'cross-site', 'firefox')), { status: 101, message: 'welcome' },
    'another site gets in: guard the proxy')
  t.equal(upstream.handshakes[0]!.origin, undefined)
  t.equal(upstream.handshakes[0]!['sec-fetch-site'], undefined)
})

inBothOrders(t, 'a client that disconnects while a function of allowedOrigins is called does not crash @fastify/http-proxy', async (t, { register }) => {
  const app = emptyApp(t)
  const client = clientThatHangsUp()
  await register(
    () => app.register(crossOriginProtection, { allowedOrigins: [client.isTrusted] }),
    () => app.register(fastifyHttpProxy, { upstream: 'http://127.0.0.1:9', prefix: '/api', websocket: true })
  )
  countAll(app, app, '/page')
  await client.ask(await listen(app), '/api/chat')
  t.equal((await app.inject('/page')).payload, 'ran', 'the server still runs')
})

inBothOrders(t, '@fastify/reply-from', async (t, { register }) => {
  const upstream = await startUpstream(t)
  const guarded = await startUpstream(t, {})
  const app = emptyApp(t)
  await register(() => app.register(crossOriginProtection), () => app.register(fastifyReplyFrom))
  const passHost = { rewriteRequestHeaders: ({ host }: { host: string }, headers: object) => ({ ...headers, host }) }
  app.post('/transfer', (_request, reply) => { reply.from(`${upstream.url}/transfer`) })
  app.post('/guarded', (_request, reply) => { reply.from(`${guarded.url}/transfer`) })
  app.post('/guarded-with-host', (_request, reply) => { reply.from(`${guarded.url}/transfer`, passHost as never) })
  const port = await listen(app)

  for (const from of ['cross-site', 'same-site', 'sandboxed-frame'] as const) {
    t.equal((await post(port, '/transfer', { from, by: 'fetch-cors', to: 'http://app.example' })).status, 403, from)
  }
  t.equal(upstream.connections, 0, 'the upstream hears nothing of it')
  t.equal((await post(port, '/transfer', { from: 'same-origin', by: 'fetch-cors', to: 'http://app.example' })).status, 200)
  t.equal(upstream.app.ran, 1)

  const own: BrowserRequestOptions = { from: 'same-origin', by: 'fetch-cors', to: 'http://app.example' }
  t.equal((await post(port, '/guarded', own)).status, 403, 'a guard behind it sees its own Host')
  t.equal(guarded.app.ran, 0)
  t.equal((await post(port, '/guarded-with-host', own)).status, 200, 'unless the host is passed on')
  t.equal(guarded.app.ran, 1)
})

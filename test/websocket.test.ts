// Handshakes with the real @fastify/websocket and a real ws client.
import { once } from 'node:events'
import { ServerResponse, type IncomingMessage } from 'node:http'
import { connect, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import fastifyWebsocket from '@fastify/websocket'
import t, { type Test } from 'tap'
import { WebSocketServer, type WebSocket } from 'ws'
import crossOriginProtection, { type CrossOriginProtectionOptions } from '../src/index.ts'
import type { BrowserEngine, BrowserRequestInitiator } from '../src/testing.ts'
import { emptyApp, type CountingApp } from './helpers/app.ts'
import { listen } from './helpers/socket.ts'
import { clientThatHangsUp, handshakeHeaders, open } from './helpers/websocket.ts'

async function socketApp (t: Test, options: CrossOriginProtectionOptions = {}, pluginFirst = true): Promise<{ app: CountingApp, port: number }> {
  const app = emptyApp(t)
  if (pluginFirst) await app.register(crossOriginProtection, options)
  await app.register(fastifyWebsocket)
  if (!pluginFirst) await app.register(crossOriginProtection, options)
  const handler = (socket: WebSocket) => {
    app.ran++
    socket.send('welcome')
  }
  app.get('/chat', { websocket: true }, handler)
  app.get('/public', { websocket: true, config: { crossOriginProtection: { protectWebSockets: false } } }, handler)
  app.get('/page', async () => 'page')
  return { app, port: await listen(app) }
}

for (const pluginFirst of [true, false]) {
  t.test(`registered ${pluginFirst ? 'before' : 'after'} @fastify/websocket`, async t => {
    const { app, port } = await socketApp(t, { allowedOrigins: ['https://partner.example'] }, pluginFirst)
    const chat = `ws://localhost:${port}/chat`

    const handshake = (from: BrowserRequestInitiator, engine: BrowserEngine) => handshakeHeaders(port, from, engine)
    const engines = ['chromium', 'firefox', 'webkit'] as const

    const refused: Array<[name: string, headers: Record<string, string>]> = [
      ...engines.map(engine => [`another site, ${engine}`, handshake('cross-site', engine)] as [string, Record<string, string>]),
      ...engines.map(engine => [`another port of the same host, ${engine}`, handshake('same-site', engine)] as [string, Record<string, string>]),
      ...engines.map(engine => [`a sandboxed frame, ${engine}`, handshake('sandboxed-frame', engine)] as [string, Record<string, string>]),
      ['another site behind a proxy header', { origin: 'https://evil.example', 'x-forwarded-for': '10.0.0.9' }]
    ]
    for (const [name, headers] of refused) {
      const { status, body } = await open(chat, headers)
      t.equal(status, 403, name)
      t.equal(JSON.parse(body!).code, 'FST_CROSS_ORIGIN_DENIED', 'with a clean answer')
    }
    t.equal(app.ran, 0)

    const allowed: Array<[name: string, headers: Record<string, string>]> = [
      ...engines.map(engine => [`the own page, ${engine}`, handshake('same-origin', engine)] as [string, Record<string, string>]),
      ['a listed origin', { origin: 'https://partner.example' }],
      ['a client without Origin', {}]
    ]
    for (const [name, headers] of allowed) t.same(await open(chat, headers), { status: 101, message: 'welcome' }, name)
    t.equal(app.ran, allowed.length)

    t.same(await open(`ws://localhost:${port}/public`, { origin: 'https://evil.example' }), { status: 101, message: 'welcome' }, 'a route that is not protected')
    t.equal((await open(`ws://localhost:${port}/unknown`, { origin: 'https://evil.example' })).status, 403, 'a route that is not there')
  })
}

t.test('not protected', async t => {
  const { port } = await socketApp(t, { protectWebSockets: false })
  t.same(await open(`ws://localhost:${port}/chat`, { origin: 'https://evil.example' }), { status: 101, message: 'welcome' })
})

for (const pluginFirst of [true, false]) {
  t.test(`the connection of a handshake that is not accepted ends, registered ${pluginFirst ? 'before' : 'after'} @fastify/websocket`, async t => {
    const { app, port } = await socketApp(t, { allowedOrigins: [origin => { if (origin === 'https://broken.example') throw new Error('broken'); return false }] }, pluginFirst)
    for (const [origin, status] of [['https://evil.example', 403], ['https://broken.example', 500]] as const) {
      const answer = await handshake(port, origin)
      t.match(answer, new RegExp(`^HTTP/1.1 ${status} `), origin)
      t.match(answer, /^connection: close\r$/mi)
    }
    t.equal(app.ran, 0)
    t.equal((await app.inject('/page')).payload, 'page', 'the server goes on')
    t.equal(await new Promise(resolve => app.server.getConnections((_error, count) => resolve(count))), 0, 'and holds no connection')
  })
}

/** Sends a handshake and waits until the server ends the connection, which this side never does. */
function handshake (port: number, origin: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    let answer = ''
    socket.on('error', reject)
    socket.on('data', chunk => { answer += chunk })
    socket.on('end', () => { socket.end(); resolve(answer) })
    socket.write(`GET /chat HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nOrigin: ${origin}\r\n\r\n`)
  })
}

t.test('a server that owns its upgrade event asks check(), as the README shows', async t => {
  const app = emptyApp(t)
  await app.register(crossOriginProtection, {
    allowedOrigins: ['https://partner.example', async origin => { if (origin === 'https://broken.example') throw new Error('broken'); await sleep(5); return false }]
  })
  const sockets = new WebSocketServer({ noServer: true })
  sockets.on('connection', socket => { socket.send('welcome') })
  app.server.on('upgrade', async (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy()) // Node leaves the socket without a listener.
    const { allowed } = await app.crossOriginProtection.check(request).catch(() => ({ allowed: false }))
    if (!allowed) return socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n')
    sockets.handleUpgrade(request, socket, head, client => { sockets.emit('connection', client, request) })
  })
  const port = await listen(app)
  const url = `ws://localhost:${port}/`
  t.equal((await open(url, { origin: 'https://evil.example' })).status, 403)
  t.equal((await open(url, { origin: 'https://broken.example' })).status, 403)
  t.equal((await open(url, { origin: 'null' })).status, 403)
  await handshakeAndReset(port)
  t.equal((await open(url, { origin: `http://localhost:${port}` })).status, 101)
  t.equal((await open(url, { origin: 'https://partner.example' })).status, 101)
  t.equal((await open(url)).status, 101)
})

/** A client that is gone, rudely, before it is answered. */
async function handshakeAndReset (port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nOrigin: https://evil.example\r\n\r\n')
  await sleep(2)
  socket.resetAndDestroy()
  await sleep(20)
}

t.test('a client that hangs up while a function is asked does no harm where nobody else listens to its socket', async t => {
  const app = emptyApp(t)
  const client = clientThatHangsUp()
  await app.register(crossOriginProtection, { allowedOrigins: [client.isTrusted] })
  app.get('/page', async () => 'page')
  app.server.on('upgrade', (request: IncomingMessage, socket: Socket) => {
    const response = new ServerResponse(request)
    response.assignSocket(socket)
    app.routing(request, response)
  })
  await client.ask(await listen(app), '/chat')
  t.equal((await app.inject('/page')).payload, 'page', 'the server lives')
})

t.test('a handshake mocked by injectWS', async t => {
  const app = emptyApp(t)
  await app.register(crossOriginProtection)
  await app.register(fastifyWebsocket)
  app.get('/chat', { websocket: true }, socket => { socket.send('welcome') })
  await app.ready()
  await t.rejects(app.injectWS('/chat', { headers: { host: 'app.example', origin: 'https://evil.example' } }), { message: 'Unexpected server response: 403' })
  const socket = await app.injectWS('/chat', { headers: { host: 'app.example', origin: 'https://app.example' } })
  socket.terminate()
})

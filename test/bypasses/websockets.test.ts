// WebSocket handshakes: a GET with the user's cookies that any page can send to any host, and that CORS does not restrict. The
// tests send real handshakes to the real @fastify/websocket and @fastify/http-proxy.
import { once } from 'node:events'
import fastifyWebsocket from '@fastify/websocket'
import httpProxy from '@fastify/http-proxy'
import t, { type Test } from 'tap'
import crossOriginProtection, { type CrossOriginProtectionOptions } from '../../src/index.ts'
import { emptyApp, type CountingApp } from '../helpers/app.ts'
import { handshake, own, ownOrigin, refuses, request, serves, suiteOf, type Attempt } from '../helpers/bypasses.ts'
import { listen, sendRaw } from '../helpers/socket.ts'

const { bypass, isComplete } = suiteOf('websockets')

async function socketApp (t: Test, paths: readonly string[], options: CrossOriginProtectionOptions = {}): Promise<CountingApp> {
  const app = emptyApp(t)
  await app.register(crossOriginProtection, options)
  await app.register(fastifyWebsocket)
  for (const path of paths) app.get(path, { websocket: true }, () => { app.ran++ })
  return app
}

/** A handshake to a host with a port, as development servers have. */
const dial = (target: string, host: string, ...lines: string[]) => handshake(target, ...lines).map(line => line === 'Host: app.example' ? `Host: ${host}` : line)

// What each page sends: Chromium sends no Fetch Metadata with a handshake, the other engines send all of it.
const foreign: Array<[name: string, lines: string[]]> = [
  ['another site', ['Origin: https://evil.example']],
  ['another site, with Fetch Metadata', ['Origin: https://evil.example', 'Sec-Fetch-Site: cross-site', 'Sec-Fetch-Mode: websocket', 'Sec-Fetch-Dest: empty']],
  ['a sandboxed frame', ['Origin: null']],
  ['a sandboxed frame, with Fetch Metadata', ['Origin: null', 'Sec-Fetch-Site: cross-site', 'Sec-Fetch-Mode: websocket']],
  ['a local file', ['Origin: file://']],
  ['an extension', ['Origin: chrome-extension://abcdefghijklmnop']],
  ['the socket\'s own scheme', ['Origin: wss://app.example']]
]

/** Asserts that pages of other origins get no socket at `host`, and that our own page gets one. */
async function guards (t: Test, target: string, host: string, ...lines: string[]): Promise<void> {
  const app = await socketApp(t, [target])
  await refuses(t, app, foreign.map(([name, headers]) => [name, dial(target, host, ...headers, ...lines)]))
  await refuses(t, app, [['another port of the same host', dial(target, host, `Origin: http://${host.split(':')[0]}:9999`, ...lines)]])
  await serves(t, app, [
    ['our own page', dial(target, host, `Origin: http://${host}`, ...lines), { status: 101 }],
    ['our own page, with Fetch Metadata', dial(target, host, `Origin: http://${host}`, 'Sec-Fetch-Site: same-origin', 'Sec-Fetch-Mode: websocket', ...lines), { status: 101 }],
    // Neither header: a program, which has no victim's cookies. Browsers send Origin with every handshake (RFC 6455, 4.1).
    ['a program', dial(target, host, ...lines), { status: 101 }]
  ])
}

bypass('CVE-2025-24010, GHSA-vg6x-rcgg-rjx6', t => guards(t, '/', 'localhost:5173', 'Sec-WebSocket-Protocol: vite-hmr'))
bypass('CVE-2026-27148', t => guards(t, '/', 'localhost:6006'))
bypass('CVE-2023-26114, GHSA-frjg-g767-7363', t => guards(t, '/', 'code.example'))
bypass('CVE-2026-22689, GHSA-524m-q5m7-79mm', t => guards(t, '/api/events', 'localhost:8025'))
bypass('CVE-2026-42283, CVE-2026-55883, CVE-2026-34403, CVE-2026-44985, CVE-2026-44514', t => guards(t, '/ws', 'tool.example'))

bypass('vitejs/vite#23293', async t => {
  // If a proxy writes its own Origin, the server behind it sees every request as its own, so the check belongs in the proxy.
  // The same proxy without the plugin shows that the server behind it cannot detect an attack.
  const upstream = await socketApp(t, ['/socket'])
  const behind = `127.0.0.1:${await listen(upstream)}`
  for (const isGuarded of [true, false]) {
    const app = emptyApp(t)
    if (isGuarded) await app.register(crossOriginProtection)
    await app.register(httpProxy, {
      upstream: `http://${behind}`,
      websocket: true,
      wsClientOptions: { rewriteRequestHeaders: (headers: object) => ({ ...headers, origin: `http://${behind}`, host: behind }) }
    } as Parameters<typeof httpProxy>[1])
    const port = await listen(app)
    // A proxied socket reaches its handler shortly after the client is connected.
    const reaches = async (...lines: string[]) => {
      const reached = once(upstream.websocketServer, 'connection')
      t.equal((await sendRaw(port, handshake('/socket', ...lines))).status, 101)
      await reached
    }
    if (isGuarded) {
      upstream.ran = 0
      t.equal((await sendRaw(port, handshake('/socket', 'Origin: https://evil.example'))).status, 403, 'another site')
      t.equal(upstream.ran, 0)
    } else {
      await reaches('Origin: https://evil.example')
    }
    await reaches(...ownOrigin)
  }
  await refuses(t, upstream, [['another site, sent to the server behind', handshake('/socket', 'Origin: https://evil.example')]])
})

bypass('fastify-websocket README', async t => {
  for (const safeMethods of ['allow', 'isolate', 'check'] as const) {
    const app = await socketApp(t, ['/ws'], { safeMethods })
    app.get('/page', async () => { app.ran++ })
    await refuses(t, app, foreign.map(([name, lines]) => [`${name}, safeMethods: ${safeMethods}`, handshake('/ws', ...lines)]))
    await serves(t, app, [['our own page', handshake('/ws', ...own), { status: 101 }]])
  }
  const app = await socketApp(t, ['/ws'])
  app.get('/page', async () => { app.ran++ })
  await serves(t, app, [['a GET that asks for no socket', request('GET', '/page', 'Origin: https://evil.example', 'Sec-Fetch-Site: cross-site')]])
})

isComplete()

t.test('a handshake is recognised by its Upgrade header, however it is written', async t => {
  const app = await socketApp(t, ['/ws'])
  const upgrade = (...values: string[]) => [
    ...request('GET', '/ws', 'Origin: https://evil.example'), 'Connection: Upgrade', ...values.map(value => `Upgrade: ${value}`), 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=='
  ]
  await refuses(t, app, [
    ...['websocket', 'WebSocket', 'WEBSOCKET', ' websocket ', 'h2c, websocket', 'websocket, h2c', 'websocket/13', '"websocket"'].map(value => [`Upgrade: ${value}`, upgrade(value)] as Attempt),
    ['two lines, websocket first', upgrade('websocket', 'h2c')],
    ['two lines, websocket last', upgrade('h2c', 'websocket')],
    // Anything that is not a handshake is an ordinary GET and passes. ws then refuses it before any handler.
    ...['h2c', 'web socket', 'webso\u00adcket', 'xwebsocke'].map(value => [`Upgrade: ${value}, which is not a handshake`, upgrade(value), { status: 400 }] as Attempt)
  ])
  await serves(t, app, [['our own page', handshake('/ws', ...own), { status: 101 }]])
})

t.test('a handshake by another method reaches no socket', async t => {
  const app = await socketApp(t, ['/ws'])
  const by = (method: string) => handshake('/ws', 'Origin: https://evil.example').map(line => line.replace(/^GET/, method))
  await refuses(t, app, [['HEAD', by('HEAD')], ['POST', by('POST')], ['QUERY', by('QUERY')], ['OPTIONS, which passes and has no handler', by('OPTIONS'), { status: 404 }]])
  await serves(t, app, [['GET from our own page', handshake('/ws', ...own), { status: 101 }]])
})

t.test('no path that leads to a socket bypasses the check', async t => {
  const app = await socketApp(t, ['/api/events', '/hooks/ws'], { exemptPaths: ['/hooks'] })
  const targets = ['/api/events', '/api/events?x=/hooks', '/%61pi/events', 'http://app.example/api/events', '/hook%73/ws']
  await refuses(t, app, targets.map(target => [target, handshake(target, 'Origin: https://evil.example')]))
  await serves(t, app, [
    ...targets.map(target => [`${target} from our own page`, handshake(target, ...own), { status: 101 }] as Attempt),
    ['an exempt path', handshake('/hooks/ws', 'Origin: https://evil.example'), { status: 101 }]
  ])
})

// DNS rebinding: a page whose name was made to resolve to this server is of the same origin to the browser, so that Origin and
// Sec-Fetch-Site say nothing. `allowedHosts` does.
import fastifyWebsocket from '@fastify/websocket'
import type { Test } from 'tap'
import crossOriginProtection, { type CrossOriginProtectionOptions } from '../../src/index.ts'
import { countAll, emptyApp, protectedApp } from '../helpers/app.ts'
import { handshake, refuses, serves, suiteOf, type Attempt } from '../helpers/bypasses.ts'

const { bypass, isComplete } = suiteOf('hosts')

const loopback = ['localhost', '127.0.0.1', '[::1]']

/** What the page of a host sends to that host. */
const page = (method: string, target: string, host: string) => [
  `${method} ${target} HTTP/1.1`, `Host: ${host}`, `Origin: http://${host}`, 'Sec-Fetch-Site: same-origin'
]

const localTool = (t: Test, options: CrossOriginProtectionOptions = {}) => protectedApp(t, { allowedHosts: loopback, ...options })

bypass('GHSA-w48q-cv73-mx4w, GHSA-9h52-p55h-vw2f, CVE-2026-34742, GHSA-xw59-hvm2-8pj6, GHSA-8jxr-pr72-r468', async t => {
  const app = await localTool(t)
  await refuses(t, app, ['POST', 'DELETE', 'GET', 'OPTIONS'].map(method => [`${method} of a rebound page`, page(method, '/mcp', 'evil.example:3000')]))
  await serves(t, app, ['POST', 'DELETE', 'GET', 'OPTIONS'].map(method => [`${method} of our own page`, page(method, '/mcp', 'localhost:3000')]))
  // What the option is for: nothing else tells the two apart.
  await serves(t, await protectedApp(t), [['a rebound page, without the option', page('POST', '/mcp', 'evil.example:3000')]])
})

bypass('GHSA-89vp-x53w-74fx', async t => {
  const credentials = ['Authorization: Bearer 1', 'Cookie: session=1']
  const app = await localTool(t, { allowedOrigins: ['http://evil.example:3000', () => true] })
  await refuses(t, app, [
    ['with credentials', [...page('POST', '/mcp', 'evil.example:3000'), ...credentials]],
    ['with the name of another machine of the network', [...page('POST', '/mcp', '192.168.1.5:3000'), ...credentials]],
    ['with a name that only begins like ours', [...page('POST', '/mcp', 'localhost.evil.example:3000'), ...credentials]]
  ])
  await serves(t, app, [['our own page', [...page('POST', '/mcp', '127.0.0.1:3000'), ...credentials]]])
})

bypass('GHSA-x4q8-2g66-789p', async t => {
  const get = (host: string, ...lines: string[]) => ['GET /events HTTP/1.1', `Host: ${host}`, ...lines]
  for (const safeMethods of ['allow', 'isolate', 'check'] as const) {
    const app = await localTool(t, { safeMethods })
    await refuses(t, app, [
      ['a GET without Origin', get('attacker.example:3000', 'Sec-Fetch-Site: same-origin')],
      ['the page itself', get('attacker.example:3000', 'Sec-Fetch-Site: none', 'Sec-Fetch-Mode: navigate')],
      ['without any of these headers', get('attacker.example:3000')]
    ])
    await serves(t, app, [['our own page', get('[::1]:3000', 'Sec-Fetch-Site: same-origin')]])
  }
})

bypass('google/oss-fuzz#14111', async t => {
  const app = emptyApp(t)
  await app.register(crossOriginProtection, { allowedHosts: loopback })
  await app.register(fastifyWebsocket)
  app.get('/socket', { websocket: true }, () => { app.ran++ })
  countAll(app, app, '/run')
  const socketOf = (host: string) => handshake('/socket', `Origin: http://${host}`, 'Sec-Fetch-Site: same-origin').map(line => line.startsWith('Host:') ? `Host: ${host}` : line)
  await refuses(t, app, [
    ['a command', page('POST', '/run', 'evil.example')],
    ['a WebSocket', socketOf('evil.example')],
    ['a path that no route has', page('POST', '/unknown', 'evil.example')]
  ])
  await serves(t, app, [['our own command', page('POST', '/run', 'localhost')], ['our own WebSocket', socketOf('localhost'), { status: 101 }]])
})

bypass('quick-lint/quick-lint-js#951', async t => {
  const app = await localTool(t)
  await refuses(t, app, [
    ...['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example', 'evil-localhost', '127.0.0.2', '2130706433', '0x7f000001', '127.1', '0.0.0.0', '[::2]', '[::1].evil.example', '[::1]evil.example', 'localhost@evil.example',
      'evil.example@localhost', 'localhost:', 'localhost:0', 'localhost:99999', 'localhost:80:80'].map(host => [host, page('POST', '/', host)] as Attempt),
    ['no host', ['POST / HTTP/1.0']]
  ])
  await serves(t, app, ['localhost', 'LOCALHOST:3000', 'localhost.', 'localhost.:3000', '127.0.0.1', '127.0.0.1:3000', '[::1]', '[::1]:3000'].map(host => [host, page('POST', '/', host)]))
})

bypass('CVE-2026-48710', async t => {
  const app = await protectedApp(t, { allowedHosts: ['app.example'], exemptPaths: ['/public'] })
  const post = (host: string, ...lines: string[]) => ['POST /transfer HTTP/1.1', `Host: ${host}`, ...lines]
  const other = ['Origin: https://evil.example', 'Sec-Fetch-Site: cross-site']
  for (const host of ['app.example/public?x=', 'app.example/public#', 'app.example/public/..;', 'app.example?/public']) {
    await refuses(t, app, [[`a host with a path: ${host}`, post(host, ...other)], [`the same of our own page: ${host}`, post(host, 'Sec-Fetch-Site: same-origin')]])
    // Without the option too, the path is that of the request alone.
    await refuses(t, await protectedApp(t, { exemptPaths: ['/public'] }), [[`without the option: ${host}`, post(host, ...other)]])
  }
  await serves(t, app, [['our own page', post('app.example', 'Sec-Fetch-Site: same-origin')]])
})

isComplete()

// Bypasses of this package that its own reviews and attacks found, before anyone else did.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import fastifyCors from '@fastify/cors'
import fastifyWebsocket from '@fastify/websocket'
import t, { type Test } from 'tap'
import crossOriginProtection from '../src/index.ts'
import { countAll, emptyApp, protectedApp } from './helpers/app.ts'
import { evil, handshake, own, ownOrigin, post, refuses, request, serves, type Attempt } from './helpers/bypasses.ts'
import { listen, sendBytes, sendRaw } from './helpers/socket.ts'

/** Whether this Node itself refuses a request with too many header lines, as newer releases do. */
async function refusesTooMany (t: Test): Promise<boolean> {
  const server = createServer((_request, response) => { response.end() }).listen(0, '127.0.0.1')
  t.teardown(() => { server.close() })
  server.maxHeadersCount = 8
  await once(server, 'listening')
  const { status } = await sendRaw((server.address() as AddressInfo).port, post('/', ...Array.from({ length: 20 }, (_, i) => `x-${i}: 1`)))
  if (status !== 431) t.equal(status, 200, 'or Node drops them')
  return status === 431
}

t.test('header lines beyond Node\'s limit do not hide where a request comes from', async t => {
  // Node 20 silently drops header lines beyond server.maxHeadersCount (default: 1000) from request.headers. A page that CORS
  // allows to send any header (@fastify/cors does so by default) can fill the limit before its browser adds Origin and
  // Sec-Fetch-Site: Chromium 156 and Firefox 153 send these after the page's own headers. Node 22.23 itself answers 431.
  const isNodeStrict = await refusesTooMany(t)
  t.comment(isNodeStrict ? 'this Node refuses too many header lines' : 'this Node drops header lines beyond the limit')
  /** Every line of a head except the first is a header, and sendRaw adds one. */
  const refusal = (name: string, head: string[], limit: number): Attempt => (
    [name, head, { status: isNodeStrict && head.length > limit ? 431 : 403 }]
  )
  const padding = (count: number) => Array.from({ length: count }, (_, i) => `${i.toString(36)}:`)
  for (const allowUnverifiableRequests of [true, false]) {
    for (const safeMethods of ['allow', 'isolate', 'check'] as const) {
      const app = emptyApp(t)
      await app.register(crossOriginProtection, { allowUnverifiableRequests, safeMethods })
      await app.register(fastifyCors, { origin: true, credentials: true })
      app.post('/transfer', async () => { app.ran++ })
      app.get('/page', async () => { app.ran++ })
      for (const count of [990, 995, 996, 997, 998, 999, 1000, 1023, 1024, 1025, 1100, 2500]) {
        await refuses(t, app, [refusal(`${count} lines before them`, post('/transfer', ...padding(count), ...evil), 1000)])
        if (safeMethods !== 'allow') await refuses(t, app, [refusal(`GET with ${count} lines before them`, request('GET', '/page', ...padding(count), ...evil), 1000)])
      }
      const ownFirst = post('/transfer', ...own, ...padding(1000))
      if (isNodeStrict) await refuses(t, app, [refusal('our own page with too many headers', ownFirst, 1000)])
      else await serves(t, app, [['our own page with its headers first', ownFirst]])
      await serves(t, app, [
        ['our own page', post('/transfer', ...own)],
        ['our own page, without Fetch Metadata, and many headers', post('/transfer', ...ownOrigin, ...padding(900))],
        ...(allowUnverifiableRequests ? [['a program with many headers', post('/transfer', ...padding(900))] as const] : [])
      ])
    }
  }
  // Node collects 31 lines at a time. If the limit is a multiple of 31, exactly as many lines as the limit are left after a drop.
  for (const limit of [8, 31, 32, 62, 64]) {
    const few = emptyApp(t)
    await few.register(crossOriginProtection)
    countAll(few)
    few.server.maxHeadersCount = limit
    await refuses(t, few, [0, 5, 6, 7, 8, 29, 30, 31, 32, 33, 61, 62, 63, 64, 65, 100].map(count => (
      refusal(`${count} lines before them, where Node accepts ${limit}`, post('/', ...padding(count), ...evil), limit)
    )))
    await serves(t, few, [['our own page', post('/', ...own)], ['a program', post('/')]])
  }
  const any = await protectedApp(t)
  any.server.maxHeadersCount = 0 // No limit.
  await refuses(t, any, [['2500 lines before them, where Node accepts any number', post('/', ...padding(2500), ...evil)]])
  await serves(t, any, [['a program with 1500 headers', post('/', ...padding(1500))]])
})

t.test('an exempt path has no encoded dot, slash, backslash or semicolon at any depth, however it is encoded', async t => {
  const app = emptyApp(t)
  await app.register(crossOriginProtection, { exemptPaths: ['/public'] })
  app.all<{ Params: { '*': string } }>('/public/*', async ({ params }) => { app.ran++; return new URL(`http://upstream/public/${params['*']}`).pathname })
  // The handler gets the path decoded once. A URL parser then resolves it to /admin: the first one because of %2e%2e, the others
  // because it removes tabs, line breaks, and a space at the end.
  const targets = ['/public/%25%32%65%25%32%65/admin', '/public/%25%32e%25%32e/admin', '/public/%252%65%252%65/admin', '/public/..%25%32%66admin', '/public/.%09./admin', '/public/.%0A./admin', '/public/%0D../admin', '/public/..%0d/admin', '/public/..%20', '/public/..%00']
  await refuses(t, app, targets.map(target => [target, post(target, ...evil)]))
  await serves(t, app, [...targets.map(target => [target, post(target, ...own)] as const), ['a plain path', post('/public/a%20b', ...evil)], ['a letter outside ASCII', post('/public/caf%C3%A9', ...evil)]])
})

t.test('a refused request that asked for any upgrade does not keep its connection open', async t => {
  for (const pluginFirst of [true, false]) {
    const app = emptyApp(t, { forceCloseConnections: true })
    if (pluginFirst) await app.register(crossOriginProtection)
    await app.register(fastifyWebsocket)
    if (!pluginFirst) await app.register(crossOriginProtection)
    app.post('/transfer', async () => { app.ran++ })
    app.get('/chat', { websocket: true }, () => { app.ran++ })
    const port = await listen(app)
    for (let i = 0; i < 5; i++) {
      const socket = connect(port, '127.0.0.1')
      socket.on('error', () => {})
      socket.write(`${[...post('/transfer', ...evil), 'Connection: Upgrade', 'Upgrade: h2c'].join('\r\n')}\r\n\r\n`)
      await sleep(20)
      socket.destroy()
    }
    await sleep(200)
    t.equal(await new Promise(resolve => app.server.getConnections((_error, count) => resolve(count))), 0, `registered ${pluginFirst ? 'first' : 'last'}`)
    t.equal(app.ran, 0)
    await serves(t, app, [['our own page', handshake('/chat', ...own), { status: 101 }]])
  }
})

t.test('many failed upgrade requests on one connection cause no warning about listeners', async t => {
  const app = await protectedApp(t)
  const warnings: Error[] = []
  const onWarning = (warning: Error) => { warnings.push(warning) }
  process.on('warning', onWarning)
  t.teardown(() => process.off('warning', onWarning))
  // Without `Connection: Upgrade`, Node treats them as ordinary requests, so they can follow one another.
  const lines = ['POST / HTTP/1.1', 'Host: app.example', 'Upgrade: websocket', 'Content-Length: 0', 'Sec-Fetch-Site: cross-site']
  const one = [...lines, '', ''].join('\r\n')
  const last = [...lines, 'Connection: close', '', ''].join('\r\n')
  t.same(await sendBytes(await listen(app), one.repeat(11) + last), Array(12).fill(403))
  await sleep(10)
  t.same(warnings, [])
  t.equal(app.ran, 0)
})

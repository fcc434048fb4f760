// Plugins that write headers: @fastify/cors, @fastify/helmet and @fastify/compress.
import { readFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import { runInNewContext } from 'node:vm'
import { brotliDecompressSync, gzipSync } from 'node:zlib'
import fastifyCompress from '@fastify/compress'
import fastifyCors from '@fastify/cors'
import fastifyHelmet from '@fastify/helmet'
import t from 'tap'
import { crossOriginIsolation, crossOriginProtection } from '../../src/index.ts'
import { browserRequest, type BrowserRequestOptions } from '../../src/testing.ts'
import { countAll, emptyApp } from '../helpers/app.ts'
import { isolationDefaults, isolationHeaders } from '../helpers/headers.ts'
import { inBothOrders } from '../helpers/orders.ts'

/** A script that posts text. */
const fetchFrom = (from: BrowserRequestOptions['from'], origin?: string) => ({
  url: '/transfer', payload: 'amount=100', ...browserRequest({ from, by: 'fetch-cors', ...(origin && { origin }) })
})

inBothOrders(t, '@fastify/cors', async (t, { oursFirst, register }) => {
  const app = emptyApp(t)
  await register(
    () => app.register(crossOriginProtection),
    () => app.register(fastifyCors, { origin: true, credentials: true })
  )
  countAll(app, app, '/transfer')

  const refused = await app.inject(fetchFrom('cross-site'))
  t.equal(refused.statusCode, 403, 'an origin that may read does not become trusted')
  t.equal(app.ran, 0)
  t.equal(refused.headers['access-control-allow-origin'], oursFirst ? undefined : 'https://other.example',
    `the 403 ${oursFirst ? 'cannot' : 'can'} be read by the script`)
  t.equal(refused.headers['access-control-allow-credentials'], oursFirst ? undefined : 'true')
  t.equal(refused.headers.vary, oursFirst ? undefined : 'Origin')

  const allowed = await app.inject(fetchFrom('same-origin'))
  t.equal(allowed.payload, 'ran')
  t.equal(allowed.headers['access-control-allow-origin'], 'https://localhost')
})

inBothOrders(t, 'preflights pass @fastify/cors', async (t, { register }) => {
  for (const safeMethods of ['allow', 'isolate', 'check'] as const) {
    const app = emptyApp(t)
    await register(
      () => app.register(crossOriginProtection, { safeMethods }),
      () => app.register(fastifyCors, { origin: ['https://other.example'], methods: ['PUT'] })
    )
    app.put('/transfer', async () => { app.ran++ })
    const { method, headers: { 'content-type': _type, ...headers } } = browserRequest({ from: 'cross-site', by: 'fetch-preflight' })
    const preflight = await app.inject({
      method: 'OPTIONS', url: '/transfer', headers: { ...headers, 'access-control-request-method': method }
    })
    t.equal(preflight.statusCode, 204, safeMethods)
    t.equal(preflight.headers['access-control-allow-origin'], 'https://other.example')
    t.equal(preflight.headers['access-control-allow-methods'], 'PUT')
    t.equal((await app.inject({ method, url: '/transfer', headers })).statusCode, 403, 'and the request that follows is refused')
    t.equal(app.ran, 0)
  }
})

inBothOrders(t, '@fastify/cors with one list of origins for both', async (t, { register }) => {
  const origins = ['https://partner.example', 'https://*.tenants.example']
  const app = emptyApp(t)
  await register(
    () => app.register(crossOriginProtection, { allowedOrigins: origins }),
    () => app.register(fastifyCors, { origin: origins })
  )
  countAll(app, app, '/transfer')

  const cases: Array<[origin: string, status: number, readable: boolean]> = [
    ['https://evil.example', 403, false],
    ['https://partner.example.evil.example', 403, false],
    ['https://partner.example', 200, true],
    // An entry with a star is a pattern to this package, but plain text to the other.
    ['https://one.tenants.example', 200, false]
  ]
  for (const [origin, status, readable] of cases) {
    app.ran = 0
    const response = await app.inject(fetchFrom('cross-site', origin))
    t.equal(response.statusCode, status, origin)
    t.equal(app.ran, status === 200 ? 1 : 0)
    t.equal(response.headers['access-control-allow-origin'], readable ? origin : undefined)
  }
  t.same(origins, ['https://partner.example', 'https://*.tenants.example'], 'neither changes the list')
})

inBothOrders(t, '@fastify/cors and allowedHosts', async (t, { oursFirst, register }) => {
  const app = emptyApp(t)
  await register(
    () => app.register(crossOriginProtection, { allowedHosts: ['app.example'] }),
    () => app.register(fastifyCors, { origin: true, methods: ['PUT'] })
  )
  app.put('/transfer', async () => { app.ran++ })
  const headers = { host: 'evil.example', origin: 'https://evil.example', 'access-control-request-method': 'PUT' }
  t.equal((await app.inject({ method: 'OPTIONS', url: '/transfer', headers })).statusCode, oursFirst ? 403 : 204, 'a preflight for another host')
  t.equal((await app.inject({ method: 'PUT', url: '/transfer', headers })).statusCode, 403, 'and the request that follows')
  t.equal(app.ran, 0)
})

/** The settings of docs/interop.md. */
const helmetSettings = settingsIn('@fastify/helmet')

/** The options in the block under a heading. */
function settingsIn (heading: string): Record<string, unknown> {
  const document = readFileSync(new URL('../../docs/interop.md', import.meta.url), 'utf8')
  const [, settings] = /^await fastify\.register\(\w+, (\{.*?^\})\)$/ms.exec(document.split(`\n## ${heading}\n`)[1]!.split('\n## ')[0]!)!
  return runInNewContext(`(${settings})`)
}

const { referrerPolicy, ...helmetOff } = helmetSettings

inBothOrders(t, '@fastify/helmet wins over isolation headers', async (t, { register }) => {
  const app = emptyApp(t)
  await register(() => app.register(crossOriginIsolation, { originAgentCluster: false }), () => app.register(fastifyHelmet))
  app.get('/', async () => 'page')
  app.get('/popup', { config: { crossOriginIsolation: { openerPolicy: 'same-origin-allow-popups', resourcePolicy: 'cross-origin' } } }, async () => 'page')
  app.get('/off', { helmet: helmetOff, config: { crossOriginIsolation: { openerPolicy: 'same-origin-allow-popups' } } }, async () => 'page')

  const helmets = { ...isolationDefaults, 'cross-origin-resource-policy': 'same-origin', 'origin-agent-cluster': '?1' }
  t.same(isolationHeaders(await app.inject('/')), helmets, 'only COEP, which helmet leaves out, is ours')
  t.same(isolationHeaders(await app.inject('/popup')), helmets, 'a route\'s config as well')
  t.same(isolationHeaders(await app.inject('/unknown')), helmets)
  t.same(isolationHeaders(await app.inject('/off')), {
    ...isolationDefaults, 'cross-origin-opener-policy': 'same-origin-allow-popups', 'origin-agent-cluster': '?0'
  })
})

t.test('@fastify/helmet\'s own Referrer-Policy has forms of own pages refused over plain HTTP, and the settings do not', async t => {
  const to = 'http://app.example'
  for (const [settings, policy, status] of [[{}, 'no-referrer', 403], [helmetSettings, 'same-origin', 200]] as const) {
    const app = emptyApp(t)
    await app.register(fastifyHelmet, settings)
    await app.register(crossOriginProtection)
    app.get('/', async () => 'a page with a form')
    countAll(app, app, '/transfer')
    const sent = (await app.inject('/')).headers['referrer-policy']
    t.equal(sent, policy)
    const { headers: { 'content-type': _type, ...headers }, method } = browserRequest({ from: 'same-origin', by: 'form', to, ...(sent === 'no-referrer' && { referrerPolicy: sent }) })
    t.equal((await app.inject({ url: '/transfer', method, headers })).statusCode, status)
    t.equal(app.ran, status === 200 ? 1 : 0)
  }
})

inBothOrders(t, '@fastify/helmet with the settings of the documentation', async (t, { oursFirst, register }) => {
  const app = emptyApp(t)
  await register(
    async () => {
      await app.register(crossOriginIsolation)
      await app.register(crossOriginProtection)
    },
    () => app.register(fastifyHelmet, helmetSettings)
  )
  countAll(app, app, '/transfer')

  const refused = await app.inject(fetchFrom('cross-site'))
  t.equal(refused.statusCode, 403)
  t.equal(app.ran, 0)
  t.same(isolationHeaders(refused), isolationDefaults)
  t.equal(refused.headers['x-content-type-options'], oursFirst ? undefined : 'nosniff',
    `the 403 has ${oursFirst ? 'none' : 'all'} of helmet's other headers`)

  const allowed = await app.inject(fetchFrom('same-origin'))
  t.equal(allowed.payload, 'ran')
  t.same(isolationHeaders(allowed), isolationDefaults)
  t.equal(allowed.headers['x-content-type-options'], 'nosniff')
})

inBothOrders(t, '@fastify/compress', async (t, { register }) => {
  const app = emptyApp(t)
  await register(
    async () => {
      await app.register(crossOriginIsolation)
      await app.register(crossOriginProtection, { safeMethods: 'check' })
    },
    () => app.register(fastifyCompress, { threshold: 0 })
  )
  const text = 'balance: 100\n'.repeat(500)
  app.get('/text', async (_request, reply) => reply.type('text/plain').send(text))
  app.get('/stream', async (_request, reply) => reply.type('text/plain').send(Readable.from([text])))
  app.get('/varies', async (_request, reply) => reply.type('text/plain').header('vary', 'Accept-Language').send(text))
  const headers = { 'accept-encoding': 'br' }

  for (const url of ['/text', '/stream', '/varies']) {
    const refused = await app.inject({ url, ...browserRequest({ from: 'cross-site', by: 'script', headers }) })
    const allowed = await app.inject({ url, ...browserRequest({ from: 'same-origin', by: 'script', headers }) })
    t.equal(refused.statusCode, 403, url)
    t.equal(JSON.parse(String(brotliDecompressSync(refused.rawPayload))).code, 'FST_CROSS_ORIGIN_DENIED', 'the 403 is compressed too')
    t.equal(String(brotliDecompressSync(allowed.rawPayload)), text)
    const ours = 'Sec-Fetch-Site, Sec-Fetch-Mode, Sec-Fetch-Dest, Origin, Referer, Accept, Service-Worker-Navigation-Preload'
    t.equal(refused.headers.vary, `accept-encoding, ${ours}`)
    t.equal(allowed.headers.vary, `${url === '/varies' ? 'Accept-Language, ' : ''}accept-encoding, ${ours}`)
    for (const response of [refused, allowed]) {
      t.equal(response.headers['content-encoding'], 'br')
      t.same(isolationHeaders(response), isolationDefaults)
    }
  }
})

inBothOrders(t, '@fastify/compress does not inflate the body of a refused request', async (t, { register }) => {
  const app = emptyApp(t)
  let inflated = 0
  await register(
    () => app.register(crossOriginProtection),
    () => app.register(fastifyCompress, { onInvalidRequestPayload: () => { inflated++; return new Error('not gzip') } })
  )
  countAll(app, app, '/transfer')
  const post = (from: BrowserRequestOptions['from'], payload: Buffer) => app.inject({
    url: '/transfer', payload, ...browserRequest({ from, by: 'fetch-cors', headers: { 'content-encoding': 'gzip' } })
  })
  t.equal((await post('cross-site', Buffer.from('not gzip'))).statusCode, 403)
  t.equal((await post('cross-site', gzipSync('amount=100'))).statusCode, 403)
  t.equal(inflated, 0)
  t.equal((await post('same-origin', Buffer.from('not gzip'))).statusCode, 400)
  t.equal(inflated, 1)
  t.equal(app.ran, 0)
  t.equal((await post('same-origin', gzipSync('amount=100'))).payload, 'ran')
})

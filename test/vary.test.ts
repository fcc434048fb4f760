import type { OutgoingHttpHeaders } from 'node:http'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyReply } from 'fastify'
import t from 'tap'
import crossOriginProtection, { type CrossOriginProtectionOptions } from '../src/index.ts'
import { browserRequest } from '../src/testing.ts'
import { countAll, emptyApp } from './helpers/app.ts'
import { listen } from './helpers/socket.ts'

/** What decides under `'isolate'`, and what decides under `'check'`. */
const isolating = 'Sec-Fetch-Site, Sec-Fetch-Mode, Sec-Fetch-Dest, Origin'
const consulted = `${isolating}, Referer, Accept, Service-Worker-Navigation-Preload`

/** What Fastify takes for a Response, by its tag, although it is not Node's own. */
class OtherResponse {
  readonly status = 200
  readonly headers: Headers
  readonly body: ReadableStream
  readonly bodyUsed = false
  readonly [Symbol.toStringTag] = 'Response'
  constructor (text: string, { headers }: ResponseInit) {
    this.headers = new Headers(headers)
    this.body = new Response(text).body!
  }
}

const own = browserRequest({ from: 'same-origin', by: 'fetch-get' }).headers
const foreign = browserRequest({ from: 'cross-site', by: 'fetch-get' }).headers

t.test('on the allowed and on the denied side, for GET and HEAD', async t => {
  for (const [safeMethods, vary] of [['isolate', isolating], ['check', consulted], ['allow', undefined]] as const) {
    const app = emptyApp(t)
    await app.register(crossOriginProtection, { safeMethods })
    countAll(app)
    for (const method of ['GET', 'HEAD'] as const) {
      for (const headers of [own, foreign, {}, { origin: 'https://evil.example' }]) {
        const response = await app.inject({ method, url: '/', headers })
        t.equal(response.headers.vary, vary, `${safeMethods}: ${method} with ${JSON.stringify(headers)}, ${response.statusCode}`)
      }
    }
    t.equal((await app.inject({ method: 'POST', url: '/', headers: own })).headers.vary, undefined, 'POST is not cached')
    t.equal((await app.inject({ method: 'OPTIONS', url: '/', headers: own })).headers.vary, undefined, 'OPTIONS is not decided')
  }
})

t.test('appended to what the application set', async t => {
  const cases: Array<[name: string, set: (reply: FastifyReply) => unknown, vary: string]> = [
    ['nothing', () => 'ok', consulted],
    ['a header', reply => { reply.header('Vary', 'Accept-Encoding'); return 'ok' }, `Accept-Encoding, ${consulted}`],
    ['a list', reply => { reply.header('vary', 'Accept-Charset, Accept-Encoding'); return 'ok' }, `Accept-Charset, Accept-Encoding, ${consulted}`],
    ['several lines', reply => { reply.header('vary', ['Accept-Charset', 'Accept-Encoding']); return 'ok' }, `Accept-Charset, Accept-Encoding, ${consulted}`],
    ['a raw header', reply => { reply.raw.setHeader('vary', 'Accept-Charset'); return 'ok' }, `Accept-Charset, ${consulted}`],
    ['one of ours, in other letter case', reply => { reply.header('vary', 'origin'); return 'ok' }, `origin, ${consulted.replace('Origin, ', '')}`],
    ['a star, which says all', reply => { reply.header('vary', '*'); return 'ok' }, '*'],
    ['an empty header', reply => { reply.header('vary', ''); return 'ok' }, consulted],
    ['a stream', reply => { reply.header('vary', 'Accept-Charset'); return Readable.from(['ok']) }, `Accept-Charset, ${consulted}`],
    ['a web Response', () => new Response('ok', { headers: { Vary: 'Accept-Charset' } }), `Accept-Charset, ${consulted}`],
    ['a web Response without it', () => new Response('ok'), consulted],
    ['an error', () => { throw new Error('broken') }, consulted],
    ['a redirect', reply => { reply.header('vary', 'Cookie').redirect('/elsewhere') }, `Cookie, ${consulted}`],
    ['an onSend hook', reply => { reply.header('x-late', 'Accept-Language'); return 'ok' }, `Accept-Language, ${consulted}`],
    ['a raw answer', reply => { reply.hijack(); reply.raw.setHeader('Vary', 'Accept-Charset'); reply.raw.end('ok') }, `Accept-Charset, ${consulted}`],
    ['a raw answer without headers', reply => { reply.hijack(); reply.raw.setHeader('vary', 'Accept-Charset'); reply.raw.writeHead(200, null as never).end('ok') }, `Accept-Charset, ${consulted}`],
    ['a raw answer with its headers', reply => { reply.hijack(); reply.raw.writeHead(200, 'Fine', { VARY: 'Accept-Charset', 'x-kept': 'yes' }).end('ok') }, `Accept-Charset, ${consulted}`],
    ['a raw answer with headers over older ones', reply => { reply.hijack(); reply.raw.setHeader('vary', 'Cookie'); reply.raw.writeHead(200, { vary: 'Accept-Charset' }).end('ok') }, `Accept-Charset, ${consulted}`],
    ['a raw answer with a list of headers', reply => { reply.hijack(); reply.raw.setHeader('vary', 'Accept-Charset'); reply.raw.writeHead(200, ['x-kept', 'yes']).end('ok') }, `Accept-Charset, ${consulted}`],
    ['a raw answer with Vary in a list of headers', reply => { reply.hijack(); reply.raw.writeHead(200, ['Vary', 'Accept-Charset', 'x-kept', 'yes', 'vary', 'Cookie']).end('ok') }, `Accept-Charset, Cookie, ${consulted}`],
    ['a raw answer with Vary in a list over older ones', reply => { reply.hijack(); reply.raw.setHeader('vary', 'Cookie'); reply.raw.writeHead(200, ['vary', 'Accept-Charset', 'x-kept', 'yes']).end('ok') }, `Accept-Charset, ${consulted}`],
    ['a raw answer with a list of pairs', reply => { reply.hijack(); reply.raw.writeHead(200, [['Vary', ['Accept-Charset', 'Cookie']], ['x-kept', 'yes']] as never).end('ok') }, `Accept-Charset, Cookie, ${consulted}`],
    ['a raw answer with its headers as the second of three arguments', reply => { reply.hijack(); reply.raw.writeHead(200, { vary: 'Cookie' } as never, undefined).end('ok') }, `Cookie, ${consulted}`],
    ['the same with null', reply => { reply.hijack(); reply.raw.writeHead(200, { vary: 'Cookie' } as never, null as never).end('ok') }, `Cookie, ${consulted}`],
    ['the same with a list', reply => { reply.hijack(); reply.raw.writeHead(200, ['vary', 'Cookie'] as never, undefined).end('ok') }, `Cookie, ${consulted}`],
    ['a wrapper that passes three arguments on', reply => {
      const writeHead = reply.raw.writeHead.bind(reply.raw)
      reply.raw.writeHead = ((status: number, reason?: string, headers?: OutgoingHttpHeaders) => writeHead(status, reason, headers)) as typeof writeHead
      reply.hijack()
      reply.raw.writeHead(200, { vary: 'Cookie' }).end('ok')
    }, `Cookie, ${consulted}`],
    ['a raw answer with a list whose values are lists', reply => { reply.hijack(); reply.raw.writeHead(200, ['x-kept', ['a', 'b'], 'vary', ['Accept-Charset', 'Cookie']] as never).end('ok') }, `Accept-Charset, Cookie, ${consulted}`],
    ['a raw answer with an empty list', reply => { reply.hijack(); reply.raw.writeHead(200, []).end('ok') }, consulted],
    ['a Response of another class', () => new OtherResponse('ok', { headers: { vary: 'Accept-Charset' } }), `Accept-Charset, ${consulted}`],
    ['later', async reply => { await sleep(1); reply.header('vary', 'Accept-Charset'); return 'ok' }, `Accept-Charset, ${consulted}`]
  ]
  for (const [name, set, vary] of cases) {
    const app = emptyApp(t)
    await app.register(crossOriginProtection, { safeMethods: 'check' })
    // Registered after the plugin, so that it has the last word of all hooks.
    app.addHook('onSend', async (_request, reply) => {
      const late = reply.getHeader('x-late')
      if (late !== undefined) reply.header('vary', late)
    })
    app.get('/', (_request, reply) => set(reply) as Promise<unknown>)
    t.equal((await app.inject({ url: '/', headers: own })).headers.vary, vary, name)
  }
})

t.test('a web Response keeps its status and its body', async t => {
  const app = emptyApp(t)
  await app.register(crossOriginProtection, { safeMethods: 'check' })
  app.get('/', async () => new Response('teapot', { status: 418, headers: { Vary: 'Accept-Charset', 'X-Kept': 'yes' } }))
  const response = await app.inject({ url: '/', headers: own })
  t.equal(response.statusCode, 418)
  t.equal(response.payload, 'teapot')
  t.equal(response.headers['x-kept'], 'yes')
})

t.test('a raw answer keeps its headers, and has one line of Vary', async t => {
  const app = emptyApp(t)
  await app.register(crossOriginProtection, { safeMethods: 'check' })
  const heads: Record<string, unknown> = {
    '/object': { VARY: 'Accept-Charset', 'X-Kept': 'yes' },
    '/list': ['VARY', 'Accept-Charset', 'X-Kept', 'yes'],
    '/pairs': [['VARY', 'Accept-Charset'], ['X-Kept', 'yes']]
  }
  for (const [url, head] of Object.entries(heads)) app.get(url, (_request, reply) => { reply.hijack(); reply.raw.writeHead(200, head as string[]).end('ok') })
  const port = await listen(app)
  for (const url of Object.keys(heads)) {
    // Repeated lines would be joined here.
    const { headers } = await fetch(`http://127.0.0.1:${port}${url}`)
    t.equal(headers.get('x-kept'), 'yes', url)
    t.equal(headers.get('vary'), `Accept-Charset, ${consulted}`, url)
  }
})

t.test('not where nothing was consulted', async t => {
  const app = emptyApp(t)
  await app.register(crossOriginProtection, { safeMethods: 'check', exemptPaths: ['/public'] })
  countAll(app, app, '/public')
  countAll(app, app, '/exempt', { crossOriginProtection: false })
  countAll(app, app, '/open', { crossOriginProtection: { safeMethods: 'allow' } })
  for (const url of ['/public', '/exempt', '/open']) {
    const response = await app.inject({ url, headers: foreign })
    t.equal(response.statusCode, 200)
    t.equal(response.headers.vary, undefined, url)
  }
})

t.test('a route of its own, declared before or after the plugin', async t => {
  const logout: CrossOriginProtectionOptions = { safeMethods: 'check' }
  for (const routes of ['before', 'after']) {
    const app = emptyApp(t)
    const declare = () => {
      countAll(app, app, '/logout', { crossOriginProtection: logout })
      countAll(app, app, '/page')
    }
    if (routes === 'before') declare()
    if (routes === 'before') app.register(crossOriginProtection)
    else await app.register(crossOriginProtection)
    if (routes === 'after') declare()
    t.match(await app.inject({ url: '/logout', headers: foreign }), { statusCode: 403, headers: { vary: consulted } })
    t.equal(app.ran, 0)
    t.match(await app.inject({ url: '/logout', headers: own }), { statusCode: 200, headers: { vary: consulted } })
    t.match(await app.inject({ url: '/page', headers: foreign }), { statusCode: 200, headers: { vary: undefined } })
  }
})

t.test('the nearest scope\'s, once', async t => {
  const app = emptyApp(t)
  await app.register(crossOriginProtection, { safeMethods: 'isolate' })
  await app.register(async scope => {
    await scope.register(crossOriginProtection, { safeMethods: 'check' })
    countAll(app, scope, '/inner')
  })
  countAll(app, app, '/outer')
  t.equal((await app.inject({ url: '/inner', headers: own })).headers.vary, consulted)
  t.equal((await app.inject({ url: '/outer', headers: own })).headers.vary, isolating)
})

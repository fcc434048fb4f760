// The header that gives a refusal's document an origin of its own, so that no script of the application's origin can reload it.
import { once } from 'node:events'
import { connect, type ServerHttp2Stream } from 'node:http2'
import { Readable } from 'node:stream'
import fastifyWebsocket from '@fastify/websocket'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import t from 'tap'
import WebSocket from 'ws'
import crossOriginProtection, { type CrossOriginProtectionOptions, type DenyHandler } from '../src/index.ts'
import { countAll, crossSitePost, emptyApp, protectedApp, sameOriginPost } from './helpers/app.ts'
import { listen } from './helpers/socket.ts'

const header = 'content-security-policy'
const sandbox = 'sandbox allow-downloads allow-forms allow-modals allow-popups allow-popups-to-escape-sandbox allow-scripts ' +
  'allow-top-navigation-by-user-activation'

t.test('every way to answer a refusal', async t => {
  const handlers: Array<[name: string, denyHandler: DenyHandler | undefined]> = [
    ['the default answer', undefined],
    ['a value', () => 'no'],
    ['HTML', (_request, reply) => reply.type('text/html').send('<button onclick="location.reload()">Try again</button>')],
    ['another status', (_request, reply) => reply.code(200).send('no')],
    ['later', async () => 'no'],
    ['a stream', () => Readable.from(['no'])],
    ['a web Response', () => new Response('no')],
    ['nothing', () => {}],
    ['the not-found handler', (_request, reply) => { reply.callNotFound() }],
    ['a redirect', (_request, reply) => reply.redirect('/refused', 303)],
    ['a hijacked reply', (_request, reply) => { reply.hijack(); reply.raw.end('no') }],
    ['a raw head', (_request, reply) => { reply.hijack(); reply.raw.writeHead(403, { 'Content-Type': 'text/html' }).end('no') }],
    ['a throw', () => { throw new Error('broken') }],
    ['a throw of undefined', () => { throw undefined }] // eslint-disable-line no-throw-literal -- applications do throw values that are not Errors
  ]
  for (const [name, denyHandler] of handlers) {
    const app = await protectedApp(t, denyHandler && { denyHandler })
    t.equal((await app.inject(crossSitePost)).headers[header], sandbox, name)
    t.equal(app.ran, 0)
    t.equal((await app.inject(sameOriginPost)).headers[header], undefined, 'what passes has no such header')
  }
})

t.test('an application\'s error handler, and its 500 when a function fails', async t => {
  const app = emptyApp(t)
  app.setErrorHandler(async (error: Error, _request, reply) => reply.type('text/html').send(`<p>${error.message}</p>`))
  await app.register(crossOriginProtection, { allowedOrigins: [() => { throw new Error('database is down') }] })
  countAll(app)
  const response = await app.inject(crossSitePost)
  t.equal(response.payload, '<p>database is down</p>')
  t.equal(response.headers[header], sandbox)
})

t.test('a GET or HEAD that is refused', async t => {
  const app = await protectedApp(t, { safeMethods: 'check' })
  for (const method of ['GET', 'HEAD'] as const) {
    const { statusCode, headers } = await app.inject({ method, url: '/', headers: { 'sec-fetch-site': 'cross-site' } })
    t.equal(statusCode, 403)
    t.equal(headers[header], sandbox, method)
    t.match(headers.vary, /Sec-Fetch-Site/, 'beside Vary')
  }
})

t.test('beside a policy of the application\'s, wherever it is set', async t => {
  const own = "default-src 'self'; report-uri /csp"
  const set = async (_request: FastifyRequest, reply: FastifyReply) => { reply.header('Content-Security-Policy', own) }
  const applications: Array<[name: string, prepare: (app: FastifyInstance) => void, options: CrossOriginProtectionOptions]> = [
    ['by an earlier hook, as helmet does', app => { app.addHook('onRequest', set) }, {}],
    ['by an onSend hook', app => { app.addHook('onSend', set) }, {}],
    ['by an error handler', app => { app.setErrorHandler(async (_error, request, reply) => { await set(request, reply); return 'no' }) }, {}],
    ['by denyHandler', () => {}, { denyHandler: async (request, reply) => { await set(request, reply); return 'no' } }],
    ['on Node\'s response', () => {}, { denyHandler: (_request, reply) => { reply.raw.setHeader('content-security-policy', own); return 'no' } }],
    ['in a raw head', () => {}, { denyHandler: (_request, reply) => { reply.hijack(); reply.raw.writeHead(403, { 'CONTENT-SECURITY-POLICY': own }).end('no') } }]
  ]
  for (const [name, prepare, options] of applications) {
    const app = emptyApp(t)
    prepare(app)
    await app.register(crossOriginProtection, options)
    countAll(app)
    t.equal((await app.inject(crossSitePost)).headers[header], `${own}, ${sandbox}`, name)
  }

  const several = await protectedApp(t, { denyHandler: (_request, reply) => reply.header(header, [own, 'img-src *']).send('no') })
  t.equal((await several.inject(crossSitePost)).headers[header], `${own}, img-src *, ${sandbox}`)
  const empty = await protectedApp(t, { denyHandler: (_request, reply) => reply.header(header, '').send('no') })
  t.equal((await empty.inject(crossSitePost)).headers[header], sandbox)
})

t.test('a policy with a sandbox directive of its own stays as it is, and only that', async t => {
  const policyOf = async (own: string) => {
    const app = await protectedApp(t, { denyHandler: (_request, reply) => reply.header(header, own).send('no') })
    return (await app.inject(crossSitePost)).headers[header]
  }
  for (const own of ['sandbox', 'sandbox allow-scripts', "default-src 'self'; sandbox allow-forms", "default-src 'self';SANDBOX", "default-src 'self',sandbox allow-forms", 'img-src *; sandbox;', 'sandbox, img-src *']) {
    t.equal(await policyOf(own), own)
  }
  for (const own of ['default-src sandbox.example', 'report-uri /sandbox', 'default-src https://example.com/ sandbox', 'x-sandbox', 'sandboxed']) {
    t.equal(await policyOf(own), `${own}, ${sandbox}`)
  }
})

t.test('not where the request goes on', async t => {
  const reporting = await protectedApp(t, { reportOnly: true })
  t.equal((await reporting.inject(crossSitePost)).headers[header], undefined, 'with reportOnly')
  const allowing = await protectedApp(t, { allowedOrigins: [async () => true] })
  t.equal((await allowing.inject(crossSitePost)).headers[header], undefined, 'when a function allows it')
})

t.test('over HTTP/2, also where a denyHandler answers on the stream', async t => {
  const app = Fastify({ http2: true })
  t.teardown(() => app.close())
  await app.register(crossOriginProtection, {
    denyHandler (request, reply) {
      if (request.url !== '/stream') return 'no'
      reply.hijack()
      const stream = (reply.raw as unknown as { stream: ServerHttp2Stream }).stream
      stream.respond({ ':status': 403, 'content-security-policy': "default-src 'self'" })
      stream.end('no')
    }
  })
  const client = connect(await app.listen({ host: '127.0.0.1', port: 0 }))
  t.teardown(() => { client.destroy() })
  for (const [path, policy] of [['/', sandbox], ['/stream', `default-src 'self', ${sandbox}`]] as const) {
    const stream = client.request({ ':method': 'POST', ':path': path, 'sec-fetch-site': 'cross-site' })
    const [headers] = await once(stream, 'response')
    t.equal(headers[':status'], 403)
    t.equal(headers[header], policy, path)
  }
})

t.test('a refused upgrade', async t => {
  const app = emptyApp(t)
  await app.register(crossOriginProtection)
  await app.register(fastifyWebsocket)
  app.get('/chat', { websocket: true }, () => { app.ran++ })
  const socket = new WebSocket(`ws://127.0.0.1:${await listen(app)}/chat`, { headers: { origin: 'https://evil.example' } })
  const [, response] = await once(socket, 'unexpected-response')
  t.equal(response.statusCode, 403)
  t.equal(response.headers[header], sandbox)
  t.equal(app.ran, 0)
})

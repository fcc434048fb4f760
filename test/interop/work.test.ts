// Plugins that do work before the handler: @fastify/rate-limit, @fastify/middie, @fastify/express and @fastify/multipart.
import { once } from 'node:events'
import { createWriteStream, readdirSync, readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { pipeline } from 'node:stream/promises'
import fastifyExpress from '@fastify/express'
import fastifyMiddie from '@fastify/middie'
import fastifyMultipart from '@fastify/multipart'
import fastifyRateLimit from '@fastify/rate-limit'
import t, { type Test } from 'tap'
import { crossOriginIsolation, crossOriginProtection } from '../../src/index.ts'
import { browserRequest, type BrowserRequestOptions } from '../../src/testing.ts'
import { bodiless, countAll, crossSitePost, emptyApp, sameOriginPost } from '../helpers/app.ts'
import { isolationDefaults, isolationHeaders } from '../helpers/headers.ts'
import { inBothOrders } from '../helpers/orders.ts'
import { listen, sendRaw, type RawResponse } from '../helpers/socket.ts'

inBothOrders(t, '@fastify/rate-limit does not count refused requests', async (t, { register }) => {
  const app = emptyApp(t)
  await register(() => app.register(crossOriginProtection), () => app.register(fastifyRateLimit, { max: 2 }))
  countAll(app)
  for (let i = 0; i < 3; i++) {
    const refused = await app.inject(crossSitePost)
    t.equal(refused.statusCode, 403)
    t.equal(refused.headers['x-ratelimit-remaining'], undefined)
    t.match(refused.headers['content-security-policy'], /^sandbox /, 'and none can be reloaded as the application\'s own')
  }
  t.equal(app.ran, 0)
  const statuses: number[] = []
  for (let i = 0; i < 3; i++) statuses.push((await app.inject(sameOriginPost)).statusCode)
  t.same(statuses, [200, 200, 429])
})

t.test('@fastify/rate-limit as a hook before this plugin counts every request once, refused or not, and answers without its policy', async t => {
  const app = emptyApp(t)
  await app.register(fastifyRateLimit, { max: 2, keyGenerator: request => String(request.headers.origin) })
  app.addHook('onRequest', app.rateLimit())
  await app.register(crossOriginProtection)
  countAll(app)
  for (const [request, expected] of [[crossSitePost, [403, 403, 429]], [sameOriginPost, [200, 200, 429]]] as const) {
    const answers = [await app.inject(request), await app.inject(request), await app.inject(request)]
    t.same(answers.map(({ statusCode }) => statusCode), expected)
    t.equal(answers[2]!.headers['content-security-policy'], undefined, 'a 429 can be reloaded: what docs/interop.md warns of')
  }
  t.equal(app.ran, 2)
})

inBothOrders(t, '@fastify/middie', async (t, { oursFirst, register }) => {
  const app = emptyApp(t)
  let passed = 0
  let answered = 0
  await register(
    async () => {
      await app.register(crossOriginIsolation)
      await app.register(crossOriginProtection, { exemptPaths: ['/hooks'] })
    },
    async () => {
      await app.register(fastifyMiddie)
      app.use((request: IncomingMessage, _response: ServerResponse, next: () => void) => {
        passed++
        request.url = '/hooks' // middie restores it.
        next()
      })
      app.use('/legacy', (_request: IncomingMessage, response: ServerResponse) => {
        answered++
        response.end('legacy')
      })
    }
  )
  countAll(app)

  const refused = await app.inject(crossSitePost)
  t.equal(refused.statusCode, 403)
  t.equal(app.ran, 0)
  t.equal(passed, oursFirst ? 0 : 1, `a middleware runs ${oursFirst ? 'only after' : 'before'} the decision`)
  t.same(isolationHeaders(refused), isolationDefaults)

  const legacy = await app.inject({ ...crossSitePost, url: '/legacy' })
  t.equal(legacy.statusCode, oursFirst ? 403 : 200, `a middleware that answers itself is ${oursFirst ? '' : 'not '}protected`)
  t.equal(answered, oursFirst ? 0 : 1)

  const own = await app.inject({ ...sameOriginPost, url: '/legacy' })
  t.equal(own.payload, 'legacy')
  t.same(isolationHeaders(own), {}, 'an answer that comes directly from middleware has no isolation headers')
  t.equal((await app.inject(sameOriginPost)).payload, 'ran')
})

inBothOrders(t, '@fastify/middie at a later hook', async (t, { register }) => {
  const app = emptyApp(t)
  let answered = 0
  await register(
    () => app.register(crossOriginProtection),
    async () => {
      await app.register(fastifyMiddie, { hook: 'preHandler' })
      app.use((_request: IncomingMessage, response: ServerResponse) => { answered++; response.end('legacy') })
    }
  )
  countAll(app)
  t.equal((await app.inject(crossSitePost)).statusCode, 403)
  t.equal(answered, 0)
  t.equal((await app.inject(sameOriginPost)).payload, 'legacy')
})

inBothOrders(t, '@fastify/express', async (t, { oursFirst, register }) => {
  const app = emptyApp(t)
  let passed = 0
  let answered = 0
  await register(
    async () => {
      await app.register(crossOriginIsolation)
      await app.register(crossOriginProtection, { exemptPaths: ['/hooks'] })
    },
    async () => {
      await app.register(fastifyExpress)
      app.use((request: IncomingMessage, _response: ServerResponse, next: () => void) => {
        passed++
        request.url = '/hooks' // Express routes by it; Fastify has done so already.
        next()
      })
      app.use('/hooks', (request: IncomingMessage & { originalUrl: string }, response: ServerResponse, next: () => void) => {
        if (!request.originalUrl.startsWith('/legacy')) return next()
        answered++
        response.end('legacy')
      })
    }
  )
  countAll(app)
  const port = await listen(app)

  const refused = await post(port, '/transfer', 'cross-site')
  t.equal(refused.status, oursFirst ? 403 : 200, `a path that a middleware rewrites is ${oursFirst ? 'not that of the request' : 'taken for that of the request, and was exempt'}`)
  t.equal(app.ran, oursFirst ? 0 : 1)
  t.equal(passed, oursFirst ? 0 : 1, `a middleware runs ${oursFirst ? 'only after' : 'before'} the decision`)
  t.same(isolationHeaders(refused), isolationDefaults)

  app.ran = 0
  t.equal((await post(port, '/legacy', 'cross-site')).status, oursFirst ? 403 : 200, `an application of Express that answers itself is ${oursFirst ? '' : 'not '}protected`)
  t.equal(answered, oursFirst ? 0 : 1)
  t.equal(app.ran, 0)

  const own = await post(port, '/legacy', 'same-origin')
  t.equal(own.body, 'legacy')
  t.same(isolationHeaders(own), {}, 'what Express answers itself has no isolation headers')
  t.equal((await post(port, '/transfer', 'same-origin')).body, 'ran')
})

inBothOrders(t, '@fastify/express at a later hook', async (t, { register }) => {
  const app = emptyApp(t)
  let answered = 0
  await register(
    () => app.register(crossOriginProtection),
    async () => {
      await app.register(fastifyExpress, { expressHook: 'preHandler' })
      app.use((_request: IncomingMessage, response: ServerResponse) => { answered++; response.end('legacy') })
    }
  )
  countAll(app)
  const port = await listen(app)
  t.equal((await post(port, '/transfer', 'cross-site')).status, 403)
  t.equal(answered, 0)
  t.equal((await post(port, '/transfer', 'same-origin')).body, 'legacy')
})

/** Over a socket: Express cannot answer what app.inject sends. */
function post (port: number, path: string, from: BrowserRequestOptions['from']): Promise<RawResponse> {
  const { method, headers } = bodiless({ from, by: 'form', to: `http://localhost:${port}` })
  return sendRaw(port, [`${method} ${path} HTTP/1.1`, ...Object.entries(headers).map(line => line.join(': '))])
}

inBothOrders(t, '@fastify/multipart does not parse a refused upload', async (t, { register }) => {
  const app = emptyApp(t)
  const directory = t.testdir({})
  await register(
    () => app.register(crossOriginProtection),
    () => app.register(fastifyMultipart, {
      attachFieldsToBody: true,
      async onFile (part) { await pipeline(part.file, createWriteStream(`${directory}/${part.filename}`)) }
    })
  )
  app.post('/transfer', async () => { app.ran++; return 'ran' })
  const port = await listen(app)

  // The refusal arrives while the file is still being sent.
  const refused = await upload(t, port, 'cross-site', { isWhole: false })
  t.match(refused, /^HTTP\/1\.1 403 .*FST_CROSS_ORIGIN_DENIED/s)
  t.match(await upload(t, port, 'cross-site', { isWhole: true }), /^HTTP\/1\.1 403 /)
  t.same(readdirSync(directory), [])
  t.equal(app.ran, 0)

  t.match(await upload(t, port, 'same-origin', { isWhole: true }), /^HTTP\/1\.1 200 .*ran/s)
  t.equal(readFileSync(`${directory}/photo.png`, 'latin1').length, size)
})

const size = 200_000

/** Sends a file in a form, or only its first half, and returns the server's answer. */
async function upload (t: Test, port: number, from: BrowserRequestOptions['from'], { isWhole }: { isWhole: boolean }): Promise<string> {
  const { method, headers } = browserRequest({ from, by: 'form-multipart', to: `http://localhost:${port}` })
  const body = ['--x', 'Content-Disposition: form-data; name="photo"; filename="photo.png"', '', 'x'.repeat(size), '--x--', ''].join('\r\n')
  const head = [`${method} /transfer HTTP/1.1`, ...Object.entries(headers).map(line => line.join(': ')), `Content-Length: ${body.length}`, '', '']
  const socket = connect(port, '127.0.0.1')
  t.teardown(() => socket.destroy())
  socket.write(head.join('\r\n'))
  socket.write(isWhole ? body : body.slice(0, size / 2))
  let answer = ''
  socket.on('data', chunk => { answer += chunk })
  while (!/\r\n\r\n./.test(answer)) await once(socket, 'data')
  return answer
}

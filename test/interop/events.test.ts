// @fastify/sse, whose streams of events it writes past Fastify.
import { fastifySSE } from '@fastify/sse'
import type { FastifyReply } from 'fastify'
import t from 'tap'
import { crossOriginIsolation, crossOriginProtection, type SafeMethods } from '../../src/index.ts'
import { browserRequest, type BrowserRequestOptions } from '../../src/testing.ts'
import { emptyApp } from '../helpers/app.ts'
import { isolationDefaults, isolationHeaders } from '../helpers/headers.ts'
import { inBothOrders } from '../helpers/orders.ts'

/** What an EventSource on a page sends. */
const eventSource = (from: BrowserRequestOptions['from']) => ({
  url: '/events', ...browserRequest({ from, by: 'fetch-cors-credentials', headers: { accept: 'text/event-stream' } }), method: 'GET' as const
})

for (const safeMethods of ['allow', 'isolate', 'check'] as SafeMethods[]) {
  inBothOrders(t, `@fastify/sse, safe methods: ${safeMethods}`, async (t, { register }) => {
    const app = emptyApp(t)
    await register(
      async () => {
        await app.register(crossOriginIsolation)
        await app.register(crossOriginProtection, { safeMethods })
      },
      () => app.register(fastifySSE)
    )
    const stream = async (_request: unknown, reply: FastifyReply) => {
      app.ran++
      await reply.sse.send({ data: 'welcome' })
    }
    app.get('/events', { sse: true }, stream)
    app.post('/events', { sse: true }, stream)
    app.get('/own-headers', { sse: true }, async (request, reply) => {
      reply.headers({ ...app.crossOriginIsolation.headers })
      await stream(request, reply)
    })

    const read = await app.inject(eventSource('cross-site'))
    const isRead = safeMethods === 'allow'
    t.equal(read.statusCode, isRead ? 200 : 403, `another site ${isRead ? 'may open it, as any GET' : 'is refused'}`)
    t.equal(app.ran, isRead ? 1 : 0)
    if (!isRead) t.match(read.headers['content-type'], /^application\/json/, 'an EventSource does not try again')

    app.ran = 0
    const write = await app.inject({ ...eventSource('cross-site'), method: 'POST' })
    t.equal(write.statusCode, 403, 'a stream that a POST asks for')
    t.same(isolationHeaders(write), isolationDefaults)
    t.equal(app.ran, 0)

    for (const method of ['GET', 'POST'] as const) {
      const own = await app.inject({ ...eventSource('same-origin'), method })
      t.equal(own.payload, 'data: "welcome"\n\n', `the own page, ${method}`)
      t.same(isolationHeaders(own), {}, 'a stream of events has no isolation headers')
      t.equal('vary' in own.headers, safeMethods !== 'allow' && method === 'GET', 'Vary')
    }
    t.same(isolationHeaders(await app.inject({ ...eventSource('same-origin'), url: '/own-headers' })), isolationDefaults, 'unless its handler sets them')
  })
}

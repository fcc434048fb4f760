// What is joined to a head, over a real HTTP/2 connection: Node's compatibility API writes its heads on the stream, and an
// application may do so itself.
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { connect, sensitiveHeaders, type ClientHttp2Session, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2'
import { fileURLToPath } from 'node:url'
import Fastify, { type FastifyReply } from 'fastify'
import t from 'tap'
import { joinToHead } from '../src/head.ts'

const path = fileURLToPath(import.meta.url)

async function get (client: ClientHttp2Session, path: string): Promise<IncomingHttpHeaders> {
  const stream = client.request({ ':path': path })
  stream.resume()
  const [headers] = await once(stream, 'response')
  stream.close()
  return headers
}

t.test('inherited headers, which Node does not write, are not copied', async t => {
  const app = Fastify()
  app.addHook('onRequest', async (_request, reply) => { joinToHead(reply, 'vary', () => 'Origin') })
  app.get('/', (_request, reply) => {
    reply.hijack()
    reply.raw.writeHead(200, Object.assign(Object.create({ 'x-inherited': 'yes' }), { 'x-own': 'yes', etag: '"1"' })).end('ok')
  })
  t.teardown(() => app.close())
  const { headers } = await app.inject('/')
  t.match(headers, { vary: 'Origin', 'x-own': 'yes', etag: '"1"' })
  t.notOk('x-inherited' in headers)
})

t.test('over HTTP/2', async t => {
  const app = Fastify({ http2: true })
  app.addHook('onRequest', async (_request, reply) => {
    joinToHead(reply as unknown as FastifyReply, 'vary', value => value === '' ? 'Origin' : `${value}, Origin`)
  })
  const streamOf = (reply: { hijack: () => unknown, raw: { stream: unknown } }) => {
    reply.hijack()
    return reply.raw.stream as ServerHttp2Stream
  }
  app.get('/reply', async () => 'ok')
  app.get('/set', async (_request, reply) => { reply.header('vary', 'Cookie'); return 'ok' })
  app.get('/raw', (_request, reply) => { reply.hijack(); reply.raw.writeHead(200, { Vary: 'Cookie' }).end('ok') })
  app.get('/respond', (_request, reply) => {
    // What was set on Node's response is not part of a head that is written on the stream.
    reply.raw.setHeader('vary', 'Accept')
    const stream = streamOf(reply)
    stream.respond({ ':status': 203, vary: 'Cookie', 'x-kept': 'yes', [sensitiveHeaders]: ['x-kept'] })
    stream.end('ok')
  })
  app.get('/respond-with-nothing', (_request, reply) => { const stream = streamOf(reply); (stream.respond as () => void)(); stream.end('ok') })
  app.get('/file', (_request, reply) => { streamOf(reply).respondWithFile(path, { vary: ['Cookie', 'Accept'] as never }) })
  app.get('/descriptor', (_request, reply) => {
    const descriptor = openSync(path, 'r')
    streamOf(reply).on('close', () => { closeSync(descriptor) }).respondWithFD(descriptor, { vary: 'Cookie' })
  })
  t.teardown(() => app.close())
  const client = connect(await app.listen({ host: '127.0.0.1', port: 0 }))
  t.teardown(() => { client.destroy() })

  for (const [path, vary] of [
    ['/reply', 'Origin'], ['/set', 'Cookie, Origin'], ['/raw', 'Cookie, Origin'], ['/respond', 'Cookie, Origin'], ['/respond-with-nothing', 'Origin'],
    ['/file', 'Cookie, Accept, Origin'], ['/descriptor', 'Cookie, Origin'], ['/unknown', 'Origin']
  ] as const) t.equal((await get(client, path)).vary, vary, path)

  const headers = await get(client, '/respond')
  t.equal(headers[':status'], 203)
  t.equal(headers['x-kept'], 'yes')
  t.same((headers as { [sensitiveHeaders]?: string[] })[sensitiveHeaders], ['x-kept'])
})

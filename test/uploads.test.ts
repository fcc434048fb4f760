// A refused upload stays where it is: the server does not read it, however large.
import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import { connect, type Socket } from 'node:net'
import Fastify from 'fastify'
import t from 'tap'
import crossOriginProtection, { type CrossOriginProtectionOptions } from '../src/index.ts'
import { crossSitePost, protectedApp } from './helpers/app.ts'
import { listen } from './helpers/socket.ts'

const SIZE = 256 * 2 ** 20
const piece = Buffer.alloc(2 ** 20, 'x')

/**
 * Uploads as much of `SIZE` bytes as the server takes. The answer is awaited after the first piece: the server hangs up
 * on the rest, and who writes into that may miss what was said before.
 */
async function upload (port: number, framing: string): Promise<{ answer: string, sent: number }> {
  const socket = connect(port, '127.0.0.1')
  let answer = ''
  let sent = 0
  socket.on('error', () => {}) // The server hangs up.
  socket.on('data', chunk => { answer += chunk })
  socket.write(`POST / HTTP/1.1\r\nHost: app.example\r\nSec-Fetch-Site: cross-site\r\n${framing}\r\n\r\n`)
  const closed = new Promise(resolve => { socket.on('close', resolve) })
  const answered = new Promise(resolve => { socket.once('data', resolve) })
  while (sent < SIZE && !socket.destroyed) {
    if (framing.startsWith('Transfer-Encoding')) socket.write(`${piece.length.toString(16)}\r\n`)
    const isTaken = socket.write(piece)
    if (framing.startsWith('Transfer-Encoding')) socket.write('\r\n')
    sent += piece.length
    if (sent === piece.length) await Promise.race([answered, closed])
    else if (!isTaken) await Promise.race([new Promise(resolve => { socket.once('drain', resolve) }), closed])
  }
  socket.destroy()
  await closed
  return { answer, sent }
}

for (const [name, options] of Object.entries<CrossOriginProtectionOptions>({
  'the default answer': {},
  'a denyHandler': { denyHandler: async () => 'no' }
})) {
  t.test(`a refused upload is not read, ${name}`, async t => {
    const app = await protectedApp(t, options)
    const sockets: Socket[] = []
    app.server.on('connection', socket => { sockets.push(socket) })
    const port = await listen(app)
    for (const framing of [`Content-Length: ${SIZE}`, 'Transfer-Encoding: chunked']) {
      const { answer, sent } = await upload(port, framing)
      t.match(answer, /^HTTP\/1.1 403 /, framing)
      t.match(answer, /^connection: close\r$/mi)
      t.ok(sockets.at(-1)!.bytesRead < 4 * 2 ** 20, `${sockets.at(-1)!.bytesRead} bytes were read`)
      t.ok(sent < SIZE / 2, `${sent} bytes were sent`)
    }
    t.equal(app.ran, 0)
  })
}

t.test('from one byte more than 64 KiB on', async t => {
  const app = await protectedApp(t)
  for (const [size, connection] of [[65_536, 'keep-alive'], [65_537, 'close']] as const) {
    const response = await app.inject({ ...crossSitePost, payload: 'x'.repeat(size) })
    t.equal(response.statusCode, 403)
    t.equal(response.headers.connection, connection, `${size} bytes`)
  }
})

t.test('over HTTP/2, which has no such header, Node has nothing to complain about', async t => {
  const warnings: Error[] = []
  const onWarning = (warning: Error) => { warnings.push(warning) }
  process.on('warning', onWarning)
  t.teardown(() => process.off('warning', onWarning))
  const app = Fastify({ http2: true })
  t.teardown(() => app.close())
  await app.register(crossOriginProtection)
  const address = await app.listen({ host: '127.0.0.1', port: 0 })
  const client = connectHttp2(address)
  const stream = client.request({ ':method': 'POST', ':path': '/', 'sec-fetch-site': 'cross-site', 'content-length': 65_537 })
  stream.end('x'.repeat(65_537))
  const [headers] = await once(stream, 'response')
  t.equal(headers[':status'], 403)
  client.destroy()
  t.same(warnings.filter(({ name }) => name === 'UnsupportedWarning'), [])
})

t.test('a refused form leaves its connection open', async t => {
  const app = await protectedApp(t)
  const socket = connect(await listen(app), '127.0.0.1')
  let answer = ''
  const head = 'POST / HTTP/1.1\r\nHost: app.example\r\nSec-Fetch-Site: '
  socket.on('data', chunk => {
    answer += chunk
    if (answer.endsWith('ran')) socket.end()
  })
  socket.write(`${head}cross-site\r\nContent-Length: 10\r\n\r\namount=100${head}same-origin\r\n\r\n`)
  await once(socket, 'close')
  t.same(answer.match(/HTTP\/1.1 \d+/g), ['HTTP/1.1 403', 'HTTP/1.1 200'])
  t.equal(app.ran, 1)
})

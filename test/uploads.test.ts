// What becomes of the body of a refused request. A client that uploads first and reads afterwards, as browsers do, gets its
// answer; one that never stops is cut off.
import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import { connect, type Socket } from 'node:net'
import { PassThrough } from 'node:stream'
import Fastify from 'fastify'
import t, { type Test } from 'tap'
import crossOriginProtection, { type CrossOriginProtectionOptions } from '../src/index.ts'
import { crossSitePost, protectedApp, type CountingApp } from './helpers/app.ts'
import { listen } from './helpers/socket.ts'

const MIB = 2 ** 20
const piece = Buffer.alloc(MIB, 'x')

/** A server whose last socket can be looked at. */
async function uploadServer (t: Test, options: CrossOriginProtectionOptions = {}): Promise<{ app: CountingApp, port: number, socket: () => Socket }> {
  const app = await protectedApp(t, options)
  let last: Socket | undefined
  app.server.on('connection', socket => { last = socket })
  return { app, port: await listen(app), socket: () => last! }
}

/** Sends a head and then a body of some size, and reads nothing before that, as browsers do. Resolves once it is closed. */
async function upload (port: number, framing: string, size: number, head = 'POST / HTTP/1.1'): Promise<{ answer: string, sent: number }> {
  const socket = connect(port, '127.0.0.1')
  let answer = ''
  let sent = 0
  socket.on('error', () => {}) // The server hangs up on a body that is too large.
  const closed = once(socket, 'close').catch(() => {})
  socket.write(`${head}\r\nHost: app.example\r\nSec-Fetch-Site: cross-site\r\n${framing}\r\n\r\n`)
  const isChunked = framing.startsWith('Transfer-Encoding')
  while (sent < size && !socket.destroyed) {
    const next = piece.subarray(0, size - sent)
    const isTaken = socket.write(isChunked ? Buffer.concat([Buffer.from(`${next.length.toString(16)}\r\n`), next, Buffer.from('\r\n')]) : next)
    sent += next.length
    if (!isTaken) await Promise.race([once(socket, 'drain').catch(() => {}), closed])
  }
  if (isChunked && !socket.destroyed) socket.write('0\r\n\r\n')
  socket.on('data', chunk => { answer += chunk })
  await closed
  return { answer, sent }
}

for (const [name, options] of Object.entries<CrossOriginProtectionOptions>({
  'the default answer': {},
  'a denyHandler': { denyHandler: async () => 'no' },
  'a stream': { denyHandler: () => new PassThrough().end('no') }
})) {
  t.test(`a refused upload of 60 MB is read and dropped, so that the client sees ${name}`, async t => {
    const { app, port, socket } = await uploadServer(t, options)
    for (const head of ['POST / HTTP/1.1', 'POST / HTTP/1.0']) {
      for (const framing of [`Content-Length: ${60 * MIB}`, 'Transfer-Encoding: chunked']) {
        if (head.endsWith('1.0') && framing.startsWith('Transfer')) continue // There are no chunks in HTTP/1.0.
        const { answer, sent } = await upload(port, framing, 60 * MIB, head)
        t.equal(sent, 60 * MIB, `${head}, ${framing}`)
        t.match(answer, /^HTTP\/1.1 403 /)
        t.match(answer, /^connection: close\r$/mi)
        t.ok(socket().bytesRead > 60 * MIB)
      }
    }
    t.equal(app.ran, 0)
  })
}

t.test('a body that never ends is not read to its end', async t => {
  const { app, port, socket } = await uploadServer(t)
  for (const framing of [`Content-Length: ${512 * MIB}`, 'Transfer-Encoding: chunked']) {
    const { sent } = await upload(port, framing, 512 * MIB)
    t.ok(socket().bytesRead < 80 * MIB, `${socket().bytesRead} bytes were read`)
    t.ok(sent < 256 * MIB, `${sent} bytes were sent`)
  }
  t.equal(app.ran, 0)
})

t.test('a client that stops sending is not waited for', async t => {
  const app = await protectedApp(t)
  const timeouts: number[] = []
  app.server.on('connection', (socket: Socket) => {
    // The plugin waits seconds; the test does not.
    const setTimeout = socket.setTimeout.bind(socket)
    socket.setTimeout = (milliseconds: number, callback?: () => void) => {
      if (callback !== undefined) timeouts.push(milliseconds)
      return setTimeout(callback === undefined ? milliseconds : 20, callback)
    }
  })
  const { answer } = await upload(await listen(app), `Content-Length: ${MIB}`, 10_000)
  t.match(answer, /^HTTP\/1.1 403 /)
  t.ok(timeouts.includes(5000))
})

t.test('nor is one that sends for ever, a little at a time', async t => {
  const { port } = await uploadServer(t)
  const timers: number[] = []
  const real = globalThis.setTimeout
  t.intercept(globalThis, 'setTimeout', {
    value: Object.assign((callback: () => void, milliseconds: number) => {
      timers.push(milliseconds)
      return real(callback, milliseconds === 30_000 ? 50 : milliseconds)
    }, real)
  })
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  socket.write(`POST / HTTP/1.1\r\nHost: app.example\r\nSec-Fetch-Site: cross-site\r\nContent-Length: ${MIB}\r\n\r\n`)
  const drip = setInterval(() => { socket.write('x') }, 5)
  socket.resume()
  await once(socket, 'close')
  clearInterval(drip)
  t.ok(timers.includes(30_000))
})

t.test('a denyHandler that reads the body has it to itself', async t => {
  const { app, port } = await uploadServer(t, {
    async denyHandler (request) {
      let size = 0
      for await (const chunk of request.raw) size += (chunk as Buffer).length
      return String(size)
    }
  })
  // Nothing is left to wait for, so the connection is closed without this.
  app.server.on('connection', (socket: Socket) => { socket.setTimeout = () => socket })
  const { answer } = await upload(port, `Content-Length: ${3 * MIB}`, 3 * MIB)
  t.match(answer, new RegExp(`\\r\\n\\r\\n${3 * MIB}$`))
})

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

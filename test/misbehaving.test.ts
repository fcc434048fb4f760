// The application's own code misbehaves during the check: a logger, a serializer, trustProxy, a function. Whatever it throws,
// the request ends in an error and never in its handler; where the policy only reports, it goes on.
import { once } from 'node:events'
import { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import type { FastifyInstance, FastifyServerOptions, InjectOptions } from 'fastify'
import t from 'tap'
import type { CrossOriginProtectionOptions } from '../src/index.ts'
import { browserRequest } from '../src/testing.ts'
import { crossSitePost, protectedApp } from './helpers/app.ts'
import { captureLog } from './helpers/log.ts'

const thrown: Array<[name: string, value: unknown]> = [
  ['an error', new Error('broken')], ['undefined', undefined], ['null', null], ['false', false], ['zero', 0], ['an empty string', ''], ['a string', 'broken']
]

/** What is logged at the start goes well. */
let isStarting = false

function fail (value: unknown): (input?: unknown) => never {
  return input => {
    if (isStarting) return input as never
    throw value
  }
}

async function start (app: FastifyInstance): Promise<void> {
  isStarting = true
  await app.ready()
  isStarting = false
}

/** What misbehaves, and a request that comes to it. */
const culprits: Array<[name: string, server: (value: unknown) => FastifyServerOptions, request?: InjectOptions]> = [
  ['a stream of the logger', value => ({ logger: { level: 'warn', stream: { write: fail(value) } } })],
  ['a formatter', value => ({ logger: { level: 'warn', formatters: { log: fail(value) }, stream: { write () {} } } })],
  ...['origin', 'host', 'method', 'reason'].map(name => (
    [`a serializer of ${name}`, (value: unknown) => ({ logger: { level: 'warn', serializers: { [name]: fail(value) }, stream: { write () {} } } })] as [string, (value: unknown) => FastifyServerOptions]
  )),
  ['trustProxy', value => ({ trustProxy: fail(value) }), { method: 'POST', url: '/', headers: { host: 'app.example', origin: 'https://evil.example', 'x-forwarded-host': 'app.example' } }]
]

/** Without functions, with one that denies at once, and with one that denies later. */
const lists: CrossOriginProtectionOptions['allowedOrigins'][] = [[], [() => false], [async () => false]]

for (const [name, server, request = crossSitePost] of culprits) {
  t.test(`${name} that throws`, async t => {
    for (const [what, value] of thrown) {
      for (const allowedOrigins of lists) {
        const app = await protectedApp(t, { allowedOrigins: allowedOrigins! }, server(value))
        const response = await app.inject(request).catch(error => ({ statusCode: 500, error }))
        t.equal(app.ran, 0, `${what}: the handler did not run`)
        t.equal(response.statusCode, 500, what)

        const reporting = await protectedApp(t, { allowedOrigins: allowedOrigins!, reportOnly: true }, server(value))
        await start(reporting)
        await reporting.inject(request).catch(() => {})
        t.equal(reporting.ran, 1, `${what}: with reportOnly the request goes on`)
      }
    }
  })
}

t.test('with reportOnly, a failure is logged, if the logger is not what failed', async t => {
  const { lines, logger } = captureLog('error')
  const app = await protectedApp(t, { reportOnly: true }, { logger, trustProxy: fail(new Error('broken')) })
  await app.inject({ method: 'POST', url: '/', headers: { origin: 'https://evil.example', 'x-forwarded-host': 'app.example' } })
  t.equal(app.ran, 1)
  t.match(lines, [{ level: 50, msg: 'the cross-origin check failed; the request goes on, because of reportOnly', err: { message: 'broken' } }])
})

t.test('check rejects with what was thrown', async t => {
  const app = await protectedApp(t, {}, { trustProxy: fail(new Error('broken')) })
  let result: Promise<unknown> | undefined
  app.addHook('preHandler', async request => { result = app.crossOriginProtection.check(request) })
  await app.inject({ method: 'POST', url: '/', headers: { 'sec-fetch-site': 'same-origin' } })
  await t.resolves(result!)

  const raw = { method: 'POST', url: '/', headers: { host: 'app.example', origin: 'https://evil.example' } }
  const asking = await protectedApp(t, { allowedOrigins: [fail(new Error('broken'))] })
  await t.rejects(asking.crossOriginProtection.check(raw as never), { message: 'broken' })
})

t.test('mock sockets, as light-my-request and serverless adapters have them', async t => {
  const { lines, logger } = captureLog('warn')
  const app = await protectedApp(t, {}, { logger })
  for (const from of ['cross-site', 'same-origin'] as const) {
    for (const engine of ['chromium', 'firefox', 'webkit'] as const) {
      const response = await app.inject({ url: '/', ...browserRequest({ from, by: 'websocket', engine }) })
      t.equal(response.statusCode, from === 'cross-site' ? 403 : 200, `a handshake from ${from}, ${engine}`)
    }
  }
  const upload = await app.inject({ ...crossSitePost, payload: 'x'.repeat(100_000) })
  t.equal(upload.statusCode, 403)
  t.same(lines.filter(({ msg }) => msg !== 'cross-origin request denied'), [], 'Fastify has nothing to complain about')
})

t.test('a socket that lacks what a socket of Node\'s has, or none', async t => {
  const app = await protectedApp(t)
  await app.ready()
  for (const [upgrade, isMissing] of [[true, false], [false, false], [true, true], [false, true]]) {
    const written: Buffer[] = []
    const socket = new Duplex({ read () {}, write (chunk, _encoding, done) { written.push(chunk); done() } }) as Socket
    const headers = { 'sec-fetch-site': 'cross-site', upgrade: 'websocket', 'content-length': '100000' }
    const request = Object.assign(new IncomingMessage(isMissing ? undefined as unknown as Socket : socket), { method: 'POST', url: '/', headers, httpVersionMajor: 1, upgrade })
    const response = new ServerResponse(request)
    response.assignSocket(socket)
    app.routing(request, response)
    await once(response, 'finish')
    t.match(String(Buffer.concat(written)), /^HTTP\/1.1 403 [^]*FST_CROSS_ORIGIN_DENIED/, `${upgrade ? 'an upgrade' : 'an upload'}, ${isMissing ? 'no socket at all' : 'a stream'}`)
    t.equal(app.ran, 0)
  }
})

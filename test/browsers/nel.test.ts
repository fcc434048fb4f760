// Network Error Logging in Chromium, the only engine that has it: it reports every request to an origin that asks for it, to the
// endpoint that the origin names. Not a row of the matrix, because Chromium ignores NEL where it does not trust the certificate.
import { createHash, X509Certificate } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import fastifyCors from '@fastify/cors'
import type { FastifyInstance } from 'fastify'
import t from 'tap'
import crossOriginProtection from '../../src/index.ts'
import { launchEngine } from './engines.ts'
import { createFactories, createLog } from './lab.ts'

const { credentials, tls } = await createFactories()
const { until, notify } = createLog()

interface Report { readonly headers: IncomingHttpHeaders, readonly status: number, readonly types: unknown }

/** By the path that they were sent to, which is another one for each reporter. */
const reported = new Map<string, Report>()

const bank = tls()
const read = new Map<string, unknown>()
bank.addHook('onResponse', async ({ url, method, headers }, { statusCode }) => {
  if (method === 'POST') reported.set(url, { headers, status: statusCode, types: read.get(url) })
  notify()
})
// Chromium asks by CORS before it sends a report to another origin.
await bank.register(fastifyCors, { origin: true })
await bank.register(crossOriginProtection, { denialLogLevel: 'silent' })
bank.addContentTypeParser('application/reports+json', { parseAs: 'string' }, async (_request: unknown, body: string) => JSON.parse(body))
bank.post<{ Body: ReadonlyArray<{ type: string }> }>('/reports/:from', async ({ url, body }) => { read.set(url, [...new Set(body.map(({ type }) => type))]) })
addReportedPages(bank)
const other = tls()
addReportedPages(other)

function addReportedPages (fastify: FastifyInstance): void {
  fastify.get<{ Querystring: { to: string } }>('/asks', async (request, reply) => {
    reply.headers({
      'report-to': JSON.stringify({ group: 'nel', max_age: 600, endpoints: [{ url: request.query.to }] }),
      nel: JSON.stringify({ report_to: 'nel', max_age: 600, success_fraction: 1, failure_fraction: 1 })
    })
    return reply.type('text/html').send('<!doctype html><title>page</title><img src="/nothing">')
  })
}

for (const server of [bank, other]) {
  await server.listen({ host: 'localhost', port: 0 })
  t.teardown(() => server.close())
}
const originOf = (host: string, server: FastifyInstance) => `https://${host}:${(server.server.address() as AddressInfo).port}`

const key = new X509Certificate(credentials.cert).publicKey.export({ type: 'spki', format: 'der' })
const engine = await launchEngine('chromium', [`--ignore-certificate-errors-spki-list=${createHash('sha256').update(key).digest('base64')}`])
t.teardown(() => engine.close())
t.comment(engine.version)

const reporters = [
  ['another site', originOf('evil.test', other), 403],
  ['the same site', originOf('sub.app.test', other), 403],
  ['the own origin', originOf('app.test', bank), 200]
] as const
for (const [i, [from, origin, status]] of reporters.entries()) {
  t.test(`a page of ${from}`, async t => {
    const path = `/reports/${i}`
    await engine.open(`${origin}/asks?to=${encodeURIComponent(originOf('app.test', bank) + path)}`)
    await until(() => reported.has(path), 15_000)
    t.match(reported.get(path), { headers: { origin, 'content-type': 'application/reports+json' }, status })
    t.same(reported.get(path)?.types, status === 200 ? ['network-error'] : undefined, 'what the handler read')
    t.same(Object.keys(reported.get(path)?.headers ?? {}).filter(name => name.startsWith('sec-') || name === 'cookie'), [], 'neither Fetch Metadata nor cookies')
  })
}

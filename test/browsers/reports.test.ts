// What the browsers report of a page that crossOriginIsolation isolates, to the route of the recipe in the documentation.
// ENGINE=webkit tries one engine alone.
import { setTimeout as sleep } from 'node:timers/promises'
import type { AddressInfo } from 'node:net'
import Fastify, { type FastifyInstance } from 'fastify'
import t from 'tap'
import crossOriginProtection from '../../src/index.ts'
import { findBlock, runBlock } from '../helpers/documents.ts'
import { engineNames, launchEngine } from './engines.ts'
import { createFactories } from './lab.ts'

interface Report { readonly type: string, readonly url: string, readonly body: Readonly<Record<string, unknown>> }

/** The recipe, as the document has it. */
async function addReports (fastify: FastifyInstance): Promise<void> {
  await runBlock(fastify, findBlock('docs/isolation.md', 'js', 'addContentTypeParser'))
}

t.test('what is no list of reports is answered with 400', async t => {
  const fastify = Fastify()
  t.teardown(() => fastify.close())
  await fastify.register(crossOriginProtection)
  await addReports(fastify)
  for (const [payload, status] of [['{}', 400], ['[1]', 400], ['', 400], ['[{"type":"coep","url":"https://app.test/","body":{}}]', 204]] as const) {
    const response = await fastify.inject({ method: 'POST', url: '/reports', headers: { 'content-type': 'application/reports+json', origin: 'https://evil.test' }, payload })
    t.equal(response.statusCode, status, payload)
  }
})

t.jobs = engineNames.length
for (const name of engineNames.filter(name => !process.env.ENGINE || name === process.env.ENGINE)) {
  t.test(name, { buffered: true }, async t => {
    const { tls } = await createFactories()
    const fastify = tls()
    t.teardown(() => fastify.close())
    const reported: Report[] = []
    const seen: Array<{ headers: Record<string, unknown>, status: number }> = []
    fastify.addHook('onRequest', async request => {
      if (request.url === '/reports') request.log = Object.assign(Object.create(request.log), { warn: ({ reports }: { reports: Report[] }) => { reported.push(...reports) } })
    })
    fastify.addHook('onResponse', async (request, reply) => {
      if (request.url === '/reports') seen.push({ headers: request.headers, status: reply.statusCode })
    })
    await fastify.register(crossOriginProtection, { denialLogLevel: 'silent' })
    await addReports(fastify)
    // The frame has no embedder policy, so require-corp blocks it.
    fastify.get('/', async (_request, reply) => reply.type('text/html').send('<!doctype html><title>page</title><iframe src="/frame"></iframe>'))
    fastify.get('/frame', { config: { crossOriginIsolation: { embedderPolicy: null } } }, async (_request, reply) => reply.type('text/html').send('frame'))
    await fastify.listen({ host: 'localhost', port: 0 })
    const origin = `https://app.test:${(fastify.server.address() as AddressInfo).port}`

    const engine = await launchEngine(name)
    t.teardown(() => engine.close())
    t.comment(engine.version)
    await engine.open(`${origin}/`)

    if (name === 'firefox') {
      // It knows no endpoint for these policies. Once it does, this fails.
      await sleep(3000)
      t.same(reported, [], 'Firefox reports nothing')
      return
    }
    const deadline = Date.now() + 15_000
    while (seen.length === 0 && Date.now() < deadline) await sleep(50)
    t.match(reported, [{ type: 'coep', url: `${origin}/`, body: { blockedURL: `${origin}/frame`, disposition: 'enforce' } }])
    t.match(seen, [{ headers: { 'content-type': 'application/reports+json', origin }, status: 204 }])
  })
}

// A form in a PDF document, in Chromium's viewer: whoever the document is from, its form is sent as one of nobody.
import type { AddressInfo } from 'node:net'
import Fastify, { type FastifyInstance } from 'fastify'
import t from 'tap'
import { hints } from '../../src/hints.ts'
import crossOriginProtection from '../../src/index.ts'
import { captureLog } from '../helpers/log.ts'
import { launchEngine } from './engines.ts'
import { createLog } from './lab.ts'

// The viewer asks the user before it sends anything to a server on the user's own machine, as this one is.
const engine = await launchEngine('chromium', ['--disable-features=LocalNetworkAccessChecks'])
t.teardown(() => engine.close())
t.comment(engine.version)

const { lines, logger } = captureLog('warn')
const { until, notify } = createLog()
const seen: Array<readonly [url: string, site: unknown, origin: unknown, status: number]> = []
let ran: string[] = []

const bank = Fastify({ logger, forceCloseConnections: true })
bank.addHook('onResponse', async ({ url, method, headers }, { statusCode }) => {
  if (method === 'POST') seen.push([url, headers['sec-fetch-site'], headers.origin, statusCode])
  notify()
})
await bank.register(crossOriginProtection)
bank.addContentTypeParser('*', async () => undefined)
bank.post('/transfer', async ({ url }) => { ran.push(url) })
bank.post('/exempt', { config: { crossOriginProtection: false } }, async ({ url }) => { ran.push(url) })
const other = Fastify({ forceCloseConnections: true })
for (const server of [bank, other]) {
  server.get<{ Querystring: { to: string } }>('/form.pdf', async (request, reply) => reply.type('application/pdf').send(pdf(request.query.to)))
  await server.listen({ host: 'localhost', port: 0 })
  t.teardown(() => server.close())
}
const originOf = (host: string, server: FastifyInstance) => `http://${host}:${(server.server.address() as AddressInfo).port}`

const documents = [
  ['another site', originOf('127.0.0.1', other), '/transfer', 403],
  ['the same site', originOf('localhost', other), '/transfer', 403],
  ['the own origin', originOf('localhost', bank), '/transfer', 403],
  ['the own origin, to an exempt route', originOf('localhost', bank), '/exempt', 200]
] as const
for (const [from, origin, path, status] of documents) {
  t.test(`a document of ${from}`, async t => {
    seen.length = lines.length = 0
    ran = []
    await engine.open(`${origin}/form.pdf?to=${encodeURIComponent(originOf('localhost', bank) + path)}`)
    // Until the viewer has drawn the button, a click does nothing.
    for (let i = 0; i < 60 && seen.length === 0; i++) {
      await engine.clickMiddle()
      await until(() => seen.length > 0, 500)
    }
    t.same(seen[0], [path, 'cross-site', 'null', status])
    t.same(ran.length > 0, status === 200, 'whether the handler ran')
    t.equal(lines[0]?.hint, status === 200 ? undefined : hints.pdfForm)
  })
}

/** A page that is a button, which submits a form. */
function pdf (action: string): string {
  const objects = [
    '<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [4 0 R] >> >>',
    '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
    '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 600] /Annots [4 0 R] >>',
    `<< /Type /Annot /Subtype /Widget /FT /Btn /Ff 65536 /T (go) /Rect [0 0 600 600] /P 3 0 R /A << /S /SubmitForm /F << /FS /URL /F (${action}) >> /Flags 4 >> >>`
  ]
  let text = '%PDF-1.7\n'
  const places = objects.map((object, i) => {
    const place = text.length
    text += `${i + 1} 0 obj\n${object}\nendobj\n`
    return `${String(place).padStart(10, '0')} 00000 n \n`
  })
  const size = objects.length + 1
  return `${text}xref\n0 ${size}\n0000000000 65535 f \n${places.join('')}trailer\n<< /Size ${size} /Root 1 0 R >>\nstartxref\n${text.length}\n%%EOF\n`
}

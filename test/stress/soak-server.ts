// The server process for `npm run soak`. `--without-plugin` leaves the plugin out, and the soak test must then fail. A path says
// what must happen to its requests: `/runs/…`, `/refused/…`, `/fails/…`.
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import fastifyWebsocket from '@fastify/websocket'
import Fastify, { type FastifyInstance } from 'fastify'
import crossOriginProtection, { type AllowedOrigin, type CrossOriginProtectionOptions } from '../../src/index.ts'
import { takeLastSample, takeSample, type Sample, type ToServer } from './child.ts'

export type FromSoakServer =
  | { readonly type: 'ready', readonly port: number }
  | { readonly type: 'violation', readonly what: string }
  | { readonly type: 'sample', readonly sample: Sample }
  /** How many bytes were read from the connection that uploaded to `/refused/upload`, once it has closed. */
  | { readonly type: 'uploaded', readonly bytes: number }
  | { readonly type: 'finished', readonly runs: number, readonly sample: Sample }

const send = (message: FromSoakServer) => { process.send!(message) }
const violate = (what: string) => { send({ type: 'violation', what }) }

for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
  process.on(event, (error: Error) => { violate(`${event}: ${error?.stack ?? error}`) })
}
process.on('warning', warning => { violate(`a warning from Node: ${warning}`) })

/** How a database may answer for each origin. Some answers come after the client has left. */
const lookups: Record<string, () => boolean | Promise<boolean>> = {
  'https://yes.example': () => sleep(10, true),
  'https://no.example': () => sleep(10, false),
  'https://throws.example': () => { throw new Error('thrown') },
  'https://rejects.example': async () => { await sleep(5); throw new Error('rejected') },
  'https://hangs.example': () => new Promise(() => {}),
  'https://slow-yes.example': () => sleep(300, true),
  'https://slow-no.example': () => sleep(300, false),
  'https://slow-rejects.example': async () => { await sleep(300); throw new Error('rejected late') }
}
const allowedOrigins: AllowedOrigin[] = ['https://partner.example', 'https://*.tenants.example', origin => lookups[origin]?.() ?? false]

let runs = 0
const app = Fastify({ logger: { level: 'info', stream: { write: () => {} } } })
app.addHook('onRequest', function watchUpload ({ raw }, _reply, done) {
  if (raw.url === '/refused/upload') raw.socket.once('close', () => { send({ type: 'uploaded', bytes: raw.socket.bytesRead }) })
  done()
})
const protect = async (scope: FastifyInstance, options: CrossOriginProtectionOptions) => {
  if (!process.argv.includes('--without-plugin')) await scope.register(crossOriginProtection, options)
}
await protect(app, { allowedOrigins, exemptPaths: ['/runs/hooks'] })
await app.register(fastifyWebsocket)
addRoutes(app)
await app.register(async scope => {
  await protect(scope, { allowedOrigins, reportOnly: true })
  addRoutes(scope)
}, { prefix: '/reported' })
await app.register(async scope => {
  await protect(scope, {
    allowedOrigins, safeMethods: 'check', denyHandler: async (_request, reply, { reason }) => { await sleep(1); return reply.send({ reason }) }
  })
  addRoutes(scope)
}, { prefix: '/answered' })

function addRoutes (scope: FastifyInstance): void {
  const run = async () => { runs++; return 'ran' }
  scope.all('/runs/*', run)
  scope.get('/runs/chat', { websocket: true }, socket => { runs++; socket.on('error', () => {}); socket.close() })
  // These handlers must never run.
  for (const path of ['/refused/*', '/fails/*']) scope.all(path, async ({ url }) => { violate(`the handler of ${url} ran`) })
  scope.get('/refused/chat', { websocket: true }, (socket, { url }) => { socket.terminate(); violate(`the handler of ${url} ran`) })
}

process.on('message', async ({ type }: ToServer) => {
  if (type === 'sample') return send({ type, sample: takeSample() })
  const sample = await takeLastSample()
  await app.close()
  send({ type: 'finished', runs, sample })
  process.disconnect()
})
process.on('disconnect', () => { process.exit() })

await app.listen({ host: '127.0.0.1', port: 0 })
send({ type: 'ready', port: (app.server.address() as AddressInfo).port })

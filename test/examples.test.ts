// Every example runs, against the built package, as a user's copy of it would.
import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { io } from 'socket.io-client'
import t from 'tap'

/** The example's application; the path is not a literal, so that its types are not looked for. */
async function build (example: string): Promise<FastifyInstance> {
  const { build } = await import(new URL(`../examples/${example}/app.js`, import.meta.url).href)
  return build()
}

t.test('socket.io', async t => {
  const app = await build('socket.io')
  t.teardown(() => app.close())
  await app.listen({ host: 'localhost', port: 0 })
  const { port } = app.server.address() as AddressInfo

  const connect = (transport: 'websocket' | 'polling', headers: Record<string, string>) => new Promise<string>(resolve => {
    const socket = io(`http://localhost:${port}`, { transports: [transport], extraHeaders: headers, reconnection: false, forceNew: true })
    const end = (outcome: string) => { socket.close(); resolve(outcome) }
    socket.on('welcome', () => end('welcome'))
    socket.on('connect_error', () => end('refused'))
  })

  for (const transport of ['websocket', 'polling'] as const) {
    t.equal(await connect(transport, { origin: 'https://evil.example' }), 'refused', `${transport} of another site`)
    t.equal(await connect(transport, { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }), 'refused', `${transport} of another site, with Fetch Metadata`)
    t.equal(await connect(transport, { origin: `http://localhost:${port}` }), 'welcome', `${transport} of the own page`)
    t.equal(await connect(transport, {}), 'welcome', `${transport} of a program`)
  }
})

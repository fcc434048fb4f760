// @fastify/websocket, and mercurius, which accepts GraphQL over POST, GET and WebSocket.
import fastifyWebsocket from '@fastify/websocket'
import mercurius, { type MercuriusOptions } from 'mercurius'
import t from 'tap'
import { crossOriginIsolation, crossOriginProtection } from '../../src/index.ts'
import { browserRequest, type BrowserRequestOptions } from '../../src/testing.ts'
import { emptyApp, type CountingApp } from '../helpers/app.ts'
import { isolationDefaults, isolationHeaders } from '../helpers/headers.ts'
import { inBothOrders } from '../helpers/orders.ts'
import { listen } from '../helpers/socket.ts'
import { handshakeHeaders, open } from '../helpers/websocket.ts'

inBothOrders(t, '@fastify/websocket: nothing of a route runs for a refused handshake', async (t, { register }) => {
  const app = emptyApp(t)
  const ran: string[] = []
  await register(
    () => app.register(crossOriginProtection, { safeMethods: 'check' }),
    () => app.register(fastifyWebsocket, { options: { verifyClient () { ran.push('verifyClient'); return true } } })
  )
  app.route({
    method: 'GET',
    url: '/chat',
    onRequest: async () => { ran.push('onRequest') },
    preValidation: async () => { ran.push('preValidation') },
    handler: async () => { ran.push('handler'); return 'page' },
    wsHandler (socket) { ran.push('wsHandler'); socket.send('welcome') }
  })
  const port = await listen(app)

  t.equal((await open(`ws://localhost:${port}/chat`, handshakeHeaders(port, 'cross-site'))).status, 403)
  t.equal((await app.inject({ url: '/chat', ...browserRequest({ from: 'cross-site', by: 'fetch-get' }) })).statusCode, 403)
  t.same(ran, [])

  t.same(await open(`ws://localhost:${port}/chat`, handshakeHeaders(port, 'same-origin')), { status: 101, message: 'welcome' })
  t.same(ran.splice(0), ['onRequest', 'preValidation', 'verifyClient', 'wsHandler'])
  t.equal((await app.inject({ url: '/chat', ...browserRequest({ from: 'same-origin', by: 'fetch-get' }) })).payload, 'page')
  t.same(ran, ['onRequest', 'preValidation', 'handler'])
})

/** An API whose state counts the mutations that ran. */
const graphql = (app: CountingApp, options: MercuriusOptions = {}) => app.register(mercurius, {
  schema: 'type Query { balance: Int } type Mutation { transfer: Int } type Subscription { balance: Int }',
  resolvers: { Query: { balance: () => 100 }, Mutation: { transfer: () => ++app.ran } },
  subscription: true,
  ...options
})

const mutation = 'mutation { transfer }'
const byUrl = (query: string) => `/graphql?query=${encodeURIComponent(query)}`
const postFrom = (from: BrowserRequestOptions['from'], type: string, payload: string) => ({
  url: '/graphql', payload, ...browserRequest({ from, by: 'fetch-cors', headers: { 'content-type': type } })
})

inBothOrders(t, 'mercurius', async (t, { register }) => {
  const app = emptyApp(t)
  await register(
    async () => {
      await app.register(crossOriginIsolation)
      await app.register(crossOriginProtection)
    },
    () => graphql(app, { allowBatchedQueries: true })
  )

  const bodies: Array<[type: string, payload: string]> = [
    ['application/json', JSON.stringify({ query: mutation })],
    ['application/json', JSON.stringify([{ query: mutation }])],
    ['application/graphql', mutation]
  ]
  for (const [type, payload] of bodies) {
    const refused = await app.inject(postFrom('cross-site', type, payload))
    t.equal(refused.statusCode, 403, payload)
    t.same(refused.json(), {
      data: null, errors: [{ message: 'Cross-origin request denied. The browser says that the request comes from another site.' }]
    }, 'mercurius renders the refusal, without a code')
    t.same(isolationHeaders(refused), isolationDefaults)
  }
  t.equal((await app.inject(postFrom('cross-site', 'application/json', '{"query":'))).statusCode, 403, 'the body is not parsed')
  t.equal(app.ran, 0)
  for (const [type, payload] of bodies) t.equal((await app.inject(postFrom('same-origin', type, payload))).statusCode, 200)
  t.equal(app.ran, 3)

  const read = await app.inject({ url: byUrl('{ balance }'), ...browserRequest({ from: 'cross-site', by: 'fetch-get' }) })
  t.same(read.json(), { data: { balance: 100 } }, 'a query by GET passes from anywhere')
  for (const from of ['cross-site', 'same-origin'] as const) {
    t.equal((await app.inject({ url: byUrl(mutation), ...browserRequest({ from, by: 'link' }) })).statusCode, 405, 'a mutation by GET is refused by mercurius')
  }
  t.equal(app.ran, 3)
})

inBothOrders(t, 'mercurius: mutations by HEAD', async (t, { register }) => {
  const cases: Array<[name: string, routes: MercuriusOptions['additionalRouteOptions'], status: number, get: number]> = [
    // mercurius refuses mutations only for GET, but Fastify adds a HEAD route to each. Any page may send HEAD without a
    // preflight:
    // https://fetch.spec.whatwg.org/#cors-safelisted-method
    ['run', {}, 200, 200],
    ['are refused if the route checks safe methods', { config: { crossOriginProtection: { safeMethods: 'check' } } }, 403, 403],
    ['have no route if Fastify adds none', { exposeHeadRoute: false }, 404, 200]
  ]
  for (const [name, additionalRouteOptions, status, get] of cases) {
    const app = emptyApp(t)
    await register(() => app.register(crossOriginProtection), () => graphql(app, { additionalRouteOptions }))
    const fetch = browserRequest({ from: 'cross-site', by: 'fetch-get-no-cors' })
    t.equal((await app.inject({ url: byUrl(mutation), ...fetch, method: 'HEAD' })).statusCode, status, name)
    t.equal(app.ran, status === 200 ? 1 : 0, name)
    t.equal((await app.inject({ url: byUrl('{ balance }'), ...fetch })).statusCode, get, 'a query by GET')
  }
})

inBothOrders(t, 'mercurius: subscriptions', async (t, { register }) => {
  const app = emptyApp(t)
  let connected = 0
  await register(
    () => app.register(crossOriginProtection),
    () => graphql(app, { subscription: { onConnect () { connected++; return true } } })
  )
  const port = await listen(app)
  const connect = (from: BrowserRequestOptions['from']) => open(
    `ws://localhost:${port}/graphql`, handshakeHeaders(port, from), ['graphql-transport-ws'], '{"type":"connection_init"}'
  )
  for (const from of ['cross-site', 'same-site', 'sandboxed-frame'] as const) t.equal((await connect(from)).status, 403, from)
  t.equal(connected, 0)
  t.match(await connect('same-origin'), { status: 101, message: /"connection_ack"/ })
  t.equal(connected, 1)
})

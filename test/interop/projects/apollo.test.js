// Apollo Server by @as-integrations/fastify. Its own csrfPrevention asks for a header; this plugin asks nothing of clients.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ApolloServer } from '@apollo/server'
import fastifyApollo, { fastifyApolloDrainPlugin, fastifyApolloHandler } from '@as-integrations/fastify'
import Fastify from 'fastify'
import { crossOriginProtection } from 'fastify-cross-origin-protection'
import { listen, send } from './helpers.js'

const mutation = 'mutation { transfer }'

async function start (t, { oursFirst, ownRoute, csrfPrevention }) {
  const app = Fastify()
  const api = { ran: 0 }
  const apollo = new ApolloServer({
    typeDefs: 'type Query { balance: Int } type Mutation { transfer: Int }',
    resolvers: { Query: { balance: () => 100 }, Mutation: { transfer: () => ++api.ran } },
    csrfPrevention,
    includeStacktraceInErrorResponses: false,
    plugins: [fastifyApolloDrainPlugin(app)]
  })
  await apollo.start()
  const ours = () => app.register(crossOriginProtection)
  const theirs = () => ownRoute
    ? app.route({ method: ['GET', 'POST', 'HEAD', 'OPTIONS'], url: '/graphql', handler: fastifyApolloHandler(apollo) })
    : app.register(fastifyApollo(apollo))
  for (const register of oursFirst ? [ours, theirs] : [theirs, ours]) await register()
  api.url = `${await listen(t, app)}/graphql`
  return api
}

for (const oursFirst of [true, false]) {
  for (const ownRoute of [true, false]) {
    for (const csrfPrevention of [true, false]) {
      const name = `Apollo, ${ownRoute ? 'as a route' : 'as a plugin'}, ${oursFirst ? 'after' : 'before'} this plugin, csrfPrevention: ${csrfPrevention}`
      test(name, async t => {
        const api = await start(t, { oursFirst, ownRoute, csrfPrevention })
        const json = { headers: { 'content-type': 'application/json' }, body: JSON.stringify({ query: mutation }) }
        for (const [from, by] of [['cross-site', 'fetch-cors'], ['cross-site', 'form'], ['cross-site', 'beacon'], ['same-site', 'fetch-cors'], ['sandboxed-frame', 'fetch-cors']]) {
          const { status, body } = await send(api.url, { from, by }, json)
          assert.equal(status, 403, `${by} from ${from}`)
          assert.equal(JSON.parse(body).code, 'FST_CROSS_ORIGIN_DENIED')
        }
        const asText = await send(api.url, { from: 'cross-site', by: 'fetch-no-cors-credentials' }, { ...json, headers: { 'content-type': 'text/plain' } })
        assert.equal(asText.status, 403, 'a content type that needs no preflight')
        for (const method of ['GET', 'HEAD']) {
          const { status } = await send(`${api.url}?query=${encodeURIComponent(mutation)}`, { from: 'cross-site', by: 'fetch-get' }, { method })
          assert.notEqual(status, 200, `Apollo itself runs no mutation by ${method}`)
        }
        assert.equal(api.ran, 0)

        const own = await send(api.url, { from: 'same-origin', by: 'fetch-cors' }, json)
        assert.deepEqual(JSON.parse(own.body), { data: { transfer: 1 } })

        const query = await send(`${api.url}?query=${encodeURIComponent('{ balance }')}`, { from: 'cross-site', by: 'fetch-get-no-cors' })
        assert.equal(query.status, csrfPrevention ? 400 : 200, 'a query by GET is left to Apollo')
      })
    }
  }
}

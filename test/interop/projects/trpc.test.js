// tRPC: its plugin behind this one, its own client, and the denyHandler of docs/interop.md.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fastifyWebsocket from '@fastify/websocket'
import { createTRPCClient, httpBatchLink, httpLink, TRPCClientError } from '@trpc/client'
import { initTRPC } from '@trpc/server'
import { fastifyTRPCPlugin } from '@trpc/server/adapters/fastify'
import Fastify from 'fastify'
import { crossOriginProtection } from 'fastify-cross-origin-protection'
import { browserRequest } from 'fastify-cross-origin-protection/testing'
import { handshake, listen, runBlock, send } from './helpers.js'

/** An API that counts its mutations, registered with what `register` adds before it. */
async function start (t, register, options = {}) {
  const app = Fastify()
  const api = { ran: 0, connections: 0 }
  const { router, procedure } = initTRPC.create()
  const appRouter = router({
    balance: procedure.query(() => 100),
    transfer: procedure.mutation(() => ++api.ran)
  })
  await register(app)
  await app.register(fastifyWebsocket)
  await app.register(fastifyTRPCPlugin, {
    prefix: '/trpc', useWSS: true, trpcOptions: { router: appRouter, createContext: ({ res }) => { if (res.constructor.name === 'WebSocket') api.connections++; return {} }, ...options }
  })
  api.origin = await listen(t, app)
  return api
}

/** tRPC's client as it runs on a page; `links` as an application sets them. */
function clientOn ({ origin }, from, link) {
  const { headers: { 'content-type': _type, ...headers } } = browserRequest({ from, by: 'fetch-cors', to: origin })
  return createTRPCClient({ links: [link({ url: `${origin.replace('localhost', '127.0.0.1')}/trpc`, headers })] })
}

const links = { 'one by one': httpLink, 'in batches': httpBatchLink }

for (const [name, link] of Object.entries(links)) {
  test(`tRPC: mutations ${name}`, async t => {
    const api = await start(t, app => app.register(crossOriginProtection))
    for (const from of ['cross-site', 'same-site', 'sandboxed-frame']) {
      await assert.rejects(clientOn(api, from, link).transfer.mutate(), from)
    }
    assert.equal(api.ran, 0)
    await assert.rejects(clientOn(api, 'cross-site', link).transfer.mutate(), { name: 'TRPCClientError', message: 'Unable to transform response from server' })
    assert.equal(api.ran, 0)
    assert.equal(await clientOn(api, 'same-origin', link).transfer.mutate(), 1)
  })

  test(`tRPC: mutations ${name}, with the denyHandler of the documents`, async t => {
    const api = await start(t, fastify => runBlock('tRPC', { fastify, crossOriginProtection }))
    for (const calls of [1, 2]) {
      const client = clientOn(api, 'cross-site', link)
      const outcomes = await Promise.allSettled(Array.from({ length: calls }, () => client.transfer.mutate()))
      for (const { reason } of outcomes) {
        assert.ok(reason instanceof TRPCClientError)
        assert.match(reason.message, /another site/)
        assert.deepEqual([reason.data.code, reason.data.httpStatus], ['FORBIDDEN', 403])
      }
    }
    assert.equal(api.ran, 0)
    assert.equal(await clientOn(api, 'same-origin', link).transfer.mutate(), 1)
  })
}

test('tRPC: what can reach a mutation without a preflight is refused', async t => {
  const api = await start(t, app => app.register(crossOriginProtection))
  for (const by of ['form', 'form-text', 'beacon', 'fetch-no-cors-credentials']) {
    const answer = await send(`${api.origin}/trpc/transfer`, { from: 'cross-site', by }, { method: 'POST' })
    assert.equal(answer.status, 403, by)
  }
  // tRPC itself runs no mutation by GET, and nothing at all by HEAD.
  for (const [method, status] of [['GET', 405], ['HEAD', 204]]) {
    const answer = await send(`${api.origin}/trpc/transfer`, { from: 'cross-site', by: 'link' }, { method })
    assert.equal(answer.status, status, method)
  }
  assert.equal(api.ran, 0)
  const query = await send(`${api.origin}/trpc/balance`, { from: 'cross-site', by: 'fetch-get' })
  assert.deepEqual(JSON.parse(query.body), { result: { data: 100 } }, 'a query by GET passes from anywhere')
})

test('tRPC: sockets of other sites are refused', async t => {
  const api = await start(t, app => app.register(crossOriginProtection))
  const url = `${api.origin.replace('http', 'ws')}/trpc`
  for (const engine of ['chromium', 'firefox', 'webkit']) assert.equal(await handshake(url, { from: 'cross-site', engine, to: api.origin }), 403, engine)
  assert.equal(api.connections, 0)
  assert.equal(await handshake(url, { from: 'same-origin', to: api.origin }), 101)
})

// What a decision and a hook allocate, and what a server holds after a million requests.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import Fastify from 'fastify'
import crossOriginProtection from 'fastify-cross-origin-protection'
import { decide } from './.build/decision.js'
import { createPolicy, exemptPolicy, overridePolicy } from './.build/policy.js'
import { createSettingsOf } from './.build/scopes.js'
import { median, sink } from './measure.js'
import { bytes } from './report.js'
import { captureRequests, host } from './requests.js'

const partner = 'https://partner.example'
const post = headers => ({ method: 'POST', path: '/transfer', headers })
const crossSite = origin => post({ 'sec-fetch-site': 'cross-site', origin })

const rows = [
  { name: 'GET', request: { method: 'GET', path: '/account', headers: { 'sec-fetch-site': 'same-origin' } } },
  { name: 'POST, same-origin', request: post({ 'sec-fetch-site': 'same-origin', origin: `https://${host}` }) },
  { name: 'POST, Origin only', request: post({ origin: `https://${host}` }) },
  { name: 'POST, neither header', request: post({}) },
  { name: 'POST, listed partner', request: crossSite(partner), options: { allowedOrigins: [partner] } },
  { name: 'POST, route override', request: crossSite(partner), route: { allowedOrigins: [partner] } },
  { name: 'POST, exempt path', request: { ...crossSite('https://evil.example'), path: '/webhooks/payment' }, options: { exemptPaths: ['/webhooks'] } },
  { name: 'POST, allowed host', request: post({ 'sec-fetch-site': 'same-origin', origin: `https://${host}` }), options: { allowedHosts: [host] } },
  { name: 'POST, under a wildcard', request: crossSite('https://shop.tenant.example'), options: { allowedOrigins: ['https://*.tenant.example'] } }
]

const exceptions = {
  'POST, exempt path': { limit: 64, why: 'the part of the path that is looked up' },
  'POST, under a wildcard': { limit: 800, why: 'a string for each parent domain; looked up last, and only for requests that would be denied' }
}

export async function run ({ requests: total }) {
  const table = []
  const budgets = []
  for (const { name, request, options = {}, route } of rows) {
    const requests = await captureRequests(request)
    const policy = createPolicy(options)
    const policyOf = createSettingsOf('crossOriginProtection', { scope: policy, off: exemptPolicy(policy), compile: (config, place) => overridePolicy(policy, config, place) })
    const where = { method: request.method, url: request.path, config: { crossOriginProtection: route } }
    const value = allocated(route ? request => decide(policyOf(where), request) : request => decide(policy, request), requests)
    table.push([name, bytes(value)])
    budgets.push({ name: `${name}: allocated`, value, bound: 'at most', limit: 0, unit: 'bytes', ...(exceptions[name] && { exception: exceptions[name] }) })
  }
  const [hook, routeOptions] = await allocatedByHook()
  const [alone, ours] = await heapAfter(total)
  return {
    title: 'Memory',
    text: `Bytes that one allowed decision allocates. The hook around it allocates ${bytes(hook)} per request, of which ${bytes(routeOptions)} are the object
that Fastify builds when a hook reads the route's config. After ${total.toLocaleString('en')} requests over sockets, a server's heap had grown by ${bytes(ours)} with
the plugin and by ${bytes(alone)} without it.`,
    columns: ['decision', 'allocated'],
    rows: table,
    budgets: [...budgets, { name: `heap after ${total.toLocaleString('en')} requests, per request`, value: Math.max(0, ours) / total, bound: 'at most', limit: 1, unit: 'bytes' }]
  }
}

/** Bytes per call: the median of many runs, each with too few calls to trigger a garbage collection. */
function allocated (call, inputs) {
  const calls = 10_000
  const last = inputs.length - 1
  const runs = []
  for (let run = 0; run < 60; run++) {
    globalThis.gc()
    let result
    const before = process.memoryUsage().heapUsed
    for (let i = 0; i < calls; i++) result = call(inputs[i & last])
    const after = process.memoryUsage().heapUsed
    sink.value = result
    if (run >= 30) runs.push((after - before) / calls) // The code is compiled by then.
  }
  const value = median(runs)
  return value < 0.5 ? 0 : value // Reading the memory usage itself allocates that much.
}

async function allocatedByHook () {
  const app = Fastify()
  const kept = []
  app.addHook('onRequest', async (request, reply) => { kept.push([request, reply]) })
  let hook
  const addHook = app.addHook.bind(app)
  app.addHook = (name, added) => {
    if (name === 'onRequest') hook = added
    return addHook(name, added)
  }
  await app.register(crossOriginProtection)
  app.post('/transfer', async () => 'done')
  for (let i = 0; i < 64; i++) await app.inject({ method: 'POST', url: '/transfer', headers: { 'sec-fetch-site': 'same-origin' } })
  await app.close()
  const done = () => {}
  const ofHook = allocated(([request, reply]) => hook.call(app, request, reply, done), kept)
  return [ofHook, allocated(([request]) => request.routeOptions, kept)]
}

/** How much the heap of a server grows over many requests, without the plugin and with it. */
async function heapAfter (total) {
  const client = fork(fileURLToPath(new URL('client.js', import.meta.url)))
  const grown = []
  for (const setUp of [async () => {}, async app => { await app.register(crossOriginProtection) }]) {
    const app = Fastify()
    await setUp(app)
    app.post('/transfer', async () => 'done')
    await app.listen({ host: '127.0.0.1', port: 0 })
    const { port } = app.server.address()
    const request = `POST /transfer HTTP/1.1\r\nhost: ${host}\r\ncontent-length: 0\r\nsec-fetch-site: same-origin\r\norigin: https://${host}\r\n\r\n`
    const send = async count => {
      client.send({ port, request, count })
      await once(client, 'message')
      globalThis.gc()
      return process.memoryUsage().heapUsed
    }
    const before = await send(50_000)
    grown.push(await send(total) - before)
    await app.close()
  }
  client.kill()
  await once(client, 'exit')
  return grown
}

// What long lists, deep scopes and many routes cost: time per decision, time to register, memory.
import Fastify from 'fastify'
import crossOriginProtection from 'fastify-cross-origin-protection'
import { decide } from './.build/decision.js'
import { createPolicy, exemptPolicy, overridePolicy } from './.build/policy.js'
import { createSettingsOf } from './.build/scopes.js'
import { measure, median, ratio } from './measure.js'
import { bytes, milliseconds, nanoseconds, times } from './report.js'
import { captureRequests, COUNT, host } from './requests.js'

const evil = 'https://evil.example'
const crossSite = origin => ({ method: 'POST', path: '/transfer', headers: { 'sec-fetch-site': 'cross-site', origin } })
const list = (length, entry) => Array.from({ length }, (_, i) => entry(i))

// For each size: the options to register, and the requests to decide on. The requests are the same at every size, so that only
// the size differs; spreadOverList() measures what different requests cost.
const dimensions = [
  {
    name: 'allowed origins',
    sizes: [1, 1000, 100_000],
    options: size => ({ allowedOrigins: list(size, i => `https://partner-${i}.example`) }),
    requests: { listed: crossSite('https://partner-0.example'), 'not listed': crossSite(evil) }
  },
  {
    name: 'wildcards',
    sizes: [1, 100, 10_000],
    options: size => ({ allowedOrigins: list(size, i => `https://*.tenant-${i}.example`) }),
    requests: { listed: crossSite('https://shop.tenant-0.example'), 'not listed': crossSite('https://shop.evil.example') }
  },
  {
    name: 'allowed hosts',
    sizes: [1, 1000, 100_000],
    options: size => ({ allowedHosts: list(size, i => i === 0 ? host : `host-${i}.example`) }),
    requests: { listed: { method: 'GET', path: '/account', headers: {} }, 'not listed': { method: 'GET', path: '/account', headers: { host: 'evil.example' } } }
  },
  {
    name: 'exempt paths',
    sizes: [1, 100, 10_000],
    options: size => ({ exemptPaths: list(size, i => `/hooks-${i}`) }),
    requests: { exempt: { ...crossSite(evil), path: '/hooks-0/event' }, 'not exempt': { ...crossSite(evil), path: '/transfer/now' } }
  }
]

const exceptions = {
  'nested scopes, per request': { limit: 3, why: 'each registration adds a hook, which steps aside after one comparison; that is easier to read than a registry of scopes' },
  'exempt paths, not exempt': { limit: 3, why: 'a path is looked up once for each entry length at which one of its segments ends: here not at all with one entry, once with more' }
}

export async function run ({ rounds }) {
  const table = []
  const budgets = []
  for (const { name, sizes, options, requests } of dimensions) {
    const policies = sizes.map(size => weigh(() => createPolicy(options(size))))
    for (const [which, request] of Object.entries(requests)) {
      const inputs = await captureRequests(request)
      const subjects = Object.fromEntries(sizes.map((size, i) => [size, { call: request => decide(policies[i].made, request), inputs }]))
      report(`${name}, ${which}`, sizes, await measure(subjects, { rounds }), policies)
    }
  }
  report('routes with overrides', ...await routes([1, 100, 10_000], rounds))
  report('nested scopes, per request', ...await scopes([1, 10, 100], rounds))
  const [spread, one] = await spreadOverList(rounds)

  function report (name, sizes, result, made) {
    const smallest = result[sizes[0]]
    sizes.forEach((size, i) => {
      table.push([name, size.toLocaleString('en'), nanoseconds(median(result[size])), times(ratio(result[size], smallest)), milliseconds(made[i].time), bytes(made[i].size)])
    })
    const largest = sizes.at(-1)
    budgets.push({ name: `${name}: ${largest.toLocaleString('en')}, relative to 1`, value: ratio(result[largest], smallest).median, bound: 'at most', limit: 1.5, unit: 'times', ...(exceptions[name] && { exception: exceptions[name] }) })
  }

  return {
    title: 'Growth',
    text: `The same request against lists of different lengths, with the time to register each list and the memory that it takes. The rows
for nested scopes measure a whole request through Fastify to the innermost scope, where every scope has registered the plugin.
When ${COUNT} requests come from as many of 100,000 partners, and their entries are not in the processor's nearest caches, a decision
takes ${nanoseconds(spread)} instead of ${nanoseconds(one)}.`,
    columns: ['list', 'length', 'decision', 'relative to shortest', 'registration', 'memory'],
    rows: table,
    budgets
  }
}

/** Makes something, and measures how long that took and how much memory it holds. */
function weigh (make) {
  globalThis.gc()
  const before = process.memoryUsage().heapUsed
  const start = process.hrtime.bigint()
  const made = make()
  const time = Number(process.hrtime.bigint() - start) / 1e6
  globalThis.gc()
  return { made, time, size: process.memoryUsage().heapUsed - before }
}

async function routes (sizes, rounds) {
  const policy = createPolicy({})
  const inputs = await captureRequests(crossSite('https://partner-0.example'))
  const made = sizes.map(size => weigh(() => {
    const policyOf = createSettingsOf('crossOriginProtection', { scope: policy, off: exemptPolicy(policy), compile: (config, name) => overridePolicy(policy, config, name) })
    const configs = list(size, i => ({ allowedOrigins: [`https://partner-${i}.example`] }))
    configs.forEach((config, i) => policyOf({ method: 'POST', url: `/route-${i}`, config: { crossOriginProtection: config } }))
    return { policyOf, configs }
  }))
  const subjects = Object.fromEntries(sizes.map((size, i) => {
    const { policyOf, configs: [config] } = made[i].made
    const route = { method: 'POST', url: '/route-0', config: { crossOriginProtection: config } }
    return [size, { call: request => decide(policyOf(route), request), inputs }]
  }))
  return [sizes, await measure(subjects, { rounds }), made]
}

async function scopes (sizes, rounds) {
  const made = []
  const subjects = {}
  for (const depth of sizes) {
    const app = Fastify()
    const start = process.hrtime.bigint()
    app.register(nest(depth))
    await app.ready()
    made.push({ time: Number(process.hrtime.bigint() - start) / 1e6 / depth, size: NaN })
    const request = { method: 'POST', url: '/transfer', headers: { 'sec-fetch-site': 'same-origin', origin: 'http://localhost' } }
    subjects[depth] = { call: () => app.inject(request), inputs: [undefined], isAsync: true }
  }
  return [sizes, await measure(subjects, { rounds }), made]
}

function nest (depth) {
  return async scope => {
    await scope.register(crossOriginProtection)
    if (depth === 1) scope.post('/transfer', async () => 'done')
    else scope.register(nest(depth - 1))
  }
}

/** The time of a decision when each request comes from another of 100,000 partners, and when all come from one. */
async function spreadOverList (rounds) {
  const origins = list(100_000, i => `https://partner-${i}.example`)
  const policy = createPolicy({ allowedOrigins: origins })
  const all = await captureRequests(crossSite(origins[0]))
  const step = Math.floor(origins.length / COUNT)
  // Copies, because every real request has its own header strings.
  const each = all.map((request, i) => ({ method: request.method, url: request.url, host: request.host, headers: { ...request.headers, origin: Buffer.from(origins[i * step]).toString() } }))
  const one = each.map(request => ({ ...request, headers: { ...request.headers, origin: Buffer.from(origins[0]).toString() } }))
  const call = request => decide(policy, request)
  const result = await measure({ each: { call, inputs: each }, one: { call, inputs: one } }, { rounds })
  return [median(result.each), median(result.one)]
}

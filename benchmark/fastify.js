// What a request costs through Fastify: CPU time of the server's process, in blocks of requests that alternate between
// applications that differ in one plugin. Wall time would measure the other work on a busy machine. Several processes are
// used because the compiler optimises the same code differently in each, which alone can make a few per cent of difference.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { devNull } from 'node:os'
import { fileURLToPath } from 'node:url'
import fastifyCookie from '@fastify/cookie'
import fastifyCsrf from '@fastify/csrf-protection'
import fastifyHelmet from '@fastify/helmet'
import Fastify from 'fastify'
import crossOriginProtection, { crossOriginIsolation } from 'fastify-cross-origin-protection'
import { median, ratio } from './measure.js'
import { times } from './report.js'
import { host } from './requests.js'

/** Requests per block, which take about ten milliseconds. */
const BLOCK = 300

const otherHelmetHeaders = [
  'contentSecurityPolicy', 'originAgentCluster', 'referrerPolicy', 'strictTransportSecurity', 'xContentTypeOptions', 'xDnsPrefetchControl',
  'xDownloadOptions', 'xFrameOptions', 'xPermittedCrossDomainPolicies', 'xPoweredBy', 'xXssProtection'
]

const applications = {
  'plain Fastify': async () => {},
  'an empty hook': async app => { app.addHook('onRequest', (_request, _reply, done) => { done() }) },
  'this package': async app => { await app.register(crossOriginProtection) },
  '@fastify/csrf-protection': async app => {
    await app.register(fastifyCookie)
    await app.register(fastifyCsrf)
    app.addHook('onRequest', (request, reply, done) => request.method === 'GET' ? done() : app.csrfProtection(request, reply, done))
    app.get('/token', async (_request, reply) => ({ token: reply.generateCsrf() }))
  },
  crossOriginIsolation: async app => { await app.register(crossOriginIsolation) },
  '@fastify/helmet, the same headers': async app => {
    await app.register(fastifyHelmet, {
      ...Object.fromEntries(otherHelmetHeaders.map(name => [name, false])),
      crossOriginOpenerPolicy: true,
      crossOriginEmbedderPolicy: true,
      crossOriginResourcePolicy: { policy: 'same-site' }
    })
  }
}

/** At Fastify's own level, where every request has two lines, and a 404 a third. */
const logging = { level: 'info', file: devNull }

/** Applications again, with a logger. */
const logged = { 'plain Fastify, logging': 'plain Fastify', 'this package, logging': 'this package' }

const body = '{"amount":1}'
const common = `host: ${host}\r\nuser-agent: Mozilla/5.0\r\naccept: */*\r\naccept-language: en\r\n`
const get = (path, headers = '') => `GET ${path} HTTP/1.1\r\n${common}${headers}\r\n`
const post = (path, headers = '') => `POST ${path} HTTP/1.1\r\n${common}content-type: application/json\r\ncontent-length: ${body.length}\r\n${headers}\r\n${body}`

const fromOwn = 'sec-fetch-site: same-origin\r\nsec-fetch-mode: cors\r\nsec-fetch-dest: empty\r\norigin: https://app.example\r\n'
const fromEvil = 'sec-fetch-site: cross-site\r\nsec-fetch-mode: cors\r\nsec-fetch-dest: empty\r\norigin: https://evil.example\r\n'

const guards = ['plain Fastify', 'an empty hook', 'this package', '@fastify/csrf-protection']
const groups = [
  { name: 'POST, allowed', subjects: guards, base: 'an empty hook', request: (_name, token) => post('/transfer', fromOwn + token), status: 200 },
  { name: 'GET, allowed', subjects: guards, base: 'an empty hook', request: () => get('/account', fromOwn), status: 200 },
  {
    name: 'POST, refused',
    subjects: ['an empty hook', 'plain Fastify', 'this package', '@fastify/csrf-protection'],
    labels: { 'an empty hook': 'an empty hook: served, 200', 'plain Fastify': 'plain Fastify: no such route, 404', 'this package': 'this package: 403', '@fastify/csrf-protection': '@fastify/csrf-protection: 403' },
    base: 'plain Fastify',
    request: name => post(name === 'plain Fastify' ? '/nowhere' : '/transfer', fromEvil),
    status: name => ({ 'an empty hook': 200, 'plain Fastify': 404 })[name] ?? 403
  },
  {
    name: 'POST, refused, logged',
    subjects: Object.keys(logged),
    labels: { 'plain Fastify, logging': 'plain Fastify: no such route, 404', 'this package, logging': 'this package: 403' },
    base: 'plain Fastify, logging',
    request: name => post(name === 'plain Fastify, logging' ? '/nowhere' : '/transfer', fromEvil),
    status: name => name === 'plain Fastify, logging' ? 404 : 403
  },
  {
    name: 'GET, isolation headers',
    subjects: ['plain Fastify', 'crossOriginIsolation', '@fastify/helmet, the same headers'],
    base: '@fastify/helmet, the same headers',
    request: () => get('/account', fromOwn),
    status: 200
  }
]

const refusal = { limit: 1.1, why: 'a refusal finds its hint and carries a policy, so that no script can reload it as the application\'s own request' }

const exceptions = {
  'plain Fastify': refusal,
  'plain Fastify, logging': refusal,
  'an empty hook': { limit: 1.05, why: 'more than half of the time goes into the object that Fastify builds when a hook reads the route\'s config' }
}

const PROCESSES = 6

export async function run ({ blocks }) {
  const all = groups.map(({ subjects }) => Object.fromEntries(subjects.map(name => [name, []])))
  for (let i = 0; i < PROCESSES; i++) {
    const server = fork(fileURLToPath(import.meta.url), [String(Math.ceil(blocks / PROCESSES))])
    const [[measured]] = await Promise.all([once(server, 'message'), once(server, 'exit')])
    measured.forEach((cpu, group) => { for (const [name, times] of Object.entries(cpu)) all[group][name].push(...times) })
  }

  const table = []
  const budgets = []
  groups.forEach(({ name: group, subjects, labels, base }, i) => {
    for (const name of subjects) table.push([group, labels?.[name] ?? name, `${median(all[i][name]).toFixed(1)} µs`, times(ratio(all[i][name], all[i][base]))])
    const own = subjects.find(name => name.startsWith('this package') || name === 'crossOriginIsolation')
    budgets.push({
      name: `${group}: ${own}, relative to ${labels?.[base] ?? base}`,
      value: ratio(all[i][own], all[i][base]).median,
      bound: 'at most',
      limit: base === 'an empty hook' ? 1.02 : 1,
      unit: 'times',
      exception: exceptions[base]
    })
  })
  return {
    title: 'Through Fastify',
    text: `CPU time of the server's process per request over a socket, ${BLOCK} requests at a time in alternation, in ${PROCESSES} processes, one after
another. The ratio is to the empty hook for allowed requests, to Fastify's own 404 for refused requests, and to helmet for the headers.
Logging is off, which is Fastify's default, except where the table says so: there, both log to a device that drops what is
written, a 404 in three lines, a refusal in four. @fastify/csrf-protection keeps its secret in a cookie and checks only POST.`,
    columns: ['request', 'application', 'CPU time', 'relative to base'],
    rows: table,
    budgets
  }
}

/** One server process, and its client. */
async function measureHere (rounds) {
  const client = fork(fileURLToPath(new URL('client.js', import.meta.url)))
  const servers = {}
  for (const [name, setUp] of Object.entries(applications)) servers[name] = await serve(setUp)
  for (const [name, application] of Object.entries(logged)) servers[name] = await serve(applications[application], logging)
  const cpu = []
  for (const group of groups) cpu.push(await measureGroup(client, servers, group, rounds))
  client.kill()
  await once(client, 'exit')
  for (const { app } of Object.values(servers)) await app.close()
  return cpu
}

async function serve (setUp, logger = false) {
  const app = Fastify({ logger })
  await setUp(app)
  app.get('/account', async () => ({ ok: true }))
  app.post('/transfer', async () => ({ ok: true }))
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address()
  return { app, port, token: app.hasRoute({ method: 'GET', url: '/token' }) ? await tokenHeaders(app) : '' }
}

async function tokenHeaders (app) {
  const response = await app.inject('/token')
  const [{ name, value }] = response.cookies
  return `cookie: ${name}=${encodeURIComponent(value)}\r\ncsrf-token: ${response.json().token}\r\n`
}

async function measureGroup (client, servers, { name: group, subjects, request, status }, rounds) {
  const cpu = Object.fromEntries(subjects.map(name => [name, []]))
  const warmUp = 10
  for (let round = -warmUp; round < rounds; round++) {
    for (let i = 0; i < subjects.length; i++) {
      const name = subjects[(i + round + warmUp) % subjects.length]
      const { port, token } = servers[name]
      client.send({ port, request: request(name, token), count: BLOCK })
      const before = process.cpuUsage()
      const [answer] = await once(client, 'message')
      const { user, system } = process.cpuUsage(before)
      const expected = typeof status === 'function' ? status(name) : status
      if (answer.status !== expected) throw new Error(`${group}: ${name} answered ${answer.status}, not ${expected}`)
      if (round >= 0) cpu[name].push((user + system) / BLOCK)
    }
  }
  return cpu
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.send(await measureHere(Number(process.argv[2])), () => process.disconnect())

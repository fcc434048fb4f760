// One start, in its own process: how long it takes to import Fastify, to import this package after it, and to register the
// plugin for the first time compared with an empty one. Prints milliseconds.
import { createRequire } from 'node:module'
import { median } from './measure.js'

const require = createRequire(import.meta.url)
const [system] = process.argv.slice(2)
const load = system === 'commonjs' ? async name => require(name) : name => import(name)

const clock = async act => {
  const start = process.hrtime.bigint()
  const result = await act()
  return [Number(process.hrtime.bigint() - start) / 1e6, result]
}
const commonJsModules = () => Object.keys(require.cache).length

const [fastify, { default: Fastify }] = await clock(() => load('fastify'))
const before = commonJsModules()
const [own, { crossOriginProtection, crossOriginIsolation }] = await clock(() => load('fastify-cross-origin-protection'))
const modules = commonJsModules() - before + (system === 'commonjs' ? 0 : 1)

const fp = require('fastify-plugin')
const empty = () => fp(async scope => { scope.decorate('empty', {}).addHook('onRoute', () => {}).addHook('onRequest', (_request, _reply, done) => { done() }) }, { fastify: '5.x || 6.x' })
const register = async plugin => {
  const app = Fastify()
  const [time] = await clock(async () => { await app.register(plugin) })
  await app.close()
  return time
}

// The first registrations pay for work that Fastify and avvio do only once.
const times = []
for (let i = 0; i < 20; i++) times.push(await register(empty()))
const none = median(times.slice(10))
const protection = await register(crossOriginProtection) - none
const isolation = await register(crossOriginIsolation) - none
console.log(JSON.stringify({ fastify, own, modules, protection, isolation }))

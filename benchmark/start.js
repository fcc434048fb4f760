// What the plugin adds to an application's start: import and registration, each measured in new processes.
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { median } from './measure.js'
import { milliseconds } from './report.js'

const systems = { module: 'ECMAScript modules', commonjs: 'CommonJS' }

const exceptions = {
  module: { limit: 16, why: 'Node spends more than half of that time linking the two dependencies, which are CommonJS' },
  commonjs: { limit: 10, why: 'most of that time goes into reading and compiling the option validators and loading fastify-plugin' }
}

export async function run ({ starts }) {
  const results = Object.fromEntries(Object.keys(systems).map(system => [system, []]))
  for (let i = 0; i < starts; i++) {
    for (const system of Object.keys(systems)) results[system].push(await start(system))
  }

  const table = []
  const budgets = []
  for (const [system, name] of Object.entries(systems)) {
    const of = measure => median(results[system].map(measure))
    const share = of(({ own, fastify }) => own / fastify)
    table.push([
      name, milliseconds(of(({ fastify }) => fastify)), milliseconds(of(({ own }) => own)), `${(share * 100).toFixed(1)} %`, of(({ modules }) => modules),
      milliseconds(of(({ protection }) => protection)), milliseconds(of(({ isolation }) => isolation))
    ])
    budgets.push({ name: `${name}: import, relative to Fastify's`, value: share * 100, bound: 'at most', limit: 5, unit: '%', exception: exceptions[system] })
    budgets.push({ name: `${name}: registration`, value: of(({ protection }) => protection), bound: 'at most', limit: 1, unit: 'ms' })
  }
  return {
    title: 'Start',
    text: `Medians of ${starts} new processes each. This package is imported after Fastify, which has already loaded one of the two
dependencies. Registration is the time for the first registration of the plugin, without options, minus the time for an empty
plugin with the same hooks.`,
    columns: ['module system', 'import of Fastify', 'import of this package', 'share', 'modules loaded', 'registration', 'registration of crossOriginIsolation'],
    rows: table,
    budgets
  }
}

async function start (system) {
  const { stdout } = await promisify(execFile)(process.execPath, [fileURLToPath(new URL('start-child.js', import.meta.url)), system])
  return JSON.parse(stdout)
}

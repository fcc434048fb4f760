// The tests on every supported Node and Fastify, in a temporary copy of the repository, and a server on Bun and Deno. With --short,
// the unit tests on this Node alone, and the server.
// A table last; 1 when a cell fails that should not.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { repository, temporaryFolder } from '../helpers/commands.js'
import { createCopy, installedFastify, installFastify, listTests, runTests, runTypeTests, start } from './copy.js'
import { installNodes, ownNode } from './nodes.js'
import { installRuntimes, testRuntime } from './runtimes.js'

const { peerDependencies } = JSON.parse(await readFile(join(repository, 'package.json'), 'utf8'))
const ranges = peerDependencies.fastify.split(' || ')
const oldest = ranges[0].replace('^', '')

/** Before the oldest, each of these has a hole that the plugin refuses to sit on; Fastify 4 the plugin never knew. */
const refused = ['4', '5.0.0', '5.8.2', '5.12.0']

const rows = []
let failed = false

/** A cell of the table, with what became of it; what failed is shown at once, in full. */
function report (node, fastify, ok, outcome, details = '') {
  rows.push([node, fastify, `${ok ? '' : 'FAILED: '}${outcome}`])
  console.log(`${/^\d/.test(node) ? 'Node ' : ''}${node}, Fastify ${fastify}: ${rows.at(-1)[2]}`)
  if (ok) return
  failed = true
  console.log(details)
}

const folder = temporaryFolder('matrix')
const copy = join(folder, 'copy')
const isShort = process.argv.includes('--short')
// First: whoever started this may change the repository afterwards.
await createCopy(copy)
const nodes = isShort ? [ownNode] : await installNodes(join(folder, 'nodes'))
const runtimes = await installRuntimes(join(folder, 'runtimes'))
const installed = await installedFastify(copy)
const allFiles = await listTests(copy)

const notRun = new Set()
for (const range of [oldest, ...ranges]) await testFastify(await installFastify(copy, range))
for (const range of refused) await testRefusal(await installFastify(copy, range))

for (const line of notRun) console.log(line)
console.log(`\n${[['Runtime', 'Fastify', ''], ...rows].map(([node, fastify, outcome]) => `${node.padEnd(12)}${fastify.padEnd(16)}${outcome}`).join('\n')}`)
process.exitCode = failed ? 1 : 0

async function testFastify (fastify) {
  const types = await runTypeTests(copy)
  report('(types)', fastify, types.ok, types.ok ? 'type tests pass' : 'type tests', types.output)
  const files = filesFor(fastify)
  for (const node of nodes) {
    if (node.program === undefined) report(node.version, fastify, true, `not tested: ${node.missing}`)
    else if (lacksFastify6(node, fastify)) await testUnsupportedNode(node, fastify)
    else await testCell(node, fastify, files)
  }
  for (const runtime of runtimes) await testOtherRuntime(runtime, fastify)
}

async function testOtherRuntime (runtime, fastify) {
  if (runtime.program === undefined) return report(runtime.version, fastify, true, `not tested: ${runtime.missing}`)
  const { count, problems } = await testRuntime(copy, runtime)
  report(runtime.version, fastify, problems.length === 0, `${count} requests over sockets`, problems.join('\n'))
}

/** The tests that can run there; what is left out is told at the end. */
function filesFor (fastify) {
  const isLeftOut = major(fastify) >= 6 ? file => !needsFastifyAlone(file) : fastify === installed ? () => false : usesNest
  const candidates = isShort ? allFiles.filter(isUnitTest) : allFiles
  const left = candidates.filter(isLeftOut)
  const reason = major(fastify) >= 6 ? 'as they register plugins made for 5' : 'as NestJS comes with a Fastify of its own'
  if (left.length > 0) notRun.add(`not run on Fastify ${fastify}, ${reason}: ${left.join(', ')}`)
  return candidates.filter(file => !left.includes(file))
}

async function testCell (node, fastify, files) {
  const { ok, files: ran, assertions, skipped, failures } = await runTests(copy, node, files)
  const counts = `${ran.length} files, ${assertions} assertions${skipped.length === 0 ? '' : `, ${skipped.length} skipped`}`
  const failing = ran.filter(({ ok }) => !ok).map(({ file }) => file)
  report(node.version, fastify, ok, ok ? counts : `${counts}; ${failing.join(', ') || 'tap itself'}`, failures)
  for (const line of skipped) notRun.add(`skipped: ${line}`)
}

/** Node 20 has none of what Fastify 6 starts with. Should that change, the cell fails, and this and the README have to follow. */
async function testUnsupportedNode (node, fastify) {
  const { ok, answer } = await start(copy, node)
  report(node.version, fastify, !ok, ok ? 'starts, although it is said not to' : `unsupported, Fastify 6 is for Node 22 and later: ${answer.message}`)
}

function lacksFastify6 (node, fastify) {
  return major(fastify) >= 6 && major(node.version) < 22
}

/** An old Fastify does not start with the plugin, and the message says why. */
async function testRefusal (fastify) {
  const { ok, answer } = await start(copy, ownNode)
  const expected = major(fastify) < 5
    ? { code: 'FST_ERR_PLUGIN_VERSION_MISMATCH', words: ['fastify-cross-origin-protection', '5.x || 6.x', fastify] }
    : { code: 'FST_CROSS_ORIGIN_UNSUPPORTED_FASTIFY', words: ['crossOriginProtection', 'CVE-2026-3635', fastify, oldest] }
  const isRefused = !ok && answer.code === expected.code && expected.words.every(word => answer.message.includes(word))
  report(ownNode.version, fastify, isRefused, isRefused ? `refused: ${answer.message}` : `not refused: ${JSON.stringify(answer)}`)
}

function isUnitTest (file) {
  return /^test[\\/](repository[\\/])?[^\\/]*$/.test(file)
}

function usesNest (file) {
  return file.endsWith('compiled.test.ts')
}

/** Plugins of others, which the rest registers, are made for Fastify 5; 6 lets them in only while it is a pre-release. */
function needsFastifyAlone (file) {
  return /^test[\\/](bypasses[\\/].*|(repository[\\/])?[^\\/]*)$/.test(file)
}

function major (version) {
  return Number(version.replace(/^\D/, '').split('.')[0])
}

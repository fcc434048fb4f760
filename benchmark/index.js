// npm run bench: measures, prints tables, and writes them to docs/benchmarks.md. With --check it exits 1 when a budget is
// missed; with --quick it measures a tenth, writes nothing, and is good for a look only. Names of sections run these alone.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { budgetTable, isMet, toTable } from './report.js'

const sections = ['decision', 'fastify', 'growth', 'memory', 'start']

const { values: { check, quick }, positionals } = parseArgs({ options: { check: { type: 'boolean' }, quick: { type: 'boolean' } }, allowPositionals: true })
const wanted = positionals.length > 0 ? positionals : sections
const unknown = wanted.filter(name => !sections.includes(name))
if (unknown.length > 0) {
  console.error(`There is no section ${unknown.join(', ')}. There are ${sections.join(', ')}.`)
  process.exit(1)
}

const effort = quick
  ? { rounds: 30, blocks: 30, requests: 100_000, starts: 5 }
  : { rounds: 300, blocks: 600, requests: 1_000_000, starts: 31 }

const parts = []
const missed = []
for (const name of wanted) {
  console.log(`measuring ${name} …`)
  const { title, text, columns, rows, budgets } = await measureApart(name)
  const part = `## ${title}\n\n${text}\n\n${toTable(columns, rows)}\n\n${budgetTable(budgets)}\n`
  console.log(`\n${part}`)
  parts.push(part)
  missed.push(...budgets.filter(budget => !isMet(budget)))
}

if (!quick && wanted.length === sections.length) {
  writeFileSync(new URL('../docs/benchmarks.md', import.meta.url), `${preface()}\n${parts.join('\n')}`)
  console.log('written to docs/benchmarks.md')
}
for (const { name, value, bound, limit, exception, unit } of missed) console.log(`missed: ${name} is ${value.toFixed(2)} ${unit}, and should be ${bound} ${exception?.limit ?? limit}`)
if (missed.length === 0) console.log('every budget is met, but for those that the table says cannot be, and they stay within what it gives them')
if (check && missed.length > 0) process.exitCode = 1

/** In a process of its own, so that no section finds the compiler and the heap as another has left them. */
async function measureApart (name) {
  const child = fork(fileURLToPath(new URL('section.js', import.meta.url)), [name, JSON.stringify(effort)], { execArgv: ['--expose-gc'] })
  const [[result], [code]] = await Promise.all([once(child, 'message'), once(child, 'exit')])
  if (code !== 0) throw new Error(`${name} ended with ${code}`)
  return result
}

function preface () {
  const version = name => JSON.parse(readFileSync(new URL(`../node_modules/${name}/package.json`, import.meta.url), 'utf8')).version
  const packages = ['fastify', '@remix-run/cop-middleware', 'hono', 'fetch-metadata', '@fastify/csrf-protection', '@fastify/helmet']
  return `# Benchmarks

What \`npm run bench\` measured on ${new Date().toISOString().slice(0, 10)}, on ${cpus().length} cores of ${cpus()[0].model.trim()} with ${Math.round(totalmem() / 2 ** 30)} GiB, shared with other work:
Node.js ${process.versions.node}, ${packages.map(name => `${name} ${version(name)}`).join(', ')}.

Machines are noisy, so nothing here compares two runs: what is compared ran in one process, in short blocks in strict
alternation, and a ratio is the median of the ratios of neighbouring blocks, with its quartiles. \`npm run bench -- --check\`
fails when a budget is missed. Where one cannot be met, the table says by how much, and why.
`
}

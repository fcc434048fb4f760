// npm run bench: measures, prints tables, and writes them to docs/benchmarks.md. With --check it exits 1 if a budget is
// missed. With --quick it measures a tenth and writes nothing: enough for a first look. Arguments name the only sections to run.
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
  console.error(`There is no section ${unknown.join(', ')}. The sections are ${sections.join(', ')}.`)
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
if (missed.length === 0) console.log('every budget is met, or stays within the exception that the table gives for it')
if (check && missed.length > 0) process.exitCode = 1

/** Measures in a separate process, so that no section starts with the compiler and the heap that another one left behind. */
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

\`npm run bench\` measured these figures on ${new Date().toISOString().slice(0, 10)}, on ${cpus().length} cores of ${cpus()[0].model.trim()} with ${Math.round(totalmem() / 2 ** 30)} GiB, shared with other work:
Node.js ${process.versions.node}, ${packages.map(name => `${name} ${version(name)}`).join(', ')}.

Machines are noisy, so no figure here compares two separate runs. Whatever is compared ran in one process, in short blocks in
strict alternation. A ratio is the median of the ratios of neighbouring blocks, with its quartiles.
\`npm run bench -- --check\` fails if a budget is missed. If a budget cannot be met, the table says by how much, and why.
`
}

// npm run mutate: runs Stryker on src/, or on the files given as arguments. Every survivor must be listed in equivalents.ts,
// and every mutant listed there must survive. A full run is written to docs/testing.md. Prints the figures last, and exits 1
// if anything is wrong. Mutants of unchanged code keep the result of an earlier run as long as the test file that noticed
// them is unchanged too, unless --force is given.
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Stryker } from '@stryker-mutator/core'
import { documented, percent } from './document.ts'
import { equivalents } from './equivalents.ts'
import { judge, type Mutant, type Report } from './report.ts'

const LOWEST_SCORE = 95

const { values: { concurrency, force }, positionals } = parseArgs({ options: { concurrency: { type: 'string' }, force: { type: 'boolean' } }, allowPositionals: true })
const isFull = positionals.length === 0

process.chdir(fileURLToPath(new URL('../..', import.meta.url)))
const configFile = 'test/mutation/stryker.config.json'
const { tap } = JSON.parse(readFileSync(configFile, 'utf8')) as { tap: { testFiles: string[] } }
// A mutant is done with at the first test that fails, so a file's own tests go first.
const isOwnTest = (path: string) => positionals.some(file => basename(file, '.ts') === basename(path, '.test.js'))
const testFiles = [...tap.testFiles.filter(isOwnTest), ...tap.testFiles.filter(path => !isOwnTest(path))]
// A result is kept only if Stryker finds the test that led to it, unchanged, among the files of the project.
execFileSync(process.execPath, ['test/mutation/build.js'], { stdio: 'inherit' })
await new Stryker({
  configFile,
  ...(!isFull && { mutate: positionals, tap: { ...tap, testFiles } }),
  ...(force && { force }),
  ...(concurrency !== undefined && { concurrency: Number(concurrency) })
}).runMutationTest()

const report: Report = JSON.parse(readFileSync('.mutation/report.json', 'utf8'))
const verdict = judge(report, equivalents)
const { mutants, killed, score, timedOut, explained, unexplained, stale, broken } = verdict

const faults = [
  ...unexplained.map(mutant => `survived: ${change(mutant)}`),
  ...broken.map(mutant => `neither killed nor survived: ${change(mutant)}`),
  ...stale.map(({ file, before, after }) => `listed as equivalent, but does not survive: ${file}\n- ${before}\n+ ${after}`)
]
console.log(['', ...timedOut.map(mutant => `killed by a test that did not end: ${change(mutant)}`), ...faults].join('\n'))
if (isFull && faults.length === 0) {
  const page = 'docs/testing.md'
  writeFileSync(page, documented(readFileSync(page, 'utf8'), verdict, new Date()))
  console.log(`written to ${page}`)
}
console.log(`${mutants} mutants, ${killed} killed (${percent(score)}), ${explained.length} survived because they change nothing, ${faults.length} faults`)
if (faults.length > 0 || score < LOWEST_SCORE) process.exitCode = 1

function change ({ file, line, before, after }: Mutant): string {
  return `${file}:${line}\n- ${before}\n+ ${after}`
}

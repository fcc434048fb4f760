// The documents name every option, default, reason, hint and error code, and none that no longer exists.
import { readFileSync } from 'node:fs'
import t from 'tap'
import { reasons } from '../../src/decision.ts'
import * as errors from '../../src/errors.ts'
import { hints } from '../../src/hints.ts'
import { defaults } from '../../src/isolation.ts'
import { createPolicy } from '../../src/policy.ts'
import type { ListedRoute } from '../../src/routes.ts'
import { isolationSchema, protectionSchema } from '../../src/schemas.ts'

const read = (document: string) => readFileSync(new URL(`../../${document}`, import.meta.url), 'utf8')

/** The text under a heading, up to the next heading of the second level. */
function section (document: string, heading: string): string {
  return `\n${read(document)}`.split(`\n${heading}\n`)[1]!.split('\n## ')[0]!
}

/** The cells of a table's body, without backticks. */
function tableRows (text: string): string[][] {
  return text.split('\n').filter(line => line.startsWith('|')).slice(2)
    .map(line => line.split(/(?<!\\)\|/).slice(1, -1).map(cell => cell.trim().replace(/^`([^`]*)`$/, '$1')))
}

/** Values in the form in which a table lists them. */
const code = (...values: unknown[]) => values.map(value => `\`${value}\``).join(', ')

const own = (names: object) => Object.keys(names).filter(name => !name.startsWith('log')).sort()

t.test('options of crossOriginProtection, with their defaults', async t => {
  const rows = tableRows(section('docs/options.md', '# Options of crossOriginProtection'))
  t.same(rows.map(([name]) => name!).sort(), own(protectionSchema.properties))
  const { options } = createPolicy({})
  for (const [name = '', , fallback] of rows) {
    const value = options[name as keyof typeof options]
    t.equal(fallback, value === undefined ? 'none' : JSON.stringify(value), name)
  }
})

t.test('options of crossOriginIsolation, with their values and defaults', async t => {
  const rows = tableRows(section('docs/isolation.md', '# Isolation headers'))
  t.same(rows.map(([name]) => name!).sort(), own(isolationSchema.properties))
  for (const [name = '', values, fallback] of rows) {
    const property: { enum?: unknown[], properties?: object } = isolationSchema.properties[name as 'reportOnly']
    t.equal(fallback, String(defaults[name as 'reportOnly']), name)
    if (property.enum) t.equal(values, code(...property.enum), name)
    if (property.properties) t.equal(values, code(`{ ${Object.keys(property.properties).join(', ')} }`, null), name)
  }
})

t.test('hints, word for word', async t => {
  const rows = tableRows(section('docs/logs.md', '## Hints')).map(row => row.join(' ').replaceAll('`', ''))
  t.same(rows.sort(), Object.values(hints).sort())
})

t.test('reasons', async t => {
  const named = new Set([...section('README.md', '## How it decides').matchAll(/\(`([a-z-]+)`\)/g)].map(([, reason]) => reason))
  t.same([...named].sort(), [...reasons].sort())
})

t.test('error codes, with their statuses', async t => {
  const codes = Object.values(errors)
    .map(Class => new Class('message') as { code?: string, statusCode?: number })
    .flatMap(({ code, statusCode }) => code === undefined ? [] : [[code, String(statusCode)]]) // WrongValue has no code.
  t.same(tableRows(section('docs/errors.md', '# Errors')).map(([code, status]) => [code, status]).sort(), codes.sort())
})

t.test('policies of listRoutes', async t => {
  const policies: Record<ListedRoute['policy'], true> = { none: true, exempt: true, 'safe-method': true, 'report-only': true, isolate: true, check: true }
  const rows = tableRows(section('docs/application-tests.md', '## Which routes are protected').replace(/^```text.*?^```/gms, ''))
  t.same(rows.map(([name]) => name), Object.keys(policies).map(name => `'${name}'`))
})

t.test('README has at most 250 lines', async t => {
  t.ok(read('README.md').split('\n').length <= 251)
})

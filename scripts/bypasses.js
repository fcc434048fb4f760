// Writes the published bypasses that test/bypasses replays into docs/testing.md, from test/helpers/advisories.ts, of which each row
// must have its test. With --check it writes nothing, and fails if the page is not up to date.
import { readFile, writeFile } from 'node:fs/promises'
import ts from 'typescript'

const page = new URL('../docs/testing.md', import.meta.url)
const begin = '<!-- Written by npm run build:bypasses. -->\n'
const end = '<!-- End of what npm run build:bypasses writes. -->\n'

/** What went wrong, in the order of the page: each is a file of test/bypasses. */
const headings = {
  'fetch-metadata': 'Fetch Metadata that is missing, wrong or taken too generously',
  origins: 'Origins that are compared wrongly',
  'null-origin': '`Origin: null`',
  'allow-list': 'Lists that allow too much',
  'proxy-host': 'The own host, behind proxies',
  hosts: 'DNS rebinding, and other hosts',
  'header-duplication': 'Headers that come twice or get lost',
  methods: 'Methods that are not checked',
  'content-type': 'Decisions by content type',
  paths: 'Exempt paths',
  websockets: 'WebSockets',
  configuration: 'Checks that are not asked',
  'isolation-headers': 'COOP, COEP and CORP'
}

const { advisories } = await importTypeScript(new URL('../test/helpers/advisories.ts', import.meta.url))
const missing = Object.keys(advisories).filter(cause => !(cause in headings))
if (missing.length > 0) throw new Error(`scripts/bypasses.js has no heading for ${missing}`)

const text = await readFile(page, 'utf8')
const written = summarised(replaced(text))
if (!process.argv.includes('--check')) await writeFile(page, written)
else if (written !== text) {
  console.error('docs/testing.md does not have the bypasses of test/helpers/advisories.ts: npm run build:bypasses')
  process.exitCode = 1
}

// ---------------------------------------------------------------------------------------------

function replaced (text) {
  const [before, rest, ...more] = text.split(begin)
  const [, after] = rest?.split(end) ?? []
  if (after === undefined || more.length > 0) throw new Error('docs/testing.md must have the two lines between which the bypasses are, once each')
  return before + begin + section() + end + after
}

/** The table at the top of the page has their number. */
function summarised (text) {
  const row = /^(\| Published bypasses +\|.*\|.*\| ).*( \|)$/m
  if (!row.test(text)) throw new Error('docs/testing.md has no line of published bypasses in its table')
  const result = `all ${Object.values(advisories).flatMap(Object.keys).length} pass, none is skipped: see [below](#published-bypasses)`
  return text.replace(row, (_line, head, tail) => head + result.padEnd(50) + tail)
}

function section () {
  const ids = Object.values(advisories).flatMap(Object.keys).flatMap(id => id.split(', '))
  const rows = Object.values(advisories).flatMap(Object.values)
  const count = pattern => new Set(ids.filter(id => pattern.test(id))).size
  const projects = new Set(rows.flatMap(([project]) => project.split(', ')))
  return `
There are ${rows.length}, of ${projects.size} projects, with ${count(/^CVE-/)} CVE and ${count(/^GHSA-/)} GHSA numbers; the others are issues, commits and
documents.

${Object.entries(headings).map(([cause, heading]) => table(cause, heading)).join('\n')}
`
}

function table (cause, heading) {
  const rows = Object.entries(advisories[cause])
  return `### ${heading}

In [${cause}.test.ts](../test/bypasses/${cause}.test.ts), ${rows.length}:

| Bypass | Project | What went wrong |
| --- | --- | --- |
${rows.map(([id, [project, problem, url]]) => `| [${id}](${url}) | ${project} | ${sentence(problem)} |\n`).join('')}`
}

/** A code word, such as `null` or `onSend`, keeps its small letter. */
function sentence (text) {
  const isWord = /^[a-z]+ /.test(text) && !text.startsWith('null ')
  return `${isWord ? text[0].toUpperCase() : text[0]}${text.slice(1)}.`.replaceAll('|', '\\|')
}

async function importTypeScript (url) {
  const { outputText } = ts.transpileModule(await readFile(url, 'utf8'), { compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 } })
  return import(`data:text/javascript,${encodeURIComponent(outputText)}`)
}

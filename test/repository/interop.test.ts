// docs/interop.md names the packages that are tested, in the versions that are installed here or by npm run test:interop.
import { readdirSync, readFileSync } from 'node:fs'
import t from 'tap'

const root = new URL('../../', import.meta.url)
const text = (file: string) => readFileSync(new URL(file, root), 'utf8')

const rows = [...text('docs/interop.md').matchAll(/^\| `([^`]+)` +\| (\S+) +\|/gm)].map(([, name = '', version = '']) => ({ name, version }))

const projects = 'test/interop/projects/'
const { dependencies: pinned }: { dependencies: Record<string, string> } = JSON.parse(text(`${projects}package.json`))

/** What these import for themselves: the tools of the tests, and what the tested packages are made for. */
const tools = ['fastify', 'fastify-plugin', 'graphql', 'typescript', 'ws', '@fastify/sensible']

/** The part of a version that compatible versions share: the major number, or 0 and the minor number. */
function compatible (version: string): string {
  const [major = '', minor = ''] = version.split('.')
  return major === '0' ? `0.${minor}` : major
}

t.test('the versions are those that are installed', async t => {
  for (const { name, version } of rows) {
    t.equal(version, compatible(pinned[name] ?? JSON.parse(text(`node_modules/${name}/package.json`)).version), name)
  }
})

t.test('what is installed elsewhere is pinned', async t => {
  for (const [name, version] of Object.entries(pinned)) t.match(version, /^\d+\.\d+\.\d+$/, name)
})

t.test('the table has exactly the packages of the tests, each once', async t => {
  const tested = readdirSync(new URL('test/interop', root)).filter(name => name.endsWith('.ts')).flatMap(name => (
    [...text(`test/interop/${name}`).matchAll(/^(?:import|const) .*(?: from |require\()'(@fastify\/[^']+|mercurius)'\)?$/gm)].map(([, module = '']) => module)
  ))
  const installedElsewhere = Object.keys(pinned).filter(name => !tools.includes(name))
  t.same(rows.map(({ name }) => name), [...new Set([...tested, ...installedElsewhere])].sort())
})

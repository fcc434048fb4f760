// docs/interop.md names the packages that are tested, with the installed versions.
import { readdirSync, readFileSync } from 'node:fs'
import t from 'tap'

const root = new URL('../../', import.meta.url)
const text = (file: string) => readFileSync(new URL(file, root), 'utf8')

const rows = [...text('docs/interop.md').matchAll(/^\| `([^`]+)` +\| (\S+) +\|/gm)].map(([, name = '', version = '']) => ({ name, version }))

/** The part of a version that compatible versions share: the major number, or 0 and the minor number. */
function compatible (version: string): string {
  const [major = '', minor = ''] = version.split('.')
  return major === '0' ? `0.${minor}` : major
}

t.test('the versions are those that are installed', async t => {
  for (const { name, version } of rows) {
    t.equal(version, compatible(JSON.parse(text(`node_modules/${name}/package.json`)).version), name)
  }
})

t.test('the table has exactly the packages of the tests, each once', async t => {
  const tested = readdirSync(new URL('test/interop', root)).flatMap(name => (
    [...text(`test/interop/${name}`).matchAll(/^import .* from '(@fastify\/[^']+|mercurius)'$/gm)].map(([, module = '']) => module)
  ))
  t.same(rows.map(({ name }) => name), [...new Set(tested)].sort())
})

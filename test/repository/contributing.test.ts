// CONTRIBUTING.md names every file of the source, and no command, script or file of the tests that is not there.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import t from 'tap'

const root = new URL('../../', import.meta.url)
const text = readFileSync(new URL('CONTRIBUTING.md', root), 'utf8')
const { scripts } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'))

t.test('every file of src has its place in "Where is what"', async t => {
  const house = text.split('\n## Where is what\n')[1]!.split('\n## ')[0]!
  for (const name of readdirSync(new URL('src', root))) t.ok(house.includes(`\`${name}\``), name)
})

t.test('commands and tests that it names are there', async t => {
  const commands = [...text.matchAll(/npm run ([\w:-]+)/g)].map(([, name = '']) => name)
  for (const name of commands) t.ok(name in scripts, name)
  const paths = [...text.matchAll(/\btest\/[\w./-]*\w/g)].map(([path]) => path)
  for (const path of paths) t.ok(existsSync(new URL(path, root)), path)
  t.ok(commands.length > 10 && paths.length > 10)
})

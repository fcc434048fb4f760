// What a user gets: the tarball, installed into projects outside of this repository. Figures last; 1 on failure.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { npm, repository, run, temporaryFolder } from '../helpers/commands.js'
import { addPackage, createProject, installBesideOlder, runConsumers } from './consumers.js'
import { runTools } from './tools.js'
import { danglingReferences, differences, misplacedFiles, pack, packCopy } from './tarball.js'

const figures = []
let failed = false

function report (name, ok, figure, details = '') {
  figures.push([ok ? 'ok' : 'FAILED', name, figure])
  console.log(`${ok ? 'ok' : 'FAILED'}  ${name}  ${figure}`)
  if (ok) return
  failed = true
  if (details !== '') console.log(details)
}

const folder = temporaryFolder('package')
const project = join(folder, 'project')
const older = join(folder, 'older')
for (const each of [project, older]) await mkdir(each)

const tarball = await pack(folder)
const misplaced = await misplacedFiles(tarball.files)
report('files in the tarball', misplaced.length === 0, tarball.files.length, misplaced.join('\n'))
const different = differences(tarball, await packCopy(folder))
report('same bytes from a clean copy', different.length === 0, different.length === 0 ? `sha256 ${tarball.sha256}` : '', different.join('\n'))
report('size', true, `${kilobytes(tarball.size)} packed, ${kilobytes(tarball.unpackedSize)} unpacked`)

for (const [linter, ...words] of [['publint', '--strict'], ['attw', '--no-definitely-typed']]) {
  const { code, output } = await run(...npm('exec', '--offline', '--', linter, ...words, tarball.path), { cwd: repository })
  report(linter, code === 0, code === 0 ? 'nothing to say' : 'complains', output)
}

await createProject(project)
const added = await addPackage(project, tarball.path)
report('packages added to a Fastify project', added.join() === 'fastify-cross-origin-protection,fastify-plugin', `${added.length}: ${added.join(', ')}`)

const dangling = await danglingReferences(join(project, 'node_modules/fastify-cross-origin-protection'), tarball.files)
report('references to what is not there', dangling.length === 0, dangling.length, dangling.join('\n'))

const { code, output } = await installBesideOlder(older, tarball.path, '5.12.0')
report('npm install beside Fastify 5.12.0', code !== 0 && output.includes('ERESOLVE'), 'refused', output)

for (const { name, ok, output } of await runConsumers(project)) report(name, ok, '', output)
for (const { name, ok, figure = '', output } of await runTools(folder, project, tarball.path)) report(name, ok, figure, output)

console.log(`\n${figures.map(([outcome, name, figure]) => `${outcome.padEnd(8)}${name.padEnd(38)}${figure}`).join('\n')}`)
process.exitCode = failed ? 1 : 0

function kilobytes (bytes) {
  return `${Math.round(bytes / 1000)} kB`
}

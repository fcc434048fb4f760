// The tarball as npm would publish it, and what may be in it.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { npm, repository, runWell } from '../helpers/commands.js'

/** Packs the repository into a folder; npm builds it first. */
export async function pack (folder) {
  const report = await runWell(...npm('pack', '--json', '--foreground-scripts=false', '--pack-destination', folder), { cwd: repository })
  const [packed] = Object.values(JSON.parse(report))
  return { path: join(folder, packed.filename), size: packed.size, unpackedSize: packed.unpackedSize, files: packed.files.map(({ path }) => path) }
}

/** What is missing from the tarball, and what should not be there: both builds of each entry, every source's types, npm's own files. */
export async function misplacedFiles (files) {
  const rooms = (await readdir(join(repository, 'src'))).map(name => name.replace(/\.ts$/, ''))
  const expected = new Set(['package.json', 'README.md', 'LICENSE', ...['esm', 'commonjs'].flatMap(build => [
    `dist/${build}/package.json`,
    ...['index', 'testing'].flatMap(entry => [`dist/${build}/${entry}.js`, `dist/${build}/${entry}.js.map`]),
    ...rooms.map(room => `dist/${build}/${room}.d.ts`)
  ])])
  return [
    ...[...expected].filter(file => !files.includes(file)).map(file => `${file} is missing`),
    ...files.filter(file => !expected.has(file)).map(file => `${file} should not be there`)
  ]
}

/** What installed files say of files that are not there, or of the machine that packed them. */
export async function danglingReferences (folder, files) {
  const problems = []
  for (const file of files) {
    const text = await readFile(join(folder, file), 'utf8')
    if (text.includes(repository)) problems.push(`${file} names ${repository}`)
    if (file.endsWith('.map') && !hasItsSources(JSON.parse(text))) problems.push(`${file} names sources that the package does not have`)
    const [, map] = /^\/\/# sourceMappingURL=(.*)$/m.exec(text) ?? []
    if (map !== undefined && !files.includes(join(file, '..', map).replaceAll('\\', '/'))) problems.push(`${file} names ${map}, which is not there`)
  }
  return problems
}

function hasItsSources ({ sources, sourcesContent = [] }) {
  return sources.every((_, i) => typeof sourcesContent[i] === 'string')
}

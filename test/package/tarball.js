// The tarball as npm would publish it, and what may be in it.
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join, posix } from 'node:path'
import { npm, repository, runWell } from '../helpers/commands.js'

/** Packs the repository into a folder; npm builds it first. */
export async function pack (folder) {
  const report = await runWell(...npm('pack', '--json', '--foreground-scripts=false', '--pack-destination', folder), { cwd: repository })
  const [packed] = Object.values(JSON.parse(report))
  return { path: join(folder, packed.filename), size: packed.size, unpackedSize: packed.unpackedSize, files: packed.files.map(({ path }) => path) }
}

/** What is missing from the tarball, and what should not be there: both builds of each entry, every source's types, the documents. */
export async function misplacedFiles (files) {
  const rooms = (await readdir(join(repository, 'src'))).map(name => name.replace(/\.ts$/, ''))
  const pages = (await readdir(join(repository, 'docs'))).filter(name => name.endsWith('.md')).map(name => `docs/${name}`)
  const documents = ['README.md', 'CHANGELOG.md', 'SECURITY.md', 'LICENSE', ...pages]
  const expected = new Set(['package.json', ...documents, ...['esm', 'commonjs'].flatMap(build => [
    `dist/${build}/package.json`,
    ...['index', 'testing'].map(entry => `dist/${build}/${entry}.js`),
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
    if (/^\s*\/[/*][#@] sourceMappingURL=/m.test(text)) problems.push(`${file} names a source map`)
    if (file.endsWith('.md')) problems.push(...await danglingLinks(file, text, files))
  }
  return problems
}

// ---------------------------------------------------------------------------------------------

/**
 * What the documents may link to although it is not packed: it is for those who work on the package. npm's page leads such
 * links, and those of pictures, to package.json's `repository`, without which nothing is published.
 */
const outside = /^(CONTRIBUTING\.md|docs\/demo\.png|(examples|test)(\/.*)?)$/

async function danglingLinks (file, text, files) {
  const problems = []
  for (const [, target] of text.matchAll(/\]\((?![a-z]+:|#)([^)\s#]+)[^)]*\)/g)) {
    const path = posix.join(posix.dirname(file), target)
    if (files.includes(path)) continue
    if (!outside.test(path) || !existsSync(join(repository, path))) problems.push(`${file} links to ${target}, which is not there`)
  }
  return problems
}

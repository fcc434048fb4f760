// The tarball as npm would publish it, and what may be in it.
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, symlink } from 'node:fs/promises'
import { join, posix } from 'node:path'
import { npm, repository, runWell } from '../helpers/commands.js'
import { copyRepository } from '../helpers/copy.js'

/** Packs the repository, or a copy of it, into a folder; npm builds it first. */
export async function pack (folder, cwd = repository) {
  const report = await runWell(...npm('pack', '--json', '--foreground-scripts=false', '--pack-destination', folder), { cwd })
  const [{ filename, size, unpackedSize, files }] = Object.values(JSON.parse(report))
  const path = join(folder, filename)
  const sha256 = createHash('sha256').update(await readFile(path)).digest('hex')
  return { path, sha256, size, unpackedSize, files: files.map(({ path }) => path), sizes: new Map(files.map(({ path, size }) => [path, size])) }
}

/** Packs a copy of the repository that was never built, in another place. */
export async function packCopy (folder) {
  const copy = join(folder, 'copy')
  const packed = join(folder, 'packed-copy')
  await copyRepository(copy)
  await symlink(join(repository, 'node_modules'), join(copy, 'node_modules'), 'junction')
  await mkdir(packed)
  return pack(packed, copy)
}

/** How two tarballs differ; nothing if they are the same to the byte. */
export function differences (one, other) {
  if (one.sha256 === other.sha256) return []
  const files = [...new Set([...one.files, ...other.files])].filter(file => one.sizes.get(file) !== other.sizes.get(file))
  return [`sha256 ${one.sha256} and ${other.sha256}`, ...files.map(file => `${file} has ${one.sizes.get(file)} and ${other.sizes.get(file)} bytes`)]
}

/** What is missing from the tarball, and what should not be there: both builds, every source's types, the documents. */
export async function misplacedFiles (files) {
  const rooms = (await readdir(join(repository, 'src'))).map(name => name.replace(/\.ts$/, ''))
  const pages = (await readdir(join(repository, 'docs'))).filter(name => name.endsWith('.md')).map(name => `docs/${name}`)
  const documents = ['README.md', 'CHANGELOG.md', 'SECURITY.md', 'LICENSE', ...pages]
  const expected = new Set(['package.json', ...documents, ...['esm', 'commonjs'].flatMap(build => [
    `dist/${build}/package.json`,
    ...['index', 'decision', 'testing', 'validators'].map(file => `dist/${build}/${file}.js`),
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
  // Code that looks like a link is none; the text of a link may be code.
  const prose = text.replace(/(`+).*?\1/g, '')
  for (const [, target] of prose.matchAll(/\]\((?![a-z]+:|#)([^)\s#]+)[^)]*\)/g)) {
    const path = posix.join(posix.dirname(file), target)
    if (files.includes(path)) continue
    if (!outside.test(path) || !existsSync(join(repository, path))) problems.push(`${file} links to ${target}, which is not there`)
  }
  return problems
}

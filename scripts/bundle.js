// Turns what tshy built into a few files for each module system, because loading two dozen small modules takes more than twice
// as long. The files are made to be read: comments stay, and indentation is that of the sources. What decides is one file, which
// knows nothing of Fastify; the rest of the plugins is another, and the generated validators are a third. There are no source
// maps, which would be more than half of the package. Types stay as tshy made them.
import { readdir, readFile, rm } from 'node:fs/promises'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rollup } from 'rollup'

const entries = ['index', 'testing']
const external = [/^node:/, 'fastify-plugin', '@fastify/error']
const dist = new URL('../dist/', import.meta.url)
const path = name => fileURLToPath(new URL(name, dist))

const formats = {
  esm: { format: 'es' },
  // As TypeScript would have written it: `require` returns the named exports and `default`.
  commonjs: { format: 'cjs', exports: 'named', esModule: true, interop: 'compat' }
}

const isGenerated = id => id.endsWith('validators.js')

/** What decides: these import each other, @fastify/error and nothing else. */
const deciding = ['decision', 'paths', 'origins', 'hosts', 'shared-domains', 'errors']

function chunkOf (id) {
  if (isGenerated(id)) return 'validators'
  return deciding.includes(basename(id, '.js')) ? 'decision' : undefined
}

const readable = {
  name: 'readable',
  async load (id) {
    const code = await readFile(id, 'utf8')
    // TypeScript indents by four. Generated code is nested so deeply that half of it would be indentation.
    return code.replace(/^ +/gm, ({ length }) => ' '.repeat(isGenerated(id) ? 0 : length - 2 * Math.floor(length / 4)))
  }
}

const bundles = {}
for (const entry of entries) {
  bundles[entry] = await rollup({
    input: path(`esm/${entry}.js`),
    external,
    plugins: [readable],
    onLog (_level, { message }) { throw new Error(message) }
  })
}
for (const [directory, options] of Object.entries(formats)) {
  for (const name of await readdir(path(directory))) {
    if (name.endsWith('.js')) await rm(path(`${directory}/${name}`))
  }
  for (const entry of entries) {
    await bundles[entry].write({
      dir: path(directory),
      chunkFileNames: '[name].js',
      minifyInternalExports: false,
      manualChunks: chunkOf,
      ...options
    })
  }
}

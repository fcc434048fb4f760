// Turns what tshy built into one file for each entry and module system, because loading sixteen small modules takes more
// than twice as long as loading one. Comments stay, so that what is installed can be read: there are no source maps, which
// would be more than half of the package. Types stay as tshy made them.
import { readdir, rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { rollup } from 'rollup'

const entries = ['index', 'testing']
const external = [/^node:/, 'fastify-plugin', '@fastify/error']
const dist = new URL('../dist/', import.meta.url)
const path = name => fileURLToPath(new URL(name, dist))

const formats = {
  esm: { format: 'es' },
  // As TypeScript would have written it: `require` gives the names, and `default` beside them.
  commonjs: { format: 'cjs', exports: 'named', esModule: true, interop: 'compat' }
}

const bundles = {}
for (const entry of entries) {
  bundles[entry] = await rollup({
    input: path(`esm/${entry}.js`),
    external,
    onLog (_level, { message }) { throw new Error(message) }
  })
}
for (const [directory, options] of Object.entries(formats)) {
  for (const name of await readdir(path(directory))) {
    if (name.endsWith('.js')) await rm(path(`${directory}/${name}`))
  }
  for (const entry of entries) await bundles[entry].write({ file: path(`${directory}/${entry}.js`), ...options })
}

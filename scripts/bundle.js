// Bundles what tshy built into one file for each entry point and module system, because loading sixteen small modules takes more
// than twice as long as loading one. Comments stay, so that the installed code can be read. Types stay as tshy made them.
import { readdir, readFile, rm } from 'node:fs/promises'
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

// Reads tshy's source maps, so that those of the bundles lead to the sources.
const sourceMaps = {
  name: 'source-maps',
  async load (id) {
    return { code: await readFile(id, 'utf8'), map: JSON.parse(await readFile(`${id}.map`, 'utf8')) }
  }
}

const bundles = {}
for (const entry of entries) {
  bundles[entry] = await rollup({
    input: path(`esm/${entry}.js`),
    external,
    plugins: [sourceMaps],
    onLog (_level, { message }) { throw new Error(message) }
  })
}
for (const [directory, options] of Object.entries(formats)) {
  for (const name of await readdir(path(directory))) {
    if (/\.js(\.map)?$/.test(name)) await rm(path(`${directory}/${name}`))
  }
  for (const entry of entries) await bundles[entry].write({ file: path(`${directory}/${entry}.js`), sourcemap: true, ...options })
}

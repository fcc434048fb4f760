// What the package declares is what it imports, and nothing heavier is loaded at run time.
import { readdirSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import t from 'tap'

const root = new URL('../', import.meta.url)
const { dependencies } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'))

/** The modules that the source imports, without those of types alone. */
function imported (): Set<string> {
  const modules = new Set<string>()
  for (const name of readdirSync(new URL('src', root))) {
    const source = readFileSync(new URL(`src/${name}`, root), 'utf8')
    for (const [, module] of source.matchAll(/^(?:import|export)(?! type)[^'\n]*(?:\{[^}]*\}[^'\n]*)?from '([^']+)'/gm)) {
      if (!module!.startsWith('./')) modules.add(module!)
    }
  }
  return modules
}

t.test('declared dependencies and imports match', async t => {
  const packages = [...imported()].filter(module => !module.startsWith('node:')).sort()
  t.same(packages, Object.keys(dependencies).sort())
  t.same(packages, ['@fastify/error', 'fastify-plugin'])
})

t.test('Node\'s own modules are named with their prefix', async t => {
  for (const module of imported()) t.notOk(builtinModules.includes(module), module)
})

t.test('the rooms that decide know nothing of Fastify', async t => {
  for (const name of ['decision', 'origins', 'paths']) {
    const source = readFileSync(new URL(`src/${name}.ts`, root), 'utf8')
    t.notMatch(source, /^import (?!type)[^\n]*from '[^.n]/m, name)
  }
})

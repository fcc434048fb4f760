// The package declares exactly the dependencies that it imports, and loads nothing heavier at run time.
import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'

const root = new URL('../../', import.meta.url)
const { dependencies } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'))

/** The modules that the source imports, without imports of types. */
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

t.test('Node\'s own modules are imported with the node: prefix', async t => {
  for (const module of imported()) t.notOk(builtinModules.includes(module), module)
})

t.test('the modules that decide import nothing from Fastify', async t => {
  for (const name of ['decision', 'origins', 'paths']) {
    const source = readFileSync(new URL(`src/${name}.ts`, root), 'utf8')
    t.notMatch(source, /^import (?!type)[^\n]*from '[^.n]/m, name)
  }
})

const report = `
  const check = async (plugin, module) => {
    const app = Fastify()
    await app.register(plugin)
    await app.register(module.crossOriginIsolation)
    app.post('/', async () => 'ran')
    const { statusCode } = await app.inject({ method: 'POST', url: '/', headers: { 'sec-fetch-site': 'cross-site' } })
    const { headers } = await app.inject({ method: 'POST', url: '/' })
    console.log(module.default === module.crossOriginProtection, statusCode, headers['cross-origin-opener-policy'])
  }`

const programs = {
  commonjs: `${report}
    const Fastify = require('fastify')
    const module_ = require('fastify-cross-origin-protection')
    check(module_, module_) // Fastify finds the default export.`,
  module: `${report}
    import Fastify from 'fastify'
    import * as module from 'fastify-cross-origin-protection'
    await check(module.default, module)`
}

t.test('the built package serves both module systems', async t => {
  for (const [type, program] of Object.entries(programs)) t.equal(await run(type, program), 'true 403 same-origin\n', type)
})

t.test('both in one process: the nearest registration decides, whichever build made it', async t => {
  const program = `
    import { createRequire } from 'node:module'
    import Fastify from 'fastify'
    import * as esm from 'fastify-cross-origin-protection'
    const commonjs = createRequire(import.meta.url)('fastify-cross-origin-protection')
    if (esm.default === commonjs.default) throw new Error('these are not two copies')

    const statuses = []
    for (const [outer, inner] of [[esm, commonjs], [commonjs, esm]]) {
      for (const outerFirst of [true, false]) {
        const app = Fastify()
        const registerOuter = () => app.register(outer.default, { allowedOrigins: ['https://outer.example'] })
        const registerInner = () => app.register(async scope => {
          await scope.register(inner.default, { allowedOrigins: ['https://inner.example'] })
          scope.post('/x', async () => 'ran')
        }, { prefix: '/inner' })
        for (const register of outerFirst ? [registerOuter, registerInner] : [registerInner, registerOuter]) await register()
        app.post('/x', async () => 'ran')
        for (const url of ['/x', '/inner/x']) {
          for (const name of ['outer', 'inner']) {
            const headers = { 'sec-fetch-site': 'cross-site', origin: 'https://' + name + '.example' }
            statuses.push((await app.inject({ method: 'POST', url, headers })).statusCode)
          }
        }
      }
    }
    console.log(statuses.join(' '))`
  t.equal(await run('module', program), `${Array(4).fill('200 403 403 200').join(' ')}\n`)
})

async function run (type: string, program: string): Promise<string> {
  // Without coverage: tap would take the builds for sources that nothing covers.
  const { stdout } = await promisify(execFile)(process.execPath, [`--input-type=${type}`, '--eval', program], {
    cwd: fileURLToPath(root), env: { ...process.env, _TAPJS_PROCESSINFO_COVERAGE_: '0' }
  })
  return stdout
}

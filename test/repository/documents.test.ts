// The blocks of the documents, run as a reader would paste them: the first steps and the tests in a project as `npm init` makes it,
// the others in an application of their own.
import { execFileSync, spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import Fastify from 'fastify'
import t, { type Test } from 'tap'
import { crossOriginProtection } from '../../src/index.ts'
import { npm, repository, run, runWell } from '../helpers/commands.js'
import { blocksOf, findBlock, readDocument, runBlock } from '../helpers/documents.ts'
import { captureLog } from '../helpers/log.ts'
import { curlMissing } from '../helpers/nginx.ts'

/** A project as `npm init` makes it, with what the documents have one install. */
async function createProject (t: Test): Promise<string> {
  const folder = t.testdir({})
  await runWell(...npm('init', '--yes'), { cwd: folder })
  await mkdir(join(folder, 'node_modules'))
  for (const [name, target] of [['fastify', 'node_modules/fastify'], ['fastify-plugin', 'node_modules/fastify-plugin'], ['tap', 'node_modules/tap'], ['fastify-cross-origin-protection', '.']] as const) {
    await symlink(join(repository, target), join(folder, 'node_modules', name), 'junction')
  }
  return folder
}

/** Starts a file of a project on a free port, and gives the port that it logs. */
async function start (t: Test, folder: string, file: string, code: string): Promise<number> {
  await writeFile(join(folder, file), code.replace('port: 3000', 'port: 0'))
  const server = spawn(process.execPath, [file], { cwd: folder, env: { PATH: process.env.PATH }, stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => server.kill())
  let output = ''
  for await (const text of server.stdout.setEncoding('utf8')) {
    output += text
    const [, port] = /listening at http:\/\/[^"]*:(\d+)/.exec(output) ?? []
    if (port !== undefined) return Number(port)
  }
  throw new Error(`${file} ended: ${output}`)
}

for (const file of ['server.mjs', 'server.cjs']) {
  t.test(`first steps: ${file}`, { skip: curlMissing }, async t => {
    const port = await start(t, await createProject(t), file, findBlock('README.md', 'js', `// ${file}`))
    const words = [...findBlock('README.md', 'sh', 'curl').matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => (quoted ?? plain!).replace('3000', String(port)))
    const curl = (words: string[]) => execFileSync('curl', ['--silent', ...words], { encoding: 'utf8' })
    t.equal(curl(words.slice(1)), findBlock('README.md', 'json', 'statusCode').trim())
    t.equal(curl(words.slice(1).filter(word => !word.startsWith('Sec-') && word !== '-H')), 'Only from our own pages.')
  })
}

t.test('first steps: a plugin file of its own', async t => {
  const folder = await createProject(t)
  const plugin = findBlock('README.md', 'js', '// plugins/security.mjs')
  await writeFile(join(folder, 'app.mjs'), `
    import Fastify from 'fastify'
    const [plugin] = process.argv.slice(2)
    const fastify = Fastify({ logger: { level: 'warn' } })
    fastify.register(import(plugin))
    fastify.post('/transfer', async () => 'ran')
    const { statusCode } = await fastify.inject({ method: 'POST', url: '/transfer', headers: { 'sec-fetch-site': 'cross-site' } })
    console.log(statusCode)`)
  await writeFile(join(folder, 'unwrapped.mjs'), plugin.replace(/fp\((.*)\)\n$/s, '$1\n'))
  const unwrapped = await runWell(process.execPath, ['app.mjs', './unwrapped.mjs'], { cwd: folder })
  t.match(unwrapped, /protects no route/)
  t.match(unwrapped, /^200$/m)
  await writeFile(join(folder, 'wrapped.mjs'), plugin)
  const wrapped = await runWell(process.execPath, ['app.mjs', './wrapped.mjs'], { cwd: folder })
  t.match(wrapped, /cross-origin request denied/)
  t.match(wrapped, /^403$/m)
})

t.test('tests of an application', async t => {
  const folder = await createProject(t)
  const page = 'docs/application-tests.md'
  const rows = [
    { name: 'node:test', code: findBlock(page, 'js', ': node --test'), words: ['--test'] },
    { name: 'tap', code: findBlock(page, 'js', ': npx tap'), words: [] },
    { name: 'routes', code: findBlock(page, 'js', "policy === 'none'"), words: ['--test'] }
  ]
  for (const { name, code, words } of rows) {
    const file = `${name.replace(':', '-')}.test.mjs`
    await writeFile(join(folder, file), code.replace(/^.*register\(crossOriginProtection\).*$/m, ''))
    t.not((await run(process.execPath, [...words, file], { cwd: folder })).code, 0, `${name}: fails without the plugin`)
    await writeFile(join(folder, file), code)
    const { code: exitCode, output } = await run(process.execPath, [...words, file], { cwd: folder })
    t.equal(exitCode, 0, `${name}: ${output}`)
  }

  await writeFile(join(folder, 'list.mjs'), findBlock(page, 'js', 'console.table'))
  t.equal(await runWell(process.execPath, ['list.mjs'], { cwd: folder }), findBlock(page, 'text', 'policy'), 'what console.table prints')
})

t.test('the log line', async t => {
  const { lines, logger } = captureLog('warn')
  const app = Fastify({ logger })
  t.teardown(() => app.close())
  await app.register(crossOriginProtection)
  app.post('/transfer', async () => 'ran')
  const printed = JSON.parse(findBlock('docs/logs.md', 'json', 'reason'))
  await app.inject({ method: 'POST', url: '/transfer', headers: { host: printed.host, origin: printed.origin } })
  const { time: _time, pid: _pid, hostname: _hostname, ...line } = lines[0]!
  t.strictSame(line, printed)
})

t.test('the error handler', async t => {
  const app = Fastify()
  t.teardown(() => app.close())
  await runBlock(app, findBlock('docs/errors.md', 'ts', 'setErrorHandler').replace(/^interface.*$/m, '').replace('<Denied>', ''))
  await app.register(crossOriginProtection)
  const { statusCode, headers } = await app.inject({ method: 'POST', url: '/', headers: { 'sec-fetch-site': 'cross-site' } })
  t.equal(statusCode, 403)
  t.match(headers['content-type'], 'text/html')
})

t.test('what printRoutes shows', async t => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(crossOriginProtection)
  app.post('/transfer', async () => 'ran')
  await app.ready()
  const [, shown = ''] = /`(\(onRequest\)[^`]*)`/.exec(readDocument('docs/application-tests.md'))!
  t.match(app.printRoutes({ includeHooks: true }), shown)
})

// Blocks that need a project of their own, above, or that other tests run: of the proxies, the migration, the plugins.
const pages = ['docs/options.md', 'docs/websockets.md', 'docs/isolation.md', 'docs/logs.md', 'docs/proxies.md']

t.test('every other page of the documents has its tests', async t => {
  const elsewhere = ['application-tests.md', 'errors.md', 'interop.md', 'migration.md', 'testing.md', 'benchmarks.md', 'browsers.md']
  t.same(readdirSync(join(repository, 'docs')).filter(name => name.endsWith('.md')).sort(), [...elsewhere, ...pages.map(page => page.slice(5))].sort())
})

for (const page of pages) {
  for (const [index, code] of blocksOf(page, 'js').entries()) {
    t.test(`block ${index + 1} of ${page} starts an application`, async t => {
      const app = Fastify()
      t.teardown(() => app.close())
      await runBlock(app, code)
      await t.resolves(async () => { await app.ready() })
    })
  }
}

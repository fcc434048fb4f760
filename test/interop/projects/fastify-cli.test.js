// Applications as fastify-cli makes and starts them, with the file that docs/interop.md shows first.
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { blocks, send } from './helpers.js'

const cli = join(import.meta.dirname, 'node_modules/fastify-cli/cli.js')
const [withAutoConfig, afterHelmet, listing] = blocks('@fastify/autoload')

/** Makes an application, which finds its packages in this project; gives its folder. */
async function generate (name, ...words) {
  await promisify(execFile)(process.execPath, [cli, 'generate', name, ...words], { cwd: import.meta.dirname })
  const folder = join(import.meta.dirname, name)
  const isModule = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')).type === 'module'
  await mkdir(join(folder, 'routes/transfer'))
  await writeFile(join(folder, 'routes/transfer/index.js'), `
    let ran = 0
    ${isModule ? 'export default' : 'module.exports ='} async function transfer (fastify) {
      fastify.get('/', async () => ({ ran }))
      fastify.post('/', async () => ({ ran: ++ran }))
    }`)
  return folder
}

/** Starts it by its own command; gives its origin, and what it said until then or until it ended. */
async function start (t, folder, ...words) {
  const port = await freePort()
  const child = spawn(process.execPath, [cli, 'start', '-l', 'info', '-p', String(port), ...words, 'app.js'], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
  t.after(() => new Promise(resolve => {
    if (child.exitCode !== null) return resolve()
    child.once('exit', resolve)
    child.kill('SIGKILL') // It waits for connections otherwise.
  }))
  let output = ''
  return new Promise(resolve => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', text => {
        output += text
        if (output.includes('Server listening at')) resolve({ origin: `http://localhost:${port}`, output })
      })
    }
    child.once('exit', () => resolve({ output }))
  })
}

async function freePort () {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise(resolve => server.once('listening', resolve))
  const { port } = server.address()
  await new Promise(resolve => server.close(resolve))
  return port
}

async function probe (origin, path = '/transfer') {
  const ran = async () => JSON.parse((await send(`${origin}${path}`, { from: 'same-origin', by: 'fetch-get' })).body).ran
  for (const options of [{ from: 'cross-site', by: 'form' }, { from: 'same-site', by: 'fetch-cors' }, { from: 'sandboxed-frame', by: 'form' }]) {
    const refused = await send(`${origin}${path}`, options)
    assert.deepEqual([refused.status, JSON.parse(refused.body).code], [403, 'FST_CROSS_ORIGIN_DENIED'])
  }
  assert.equal(await ran(), 0)
  assert.equal((await send(`${origin}${path}`, { from: 'cross-site', by: 'fetch-cors', origin: 'http://partner.example' })).status, 403, 'the partner over http')
  assert.equal((await send(`${origin}${path}`, { from: 'same-origin', by: 'fetch-cors' })).status, 200)
  assert.equal(await ran(), 1)
}

const plugin = 'plugins/cross-origin-protection.js'

test('fastify-cli: an application of modules, with the file of two lines', async t => {
  const folder = await generate('modules', '--esm')
  const bare = await start(t, folder)
  assert.equal((await send(`${bare.origin}/transfer`, { from: 'cross-site', by: 'fetch-cors' })).status, 200, 'without the file, other sites get in')

  await writeFile(join(folder, plugin), withAutoConfig)
  const { origin } = await start(t, folder)
  await probe(origin)
  assert.equal((await send(`${origin}/no-route`, { from: 'cross-site', by: 'form' })).status, 404, 'paths without a route are answered outside of the application')

  for (const [words, named] of [[['--prefix', '/api'], 'prefix'], [['--options'], 'trustProxy']]) {
    const app = join(folder, 'app.js')
    await writeFile(app, (await readFile(app, 'utf8')).replace('options = {}', 'options = { trustProxy: \'10.0.0.1\' }'))
    const { output } = await start(t, folder, ...words)
    assert.match(output, /FST_CROSS_ORIGIN_INVALID_OPTION/, `${words[0]} stops the start`)
    assert.match(output, new RegExp(named))
  }

  await writeFile(join(folder, plugin), afterHelmet.replace(', { dependencies: [\'@fastify/helmet\'] }', ''))
  await probe((await start(t, folder, '--options')).origin)
  // The template hands the prefix to @fastify/autoload as well, so it is there twice.
  await probe((await start(t, folder, '--prefix', '/api')).origin, '/api/api/transfer')
})

test('fastify-cli: an application that lists its routes', async t => {
  const folder = await generate('listing', '--esm')
  await writeFile(join(folder, plugin), withAutoConfig)
  const app = join(folder, 'app.js')
  const [imported] = listing.match(/^import .*$/m)
  const [body] = listing.match(/^ {2}const routes = .*\n.*$/m)
  const text = await readFile(app, 'utf8')
  const edited = `${imported}\n${text.replace(/^export default async function.*$/m, line => `${line}\n${body}`)}`
  assert.notEqual(edited, `${imported}\n${text}`)
  await writeFile(app, edited)
  const { output } = await start(t, folder)
  assert.match(output, /'GET' +│ '\/transfer' +│ 'safe-method'/)
  assert.match(output, /'POST' +│ '\/transfer' +│ 'check'/)
})

test('fastify-cli: an application in CommonJS', async t => {
  const folder = await generate('commonjs')
  await writeFile(join(folder, plugin), `
    const { crossOriginProtection } = require('fastify-cross-origin-protection')

    exports.autoConfig = { allowedOrigins: ['https://partner.example'] }
    exports.default = crossOriginProtection`)
  await probe((await start(t, folder)).origin)
})

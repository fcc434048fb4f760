// The demo in a separate process, with the built package. The browser tests check what its page does.
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { reasons } from '../../src/decision.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
// Without coverage: tap would count the demo as source that must be covered.
const env = { PATH: process.env.PATH, _TAPJS_PROCESSINFO_COVERAGE_: '0' }

t.test('a port that is taken on one address of localhost', async t => {
  const second = await take(t, '::1').catch(() => take(t, '127.0.0.2'))
  const addresses = ['127.0.0.1', addressOf(second).address]

  for (const address of addresses) {
    await t.test(`on ${address}`, async t => {
      const { port } = addressOf(await take(t, address))
      const { used, output } = await openDemo(addresses, port)
      t.not(used, port)
      t.match(output, `Port ${port} is taken; using ${used} instead.`)
    })
  }

  await t.test('on none', async t => {
    const server = await take(t, '127.0.0.1')
    const { port } = addressOf(server)
    server.close()
    await once(server, 'close')
    const { used, output } = await openDemo(addresses, port)
    t.equal(used, port)
    t.notMatch(output, 'taken')
  })
})

t.test('--once: a verdict that is not the expected one', async t => {
  const copy = spoiltCopy(t, source => source.replace("denied('null-origin'", "denied('cross-site'"))
  const { code, output } = await runOnce(copy)
  t.equal(code, 1)
  t.match(output, /^a form in a sandboxed frame, plain HTTP +denied +null-origin .*NOT AS EXPECTED$/m)
  t.match(output, /^Not as expected: 1 of \d+\.$/m)
  t.equal(output.split('NOT AS EXPECTED').length, 2, 'no other is marked')
})

t.test('--once: every verdict is the expected one', async t => {
  const { code, output } = await runOnce(`${root}demo`)
  t.equal(code, 0)
  t.match(output, 'Every verdict is the expected one.')
  t.notMatch(output, 'NOT AS EXPECTED')
  const shown = [...output.matchAll(/ (?:allowed|denied) +(\S+)/g)].map(([, reason]) => reason)
  t.same(shown.sort(), [...reasons].sort(), 'there is one request for each reason')
})

/** A copy of the demo with other expectations. It is inside this package, so it has the same plugin. */
function spoiltCopy (t: Test, spoil: (source: string) => string): string {
  const copy = t.testdir()
  cpSync(`${root}demo`, copy, { recursive: true })
  const source = readFileSync(`${copy}/requests.js`, 'utf8')
  const spoilt = spoil(source)
  if (spoilt === source) throw new Error('nothing was spoilt')
  writeFileSync(`${copy}/requests.js`, spoilt)
  return copy
}

async function runOnce (folder: string): Promise<{ code: number | null, output: string }> {
  const demo = execFile(process.execPath, [`${folder}/index.js`, '--once'], { env })
  let output = ''
  demo.stdout!.on('data', (text: string) => { output += text })
  demo.stderr!.on('data', (text: string) => { output += text })
  const [code] = await once(demo, 'close') as [number | null]
  return { code, output }
}

/** Opens and closes the demo on a machine where localhost has these addresses, with this port for the bank. */
async function openDemo (addresses: readonly string[], port: number): Promise<{ used: number, output: string }> {
  const script = `
    import { openDemo } from './demo/stage.js'
    const { origins, close } = await openDemo([${port}, 0, 0])
    await close()
    console.log(origins.protected)`
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', './test/helpers/localhost.js', '--input-type=module', '--eval', script], {
    cwd: root, env: { ...env, LOCALHOST: addresses.join() }
  })
  const lines = stdout.trim().split('\n')
  return { used: Number(new URL(lines.at(-1)!).port), output: stdout }
}

/** Listens on a free port of one address, until the test ends. */
async function take (t: Test, host: string): Promise<Server> {
  const server = createServer().listen(0, host)
  await once(server, 'listening')
  t.teardown(() => { server.close() })
  return server
}

function addressOf (server: Server): AddressInfo {
  return server.address() as AddressInfo
}

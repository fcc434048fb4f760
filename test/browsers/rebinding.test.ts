// DNS rebinding: a name of the attacker's resolves to two addresses, of their own server and of the application. Once the page is
// loaded the first server goes away, and browsers turn to the second. To them, page and application are one origin.
// (An address that changes would do the same, but after the minute for which browsers remember the old one.)
// ENGINE=webkit tries one engine alone.
import { readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import Fastify from 'fastify'
import t, { type Test } from 'tap'
import crossOriginProtection, { type CrossOriginProtectionOptions } from '../../src/index.ts'
import { freePort } from '../helpers/socket.ts'
import { engineNames, launchEngine, type Engine } from './engines.ts'

// The hosts file of this run, which run makes and removes; the machine's own stays as it is.
const hostsFile = process.env.HOSTS!
const hosts = readFileSync(hostsFile, 'utf8')

interface Answer { readonly status: number, readonly body: string, readonly server: string }

// Asks until it is the application that answers, then reads and writes.
const page = `<!doctype html><meta charset="utf-8"><title>rebinding</title><script>
  async function ask (method) {
    const response = await fetch('/balance', { method, cache: 'no-store', body: method === 'POST' ? 'amount=100' : undefined })
    return { status: response.status, body: await response.text(), server: response.headers.get('x-server') }
  }
  async function attack () {
    let read
    do {
      await new Promise(resolve => setTimeout(resolve, 100))
      read = await ask('GET').catch(() => undefined)
    } while (read?.server !== 'application')
    window.outcome = [read, await ask('POST')]
  }
</script>`

/** The attacker's server, on an address of its own and the port of the application. */
async function openAttacker (port: number) {
  const attacker = Fastify({ forceCloseConnections: true })
  attacker.get('/', async (_request, reply) => reply.type('text/html').send(page))
  await attacker.listen({ host: '127.0.0.1', port })
  return attacker
}

/** A local tool. */
async function openApplication (t: Test, host: string, port: number, options?: CrossOriginProtectionOptions) {
  const application = Fastify({ forceCloseConnections: true })
  const ran: string[] = []
  application.addHook('onRequest', async (_request, reply) => { reply.header('x-server', 'application') })
  await application.register(crossOriginProtection, { denialLogLevel: 'silent', ...options })
  application.get('/balance', async () => { ran.push('read'); return '1000' })
  application.post('/balance', async () => { ran.push('write'); return 'transferred' })
  await application.listen({ host, port })
  t.teardown(() => application.close())
  return ran
}

for (const name of engineNames.filter(name => !process.env.ENGINE || name === process.env.ENGINE)) {
  t.test(name, async t => {
    t.teardown(() => { writeFileSync(hostsFile, hosts) })
    const port = await freePort()
    const withOption = await openApplication(t, '127.0.0.2', port, { allowedHosts: ['localhost', '127.0.0.1', '127.0.0.2', '[::1]'] })
    const without = await openApplication(t, '127.0.0.3', port)
    const engine = await launchEngine(name)
    t.teardown(() => engine.close())
    t.comment(engine.version)

    await t.test('with allowedHosts the page gets 403, and no handler runs', async t => {
      const [read, write] = await rebind(engine, `${name}-refused.test`, port, '127.0.0.2')
      for (const answer of [read, write]) t.match(answer, { status: 403, body: /The host is not one of this application's/ })
      t.same(withOption, [])
    })

    await t.test('without it, it reads and writes', async t => {
      t.same(await rebind(engine, `${name}-lets.test`, port, '127.0.0.3'), [
        { status: 200, body: '1000', server: 'application' }, { status: 200, body: 'transferred', server: 'application' }
      ])
      t.same(without, ['read', 'write'])
    })

    await t.test('the tool\'s own user is let in', async t => {
      await engine.open(`http://127.0.0.2:${port}/balance`)
      t.equal(await engine.evaluate('document.body.innerText'), '1000')
      t.same(withOption, ['read'])
    })
  })
}

async function rebind (engine: Engine, name: string, port: number, address: string): Promise<[Answer, Answer]> {
  const attacker = await openAttacker(port)
  try {
    writeFileSync(hostsFile, `${hosts}\n127.0.0.1 ${name}\n${address} ${name}\n`)
    await engine.open(`http://${name}:${port}/`)
  } finally {
    await attacker.close()
  }
  await engine.evaluate('void attack(), true')
  const deadline = Date.now() + 60_000
  while (Date.now() < deadline) {
    const outcome = await engine.evaluate<[Answer, Answer] | null>('window.outcome ?? null')
    if (outcome !== null) return outcome
    await sleep(100)
  }
  throw new Error(`the page at ${name} has not reached the application`)
}

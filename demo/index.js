// The demo: a bank with the plugin, its twin without, and an attacker. It sends itself a set of real
// requests, prints what became of them, and stays up for a look in a browser; with --once it ends after
// the table, with exit code 1 when a verdict is not the expected one.
import { request } from 'node:http'
import Fastify from 'fastify'
import { createBank } from './bank.js'
import { attackPage } from './pages.js'
import { cannedRequests } from './requests.js'

const once = process.argv.includes('--once')

const bank = await createBank({ isProtected: true })
const twin = await createBank({ isProtected: false })
const attacker = Fastify()
attacker.get('/', async (_request, reply) => reply.type('text/html').send(attackPage([
  { url: origins.bank, name: 'with the plugin' },
  { url: origins.twin, name: 'without it' }
])))

const bankPort = await listen(bank.fastify, 3000)
const twinPort = await listen(twin.fastify, 3001)
const attackerPort = await listen(attacker, 3002)

// localhost and 127.0.0.1 are two sites to a browser; two ports of localhost are one.
const origins = {
  bank: `http://localhost:${bankPort}`,
  twin: `http://localhost:${twinPort}`,
  sameSite: `http://localhost:${attackerPort}`,
  crossSite: `http://127.0.0.1:${attackerPort}`
}

const rows = []
for (const canned of cannedRequests(origins)) rows.push(await play(canned))
printTable(rows)
const wrong = rows.filter(row => !row.asExpected)
console.log(wrong.length === 0 ? '\nEvery verdict is the expected one.' : `\n${wrong.length} verdicts are not the expected ones.`)

if (once) {
  process.exitCode = wrong.length === 0 ? 0 : 1
  await Promise.all([bank.fastify, twin.fastify, attacker].map(app => app.close()))
} else {
  console.log(`
Open in a browser:
  ${origins.bank}  the bank with the plugin
  ${origins.twin}  the bank without it
  ${origins.crossSite}  an attacker on another site
  ${origins.sameSite}  an attacker on another port of the same site
Stop with Ctrl+C.`)
}

/** Listens on loopback; a port that is taken is replaced by a free one. */
async function listen (app, port) {
  try {
    await app.listen({ host: 'localhost', port })
    return port
  } catch (error) {
    if (error.code !== 'EADDRINUSE') throw error
    await app.listen({ host: 'localhost', port: 0 })
    const { port: free } = app.server.address()
    console.log(`Port ${port} is taken; using ${free} instead.`)
    return free
  }
}

/** Sends one request to both banks, with the session of a signed-in customer. */
async function play ({ name, method, path, headers, allowed, reason }) {
  const atBank = await send(bank, bankPort, { method, path, headers })
  const atTwin = await send(twin, twinPort, { method, path, headers })
  const wasAllowed = atBank.status !== 403
  return {
    name,
    verdict: wasAllowed ? 'allowed' : 'denied',
    reason: atBank.reply.reason,
    moved: atBank.moved,
    twinMoved: atTwin.moved,
    asExpected: wasAllowed === allowed && atBank.reply.reason === reason && atBank.moved === (allowed && method === 'POST' ? 10 : 0)
  }
}

async function send (to, port, { method, path, headers }) {
  const signedIn = await exchange(port, { method: 'GET', path: '/', headers: {} })
  const session = String(signedIn.headers['set-cookie']).split(';')[0]
  const before = to.balance
  const { status, body } = await exchange(port, {
    method,
    path,
    headers: { ...headers, cookie: session, 'content-type': 'application/x-www-form-urlencoded' },
    body: method === 'POST' ? 'amount=10' : undefined
  })
  return { status, moved: before - to.balance, reply: JSON.parse(body) }
}

function exchange (port, { method, path, headers, body }) {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: 'localhost', port, method, path, headers, agent: false }, response => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', chunk => { text += chunk })
      response.on('end', () => { resolve({ status: response.statusCode, headers: response.headers, body: text }) })
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

function printTable (rows) {
  const lines = [
    ['request', 'verdict', 'reason', 'money moved', 'without the plugin'],
    ...rows.map(row => [row.name, row.verdict, row.reason, `${row.moved} €`, `${row.twinMoved} €${row.asExpected ? '' : '   NOT AS EXPECTED'}`])
  ]
  const widths = lines[0].map((_, column) => Math.max(...lines.map(line => line[column].length)))
  for (const line of lines) console.log(line.map((cell, column) => cell.padEnd(widths[column])).join('  ').trimEnd())
}

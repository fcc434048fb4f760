// The demo: a bank with the plugin, its twin without, and an attacker. It sends real requests to both banks, prints what
// happened to them, and keeps running so that you can try it in a browser. With --once it exits after the table, with exit
// code 1 if a verdict is not the expected one.
import { request } from 'node:http'
import { cannedRequests } from './requests.js'
import { openDemo } from './stage.js'

const once = process.argv.includes('--once')
const { banks, origins, close } = await openDemo()

const rows = []
for (const canned of cannedRequests({ bank: origins.protected, ...origins })) rows.push(await play(canned))
console.log('What a bank with fastify-cross-origin-protection decides, and what the same bank without it loses:\n')
printTable(rows)
const wrong = rows.filter(row => !row.asExpected)
console.log(wrong.length === 0 ? '\nEvery verdict is the expected one.' : `\nNot as expected: ${wrong.length} of ${rows.length}.`)

if (once) {
  process.exitCode = wrong.length === 0 ? 0 : 1
  await close()
} else {
  for (const bank of Object.values(banks)) bank.balance = 1000
  console.log(`
Open ${origins.sameSite} in a browser, and press the red button.
Stop with Ctrl+C.`)
}

/** Sends one request to both banks, with the session of a signed-in customer. */
async function play ({ name, method, path, headers, allowed, reason }) {
  const atBank = await send('protected', { method, path, headers })
  const atTwin = await send('unprotected', { method, path, headers })
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

async function send (bank, { method, path, headers }) {
  const to = banks[bank]
  const { port } = new URL(origins[bank])
  const signedIn = await exchange(port, { method: 'GET', path: '/', headers: {} })
  const cookie = signedIn.headers['set-cookie'].map(line => line.split(';')[0]).join('; ')
  const before = to.balance
  const { status, body } = await exchange(port, {
    method,
    path,
    headers: { ...headers, cookie, 'content-type': 'application/x-www-form-urlencoded' },
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

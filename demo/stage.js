// The attacker: one server for the page that a visitor sees, on another port of the banks' host, and for a page on another
// site, under another name of this machine. It also answers what happened to each attempt.
import { lookup } from 'node:dns/promises'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import Fastify from 'fastify'
import crossOriginProtection from 'fastify-cross-origin-protection'
import { createBank } from './bank.js'
import { attackPage, reboundPage, stagePage } from './pages.js'

const script = readFileSync(new URL('page.js', import.meta.url))

/**
 * Starts both banks and the attacker on loopback.
 *
 * @param {number[]} ports of the bank, its unprotected twin, and the attacker; a port that is taken is replaced by a free one
 * @returns both banks, the origins of all, and `close`
 */
export async function openDemo (ports = [3000, 3001, 3002]) {
  const banks = {
    protected: await createBank({ isProtected: true, nameServer }),
    unprotected: await createBank({ isProtected: false, nameServer })
  }
  const stage = createStage(banks, () => origins)
  const servers = [banks.protected.fastify, banks.unprotected.fastify, stage]
  const [protectedPort, unprotectedPort, stagePort] = await Promise.all(servers.map((server, i) => listen(server, ports[i])))

  // To a browser, localhost and 127.0.0.1 are two sites, but two ports of localhost are the same site.
  const origins = {
    protected: `http://localhost:${protectedPort}`,
    unprotected: `http://localhost:${unprotectedPort}`,
    sameSite: `http://localhost:${stagePort}`,
    crossSite: `http://127.0.0.1:${stagePort}`
  }
  return { banks, origins, close: () => Promise.all(servers.map(server => server.close())) }
}

function createStage (banks, origins) {
  const stage = Fastify({ forceCloseConnections: true })
  stage.register(crossOriginProtection)

  stage.get('/', async (_request, reply) => reply.type('text/html').send(stagePage(origins())))
  stage.get('/page.js', async (_request, reply) => reply.type('text/javascript').send(script))
  stage.get('/attack/:bank/:route/:attempt', async (request, reply) => {
    const { bank, route, attempt } = request.params
    if (!(bank in banks) || !isName(route) || !isName(attempt)) return reply.callNotFound()
    return reply.type('text/html').send(attackPage(`${origins()[bank]}/${route}?attempt=${attempt}`))
  })
  stage.get('/outcomes/:bank/:attempt', async (request, reply) => {
    const outcome = banks[request.params.bank]?.outcomes.get(request.params.attempt)
    return outcome ?? reply.callNotFound()
  })
  stage.post('/again', async () => {
    for (const bank of Object.values(banks)) bank.balance = 1000
    return {}
  })
  return stage
}

/**
 * Plays the attacker's name server, which lets a name point to the attacker first and to the bank afterwards: the attacker's
 * page is answered here, and what this page sends to its own origin reaches the bank.
 */
async function nameServer (request, reply) {
  const [, page, attempt] = request.url.split('/')
  if (request.hostname !== 'attacker.localhost' || page !== 'rebound' || !isName(attempt)) return
  return reply.type('text/html').send(reboundPage(`/office?attempt=${attempt}`))
}

/** Whether it can stand in an address and in a page as it is. */
function isName (text) {
  return /^[\w-]+$/.test(text)
}

async function listen (app, port) {
  const isElsewhere = await isTaken(port)
  await app.listen({ host: 'localhost', port: isElsewhere ? 0 : port })
  const { port: used } = app.server.address()
  if (isElsewhere) console.log(`Port ${port} is taken; using ${used} instead.`)
  return used
}

/** Whether the port is taken on any address of localhost. One free address is enough for Fastify, but a browser may use another. */
async function isTaken (port) {
  const addresses = await lookup('localhost', { all: true })
  const areTaken = await Promise.all(addresses.map(({ address }) => isTakenOn(address, port)))
  return areTaken.includes(true)
}

function isTakenOn (host, port) {
  return new Promise(resolve => {
    const probe = createServer()
    // Other errors, such as on a machine without IPv6, say nothing about the port.
    probe.once('error', error => { resolve(error.code === 'EADDRINUSE') })
    probe.listen({ host, port }, () => probe.close(() => { resolve(false) }))
  })
}

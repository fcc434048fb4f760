// The attacker: one server for the page that a visitor sees, on another port of the banks' host, and for a page on another
// site, under another name of this machine. It also answers what happened to each attempt.
import { lookup } from 'node:dns/promises'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import Fastify from 'fastify'
import crossOriginProtection from 'fastify-cross-origin-protection'
import { createBank } from './bank.js'
import { attackPage, stagePage } from './pages.js'

const script = readFileSync(new URL('page.js', import.meta.url))

/**
 * Starts both banks and the attacker on loopback.
 *
 * @param {number[]} ports of the bank, its unprotected twin, and the attacker; a port that is taken is replaced by a free one
 * @returns both banks, the origins of all, and `close`
 */
export async function openDemo (ports = [3000, 3001, 3002]) {
  const banks = { protected: await createBank({ isProtected: true }), unprotected: await createBank({ isProtected: false }) }
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
  stage.get('/attack/:bank/:attempt', async (request, reply) => {
    const { bank, attempt } = request.params
    if (!(bank in banks) || !/^[\w-]+$/.test(attempt)) return reply.callNotFound()
    return reply.type('text/html').send(attackPage(`${origins()[bank]}/office/transfer?attempt=${attempt}`))
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

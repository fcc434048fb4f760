// A small bank: a page with a form, a session cookie, and money that moves. It is built twice, once with the plugin and once
// without; everything else is the same.
import { randomUUID } from 'node:crypto'
import cookie from '@fastify/cookie'
import formbody from '@fastify/formbody'
import websocket from '@fastify/websocket'
import Fastify from 'fastify'
import crossOriginProtection from 'fastify-cross-origin-protection'
import { accountPage, refusalPage } from './pages.js'

/**
 * @param {{ isProtected: boolean }} kind
 * @returns the application; `balance` is the money that its customer has left, and `outcomes` says what happened to each
 * attempt: `{ moved, reason, message }` by the name that the request gave
 */
export async function createBank ({ isProtected }) {
  const fastify = Fastify({ forceCloseConnections: true })
  const bank = { fastify, balance: 1000, outcomes: new Map() }
  const sessions = new Set()
  // The ports of a host share their cookies.
  const cookieName = isProtected ? 'session' : 'unprotected-session'

  await fastify.register(cookie)
  await fastify.register(formbody)
  await fastify.register(websocket)
  if (isProtected) {
    await fastify.register(crossOriginProtection, {
      allowedOrigins: ['https://partner.example'],
      exemptPaths: ['/webhooks']
    })
  }

  fastify.setErrorHandler(async (error, request, reply) => {
    note(request, { moved: 0, reason: error.reason, message: error.message })
    reply.code(error.statusCode ?? 500)
    return wantsPage(request) ? reply.type('text/html').send(refusalPage(error)) : { reason: error.reason, message: error.message }
  })

  // Everyone who opens the page is signed in, so that there is a session to attack.
  fastify.get('/', async (request, reply) => {
    if (!sessions.has(request.cookies[cookieName])) {
      const session = randomUUID()
      sessions.add(session)
      reply.setCookie(cookieName, session, { path: '/', httpOnly: true })
    }
    if (wantsPage(request)) return reply.type('text/html').send(accountPage({ isProtected, balance: bank.balance }))
    return { balance: bank.balance, reason: await reasonOf(request) }
  })

  async function reasonOf (request) {
    return isProtected ? (await fastify.crossOriginProtection.check(request)).reason : 'no check'
  }

  function note (request, outcome) {
    if (request.query.attempt !== undefined) bank.outcomes.set(request.query.attempt, outcome)
  }

  function isSignedIn (request) {
    if (sessions.has(request.cookies[cookieName])) return true
    note(request, { moved: 0, reason: 'no session', message: 'The browser sent no session cookie.' })
    return false
  }

  function move (amount, request) {
    bank.balance -= amount
    note(request, { moved: amount })
  }

  async function transfer (request, reply) {
    if (!isSignedIn(request)) return reply.code(401).send({ message: 'Sign in first.' })
    return pay(request, reply)
  }

  async function pay (request, reply) {
    move(Number(request.body?.amount ?? 0), request)
    if (wantsPage(request)) return reply.redirect('/', 303)
    return { balance: bank.balance, reason: await reasonOf(request) }
  }

  fastify.post('/transfer', transfer)
  // The back office asks nobody to sign in: it trusts its network, and every browser on it.
  fastify.post('/office/transfer', pay)
  // A payment provider calls this route from its own servers and pages, and signs its requests.
  fastify.post('/webhooks/payment', transfer)
  // An identity provider posts back here from its own pages.
  fastify.post('/sso', { config: { crossOriginProtection: false } }, transfer)
  // A GET should not change state. A route that must do so anyway has itself checked.
  fastify.get('/pay', { config: { crossOriginProtection: { safeMethods: 'check' } } }, async (request, reply) => {
    if (!isSignedIn(request)) return reply.code(401).send()
    move(Number(request.query.amount), request)
    return 'Paid.'
  })
  // A WebSocket takes orders from any page that could open it.
  fastify.get('/orders', { websocket: true }, (socket, request) => {
    if (!isSignedIn(request)) return socket.close()
    socket.on('message', amount => { move(Number(amount), request) })
  })

  return bank
}

function wantsPage (request) {
  return request.headers.accept?.includes('text/html') ?? false
}

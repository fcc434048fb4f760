// A small bank: a page with a form, a session, and money that moves. It is built twice, once with the plugin and once without;
// everything else is the same, but for one route that the bank without the plugin checks by hand.
import { randomUUID } from 'node:crypto'
import cookie from '@fastify/cookie'
import formbody from '@fastify/formbody'
import websocket from '@fastify/websocket'
import Fastify from 'fastify'
import crossOriginProtection from 'fastify-cross-origin-protection'
import { accountPage, refusalPage } from './pages.js'

// The session is in three cookies. With forms of other sites, Chromium sends only the first. WebKit sends the second: over
// HTTP, it does not store the first. The third is sent only by pages of the same site.
const cookies = { None: { sameSite: 'none', secure: true }, Unset: {}, Strict: { sameSite: 'strict' } }

/**
 * @param {object} kind
 * @param {boolean} kind.isProtected
 * @param {import('fastify').onRequestAsyncHookHandler} kind.nameServer runs before everything else
 * @returns the application; `balance` is the money that its customer has left, and `outcomes` says what happened to each
 * attempt: `{ requests, moved, status, reason, message }` by the name that the request gave
 */
export async function createBank ({ isProtected, nameServer }) {
  const fastify = Fastify({ forceCloseConnections: true })
  const bank = { fastify, balance: 1000, outcomes: new Map() }
  const sessions = new Set()
  // The ports of a host share their cookies.
  const cookieName = kind => `${isProtected ? 'protected' : 'unprotected'}-${kind}`

  fastify.addHook('onRequest', nameServer)
  await fastify.register(cookie)
  await fastify.register(formbody)
  await fastify.register(websocket)
  if (isProtected) {
    await fastify.register(crossOriginProtection, {
      allowedHosts: ['localhost', '127.0.0.1', '[::1]'],
      allowedOrigins: ['https://partner.example'],
      exemptPaths: ['/webhooks']
    })
  }

  fastify.setErrorHandler(async ({ statusCode = 500, reason, message }, request, reply) => {
    note(request, { moved: 0, status: statusCode, reason, message })
    reply.code(statusCode)
    if (!wantsPage(request)) return { reason, message }
    return reply.type('text/html').send(refusalPage({ message, reloads: request.routeOptions.url === '/reloading' }))
  })

  function note (request, outcome) {
    const { attempt } = request.query
    const previous = bank.outcomes.get(attempt) ?? { requests: 0 }
    if (attempt) bank.outcomes.set(attempt, { ...previous, ...outcome, requests: previous.requests + 1 })
  }

  function isSignedIn (request, kinds = Object.keys(cookies)) {
    return kinds.some(kind => sessions.has(request.cookies[cookieName(kind)]))
  }

  const signedIn = kinds => ({
    async preHandler (request) {
      if (!isSignedIn(request, kinds)) throw refusal(401, 'no session', 'The browser sent no session cookie.')
    }
  })

  function move (amount, request) {
    bank.balance -= amount
    const cause = request.routeOptions.url === '/office' ? 'The request came from your network' : 'The request carried your cookie'
    note(request, { moved: amount, message: `${cause}, so the bank paid.` })
  }

  async function pay (request, reply) {
    move(Number(request.body?.amount ?? 0), request)
    return wantsPage(request) ? reply.redirect('/', 303) : { reason: await reasonOf(request) }
  }

  async function reasonOf (request) {
    return isProtected ? (await fastify.crossOriginProtection.check(request)).reason : 'no check'
  }

  // Other sites may link to the account, but not load it as an image or a script. Whoever opens it is signed in, so that
  // there is a session to attack.
  fastify.get('/', { config: { crossOriginProtection: { safeMethods: 'isolate' } } }, async (request, reply) => {
    if (!isSignedIn(request)) {
      const session = randomUUID()
      sessions.add(session)
      for (const [kind, attributes] of Object.entries(cookies)) reply.setCookie(cookieName(kind), session, { path: '/', httpOnly: true, ...attributes })
    }
    return wantsPage(request) ? reply.type('text/html').send(accountPage({ isProtected, balance: bank.balance })) : { reason: await reasonOf(request) }
  })
  fastify.get('/rates', async request => ({ dollars: 1.16, reason: await reasonOf(request) }))
  fastify.post('/transfer', signedIn(), pay)
  fastify.post('/strict', signedIn(['Strict']), pay)
  // The back office asks nobody to sign in: it trusts its network, and every browser on it.
  fastify.post('/office', pay)
  // A payment provider calls this route from its own servers and pages, and signs its requests.
  fastify.post('/webhooks/payment', signedIn(), pay)
  // An identity provider posts back here from its own pages.
  fastify.post('/sso', { ...signedIn(), config: { crossOriginProtection: false } }, pay)
  // A GET should not change state. A route that must do so anyway has itself checked.
  fastify.get('/pay', { ...signedIn(['Strict']), config: { crossOriginProtection: { safeMethods: 'check' } } }, async request => {
    move(Number(request.query.amount), request)
    return { reason: await reasonOf(request) }
  })
  // A WebSocket takes orders from any page that could open it.
  fastify.get('/orders', { ...signedIn(['Strict']), websocket: true }, (socket, request) => {
    socket.on('message', amount => { move(Number(amount), request) })
  })
  // The error page of this route reloads itself. WebKit does so by GET.
  fastify.post('/reloading', { ...signedIn(['Strict']), onRequest: isProtected ? [] : checkByHand }, pay)
  fastify.get('/reloading', async request => { note(request, {}) })

  return bank
}

async function checkByHand (request) {
  if (request.headers['sec-fetch-site'] !== 'same-origin') throw refusal(403, 'by hand', 'The bank checks Sec-Fetch-Site by hand here.')
}

function refusal (statusCode, reason, message) {
  return Object.assign(new Error(message), { statusCode, reason })
}

function wantsPage (request) {
  return request.headers.accept?.includes('text/html') ?? false
}

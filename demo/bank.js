// A small bank: a page with a form, a session cookie, and money that moves. It is built twice, with the
// plugin and without, and is the same in everything else.
import { randomUUID } from 'node:crypto'
import cookie from '@fastify/cookie'
import formbody from '@fastify/formbody'
import Fastify from 'fastify'
import crossOriginProtection from 'fastify-cross-origin-protection'
import { accountPage, refusalPage } from './pages.js'

/**
 * @param {{ isProtected: boolean }} kind
 * @returns the application; `balance` tells how much money its customer has left
 */
export async function createBank ({ isProtected }) {
  const fastify = Fastify()
  const bank = { fastify, balance: 1000 }
  const sessions = new Set()

  await fastify.register(cookie)
  await fastify.register(formbody)
  if (isProtected) {
    await fastify.register(crossOriginProtection, {
      allowedOrigins: ['https://partner.example'],
      exemptPaths: ['/webhooks']
    })
  }

  fastify.setErrorHandler(async (error, request, reply) => {
    reply.code(error.statusCode ?? 500)
    return wantsPage(request) ? reply.type('text/html').send(refusalPage(error)) : { reason: error.reason, message: error.message }
  })

  // Whoever opens the page is signed in, so that there is a session to ride on.
  fastify.get('/', async (request, reply) => {
    if (!sessions.has(request.cookies.session)) {
      const session = randomUUID()
      sessions.add(session)
      reply.setCookie('session', session, { path: '/', httpOnly: true })
    }
    if (wantsPage(request)) return reply.type('text/html').send(accountPage({ isProtected, balance: bank.balance }))
    return { balance: bank.balance, reason: await reasonOf(request) }
  })

  async function reasonOf (request) {
    return isProtected ? (await fastify.crossOriginProtection.check(request)).reason : 'no check'
  }

  async function transfer (request, reply) {
    if (!sessions.has(request.cookies.session)) return reply.code(401).send({ message: 'Sign in first.' })
    bank.balance -= Number(request.body?.amount ?? 0)
    if (wantsPage(request)) return reply.redirect('/', 303)
    return { balance: bank.balance, reason: await reasonOf(request) }
  }

  fastify.post('/transfer', transfer)
  // A payment provider calls this one from its own servers and pages, and signs what it sends.
  fastify.post('/webhooks/payment', transfer)
  // An identity provider posts back here from its own pages.
  fastify.post('/sso', { config: { crossOriginProtection: false } }, transfer)

  return bank
}

function wantsPage (request) {
  return request.headers.accept?.includes('text/html') ?? false
}

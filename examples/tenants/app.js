// One API, and tenants whose shops post to it from domains of their own. A table says which domain is whose, so
// a new one needs no restart.
//
// What the check must not do is to conclude anything from names: that an origin resembles the tenant's name or
// the request's host is no proof, for anyone can register such a name.
import formbody from '@fastify/formbody'
import Fastify from 'fastify'
import crossOriginProtection from 'fastify-cross-origin-protection'
import { findTenant } from './domains.js'

/** @param {import('fastify').FastifyServerOptions} [options] of Fastify */
export async function build (options) {
  const fastify = Fastify(options)
  await fastify.register(formbody)

  // For everything that is not a tenant's: no other origin is trusted.
  await fastify.register(crossOriginProtection)
  let invitations = 0
  fastify.post('/invitations', async () => ({ invitations: ++invitations }))

  await fastify.register(async scope => {
    await scope.register(crossOriginProtection, { allowedOrigins: [isOwnDomain] })

    const orders = new Map([['acme', 0], ['bolt', 0]])

    scope.addHook('preHandler', async (request, reply) => {
      if (!orders.has(request.params.tenant)) return reply.callNotFound()
    })
    scope.get('/orders', async ({ params: { tenant } }) => ({ orders: orders.get(tenant) }))
    // The origin says from where an order comes, not from whom: sign users in and check their rights as ever.
    // Their cookies come with such requests only if they are SameSite=None.
    scope.post('/orders', async ({ params: { tenant } }) => {
      orders.set(tenant, orders.get(tenant) + 1)
      return { orders: orders.get(tenant) }
    })
  }, { prefix: '/tenants/:tenant' })

  return fastify
}

/**
 * Whether the origin is of the very tenant that the handler will act for: both read the same parameter of the
 * route. A verified domain of another tenant is not enough.
 */
async function isOwnDomain (origin, request) {
  const tenant = await findTenant(origin)
  return tenant !== null && tenant === request.params.tenant
}

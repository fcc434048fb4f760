// One API, and tenants whose shops post to it from their own domains. A table says which domain belongs to which tenant, so a
// new domain needs no restart.
//
// The function must not conclude anything from names. An origin that resembles the tenant's name or the request's host proves
// nothing, because anyone can register such a name.
import formbody from '@fastify/formbody'
import Fastify from 'fastify'
import crossOriginProtection from 'fastify-cross-origin-protection'
import { findTenant } from './domains.js'

/** @param {import('fastify').FastifyServerOptions} [options] of Fastify */
export async function build (options) {
  const fastify = Fastify(options)
  await fastify.register(formbody)

  // For everything that does not belong to a tenant: no other origin is trusted.
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
    // The origin shows which site an order comes from, not which user: sign users in and check their permissions as usual.
    // Browsers send their cookies with such requests only if they are SameSite=None.
    scope.post('/orders', async ({ params: { tenant } }) => {
      orders.set(tenant, orders.get(tenant) + 1)
      return { orders: orders.get(tenant) }
    })
  }, { prefix: '/tenants/:tenant' })

  return fastify
}

/**
 * Whether the origin belongs to the tenant that the handler will act for: both read the same route parameter. A verified
 * domain of another tenant is not enough.
 */
async function isOwnDomain (origin, request) {
  const tenant = await findTenant(origin)
  return tenant !== null && tenant === request.params.tenant
}

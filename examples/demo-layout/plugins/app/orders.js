import fp from 'fastify-plugin'

export default fp(async function orders (fastify) {
  fastify.decorate('orders', [])
})

export default async function orders (fastify) {
  fastify.get('/', async () => ({ orders: fastify.orders.length }))
  fastify.post('/', async () => ({ orders: fastify.orders.push({}) }))
}

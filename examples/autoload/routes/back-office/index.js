export default async function backOffice (fastify) {
  let refunds = 0

  fastify.get('/', async () => ({ refunds }))
  fastify.post('/', async () => ({ refunds: ++refunds }))
}

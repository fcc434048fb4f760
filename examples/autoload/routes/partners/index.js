export default async function partners (fastify) {
  let orders = 0

  fastify.get('/', async () => ({ orders }))
  fastify.post('/', async () => ({ orders: ++orders }))
}

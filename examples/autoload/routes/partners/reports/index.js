export default async function reports (fastify) {
  let reports = 0

  fastify.get('/', async () => ({ reports }))
  fastify.post('/', async () => ({ reports: ++reports }))
}

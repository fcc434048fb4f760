// No autohooks.js here: the settings of the application apply.
export default async function account (fastify) {
  let changes = 0

  fastify.get('/', async () => ({ changes }))
  fastify.post('/', async () => ({ changes: ++changes }))
}

import { build } from './app.ts'

const fastify = await build({ logger: true })
await fastify.listen({ host: 'localhost', port: Number(process.env.PORT ?? 3000) })

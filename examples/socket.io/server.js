import { build } from './app.js'

const fastify = await build()
console.log(await fastify.listen({ host: 'localhost', port: 3000 }))

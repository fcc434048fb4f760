import Fastify from 'fastify'
import fp from 'fastify-plugin'
import app from './app.js'

const fastify = Fastify({ logger: true })

// With fastify-plugin, the plugins are those of the whole server: paths that no route has are protected too.
await fastify.register(fp(app))
await fastify.listen({ host: 'localhost', port: Number(process.env.PORT ?? 3000) })

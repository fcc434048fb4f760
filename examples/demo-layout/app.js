// The layout of Fastify's official demo: https://github.com/fastify/demo
import { join } from 'node:path'
import autoload from '@fastify/autoload'

/** @param {import('fastify').FastifyInstance} fastify */
export default async function app (fastify, options) {
  // Without options: those of the application are no options of these plugins.
  await fastify.register(autoload, { dir: join(import.meta.dirname, 'plugins/external'), options: {} })
  fastify.register(autoload, { dir: join(import.meta.dirname, 'plugins/app'), options: { ...options } })
  fastify.register(autoload, { dir: join(import.meta.dirname, 'routes'), options: { ...options } })
}

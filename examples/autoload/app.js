// @fastify/autoload gives each folder below routes/ its own scope and prefix. A scope that needs other settings has them in
// the autohooks.js of its folder.
import { join } from 'node:path'
import autoload from '@fastify/autoload'
import Fastify from 'fastify'
import crossOriginProtection from 'fastify-cross-origin-protection'

/** @param {import('fastify').FastifyServerOptions} [options] of Fastify */
export async function build (options) {
  const fastify = Fastify(options)

  // Registered here and not in a folder, so that every folder is protected, even one that someone adds later.
  await fastify.register(crossOriginProtection)

  await fastify.register(autoload, {
    dir: join(import.meta.dirname, 'routes'),
    autoHooks: true,
    cascadeHooks: true // A folder's settings also apply to the folders in it.
  })

  return fastify
}

// @fastify/autoload gives each folder below routes/ its own scope and prefix. What a scope needs otherwise is
// said by the autohooks.js of its folder.
import { join } from 'node:path'
import autoload from '@fastify/autoload'
import Fastify from 'fastify'
import crossOriginProtection from 'fastify-cross-origin-protection'

/** @param {import('fastify').FastifyServerOptions} [options] of Fastify */
export async function build (options) {
  const fastify = Fastify(options)

  // Not one of the folders: whichever folder somebody adds or forgets, it is protected.
  await fastify.register(crossOriginProtection)

  await fastify.register(autoload, {
    dir: join(import.meta.dirname, 'routes'),
    autoHooks: true,
    cascadeHooks: true // A folder's settings are those of the folders in it, too.
  })

  return fastify
}

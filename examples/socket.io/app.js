// socket.io listens to the server's upgrade event itself, beside Fastify's hooks. Its allowRequest asks
// the same policy.
import Fastify from 'fastify'
import crossOriginProtection from 'fastify-cross-origin-protection'
import { Server } from 'socket.io'

/** @param {import('fastify').FastifyServerOptions} [options] of Fastify */
export async function build (options) {
  const fastify = Fastify(options)
  await fastify.register(crossOriginProtection)
  fastify.get('/', async () => 'A page that opens a socket.')

  await fastify.register(async sockets => {
    // Long polling begins with a GET that already connects: check it like a request that changes state.
    await sockets.register(crossOriginProtection, { safeMethods: 'check' })

    const io = new Server(fastify.server, {
      allowRequest (request, decide) {
        sockets.crossOriginProtection.check(request).then(
          ({ allowed, reason }) => decide(allowed ? null : reason, allowed),
          error => decide(error.message, false)
        )
      }
    })
    io.on('connection', socket => socket.emit('welcome'))
    sockets.addHook('preClose', async () => { await io.close() })
  })

  return fastify
}

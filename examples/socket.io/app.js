// socket.io handles the server's upgrade event itself, and bypasses Fastify's hooks. Its allowRequest option asks the same
// policy.
import Fastify from 'fastify'
import crossOriginProtection from 'fastify-cross-origin-protection'
import { Server } from 'socket.io'

/** @param {import('fastify').FastifyServerOptions} [options] of Fastify */
export async function build (options) {
  const fastify = Fastify(options)
  await fastify.register(crossOriginProtection)
  fastify.get('/', async () => 'A page that opens a socket.')

  await fastify.register(async sockets => {
    // Long polling begins with a GET that already connects, so it is checked like a request that changes state.
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

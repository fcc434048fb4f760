// With types: the options, the handler that answers denied requests, and the config of a route.
import formbody from '@fastify/formbody'
import Fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify'
import crossOriginProtection, { type CrossOriginProtectionOptions, type DenyHandler } from 'fastify-cross-origin-protection'

/** A page for people, JSON for programs. Neither repeats anything from the request. */
const denyHandler: DenyHandler = (request, reply, { reason, message }) => {
  if (!request.headers.accept?.includes('text/html')) return { reason, message }
  return reply.type('text/html').send(`<!doctype html>
<title>Refused</title>
<p>Another site tried to send something here in your name. Nothing was changed.
<p>${message}
`)
}

const protection: CrossOriginProtectionOptions = {
  allowedOrigins: ['https://partner.example'],
  denyHandler
}

export async function build (options: FastifyServerOptions = {}): Promise<FastifyInstance> {
  const fastify = Fastify(options)
  await fastify.register(formbody)
  await fastify.register(crossOriginProtection, protection)

  let votes = 0

  fastify.get('/', async (_request, reply) => reply.type('text/html').send(page(votes)))
  fastify.post('/votes', async (_request, reply) => {
    votes++
    return reply.redirect('/', 303)
  })

  // A GET that changes state, for example because of a link in an old newsletter that you can no longer change. Without this
  // config, any page on the web could trigger it with an image.
  fastify.get('/votes/withdraw', {
    config: { crossOriginProtection: { safeMethods: 'check', allowedOrigins: [] } }
  }, async (_request, reply) => {
    votes = 0
    return reply.redirect('/', 303)
  })

  return fastify
}

function page (votes: number): string {
  return `<!doctype html>
<title>Votes</title>
<p>Votes: ${votes}
<form method="post" action="/votes"><button>Vote</button></form>
<p><a href="/votes/withdraw">Withdraw</a>
`
}

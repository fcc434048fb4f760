// All that most applications need: register the plugin. Forms and scripts on other sites can then change nothing. One route
// says which other origin it trusts.
import formbody from '@fastify/formbody'
import Fastify from 'fastify'
import crossOriginProtection from 'fastify-cross-origin-protection'

/** @param {import('fastify').FastifyServerOptions} [options] of Fastify */
export async function build (options) {
  const fastify = Fastify(options)
  await fastify.register(formbody)
  await fastify.register(crossOriginProtection)

  let balance = 1000

  fastify.get('/', async (_request, reply) => reply.type('text/html').send(page(balance)))

  fastify.post('/transfer', { schema: { body: withAmount } }, async (request, reply) => {
    balance -= request.body.amount
    return reply.redirect('/', 303)
  })

  // A form on the partner's pages posts here. The partner is trusted only on this route; in the options of the plugin, it would
  // be trusted with transfers too.
  fastify.post('/donations', {
    schema: { body: withAmount },
    config: { crossOriginProtection: { allowedOrigins: ['https://partner.example'] } }
  }, async request => {
    balance += request.body.amount
    return 'Thank you.'
  })

  return fastify
}

const withAmount = {
  type: 'object',
  required: ['amount'],
  properties: { amount: { type: 'integer', minimum: 1 } }
}

const page = balance => `<!doctype html>
<title>Bank</title>
<p>Balance: ${balance} €
<form method="post" action="/transfer">
  <input name="amount" type="number" min="1" value="10">
  <button>Transfer</button>
</form>
`

// A stand-in for an identity provider, to try the example on this machine: every visitor is Ada. Copy nothing from it but its
// checks.
import { createHash, randomBytes } from 'node:crypto'
import formbody from '@fastify/formbody'
import Fastify from 'fastify'

/** @param {{ id: string, redirectUri: string }} client the client that is registered here */
export async function buildIdentityProvider (client) {
  const fastify = Fastify()
  await fastify.register(formbody)

  const challenges = new Map() // By code.

  fastify.get('/authorize', { schema: { querystring: ofClient(client) } }, async (request, reply) => {
    const { redirect_uri: redirectUri, state, code_challenge: challenge } = request.query
    // Only the registered one: a code that is sent to any other page could be used by a stranger.
    if (redirectUri !== client.redirectUri) return reply.code(400).send({ message: 'Unknown redirect_uri.' })
    const code = randomBytes(32).toString('base64url')
    challenges.set(code, challenge)
    return reply.type('text/html').send(page({ redirectUri, code, state }))
  })

  fastify.post('/token', async (request, reply) => {
    const { code, code_verifier: verifier = '' } = request.body
    const challenge = challenges.get(code)
    challenges.delete(code)
    if (challenge !== createHash('sha256').update(verifier).digest('base64url')) return reply.code(400).send({ error: 'invalid_grant' })
    return { name: 'Ada' }
  })

  return fastify
}

const token = { type: 'string', pattern: '^[\\w-]{43}$' } // So that the page can contain it without escaping.

const ofClient = ({ id }) => ({
  type: 'object',
  required: ['response_type', 'response_mode', 'client_id', 'redirect_uri', 'state', 'code_challenge', 'code_challenge_method'],
  properties: {
    response_type: { const: 'code' },
    response_mode: { const: 'form_post' },
    client_id: { const: id },
    redirect_uri: { type: 'string' },
    state: token,
    code_challenge: token,
    code_challenge_method: { const: 'S256' }
  }
})

const page = ({ redirectUri, code, state }) => `<!doctype html>
<title>Identity provider</title>
<form method="post" action="${redirectUri}">
  <input type="hidden" name="code" value="${code}">
  <input type="hidden" name="state" value="${state}">
  <button>Continue as Ada</button>
</form>
`

// Sign-in with an identity provider that answers with a form: response_mode=form_post. Its page makes the browser post to
// /callback. That is a cross-site POST like any attack, so the config of this one route trusts the provider.
//
// The origin shows that the form comes from the provider, not that this browser asked for it. An attacker can begin a sign-in
// and have the provider post the answer from a victim's browser; the victim then works in the attacker's account. `state` and
// PKCE tie the answer to the browser that asked. In your own application, use a library for them, such as openid-client.
import { createHash, randomBytes } from 'node:crypto'
import cookie from '@fastify/cookie'
import formbody from '@fastify/formbody'
import Fastify from 'fastify'
import crossOriginProtection from 'fastify-cross-origin-protection'

/**
 * @param {object} settings
 * @param {string} settings.identityProvider the origin of the provider
 * @param {{ id: string, redirectUri: string }} settings.client how the provider knows us; never built from the Host header
 * @param {import('fastify').FastifyServerOptions} [options] of Fastify
 */
export async function build ({ identityProvider, client }, options) {
  const fastify = Fastify(options)
  await fastify.register(cookie)
  await fastify.register(formbody)
  await fastify.register(crossOriginProtection)

  const sessions = new Map()
  fastify.get('/', async (request, reply) => reply.type('text/html').send(page(sessions.get(request.cookies[names.session]))))

  fastify.get('/sign-in', async (_request, reply) => {
    const state = randomToken()
    const verifier = randomToken()
    reply.setCookie(names.state, state, untilCallback).setCookie(names.verifier, verifier, untilCallback)
    return reply.redirect(`${identityProvider}/authorize?${new URLSearchParams({
      response_type: 'code',
      response_mode: 'form_post',
      client_id: client.id,
      redirect_uri: client.redirectUri,
      state,
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256'
    })}`)
  })

  // If the provider's page has Referrer-Policy: no-referrer, its form comes with Origin: null. That is refused and cannot be
  // allowed, because any sandboxed frame sends it too. In that case, set false here and rely only on state.
  fastify.post('/callback', {
    schema: { body: answer },
    config: { crossOriginProtection: { allowedOrigins: [identityProvider] } }
  }, async (request, reply) => {
    const { [names.state]: state, [names.verifier]: verifier } = request.cookies
    reply.clearCookie(names.state, untilCallback).clearCookie(names.verifier, untilCallback) // Each answer is accepted only once.
    if (!state || !verifier || request.body.state !== state) {
      return reply.code(403).send({ message: 'This browser did not start this sign-in.' })
    }
    const name = await redeem(request.body.code, verifier)
    if (name === null) return reply.code(403).send({ message: 'The identity provider did not confirm this sign-in.' })

    const session = randomToken() // Always a new one, never one that the browser sent.
    sessions.delete(request.cookies[names.session])
    sessions.set(session, name)
    return reply.setCookie(names.session, session, ofSession).redirect('/', 303)
  })

  // No other route trusts the provider: its pages cannot sign anyone out.
  fastify.post('/sign-out', async (request, reply) => {
    sessions.delete(request.cookies[names.session])
    return reply.clearCookie(names.session, ofSession).redirect('/', 303)
  })

  /** The name of the user who signed in, or null. */
  async function redeem (code, verifier) {
    const response = await fetch(`${identityProvider}/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'authorization_code', code, code_verifier: verifier, client_id: client.id, redirect_uri: client.redirectUri
      }),
      signal: AbortSignal.timeout(5000)
    })
    return response.ok ? (await response.json()).name : null
  }

  return fastify
}

const randomToken = () => randomBytes(32).toString('base64url')

// With this prefix, no subdomain can plant these cookies. It requires Secure, which browsers accept on localhost (not Safari).
const names = { session: '__Host-session', state: '__Host-state', verifier: '__Host-verifier' }

// The provider's form is cross-site, so the browser would not send a Lax or Strict cookie with it.
const untilCallback = { path: '/', secure: true, httpOnly: true, sameSite: 'none', maxAge: 600 }

// Lax, not Strict: the redirect after the callback still counts as the provider's.
const ofSession = { path: '/', secure: true, httpOnly: true, sameSite: 'lax' }

const answer = {
  type: 'object',
  required: ['code', 'state'],
  properties: { code: { type: 'string' }, state: { type: 'string' } }
}

const page = name => `<!doctype html>
<title>Sign-in</title>
${name === undefined
  ? '<p><a href="/sign-in">Sign in</a>'
  : `<p>Signed in as ${escape(name)}.\n<form method="post" action="/sign-out"><button>Sign out</button></form>`}
`

const escape = text => text.replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`)

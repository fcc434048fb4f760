// Sign-in with an identity provider that answers by a form: response_mode=form_post. Its page makes the browser post
// to /callback, which is a cross-site POST like any attack; the config of that one route trusts the provider.
//
// The origin says that the form is the provider's, not that this browser asked for it: an attacker can begin a
// sign-in of his own and have the provider post its end in a victim's browser, who then works in the attacker's
// account. `state` and PKCE tie the answer to the browser that asked. In an application of your own take a library
// for them, such as openid-client.
import { createHash, randomBytes } from 'node:crypto'
import cookie from '@fastify/cookie'
import formbody from '@fastify/formbody'
import Fastify from 'fastify'
import crossOriginProtection from 'fastify-cross-origin-protection'

/**
 * @param {object} settings
 * @param {string} settings.identityProvider its origin
 * @param {{ id: string, redirectUri: string }} settings.client what it knows us by; never made from the Host header
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

  // Where the provider's page has Referrer-Policy: no-referrer, its form comes with Origin: null, which is refused and
  // cannot be allowed, because anybody's sandboxed frame sends it too. Then write false, and rely on state alone.
  fastify.post('/callback', {
    schema: { body: answer },
    config: { crossOriginProtection: { allowedOrigins: [identityProvider] } }
  }, async (request, reply) => {
    const { [names.state]: state, [names.verifier]: verifier } = request.cookies
    reply.clearCookie(names.state, untilCallback).clearCookie(names.verifier, untilCallback) // An answer counts once.
    if (!state || !verifier || request.body.state !== state) {
      return reply.code(403).send({ message: 'This browser has not begun this sign-in.' })
    }
    const name = await redeem(request.body.code, verifier)
    if (name === null) return reply.code(403).send({ message: 'The identity provider does not confirm this sign-in.' })

    const session = randomToken() // A new one, never one that the browser brought.
    sessions.delete(request.cookies[names.session])
    sessions.set(session, name)
    return reply.setCookie(names.session, session, ofSession).redirect('/', 303)
  })

  // Of the rest nothing trusts the provider: its pages cannot sign anybody out.
  fastify.post('/sign-out', async (request, reply) => {
    sessions.delete(request.cookies[names.session])
    return reply.clearCookie(names.session, ofSession).redirect('/', 303)
  })

  /** Whose sign-in it was, or null. */
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

// With this prefix no sub-domain can plant them. Browsers want Secure with it, and take it on localhost (not Safari).
const names = { session: '__Host-session', state: '__Host-state', verifier: '__Host-verifier' }

// The provider's form is cross-site, so a Lax or Strict cookie would not come with it.
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

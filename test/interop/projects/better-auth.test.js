// better-auth behind a catch-all route, with a real sign-in at an identity provider that posts back (response_mode=form_post).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { betterAuth } from 'better-auth'
import { memoryAdapter } from 'better-auth/adapters/memory'
import { genericOAuth } from 'better-auth/plugins'
import Fastify from 'fastify'
import { crossOriginProtection } from 'fastify-cross-origin-protection'
import { listen, runBlock, send } from './helpers.js'

/** An identity provider with one user: its authorisation page is a form that posts to the application. */
async function startProvider (t) {
  const app = Fastify()
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, async (_request, body) => Object.fromEntries(new URLSearchParams(body)))
  const redeemed = []
  app.post('/token', async ({ body }) => {
    redeemed.push(body.code)
    return { access_token: 'access', token_type: 'Bearer', expires_in: 3600, scope: 'email' }
  })
  app.get('/userinfo', async () => ({ sub: '1', id: '1', name: 'Ada', email: 'ada@example.com', email_verified: true }))
  return { redeemed, origin: await listen(t, app) }
}

/** An application that registers better-auth by the block of docs/interop.md, or by a catch-all route alone. */
async function startApp (t, provider, register) {
  const fastify = Fastify()
  const database = { user: [], session: [], account: [], verification: [], rateLimit: [] }
  await fastify.register(crossOriginProtection)
  const app = { origin: 'https://app.example', database, cookies: new Map() }
  const auth = betterAuth({
    baseURL: app.origin,
    secret: 'a secret of at least thirty-two characters',
    database: memoryAdapter(database),
    rateLimit: { enabled: false },
    telemetry: { enabled: false },
    logger: { disabled: true },
    trustedOrigins: ['https://appleid.apple.com'],
    emailAndPassword: { enabled: true },
    plugins: [genericOAuth({
      config: [{
        providerId: 'apple',
        clientId: 'client',
        clientSecret: 'secret',
        authorizationUrl: `${provider.origin}/authorize`,
        tokenUrl: `${provider.origin}/token`,
        userInfoUrl: `${provider.origin}/userinfo`,
        responseMode: 'form_post',
        scopes: ['email']
      }]
    })]
  })
  await register(fastify, auth)
  app.address = await listen(t, fastify)
  return app
}

/** Sends with the cookies of one browser, and keeps those that are set. */
async function browse (app, path, options, { json, form, headers = {} } = {}) {
  const cookie = [...app.cookies].map(pair => pair.join('=')).join('; ')
  const answer = await send(`${app.origin}${path}`, options, {
    at: app.address,
    headers: { cookie, ...(json && { 'content-type': 'application/json' }), ...headers },
    body: json ? JSON.stringify(json) : form && new URLSearchParams(form).toString()
  })
  for (const line of answer.headers['set-cookie'] ?? []) {
    const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)
    if (/max-age=0/i.test(line)) app.cookies.delete(name)
    else app.cookies.set(name, value)
  }
  return answer
}

/** Begins a sign-in on the application's own page; gives the callback and the state that the provider would post to it. */
async function begin (app) {
  const answer = await browse(app, '/api/auth/sign-in/social', { from: 'same-origin', by: 'fetch-cors-credentials' }, { json: { provider: 'apple', callbackURL: '/' } })
  assert.equal(answer.status, 200, answer.body)
  const { searchParams } = new URL(JSON.parse(answer.body).url)
  assert.equal(searchParams.get('response_mode'), 'form_post')
  return { callback: new URL(searchParams.get('redirect_uri')).pathname, state: searchParams.get('state') }
}

const documented = (fastify, auth) => runBlock('better-auth', { fastify, auth })

/** The same without the last route. */
const catchAllAlone = (fastify, auth) => runBlock('better-auth', { fastify, auth }, code => code.slice(0, code.lastIndexOf('fastify.route(')))

/** What the provider's page sends, wherever it is: the documents name Apple's. */
const formOfProvider = { from: 'cross-site', by: 'form', origin: 'https://appleid.apple.com' }

test('better-auth: the provider\'s form is refused by a catch-all route', async t => {
  const provider = await startProvider(t)
  const app = await startApp(t, provider, catchAllAlone)
  const { callback, state } = await begin(app)
  const answer = await browse(app, callback, formOfProvider, { form: { code: 'code', state } })
  assert.equal(answer.status, 403, answer.body)
  assert.equal(JSON.parse(answer.body).code, 'FST_CROSS_ORIGIN_DENIED')
  assert.deepEqual([provider.redeemed, app.database.user], [[], []])
})

test('better-auth: the callback has a route of its own, which the provider alone may post to', async t => {
  const provider = await startProvider(t)
  const app = await startApp(t, provider, documented)
  const { callback, state } = await begin(app)
  const form = { code: 'code', state }

  for (const options of [
    { from: 'cross-site', by: 'form' },
    { from: 'same-site', by: 'form' },
    { from: 'sandboxed-frame', by: 'form' }
  ]) {
    assert.equal((await browse(app, callback, options, { form })).status, 403, options.from)
  }
  assert.equal((await browse(app, '/api/auth/sign-out', formOfProvider)).status, 403, 'the provider, elsewhere')
  assert.deepEqual([provider.redeemed, app.database.user], [[], []])

  // better-auth turns the form into a GET, which passes.
  const posted = await browse(app, callback, formOfProvider, { form })
  assert.equal(posted.status, 302, posted.body)
  const { pathname, search } = new URL(posted.headers.location)
  const signedIn = await browse(app, pathname + search, { from: 'cross-site', by: 'link' })
  assert.equal(signedIn.status, 302, signedIn.body)
  assert.equal(new URL(signedIn.headers.location, app.origin).pathname, '/')
  assert.deepEqual(provider.redeemed, ['code'])
  const session = await browse(app, '/api/auth/get-session', { from: 'same-origin', by: 'fetch-get' })
  assert.equal(JSON.parse(session.body).user.email, 'ada@example.com')

  const forged = await browse(app, '/api/auth/sign-out', { from: 'cross-site', by: 'fetch-no-cors-credentials' })
  assert.equal(forged.status, 403)
  assert.equal(app.database.session.length, 1, 'another site signs nobody out')
  assert.equal((await browse(app, '/api/auth/sign-out', { from: 'same-origin', by: 'fetch-cors-credentials' }, { json: {} })).status, 200)
  assert.equal(app.database.session.length, 0)
})

test('better-auth: sign-up and sign-in by password', async t => {
  const app = await startApp(t, await startProvider(t), documented)
  const json = { name: 'Eve', email: 'eve@example.com', password: 'a long password' }
  for (const by of ['form', 'fetch-no-cors-credentials', 'fetch-cors-credentials']) {
    assert.equal((await browse(app, '/api/auth/sign-up/email', { from: 'cross-site', by }, { json })).status, 403, by)
  }
  assert.deepEqual(app.database.user, [])
  assert.equal((await browse(app, '/api/auth/sign-up/email', { from: 'same-origin', by: 'fetch-cors-credentials' }, { json })).status, 200)
  assert.equal(app.database.user.length, 1)
})

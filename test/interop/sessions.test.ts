// Plugins that know the user: @fastify/cookie, @fastify/session and @fastify/csrf-protection.
import fastifyCookie from '@fastify/cookie'
import fastifyCsrfProtection from '@fastify/csrf-protection'
import fastifySession from '@fastify/session'
import type { InjectOptions, Session } from 'fastify'
import t from 'tap'
import { crossOriginProtection } from '../../src/index.ts'
import { browserRequest, type BrowserRequestOptions } from '../../src/testing.ts'
import { emptyApp } from '../helpers/app.ts'
import { inBothOrders } from '../helpers/orders.ts'

declare module 'fastify' {
  interface Session { user?: string }
}

const secret = 'a secret of at least 32 characters'

const post = (from: BrowserRequestOptions['from'], headers: Record<string, string> = {}) => ({
  url: '/transfer', payload: 'amount=100', ...browserRequest({ from, by: 'fetch-cors-credentials', headers })
})

inBothOrders(t, '@fastify/cookie', async (t, { oursFirst, register }) => {
  const app = emptyApp(t)
  const seen: unknown[] = []
  await register(
    () => app.register(crossOriginProtection, {
      denyHandler (request, reply) {
        seen.push(request.cookies)
        reply.setCookie('seen', 'yes', { path: '/' }).send('refused')
      }
    }),
    () => app.register(fastifyCookie)
  )
  app.post('/transfer', async request => { app.ran++; return request.cookies })

  const refused = await app.inject(post('cross-site', { cookie: 'user=ada' }))
  t.equal(refused.statusCode, 403)
  t.equal(app.ran, 0)
  t.same(seen, [oursFirst ? null : { user: 'ada' }], `a denyHandler ${oursFirst ? 'does not see' : 'sees'} the cookies`)
  t.equal(refused.headers['set-cookie'], 'seen=yes; Path=/; SameSite=Lax', 'and sets its own')
  t.same((await app.inject(post('same-origin', { cookie: 'user=ada' }))).json(), { user: 'ada' })
})

inBothOrders(t, '@fastify/session', async (t, { oursFirst, register }) => {
  const app = emptyApp(t)
  const store = countingStore()
  const seen: unknown[] = []
  await app.register(fastifyCookie)
  await register(
    () => app.register(crossOriginProtection, { denyHandler: request => { seen.push(request.cookies, request.session?.isModified()) } }),
    () => app.register(fastifySession, { secret, store, cookie: { secure: false, maxAge: 60_000 } })
  )
  app.get('/sign-in', async request => { request.session.set('user', 'ada') })
  app.post('/transfer', async request => { app.ran++; return request.session.get('user') })

  const refused = await app.inject(post('cross-site'))
  t.equal(refused.statusCode, 403)
  t.equal(app.ran, 0)
  t.same(store.calls, oursFirst ? [] : ['set'], `the store is ${oursFirst ? 'left alone' : 'given a session of the attacker\'s request'}`)
  t.equal(refused.headers['set-cookie'] === undefined, oursFirst, `and the answer sets ${oursFirst ? 'no' : 'its'} cookie`)
  t.same(seen, [{}, oursFirst ? undefined : false], `a denyHandler sees ${oursFirst ? 'no' : 'the'} session`)

  const [cookie = ''] = String((await app.inject('/sign-in')).headers['set-cookie']).split(';')
  store.calls.length = 0
  t.equal((await app.inject(post('cross-site', { cookie }))).statusCode, 403)
  t.same(store.calls, oursFirst ? [] : ['get', 'set'], `the user's session is ${oursFirst ? 'left alone' : 'loaded and extended'}`)

  t.equal((await app.inject(post('same-origin', { cookie }))).payload, 'ada')
  t.equal(app.ran, 1)
})

for (const sessionPlugin of ['@fastify/cookie', '@fastify/session'] as const) {
  inBothOrders(t, `@fastify/csrf-protection with ${sessionPlugin}`, async (t, { register }) => {
    const app = emptyApp(t)
    await register(
      () => app.register(crossOriginProtection),
      async () => {
        await app.register(fastifyCookie)
        if (sessionPlugin === '@fastify/session') await app.register(fastifySession, { secret, cookie: { secure: false } })
        await app.register(fastifyCsrfProtection, { sessionPlugin })
      }
    )
    app.get('/form', async (_request, reply) => reply.generateCsrf())
    app.post('/transfer', { onRequest: app.csrfProtection }, async () => { app.ran++ })

    const form = await app.inject('/form')
    const [cookie = ''] = String(form.headers['set-cookie']).split(';')
    const headers = { cookie, 'csrf-token': form.payload }
    const cases: Array<[name: string, request: InjectOptions, code: string | undefined]> = [
      ['another site, with a token', post('cross-site', headers), 'FST_CROSS_ORIGIN_DENIED'],
      ['another site, without a token', post('cross-site', { cookie }), 'FST_CROSS_ORIGIN_DENIED'],
      ['a sibling with its own cookie and token, planted on the victim', post('same-site', headers), 'FST_CROSS_ORIGIN_DENIED'],
      ['our own page, without a token', post('same-origin', { cookie }), 'FST_CSRF_INVALID_TOKEN'],
      ['our own page, without the cookie', post('same-origin', { 'csrf-token': form.payload }), 'FST_CSRF_MISSING_SECRET'],
      ['a browser without either header, without a token', { method: 'POST', url: '/transfer', headers: { cookie } }, 'FST_CSRF_INVALID_TOKEN'],
      ['a browser without either header, with a token', { method: 'POST', url: '/transfer', headers }, undefined],
      ['our own page, with a token', post('same-origin', headers), undefined]
    ]
    for (const [name, request, code] of cases) {
      app.ran = 0
      const response = await app.inject(request)
      t.equal(response.statusCode, code === undefined ? 200 : 403, name)
      if (code !== undefined) t.equal(response.json().code, code, name)
      t.equal(app.ran, code === undefined ? 1 : 0)
    }
  })
}

interface CountingStore extends fastifySession.SessionStore { readonly calls: string[] }

function countingStore (): CountingStore {
  const sessions = new Map<string, Session>()
  const calls: string[] = []
  return {
    calls,
    get (id, callback) { calls.push('get'); callback(null, sessions.get(id)) },
    set (id, session, callback) { calls.push('set'); sessions.set(id, session); callback() },
    destroy (id, callback) { calls.push('destroy'); sessions.delete(id); callback() }
  }
}

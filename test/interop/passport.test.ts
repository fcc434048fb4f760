// @fastify/passport with @fastify/secure-session.
import { randomBytes } from 'node:crypto'
import { createRequire } from 'node:module'
import t from 'tap'
import { crossOriginProtection } from '../../src/index.ts'
import { browserRequest, type BrowserRequestOptions } from '../../src/testing.ts'
import { emptyApp } from '../helpers/app.ts'
import { inBothOrders } from '../helpers/orders.ts'

// Without their types: @fastify/session has another request.session, and one compilation cannot have both.
const require = createRequire(import.meta.url)
const { Authenticator, Strategy } = require('@fastify/passport')
const fastifySecureSession = require('@fastify/secure-session')

/** Passport's decoration. */
const userOf = (request: object) => 'user' in request ? request.user : undefined

const post = (from: BrowserRequestOptions['from'], headers: Record<string, string> = {}) => ({
  url: '/transfer', payload: 'amount=100', ...browserRequest({ from, by: 'fetch-cors-credentials', headers })
})

inBothOrders(t, '@fastify/passport with @fastify/secure-session', async (t, { oursFirst, register }) => {
  const app = emptyApp(t)
  const calls: string[] = []
  const passport = new Authenticator()
  passport.registerUserSerializer(async (user: { name: string }) => user.name)
  passport.registerUserDeserializer(async (name: string) => { calls.push('load'); return { name } })
  passport.use(new class extends Strategy {
    constructor () { super('password') }
    authenticate () { calls.push('sign in'); this.success({ name: 'ada' }) }
  }())

  const seen: unknown[] = []
  await register(
    () => app.register(crossOriginProtection, {
      denyHandler (request) {
        seen.push('session' in request && request.session ? 'a session' : 'no session', userOf(request))
      }
    }),
    async () => {
      await app.register(fastifySecureSession, { key: randomBytes(32), cookie: { path: '/' } })
      await app.register(passport.initialize())
      await app.register(passport.secureSession())
    }
  )
  app.post('/sign-in', { preValidation: passport.authenticate('password', { authInfo: false }) }, async request => { app.ran++; return userOf(request) })
  app.post('/transfer', async request => { app.ran++; return userOf(request) })

  const signIn = (from: BrowserRequestOptions['from']) => app.inject({ url: '/sign-in', ...browserRequest({ from, by: 'fetch-no-cors-credentials' }) })
  const forced = await signIn('cross-site')
  t.equal(forced.statusCode, 403, 'nobody is signed in by another site')
  t.equal(forced.headers['set-cookie'], undefined)
  t.same([calls, app.ran], [[], 0])

  const [cookie = ''] = String((await signIn('same-origin')).headers['set-cookie']).split(';')
  t.same([calls.splice(0), app.ran], [['sign in'], 1])

  const refused = await app.inject(post('cross-site', { cookie }))
  t.equal(refused.statusCode, 403)
  t.same([calls, app.ran], [[], 1], 'no user is loaded for a refused request')
  t.equal(refused.headers['set-cookie'], undefined)
  const unknown = oursFirst ? 'no session' : 'a session'
  t.same(seen, [unknown, null, unknown, null], 'a denyHandler knows no user')
  t.same((await app.inject(post('same-origin', { cookie }))).json(), { name: 'ada' })
  t.same(calls, ['load'])
})

// The sign-in example as browsers experience it: their cookies, the provider's page, and the form on that page.
import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { browserRequest, type BrowserRequestOptions } from '../../../src/testing.ts'
import { runExample } from '../../helpers/example.ts'

const origin = 'http://localhost:3000'
const own: BrowserRequestOptions = { from: 'same-origin', by: 'form', to: origin }

interface Form { readonly code: string, readonly state: string }

/** One browser: its cookies, and what it sends by itself or because of a page. */
class Browser {
  readonly cookies = new Map<string, string>()
  readonly app: FastifyInstance

  constructor (app: FastifyInstance) {
    this.app = app
  }

  async send (url: string, options: BrowserRequestOptions, form?: Form) {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const response = await this.app.inject({
      url, ...browserRequest({ ...options, headers: { cookie } }), payload: new URLSearchParams({ ...form }).toString()
    })
    for (const { name, value, maxAge } of response.cookies) {
      if (maxAge === 0) this.cookies.delete(name)
      else this.cookies.set(name, value)
    }
    return response
  }

  /** Follows the link to the provider, and returns the form that its page has for this browser. */
  async begin (): Promise<Form> {
    const { headers } = await this.send('/sign-in', { ...own, by: 'link' })
    const page = await (await fetch(headers.location!)).text()
    const field = (name: string) => new RegExp(`name="${name}" value="([\\w-]+)"`).exec(page)![1]!
    return { code: field('code'), state: field('state') }
  }

  async name (): Promise<string | undefined> {
    return /Signed in as (\w+)/.exec((await this.send('/', { ...own, by: 'link' })).body)?.[1]
  }
}

async function setUp (t: Test) {
  const load = (file: string) => import(new URL(`../../../examples/form-post-sign-in/${file}`, import.meta.url).href)
  const client = { id: 'example', redirectUri: `${origin}/callback` }
  const provider: FastifyInstance = await (await load('identity-provider.js')).buildIdentityProvider(client)
  const identityProvider = await provider.listen({ host: '127.0.0.1', port: 0 })
  const app: FastifyInstance = await (await load('app.js')).build({ identityProvider, client })
  t.teardown(async () => { await Promise.all([app.close(), provider.close()]) })
  return { app, provider, formOfProvider: { from: 'cross-site', by: 'form', origin: identityProvider, to: origin } satisfies BrowserRequestOptions }
}

t.test('the command starts both servers', async t => {
  const app = await runExample(t, 'form-post-sign-in', /Open http:\/\/localhost:(\d+)/)
  const location = (await app.call('GET', '/sign-in')).headers['location'] ?? ''
  t.match(location, /^http:\/\/127\.0\.0\.1:\d+\/authorize\?/)
  t.equal(new URL(location).searchParams.get('redirect_uri'), `${app.origin}/callback`)
  t.equal((await fetch(location)).status, 200)
  t.equal((await app.send('/sign-out', { from: 'cross-site', by: 'form', to: app.origin }, 'a=1')).status, 403)
  t.equal((await app.send('/sign-out', { from: 'same-origin', by: 'form', to: app.origin }, 'a=1')).status, 303)
})

t.test('only the provider\'s pages can complete a sign-in, and each only once', async t => {
  const { app, formOfProvider } = await setUp(t)
  const browser = new Browser(app)
  const form = await browser.begin()

  const others: Array<{ name: string, from: BrowserRequestOptions }> = [
    { name: 'another site', from: { from: 'cross-site', by: 'form', origin: 'http://evil.example', to: origin } },
    { name: 'another port of this host', from: { from: 'same-site', by: 'form', to: origin } },
    { name: 'another port of the provider\'s host', from: { ...formOfProvider, origin: 'http://127.0.0.1:1' } },
    { name: 'a sandboxed frame', from: { from: 'sandboxed-frame', by: 'form', to: origin } },
    // The request comes from the provider, but nothing shows that. The example says what to do about it.
    { name: 'the provider with Referrer-Policy: no-referrer', from: { ...formOfProvider, referrerPolicy: 'no-referrer' } }
  ]
  for (const { name, from } of others) {
    const response = await browser.send('/callback', from, form)
    t.match([response.statusCode, response.json()], [403, { code: 'FST_CROSS_ORIGIN_DENIED' }], name)
  }
  t.equal(await browser.name(), undefined, 'nobody is signed in')

  // None of these reached the handler, which would have used up the cookies and the code.
  t.equal((await browser.send('/callback', formOfProvider, form)).statusCode, 303, 'the provider')
  t.equal(await browser.name(), 'Ada')
  const again = await browser.send('/callback', formOfProvider, form)
  t.match([again.statusCode, again.json()], [403, { message: 'This browser did not start this sign-in.' }], 'the same answer again')
})

t.test('the provider\'s pages can do nothing else', async t => {
  const { app, formOfProvider } = await setUp(t)
  const browser = new Browser(app)
  await browser.send('/callback', formOfProvider, await browser.begin())

  t.equal((await browser.send('/sign-out', formOfProvider)).statusCode, 403)
  t.equal(await browser.name(), 'Ada', 'still signed in')
  t.equal((await browser.send('/sign-out', own)).statusCode, 303)
  t.equal(await browser.name(), undefined)
})

t.test('nobody is signed in by somebody else\'s sign-in', async t => {
  const { app, formOfProvider } = await setUp(t)
  const attacker = await new Browser(app).begin()
  const notBegun = { message: 'This browser did not start this sign-in.' }

  await t.test('a browser that has not started a sign-in', async t => {
    const victim = new Browser(app)
    const response = await victim.send('/callback', formOfProvider, attacker)
    t.match([response.statusCode, response.json()], [403, notBegun])
    t.equal(await victim.name(), undefined)
  })

  await t.test('a browser that has started its own sign-in', async t => {
    const victim = new Browser(app)
    await victim.begin()
    const response = await victim.send('/callback', formOfProvider, attacker)
    t.match([response.statusCode, response.json()], [403, notBegun])
    t.equal(await victim.name(), undefined)
  })

  await t.test('a code that was stolen from another browser', async t => {
    const thief = new Browser(app)
    const { state } = await thief.begin()
    const { code } = await new Browser(app).begin()
    const response = await thief.send('/callback', formOfProvider, { code, state })
    t.match([response.statusCode, response.json()], [403, { message: 'The identity provider did not confirm this sign-in.' }])
    t.equal(await thief.name(), undefined)
  })
})

t.test('scripts and subdomains cannot reach the cookies, and only those of a sign-in are sent cross-site', async t => {
  const { app, formOfProvider } = await setUp(t)
  const browser = new Browser(app)
  const { cookies } = await app.inject('/sign-in')
  const [session] = (await browser.send('/callback', formOfProvider, await browser.begin())).cookies.filter(({ name }) => name === '__Host-session')
  t.match([...cookies, session], [
    { name: '__Host-state', sameSite: 'None', secure: true, httpOnly: true, path: '/' },
    { name: '__Host-verifier', sameSite: 'None', secure: true, httpOnly: true, path: '/' },
    { name: '__Host-session', sameSite: 'Lax', secure: true, httpOnly: true, path: '/' }
  ])
})

t.test('the stand-in sends its codes only to the registered page, and repeats no HTML', async t => {
  const { app, provider } = await setUp(t)
  const { search } = new URL(String((await app.inject('/sign-in')).headers.location))
  for (const [name, value] of [['redirect_uri', 'http://evil.example/callback'], ['client_id', 'other'], ['state', '"><script>'], ['response_mode', 'query']] as const) {
    const query = new URLSearchParams(search)
    query.set(name, value)
    const { statusCode, body } = await provider.inject(`/authorize?${query}`)
    t.equal(statusCode, 400, name)
    t.notMatch(body, /<|name="code"/, name)
  }
  t.equal((await provider.inject(`/authorize${search}`)).statusCode, 200)
})

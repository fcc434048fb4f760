// Functions in allowedOrigins: when they are called, with what arguments, and what each kind of answer leads to.
import type { IncomingMessage } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { InjectOptions } from 'fastify'
import t from 'tap'
import crossOriginProtection, { type AllowedOriginFunction } from '../src/index.ts'
import { countAll, crossSitePost, emptyApp, postFrom, protectedApp, sameOriginPost } from './helpers/app.ts'

t.test('a function is called only if the request would otherwise be denied and has a serialised origin', async t => {
  const asked: string[] = []
  const app = await protectedApp(t, {
    allowedOrigins: [origin => { asked.push(origin); return false }, 'https://partner.example', 'https://*.tenants.example'],
    exemptPaths: ['/hooks'],
    allowUnverifiableRequests: false
  })
  const post = (headers: InjectOptions['headers'], url = '/x') => app.inject({ method: 'POST', url, headers })
  const cases: Array<[name: string, send: () => ReturnType<typeof post>, status: number, asked: string[]]> = [
    ['same-origin', () => post({ 'sec-fetch-site': 'same-origin', origin: 'https://evil.example' }), 200, []],
    ['our own host', () => post({ host: 'app.example', origin: 'https://app.example' }), 200, []],
    ['a listed origin', () => post({ 'sec-fetch-site': 'cross-site', origin: 'https://partner.example' }), 200, []],
    ['a wildcard', () => post({ 'sec-fetch-site': 'cross-site', origin: 'https://a.tenants.example' }), 200, []],
    ['an exempt path', () => post({ 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }, '/hooks'), 200, []],
    ['null', () => post({ 'sec-fetch-site': 'cross-site', origin: 'null' }), 403, []],
    ['no Origin', () => post({ 'sec-fetch-site': 'cross-site' }), 403, []],
    ['an empty Origin', () => post({ 'sec-fetch-site': 'cross-site', origin: '' }), 403, []],
    ['neither header', () => post({}), 403, []],
    ['a value that is not a serialised origin', () => post({ 'sec-fetch-site': 'cross-site', origin: 'https://evil.example/' }), 403, []],
    ['two origins', () => post({ origin: 'https://a.example, https://b.example' }), 403, []],
    ['another origin, cross-site', () => post({ 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }), 403, ['https://evil.example']],
    ['another origin, without Fetch Metadata', () => post({ origin: 'HTTPS://Evil.Example:443' }), 403, ['https://evil.example']]
  ]
  for (const [name, send, status, expected] of cases) {
    t.equal((await send()).statusCode, status, name)
    t.same(asked.splice(0), expected, name)
  }
})

t.test('only true allows', async t => {
  for (const isAsync of [false, true]) {
    for (const answer of [false, undefined, null, 0, 1, 'true', {}, [true], new Boolean(true)]) { // eslint-disable-line no-new-wrappers -- it is truthy, and not true
      const app = await protectedApp(t, { allowedOrigins: [(() => isAsync ? Promise.resolve(answer) : answer) as AllowedOriginFunction] })
      t.equal((await app.inject(crossSitePost)).statusCode, 403, `${isAsync ? 'resolves to' : 'returns'} ${JSON.stringify(answer)}`)
      t.equal(app.ran, 0)
    }
    const app = await protectedApp(t, { allowedOrigins: [() => isAsync ? sleep(1, true) : true] })
    t.equal((await app.inject(crossSitePost)).statusCode, 200)
    t.equal(app.ran, 1)
  }
})

t.test('several functions are called in turn, until one returns true', async t => {
  const asked: number[] = []
  const ask = (name: number, answer: boolean) => async () => { asked.push(name); return answer }
  const app = await protectedApp(t, { allowedOrigins: [ask(1, false), ask(2, true), ask(3, true)] })
  t.equal((await app.inject(crossSitePost)).statusCode, 200)
  t.same(asked, [1, 2])
})

t.test('a throw or a rejection is a 500, and the handler never runs', async t => {
  const failures: Array<[name: string, ask: AllowedOriginFunction, status: number]> = [
    ['throws', () => { throw new Error('broken') }, 500],
    ['rejects', async () => { throw new Error('broken') }, 500],
    ['throws a string', () => { throw 'broken' }, 500], // eslint-disable-line no-throw-literal -- applications do throw values that are not Errors
    ['throws undefined', () => { throw undefined }, 500], // eslint-disable-line no-throw-literal -- applications do throw values that are not Errors
    ['throws null', () => { throw null }, 500], // eslint-disable-line no-throw-literal -- applications do throw values that are not Errors
    ['rejects with nothing', () => Promise.reject(), 500], // eslint-disable-line prefer-promise-reject-errors -- applications do reject with values that are not Errors
    ['rejects with false', () => Promise.reject(false), 500], // eslint-disable-line prefer-promise-reject-errors -- applications do reject with values that are not Errors
    ['rejects with an empty string', () => Promise.reject(''), 500], // eslint-disable-line prefer-promise-reject-errors -- applications do reject with values that are not Errors
    ['throws an error with a status', () => { throw Object.assign(new Error('busy'), { statusCode: 503 }) }, 503]
  ]
  for (const [name, ask, status] of failures) {
    const app = await protectedApp(t, { allowedOrigins: [ask] })
    t.equal((await app.inject(crossSitePost)).statusCode, status, name)
    t.equal(app.ran, 0, name)
    t.equal((await app.inject(sameOriginPost)).statusCode, 200, 'requests from our own pages are not affected')
  }

  const app = await protectedApp(t, { allowedOrigins: [() => Promise.reject()] }) // eslint-disable-line prefer-promise-reject-errors -- applications do reject with values that are not Errors
  t.match((await app.inject(crossSitePost)).json(), {
    code: 'FST_CROSS_ORIGIN_EMPTY_REJECTION',
    message: 'A function of the application (one in allowedOrigins, denyHandler, trustProxy, or the logger) threw or rejected without an error.'
  })
})

t.test('a function gets the request: tenants by host', async t => {
  const partners = new Map([['shop.example', 'https://pay.example'], ['bank.example', 'https://broker.example']])
  const app = await protectedApp(t, { allowedOrigins: [async (origin, request) => partners.get(request.host) === origin] })
  const status = async (host: string, origin: string) => (await app.inject(postFrom(origin, `https://${host}`))).statusCode
  t.equal(await status('shop.example', 'https://broker.example'), 403)
  t.equal(await status('bank.example', 'https://pay.example'), 403)
  t.equal(await status('evil.example', 'https://pay.example'), 403)
  t.equal(await status('shop.example', 'https://pay.example'), 200)
  t.equal(await status('bank.example', 'https://broker.example'), 200)
})

t.test('functions in the config of a route', async t => {
  const app = emptyApp(t)
  await app.register(crossOriginProtection)
  countAll(app, app, '/sso', { crossOriginProtection: { allowedOrigins: [(origin: string) => origin === 'https://evil.example'] } })
  t.equal((await app.inject({ ...crossSitePost, url: '/sso' })).statusCode, 200)
  t.equal((await app.inject({ ...crossSitePost, url: '/sso', headers: { ...crossSitePost.headers, origin: 'https://other.example' } })).statusCode, 403)
})

t.test('check() calls the functions too, also for a Node request', async t => {
  const app = await protectedApp(t, {
    allowedOrigins: [async (origin, request) => !('routeOptions' in request) && request.raw.method === 'POST' && request.host === 'app.example' && origin === 'https://partner.example']
  })
  const check = (origin: string) => app.crossOriginProtection.check({ method: 'POST', url: '/', headers: { host: 'app.example', origin } } as IncomingMessage)
  t.match(await check('https://evil.example'), { allowed: false, reason: 'host-mismatch' })
  t.match(await check('https://partner.example'), { allowed: true, reason: 'allowed-origin' })
  t.match(await check('https://app.example'), { allowed: true, reason: 'same-host' })

  const broken = await protectedApp(t, { allowedOrigins: [() => { throw new Error('broken') }] })
  await t.rejects(broken.crossOriginProtection.check({ method: 'POST', url: '/', headers: { host: 'app.example', origin: 'https://evil.example' } } as IncomingMessage), { message: 'broken' })
})

t.test('non-web schemes are never confused with each other, with null or with our own host', async t => {
  const app = await protectedApp(t, { allowedOrigins: ['capacitor://localhost', 'chrome-extension://abcdefghijklmnop'] })
  const status = async (origin: string) => (
    await app.inject({ method: 'POST', url: '/', headers: { host: 'localhost', origin } })
  ).statusCode
  for (const origin of ['tauri://localhost', 'ionic://localhost', 'chrome-extension://ponmlkjihgfedcba', 'moz-extension://abcdefghijklmnop', 'null', 'capacitor://localhost:80']) {
    t.equal(await status(origin), 403, origin)
  }
  for (const origin of ['capacitor://localhost', 'chrome-extension://abcdefghijklmnop', 'http://localhost']) t.equal(await status(origin), 200, origin)
})

t.test('a list of 100,000 origins and 10,000 wildcards', async t => {
  const app = await protectedApp(t, {
    allowedOrigins: [
      ...Array.from({ length: 100_000 }, (_, i) => `https://partner-${i}.example`),
      ...Array.from({ length: 10_000 }, (_, i) => `https://*.tenant-${i}.example`)
    ]
  })
  const status = async (origin: string) => (await app.inject(postFrom(origin))).statusCode
  t.equal(await status('https://partner-100000.example'), 403)
  t.equal(await status('https://tenant-9999.example'), 403)
  t.equal(await status('https://partner-99999.example'), 200)
  t.equal(await status('https://a.b.tenant-9999.example'), 200)
})

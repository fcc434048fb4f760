// `Origin: null`: sandboxed frames, data: documents and cross-site redirects send it, including an attacker's. It counts as
// present, and equals nothing.
import fastifyWebsocket from '@fastify/websocket'
import t from 'tap'
import crossOriginProtection from '../../src/index.ts'
import { emptyApp, protectedApp } from '../helpers/app.ts'
import { handshake, own, ownOrigin, post, refuses, request, serves, suiteOf } from '../helpers/bypasses.ts'

const { bypass, isComplete } = suiteOf('null-origin')

bypass('CVE-2026-27978, GHSA-mq59-m269-xvcx', async t => {
  const app = await protectedApp(t)
  await refuses(t, app, [
    ['null', post('/', 'Origin: null')],
    ['null with a session', post('/', 'Origin: null', 'Cookie: session=1')],
    ['null from another site', post('/', 'Origin: null', 'Sec-Fetch-Site: cross-site')],
    ['null, with an empty Sec-Fetch-Site', post('/', 'Origin: null', 'Sec-Fetch-Site:')],
    ['null, to a host of that name', ['POST / HTTP/1.1', 'Host: null', 'Origin: null']],
    ['null, to no host', ['POST / HTTP/1.0', 'Origin: null']],
    ['two lines of null', post('/', 'Origin: null', 'Origin: null')],
    ['null next to our own origin', post('/', 'Origin: null', ...ownOrigin)],
    ['NULL, which no browser sends', post('/', 'Origin: NULL')]
  ])
  await serves(t, app, [['our own page', post('/', ...own)], ['our own page, without Fetch Metadata', post('/', ...ownOrigin)]])
})

bypass('CVE-2026-27977', async t => {
  const app = emptyApp(t)
  await app.register(crossOriginProtection, { allowedOrigins: ['https://partner.example', 'https://*.dev.example', () => true] })
  await app.register(fastifyWebsocket)
  app.get('/_next/webpack-hmr', { websocket: true }, () => { app.ran++ })
  await refuses(t, app, [
    ['a handshake from null', handshake('/_next/webpack-hmr', 'Origin: null')],
    ['a handshake from null, cross-site', handshake('/_next/webpack-hmr', 'Origin: null', 'Sec-Fetch-Site: cross-site')]
  ])
  await serves(t, app, [
    ['a handshake from our own page', handshake('/_next/webpack-hmr', ...ownOrigin), { status: 101 }],
    ['a handshake of a listed origin', handshake('/_next/webpack-hmr', 'Origin: https://partner.example'), { status: 101 }]
  ])
})

bypass('better-auth origin-check', async t => {
  // There is no way to trust null: no string allows it, and functions are never called for it.
  for (const entry of ['null', 'NULL', 'https://null/']) {
    await t.rejects(async () => { await emptyApp(t).register(crossOriginProtection, { allowedOrigins: [entry] }) }, { code: 'FST_CROSS_ORIGIN_INVALID_OPTION' }, entry)
  }
  const app = await protectedApp(t, { allowedOrigins: [() => true] })
  await refuses(t, app, [
    ['null with a session', post('/sign-in/email', 'Origin: null', 'Cookie: session=1')],
    ['null, cross-site', post('/sign-in/email', 'Origin: null', 'Sec-Fetch-Site: cross-site')]
  ])
  await serves(t, app, [['any origin that has a name', post('/sign-in/email', 'Origin: https://evil.example')]])
})

bypass('golang AddTrustedOrigin', async t => {
  const wrong = ['null', '', 'https://app.example/', 'https://app.example/path', 'https://app.example?query', 'https://app.example#fragment', 'app.example', '//app.example']
  for (const entry of wrong) {
    await t.rejects(async () => { await emptyApp(t).register(crossOriginProtection, { allowedOrigins: [entry] }) }, { code: 'FST_CROSS_ORIGIN_INVALID_OPTION' }, entry)
  }
  // https://null is a host like any other, not the origin null.
  const app = await protectedApp(t, { allowedOrigins: ['https://null', 'capacitor://null'] })
  await refuses(t, app, [['null', post('/', 'Origin: null', 'Sec-Fetch-Site: cross-site')], ['null without Fetch Metadata', post('/', 'Origin: null')]])
  await serves(t, app, [['the host of that name', post('/', 'Origin: https://null', 'Sec-Fetch-Site: cross-site')]])
})

isComplete()

t.test('null cannot read either, where GET is checked', async t => {
  for (const safeMethods of ['check', 'isolate'] as const) {
    const app = await protectedApp(t, { safeMethods })
    await refuses(t, app, [['GET from null', request('GET', '/', 'Origin: null')], ['HEAD from null', request('HEAD', '/', 'Origin: null')]])
    await serves(t, app, [['GET from our own page', request('GET', '/', ...own)]])
  }
})

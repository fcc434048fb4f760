import t from 'tap'
import { sent } from '../src/browser-requests.ts'
import { browserRequest, type BrowserRequestInitiator, type BrowserRequestVehicle } from '../src/testing.ts'
import { protectedApp } from './helpers/app.ts'

t.test('gives what app.inject takes', async t => {
  const app = await protectedApp(t)
  const inject = async (...options: Parameters<typeof browserRequest>) => (await app.inject({ url: '/transfer', ...browserRequest(...options) })).statusCode
  t.equal(await inject({ from: 'cross-site', by: 'form' }), 403)
  t.equal(await inject({ from: 'same-site', by: 'fetch-preflight', engine: 'firefox' }), 403)
  t.equal(await inject({ from: 'sandboxed-frame', by: 'beacon', engine: 'webkit' }), 403)
  t.equal(await inject({ from: 'no-referrer', by: 'form', plainHttp: true }), 403)
  t.equal(await inject({ from: 'cross-site', by: 'form', plainHttp: true }), 403)
  t.equal(app.ran, 0)
  t.equal(await inject({ from: 'same-origin', by: 'form' }), 200)
  t.equal(await inject({ from: 'same-origin', by: 'form', plainHttp: true }), 200)
  t.equal(await inject({ from: 'same-origin', by: 'websocket' }), 200)
  t.equal(await inject({ from: 'cross-site', by: 'link' }), 200)
})

t.test('a partner\'s page', async t => {
  const app = await protectedApp(t, { allowedOrigins: ['https://partner.example'] })
  for (const [origin, status] of [['https://other.example', 403], ['https://partner.example', 200]] as const) {
    t.equal((await app.inject({ url: '/', ...browserRequest({ from: 'cross-site', by: 'form', origin }) })).statusCode, status, origin)
  }
})

t.test('is as it was sent', async t => {
  t.same(browserRequest({ from: 'cross-site', by: 'form' }), {
    method: 'POST',
    headers: {
      host: 'localhost',
      origin: 'https://other.example',
      referer: 'https://other.example/',
      'sec-fetch-site': 'cross-site',
      'sec-fetch-mode': 'navigate',
      'sec-fetch-dest': 'document',
      'sec-fetch-user': '?1'
    }
  })
  t.same(browserRequest({ from: 'same-origin', by: 'websocket', to: 'https://app.example:8443' }), {
    method: 'GET', headers: { host: 'app.example:8443', origin: 'https://app.example:8443', upgrade: 'websocket' }
  }, 'Chromium says nothing of sites in a handshake')
  t.match(browserRequest({ from: 'same-site', by: 'xhr-preflight', engine: 'webkit' }), {
    method: 'DELETE', headers: { origin: 'http://neighbour.localhost', 'sec-fetch-site': 'same-site' }
  })
  t.match(browserRequest({ from: 'cross-site', by: 'form', plainHttp: true }).headers, { origin: 'https://other.example', 'sec-fetch-site': undefined })
})

t.test('nothing is left of the laboratory', async t => {
  for (const [from, { secure }] of Object.entries(sent)) {
    for (const [by, indexes] of Object.entries(secure)) {
      if (indexes[0] === null) continue
      const text = JSON.stringify(browserRequest({ from: from as BrowserRequestInitiator, by: by as BrowserRequestVehicle }))
      if (/[{](?:to|from)[}]|:\d{4}|\.test/.test(text)) t.fail(text)
    }
  }
})

t.test('what a browser does not send', async t => {
  t.throws(() => browserRequest({ from: 'cross-site', by: 'ping', engine: 'firefox' }), new RangeError('firefox does not send "ping" from "cross-site"'))
  t.throws(() => browserRequest({ from: 'cross-site', by: 'fetch-same-origin' }), RangeError)
  // @ts-expect-error: there is no such vehicle
  t.throws(() => browserRequest({ from: 'cross-site', by: 'carrier-pigeon' }), new RangeError('nothing is recorded of "carrier-pigeon" from "cross-site" in "chromium"'))
  // @ts-expect-error: there is no such engine
  t.throws(() => browserRequest({ from: 'cross-site', by: 'form', engine: 'lynx' }), RangeError)
  // @ts-expect-error: there is no such initiator
  t.throws(() => browserRequest({ from: 'space', by: 'form' }), RangeError)
})

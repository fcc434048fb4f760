import t from 'tap'
import { sent } from '../src/browser-requests.ts'
import { browserRequest, type BrowserRequestInitiator, type BrowserRequestOptions, type BrowserRequestVehicle } from '../src/testing.ts'
import { protectedApp } from './helpers/app.ts'

const plain = 'http://app.example'

t.test('gives what app.inject takes', async t => {
  const app = await protectedApp(t)
  app.addContentTypeParser('*', async () => undefined)
  const inject = async (options: BrowserRequestOptions) => (await app.inject({ url: '/transfer', payload: 'amount=100', ...browserRequest(options) })).statusCode
  t.equal(await inject({ from: 'cross-site', by: 'form' }), 403)
  t.equal(await inject({ from: 'cross-site', by: 'form', to: plain }), 403)
  t.equal(await inject({ from: 'cross-site', by: 'form', to: plain, referrerPolicy: 'no-referrer' }), 403)
  t.equal(await inject({ from: 'same-site', by: 'fetch-no-cors', engine: 'firefox' }), 403)
  t.equal(await inject({ from: 'sandboxed-frame', by: 'beacon', engine: 'webkit' }), 403)
  t.equal(await inject({ from: 'own-sandboxed-frame', by: 'form' }), 403)
  t.equal(await inject({ from: 'same-origin', by: 'form', to: plain, referrerPolicy: 'no-referrer' }), 403, 'README, hints')
  t.equal(app.ran, 0)
  t.equal(await inject({ from: 'same-origin', by: 'form' }), 200)
  t.equal(await inject({ from: 'same-origin', by: 'form', to: plain }), 200)
  t.equal(await inject({ from: 'same-origin', by: 'form', referrerPolicy: 'no-referrer' }), 200)
  t.equal(await inject({ from: 'same-origin', by: 'websocket' }), 200)
  t.equal(await inject({ from: 'cross-site', by: 'link' }), 200)
})

t.test('a partner\'s page', async t => {
  const app = await protectedApp(t, { allowedOrigins: ['https://partner.example'] })
  app.addContentTypeParser('*', async () => undefined)
  for (const [origin, status] of [['https://other.example', 403], ['https://partner.example', 200]] as const) {
    t.equal((await app.inject({ url: '/', payload: 'amount=100', ...browserRequest({ from: 'cross-site', by: 'form', origin }) })).statusCode, status, origin)
  }
})

t.test('is as it was sent', async t => {
  t.same(browserRequest({ from: 'cross-site', by: 'form' }), {
    method: 'POST',
    headers: {
      host: 'localhost',
      origin: 'https://other.example',
      referer: 'https://other.example/',
      'content-type': 'application/x-www-form-urlencoded',
      'sec-fetch-site': 'cross-site',
      'sec-fetch-mode': 'navigate',
      'sec-fetch-dest': 'document'
    }
  })
  t.same(browserRequest({ from: 'same-origin', by: 'websocket', to: 'https://app.example:8443' }), {
    method: 'GET', headers: { host: 'app.example:8443', origin: 'https://app.example:8443', upgrade: 'websocket' }
  }, 'Chromium says nothing of sites in a handshake')
  t.match(browserRequest({ from: 'same-site', by: 'xhr-preflight', engine: 'webkit' }), {
    method: 'DELETE', headers: { origin: 'https://localhost:8443', 'sec-fetch-site': 'same-site' }
  })
  t.match(browserRequest({ from: 'same-site', by: 'form', to: 'http://localhost:3000' }).headers, { origin: 'http://localhost:3001' })
})

t.test('Fetch Metadata by the application\'s origin', async t => {
  for (const [to, site] of [
    ['https://app.example', 'cross-site'], ['http://localhost:3000', 'cross-site'], ['http://a.localhost', 'cross-site'],
    ['http://a.b.localhost', 'cross-site'], ['http://127.0.0.1', 'cross-site'], ['http://127.100.20.30', 'cross-site'], ['http://[::1]:3000', 'cross-site'],
    ['http://app.example', undefined], ['http://127.0.0.1.example', undefined], ['http://localhost.example', undefined],
    ['http://notlocalhost', undefined]
  ] as const) {
    t.equal(browserRequest({ from: 'cross-site', by: 'form', to }).headers['sec-fetch-site'], site, to)
  }
})

t.test('origins as browsers write them, and headers of the test\'s own', async t => {
  t.match(browserRequest({
    from: 'cross-site', by: 'form', to: 'https://App.example:443/', origin: 'https://Partner.example/', headers: { cookie: 'session=1', 'content-type': 'text/plain' }
  }).headers, { host: 'app.example', origin: 'https://partner.example', cookie: 'session=1', 'content-type': 'text/plain' })
})

t.test('nothing is left of the laboratory', async t => {
  for (const [name, { fetchMetadata }] of Object.entries(sent)) {
    const [from, referrerPolicy] = name.split(', ') as [BrowserRequestInitiator, 'no-referrer'?]
    for (const [by, [chromium]] of Object.entries(fetchMetadata)) {
      if (chromium === null) continue
      const text = JSON.stringify(browserRequest({ from, by: by as BrowserRequestVehicle, ...(referrerPolicy && { referrerPolicy }) }))
      if (/[{](?:to|from)[}]|:300\d|\.test/.test(text)) t.fail(text)
    }
  }
})

t.test('what a browser does not send, and what is not on record', async t => {
  const cases: Array<[options: object, message: string]> = [
    [{ by: 'ping', engine: 'firefox' }, 'firefox does not send "ping" from "cross-site"'],
    [{ by: 'fetch-same-origin' }, 'chromium does not send "fetch-same-origin" from "cross-site"'],
    [{ by: 'carrier-pigeon' }, 'nothing is recorded of "carrier-pigeon" from "cross-site" in "chromium"'],
    [{ by: 'constructor' }, 'nothing is recorded of "constructor" from "cross-site" in "chromium"'],
    [{ by: 'form', engine: 'lynx' }, 'nothing is recorded of "form" from "cross-site" in "lynx"'],
    [{ by: 'form', from: 'constructor' }, 'nothing is recorded of "form" from "constructor" in "chromium"'],
    [{ by: 'form', from: 'same-site', referrerPolicy: 'no-referrer' }, 'nothing is recorded of "form" from "same-site" in "chromium"'],
    [{ by: 'form', to: 'localhost' }, 'to is "localhost", which is no origin of http or https'],
    [{ by: 'form', to: 'web+http://localhost' }, 'to is "web+http://localhost", which is no origin of http or https'],
    [{ by: 'form', to: 'capacitor://localhost' }, 'to is "capacitor://localhost", which is no origin of http or https'],
    [{ by: 'form', origin: 'null' }, 'origin is "null", which is no origin of http or https'],
    [{ by: 'form', origin: 'http://partner.example' }, 'nothing is recorded of pages of http: that send to https:: give origin and to one scheme'],
    [{ by: 'form', from: 'same-origin', origin: 'https://app.example' }, 'the page is the application\'s own when from is "same-origin": leave origin out'],
    [{ by: 'form', from: 'own-sandboxed-frame', origin: 'https://other.example' }, 'the page is the application\'s own when from is "own-sandboxed-frame": leave origin out']
  ]
  for (const [options, message] of cases) {
    t.throws(() => browserRequest({ from: 'cross-site', ...options } as BrowserRequestOptions), new RangeError(message), JSON.stringify(options))
  }
})

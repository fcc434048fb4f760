import t from 'tap'
import { requests } from '../src/browser-requests.ts'
import { browserRequest, type BrowserRequestOptions } from '../src/testing.ts'
import { protectedApp } from './helpers/app.ts'

const plain = 'http://app.example'

t.test('returns what app.inject takes', async t => {
  const app = await protectedApp(t)
  app.addContentTypeParser('*', async () => undefined)
  const inject = async (options: BrowserRequestOptions) => (await app.inject({ url: '/transfer', payload: 'amount=100', ...browserRequest(options) })).statusCode
  t.equal(await inject({ from: 'cross-site', by: 'form' }), 403)
  t.equal(await inject({ from: 'cross-site', by: 'form', to: plain }), 403)
  t.equal(await inject({ from: 'cross-site', by: 'form', to: plain, referrerPolicy: 'no-referrer' }), 403)
  t.equal(await inject({ from: 'same-site', by: 'fetch-no-cors', engine: 'firefox' }), 403)
  t.equal(await inject({ from: 'sandboxed-frame', by: 'beacon', engine: 'webkit' }), 403)
  t.equal(await inject({ from: 'own-sandboxed-frame', by: 'form' }), 403)
  t.equal(await inject({ from: 'own-data-frame', by: 'form' }), 403)
  t.equal(await inject({ from: 'data-frame', by: 'form', to: plain }), 403)
  t.equal(await inject({ from: 'cross-site', by: 'form', crossSiteRedirect: 307 }), 403)
  t.equal(await inject({ from: 'same-origin', by: 'form', crossSiteRedirect: 308 }), 403)
  t.equal(await inject({ from: 'same-origin', by: 'form', to: plain, referrerPolicy: 'no-referrer' }), 403, 'README, hints')
  t.equal(app.ran, 0)
  t.equal(await inject({ from: 'same-origin', by: 'form' }), 200)
  t.equal(await inject({ from: 'same-origin', by: 'form', to: plain }), 200)
  t.equal(await inject({ from: 'same-origin', by: 'form', referrerPolicy: 'no-referrer' }), 200)
  t.equal(await inject({ from: 'same-origin', by: 'websocket' }), 200)
  t.equal(await inject({ from: 'cross-site', by: 'form', crossSiteRedirect: 302 }), 200, 'it has become a GET')
  t.equal(await inject({ from: 'cross-site', by: 'link' }), 200)
})

t.test('a partner\'s page', async t => {
  const app = await protectedApp(t, { allowedOrigins: ['https://partner.example'] })
  app.addContentTypeParser('*', async () => undefined)
  for (const [origin, status] of [['https://other.example', 403], ['https://partner.example', 200]] as const) {
    t.equal((await app.inject({ url: '/', payload: 'amount=100', ...browserRequest({ from: 'cross-site', by: 'form', origin }) })).statusCode, status, origin)
  }
})

t.test('an http page that sends to an https application is cross-site, even on the same host', async t => {
  const app = await protectedApp(t, { allowedOrigins: ['http://partner.example'] })
  app.addContentTypeParser('*', async () => undefined)
  for (const [origin, status] of [['http://app.example', 403], ['http://evil.example', 403], ['http://partner.example', 200]] as const) {
    const request = browserRequest({ from: 'cross-site', by: 'form', origin, to: 'https://app.example' })
    t.match(request.headers, { host: 'app.example', origin, referer: `${origin}/`, 'sec-fetch-site': 'cross-site' })
    t.equal((await app.inject({ url: '/', payload: 'amount=100', ...request })).statusCode, status, origin)
  }
  t.equal(app.ran, 1)
})

t.test('requests are as browsers sent them', async t => {
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
  }, 'Chromium sends no Sec-Fetch-Site with a handshake')
  t.match(browserRequest({ from: 'same-site', by: 'xhr-preflight', engine: 'webkit' }), {
    method: 'DELETE', headers: { origin: 'https://localhost:8443', 'sec-fetch-site': 'same-site' }
  })
  t.same(browserRequest({ from: 'cross-site', by: 'fetch-preflight', crossSiteRedirect: 307, engine: 'webkit' }), {
    method: 'PUT', headers: { host: 'localhost', origin: 'https://other.example', referer: 'https://other.example/', 'content-type': 'application/json' }
  }, 'WebKit sends no Sec-Fetch-Site with a redirected CORS request')
  t.match(browserRequest({ from: 'same-origin', by: 'fetch-cors', crossSiteRedirect: 307, to: 'https://app.example' }).headers, {
    origin: 'null', referer: 'https://app.example/', 'sec-fetch-site': 'cross-site'
  })
  t.match(browserRequest({ from: 'own-data-frame', by: 'image' }).headers, { origin: 'null', 'sec-fetch-site': 'cross-site', referer: undefined })
  t.match(browserRequest({ from: 'data-frame', by: 'image' }).headers, { origin: undefined, 'sec-fetch-site': 'cross-site', referer: undefined })
  t.match(browserRequest({ from: 'same-site', by: 'form', to: 'http://localhost:3000' }).headers, { origin: 'http://localhost:3001' })
})

t.test('an extension sends its own origin, and its permission decides what the browser says of the site', async t => {
  const sent = (options: Partial<BrowserRequestOptions>) => browserRequest({ from: 'extension', by: 'fetch-cors-credentials', ...options }).headers
  t.match(sent({}), { origin: /^chrome-extension:\/\/[a-p]{32}$/, 'sec-fetch-site': 'none' })
  t.match(sent({ from: 'extension-without-permission' }), { origin: /^chrome-extension:/, 'sec-fetch-site': 'cross-site' })
  t.match(sent({ engine: 'firefox' }), { origin: /^moz-extension:/, 'sec-fetch-site': 'same-origin' })
  t.match(sent({ to: plain, origin: 'chrome-extension://ponmlkjihgfedcbaponmlkjihgfedcba' }), {
    host: 'app.example', origin: 'chrome-extension://ponmlkjihgfedcbaponmlkjihgfedcba', 'sec-fetch-site': undefined
  })
  const app = await protectedApp(t)
  app.addContentTypeParser('*', async () => undefined)
  t.equal((await app.inject({ url: '/transfer', payload: 'x', ...browserRequest({ from: 'extension', by: 'fetch-cors-credentials' }) })).statusCode, 403)
  t.equal(app.ran, 0)
})

t.test('what workers send, and what the browser sends by itself', async t => {
  t.match(browserRequest({ from: 'same-origin', by: 'worker-fetch' }), { method: 'POST', headers: { origin: 'https://localhost', referer: 'https://localhost/worker.js', 'sec-fetch-site': 'same-origin' } })
  t.match(browserRequest({ from: 'cross-site', by: 'service-worker-fetch', engine: 'firefox' }).headers, { origin: 'https://other.example', 'sec-fetch-site': 'cross-site' })
  t.match(browserRequest({ from: 'same-origin', by: 'data-worker-fetch' }).headers, { origin: 'null', 'sec-fetch-site': 'cross-site' })
  t.match(browserRequest({ from: 'same-origin', by: 'report-csp-uri' }), { method: 'POST', headers: { 'content-type': 'application/csp-report', 'sec-fetch-dest': 'report' } })
  t.match(browserRequest({ from: 'same-site', by: 'prefetch' }), { method: 'GET', headers: { 'sec-fetch-site': 'same-site' } })
})

t.test('Fetch Metadata depends on the application\'s origin', async t => {
  for (const [to, site] of [
    ['https://app.example', 'cross-site'], ['http://localhost:3000', 'cross-site'], ['http://a.localhost', 'cross-site'],
    ['http://a.b.localhost', 'cross-site'], ['http://127.0.0.1', 'cross-site'], ['http://127.100.20.30', 'cross-site'], ['http://[::1]:3000', 'cross-site'],
    ['http://app.example', undefined], ['http://127.0.0.1.example', undefined], ['http://localhost.example', undefined],
    ['http://notlocalhost', undefined]
  ] as const) {
    t.equal(browserRequest({ from: 'cross-site', by: 'form', to }).headers['sec-fetch-site'], site, to)
  }
})

t.test('origins are written as browsers write them, and tests can add headers', async t => {
  t.match(browserRequest({
    from: 'cross-site', by: 'form', to: 'https://App.example:443/', origin: 'https://Partner.example/', headers: { cookie: 'session=1', 'content-type': 'text/plain' }
  }).headers, { host: 'app.example', origin: 'https://partner.example', cookie: 'session=1', 'content-type': 'text/plain' })
})

t.test('no host or address of the browser tests is left in the data', async t => {
  t.notMatch(JSON.stringify(requests), /https?:|localhost|127\.|\.test|:\d/)
})

t.test('pages of the same site', async t => {
  for (const [to, origin] of [
    ['https://app.example.com', 'https://example.com'], ['https://app.example.com', 'https://a.b.example.com:8443'],
    ['https://app.1.example.com', 'https://app.2.example.com'], ['http://127.0.0.1:3000', 'http://127.0.0.1:3001']
  ] as const) {
    t.equal(browserRequest({ from: 'same-site', by: 'form', to, origin }).headers.origin, origin, `${origin} to ${to}`)
  }
})

t.test('throws for what a browser does not send, and for what was not recorded', async t => {
  const cases: Array<[options: object, message: string]> = [
    [{ by: 'ping', engine: 'firefox' }, 'firefox does not send "ping" from "cross-site"'],
    [{ by: 'fetch-same-origin' }, 'chromium does not send "fetch-same-origin" from "cross-site"'],
    [{ by: 'carrier-pigeon' }, 'nothing is recorded of "carrier-pigeon" from "cross-site" in "chromium"'],
    [{ by: 'constructor' }, 'nothing is recorded of "constructor" from "cross-site" in "chromium"'],
    [{ by: 'form', engine: 'lynx' }, 'nothing is recorded of "form" from "cross-site" in "lynx"'],
    [{ by: 'form', from: 'constructor' }, 'nothing is recorded of "form" from "constructor" in "chromium"'],
    [{ by: 'form', from: 'same-site', referrerPolicy: 'no-referrer' }, 'nothing is recorded of "form" from "same-site, no-referrer" in "chromium"'],
    [{ by: 'form', from: 'sandboxed-frame', crossSiteRedirect: 307 }, 'nothing is recorded of "form" from "sandboxed-frame, redirected with 307" in "chromium"'],
    [{ by: 'form', crossSiteRedirect: 303 }, 'nothing is recorded of "form" from "cross-site, redirected with 303" in "chromium"'],
    [{ by: 'websocket', crossSiteRedirect: 307 }, 'nothing is recorded of "websocket" from "cross-site, redirected with 307" in "chromium"'],
    [{ by: 'fetch-same-origin', from: 'same-origin', crossSiteRedirect: 307 }, 'chromium does not send "fetch-same-origin" from "same-origin, redirected with 307"'],
    [{ by: 'form', to: 'localhost' }, 'to is "localhost", which is not an http or https origin'],
    [{ by: 'form', to: 'web+http://localhost' }, 'to is "web+http://localhost", which is not an http or https origin'],
    [{ by: 'form', to: 'capacitor://localhost' }, 'to is "capacitor://localhost", which is not an http or https origin'],
    [{ by: 'form', origin: 'null' }, 'origin is "null", which is not an http or https origin'],
    [{ by: 'form', from: 'same-site', origin: 'http://localhost:3001' }, 'nothing is recorded of "form" from "same-site, http to https" in "chromium"'],
    [{ by: 'form', origin: 'http://partner.example', referrerPolicy: 'no-referrer' }, 'nothing is recorded of "form" from "cross-site, http to https, no-referrer" in "chromium"'],
    [{ by: 'form', origin: 'https://partner.example', to: plain }, 'nothing is recorded of "form" from "cross-site, https to http" in "chromium"'],
    [{ by: 'form', from: 'same-origin', origin: 'https://app.example' }, 'the page is the application\'s own when from is "same-origin": leave origin out'],
    [{ by: 'form', from: 'own-data-frame', origin: 'https://other.example' }, 'the page is the application\'s own when from is "own-data-frame": leave origin out'],
    [{ by: 'form', origin: 'https://localhost' }, 'origin is "https://localhost", the application\'s own: from is "same-origin" then'],
    [{ by: 'form', from: 'same-site', origin: 'https://localhost:443' }, 'origin is "https://localhost:443", the application\'s own: from is "same-origin" then'],
    [{ by: 'form', from: 'same-site', origin: 'https://evil.example' }, 'origin is "https://evil.example", of another site than https://localhost: from is "cross-site" then'],
    [{ by: 'form', from: 'same-site', to: 'https://app.example.com', origin: 'https://app.example.org' }, 'origin is "https://app.example.org", of another site than https://app.example.com: from is "cross-site" then'],
    [{ by: 'form', from: 'same-site', to: 'https://app.example.com', origin: 'https://app.other.com' }, 'origin is "https://app.other.com", of another site than https://app.example.com: from is "cross-site" then'],
    [{ by: 'form', from: 'same-site', to: 'https://app.example.com', origin: 'https://app.exampleco.m' }, 'origin is "https://app.exampleco.m", of another site than https://app.example.com: from is "cross-site" then'],
    [{ by: 'form', from: 'same-site', to: 'http://127.0.0.11:3000', origin: 'http://10.0.0.11:3000' }, 'origin is "http://10.0.0.11:3000", of another site than http://127.0.0.11:3000: from is "cross-site" then'],
    [{ by: 'form', from: 'same-site', to: 'http://[::1]', origin: 'http://[::2]' }, 'origin is "http://[::2]", of another site than http://[::1]: from is "cross-site" then'],
    [{ by: 'fetch-get', from: 'extension', engine: 'webkit' }, 'webkit does not send "fetch-get" from "extension"'],
    [{ by: 'form', from: 'extension' }, 'nothing is recorded of "form" from "extension" in "chromium"'],
    [{ by: 'fetch-get', from: 'extension', origin: 'xchrome-extension://a' }, 'origin is "xchrome-extension://a", which is no origin of an extension'],
    [{ by: 'fetch-get', from: 'extension', origin: 'chrome-extension://a/b' }, 'origin is "chrome-extension://a/b", which is no origin of an extension'],
    [{ by: 'fetch-get', from: 'extension', origin: 'https://other.example' }, 'origin is "https://other.example", which is no origin of an extension'],
    [{ by: 'prefetch', engine: 'webkit' }, 'webkit does not send "prefetch" from "cross-site"'],
    [{ by: 'worker-fetch', from: 'sandboxed-frame' }, 'nothing is recorded of "worker-fetch" from "sandboxed-frame" in "chromium"'],
    [{ by: 'form', from: 'own-sandboxed-frame', origin: 'https://other.example' }, 'the page is the application\'s own when from is "own-sandboxed-frame": leave origin out']
  ]
  for (const [options, message] of cases) {
    t.throws(() => browserRequest({ from: 'cross-site', ...options } as BrowserRequestOptions), new RangeError(message), JSON.stringify(options))
  }
})

t.test('an Origin that is written by hand is compared with the Host that is sent, which is localhost:80 by itself', async t => {
  const app = await protectedApp(t)
  const rows: Array<[headers: Record<string, string>, status: number]> = [
    [{ origin: 'https://app.example' }, 403],
    [{ origin: 'http://localhost:3000' }, 403],
    [{ origin: 'https://evil.example', host: 'app.example' }, 403],
    [{ origin: 'https://app.example', host: 'app.example' }, 200],
    [{ origin: 'http://localhost' }, 200]
  ]
  for (const [headers, status] of rows) {
    app.ran = 0
    t.equal((await app.inject({ method: 'POST', url: '/transfer', headers })).statusCode, status, JSON.stringify(headers))
    t.equal(app.ran, status === 200 ? 1 : 0)
  }
})

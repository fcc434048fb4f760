// Replays every request that a real browser sent in the browser tests: the outcome here, without a browser, is the same as
// there. Also checks that the testing entry point returns the recorded requests unchanged.
import { readFileSync } from 'node:fs'
import t from 'tap'
import type { Recorded } from '../browsers/records.ts'
import { emptyApp } from '../helpers/app.ts'
import crossOriginProtection from '../../src/index.ts'
import { browserRequest, type BrowserEngine, type BrowserRequestOptions, type BrowserRequestVehicle } from '../../src/testing.ts'

const { requests, rows }: Recorded = JSON.parse(readFileSync(new URL('../browser-requests.json', import.meta.url), 'utf8'))

t.test('every recorded request', async t => {
  const app = emptyApp(t)
  await app.register(crossOriginProtection, { allowedOrigins: ['http://127.0.0.1:3002', 'http://evil.test:3002', 'https://evil.test:3445'], denialLogLevel: 'silent' })
  // The record does not contain the bodies.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', async () => undefined)
  const handler = async () => { app.ran++ }
  app.route({ method: ['POST', 'PUT', 'DELETE'], url: '/transfer', handler })
  app.get('/transfer', async () => 'no state changes by GET')
  app.get('/socket', handler)
  for (const safeMethods of ['isolate', 'check'] as const) {
    app.get(`/${safeMethods}`, { config: { crossOriginProtection: { safeMethods } } }, handler)
  }

  const known = new Map<string, boolean>()
  const runs = async (index: number, url: string) => {
    const key = `${index} ${url}`
    if (!known.has(key)) {
      const before = app.ran
      await app.inject({ url, ...requests[index]! as { method: 'POST', headers: Record<string, string> } })
      known.set(key, app.ran > before)
    }
    return known.get(key)
  }

  for (const initiator of new Set(rows.map(({ initiator }) => initiator))) {
    await t.test(initiator, async t => {
      for (const { vehicle, route, sent, ran } of rows.filter(row => row.initiator === initiator)) {
        for (const [engine, index] of Object.entries(sent)) {
          if (index === null) continue
          const url = `/${route ?? (vehicle.endsWith('websocket') ? 'socket' : 'transfer')}`
          t.equal(await runs(index, url), ran.includes(engine as 'chromium'), `${engine} ${vehicle} ${route ?? ''}`.trim())
        }
      }
    })
  }
  t.ok(known.size > 400, 'none is left out')
})

// The origins in the record: on loopback, over plain HTTP, and over HTTPS.
const laboratories = [
  { prefix: '', to: 'http://localhost:3000', sameSite: 'http://localhost:3001', crossSite: 'http://127.0.0.1:3001', partner: 'http://127.0.0.1:3002' },
  { prefix: 'plain HTTP: ', to: 'http://app.test:3000', sameSite: 'http://sub.app.test:3001', crossSite: 'http://evil.test:3001', partner: 'http://evil.test:3002' },
  { prefix: 'HTTPS: ', to: 'https://app.test:3443', sameSite: 'https://sub.app.test:3444', crossSite: 'https://evil.test:3444', partner: 'https://evil.test:3445' }
]

/** The options with which the testing entry point returns the requests of each initiator. */
const asked = Object.assign({}, ...laboratories.map(({ prefix, to, sameSite, crossSite, partner }) => {
  const own = { to, from: 'same-origin' }
  const other = { to, from: 'cross-site', origin: crossSite }
  const asked = {
    'own page': own,
    'own page, no-referrer': { ...own, referrerPolicy: 'no-referrer' },
    'sandboxed frame in own page': { to, from: 'own-sandboxed-frame' },
    'data: frame in own page': { to, from: 'own-data-frame' },
    'same site': { to, from: 'same-site', origin: sameSite },
    partner: { ...other, origin: partner },
    'other site': other,
    'other site, no-referrer': { ...other, referrerPolicy: 'no-referrer' },
    'other site, sandboxed frame': { ...other, from: 'sandboxed-frame' },
    'other site, data: frame': { ...other, from: 'data-frame' },
    'other site over HTTP': { ...other, origin: 'http://evil.test:3001' },
    extension: { to, from: 'extension' },
    'extension-without-permission': { to, from: 'extension-without-permission' },
    'the bank over HTTP': { ...other, origin: 'http://app.test:3000' },
    // After the application's own redirects, requests are the same as without a redirect.
    'own page, own 307': own,
    'own page, own 308': own,
    ...Object.fromEntries([302, 307, 308].flatMap(status => [
      [`other site, its ${status}`, { ...other, crossSiteRedirect: status }],
      [`own page, there and back by ${status}`, { ...own, crossSiteRedirect: status }]
    ]))
  }
  return Object.fromEntries(Object.entries(asked).map(([name, options]) => [prefix + name, options]))
})) as Readonly<Record<string, BrowserRequestOptions>>

t.test('the testing entry point returns each request as recorded', async t => {
  let given = 0
  for (const { initiator, vehicle, sent } of rows) {
    const options = asked[initiator]
    if (options === undefined) continue
    for (const [engine, index] of Object.entries(sent)) {
      const ask = () => browserRequest({ ...options, by: vehicle as BrowserRequestVehicle, engine: engine as BrowserEngine })
      if (index === null) t.throws(ask, new RangeError(`${engine} does not send "${vehicle}"`), `${engine}, ${initiator}: ${vehicle}`)
      else t.same(ask(), requests[index], `${engine}, ${initiator}: ${vehicle}`)
      given++
    }
  }
  t.ok(given > 5000, 'none is left out')
})

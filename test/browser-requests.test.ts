// Every request that a real browser sent in the browser tests, sent again: what became of it there becomes of
// it here, without a browser.
import { readFileSync } from 'node:fs'
import t from 'tap'
import type { Recorded } from './browsers/records.ts'
import { emptyApp } from './helpers/app.ts'
import crossOriginProtection from '../src/index.ts'

const { requests, rows }: Recorded = JSON.parse(readFileSync(new URL('browser-requests.json', import.meta.url), 'utf8'))

t.test('all of them', async t => {
  const app = emptyApp(t)
  await app.register(crossOriginProtection, { allowedOrigins: ['http://127.0.0.1:3002', 'http://evil.test:3002', 'https://evil.test:3445'], denialLogLevel: 'silent' })
  // What is in the bodies is not on record.
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
          const url = `/${route ?? (vehicle === 'websocket' ? 'socket' : 'transfer')}`
          t.equal(await runs(index, url), ran.includes(engine as 'chromium'), `${engine} ${vehicle} ${route ?? ''}`.trim())
        }
      }
    })
  }
  t.ok(known.size > 400, 'none is left out')
})

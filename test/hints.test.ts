// Each hint is provoked by its misconfiguration, and is silent where it would mislead.
import type { InjectOptions } from 'fastify'
import t, { type Test } from 'tap'
import { hints } from '../src/hints.ts'
import crossOriginProtection, { type CrossOriginProtectionOptions } from '../src/index.ts'
import { countAll, emptyApp } from './helpers/app.ts'
import { captureLog } from './helpers/log.ts'

type Headers = NonNullable<InjectOptions['headers']>

/** The hint in the log line of a denied POST. */
async function hintFor (t: Test, headers: Headers, options: CrossOriginProtectionOptions = {}): Promise<unknown> {
  const { lines, logger } = captureLog('warn')
  const app = emptyApp(t, { logger })
  await app.register(crossOriginProtection, options)
  countAll(app)
  t.equal((await app.inject({ method: 'POST', url: '/', headers })).statusCode, 403)
  return lines[0]!.hint
}

const partner = { allowedOrigins: ['https://partner.example', 'https://*.tenants.example:8443', 'http://[::1]:9000'] }

const cases: Array<[name: string, headers: Headers, options: CrossOriginProtectionOptions, hint: string | undefined]> = [
  ['an ordinary attack', { host: 'app.example', 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }, partner, undefined],
  ['an attack without Origin', { host: 'app.example', 'sec-fetch-site': 'cross-site' }, partner, undefined],
  ['a malformed Origin', { host: 'app.example', origin: 'evil' }, partner, undefined],
  ['nothing at all', { host: 'app.example' }, { allowUnverifiableRequests: false }, undefined],

  ['a proxy that changes Host', { host: 'backend:8080', origin: 'https://app.example', 'x-forwarded-host': 'app.example' }, {}, hints.rewrittenHost],
  ['a proxy in front of an attack', { host: 'backend:8080', origin: 'https://evil.example', 'x-forwarded-host': 'app.example' }, {}, undefined],

  ['an http page to https, behind a proxy that forwards', { host: 'app.example', 'sec-fetch-site': 'cross-site', origin: 'https://evil.example', 'x-forwarded-host': 'evil.example' }, {}, undefined],

  ['127.0.0.1 to localhost', { host: 'localhost:3000', 'sec-fetch-site': 'cross-site', origin: 'http://127.0.0.1:3000' }, {}, hints.loopbackNames],
  ['localhost to [::1], without Fetch Metadata', { host: '[::1]:3000', origin: 'http://localhost:3000' }, {}, hints.loopbackNames],
  ['localhost to 127.0.0.1 on the default port', { host: '127.0.0.1', 'sec-fetch-site': 'cross-site', origin: 'http://localhost' }, {}, hints.loopbackNames],
  ['localhost to another port of 127.0.0.1, which would be denied anyway', { host: '127.0.0.1:3000', 'sec-fetch-site': 'cross-site', origin: 'http://localhost:5173' }, {}, undefined],
  ['another host to localhost', { host: 'localhost:3000', 'sec-fetch-site': 'cross-site', origin: 'http://localhost.evil.example:3000' }, {}, undefined],
  ['a scheme that ends in http to localhost', { host: 'localhost', origin: 'web+http://127.0.0.1' }, {}, undefined],
  ['another scheme to localhost', { host: 'localhost', origin: 'capacitor://localhost' }, {}, undefined],

  ['a page with Referrer-Policy: no-referrer over plain HTTP', { host: 'app.example', origin: 'null' }, {}, hints.noReferrer],
  ['a sandboxed frame that sends a referrer', { host: 'app.example', origin: 'null', referer: 'https://evil.example/' }, {}, undefined],
  ['null with Fetch Metadata', { host: 'app.example', origin: 'null', 'sec-fetch-site': 'cross-site' }, {}, undefined],

  ['a form of a page without referrer that the own service worker fetched again', { host: 'app.example', 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'empty', origin: 'null' }, {}, hints.resentNavigation],
  ['a form without Origin that it fetched again', { host: 'app.example', 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'empty' }, {}, hints.resentNavigation],
  ['a form whose Origin is none that it fetched again', { host: 'app.example', 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'empty', origin: 'evil' }, {}, hints.resentNavigation],
  ['a form of another site that it fetched again', { host: 'app.example', 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'empty', origin: 'https://evil.example' }, {}, hints.resentNavigation],

  ['the own page, which WebKit calls another site', { host: 'app.example', 'sec-fetch-site': 'cross-site', origin: 'https://app.example', 'x-forwarded-host': 'app.example' }, {}, hints.ownOrigin],
  ['the own page, which some browser calls nonsense', { host: 'app.example', 'sec-fetch-site': 'garbage', origin: 'https://app.example' }, {}, undefined],
  ['localhost to itself, which WebKit calls another site', { host: 'localhost:3000', 'sec-fetch-site': 'cross-site', origin: 'http://localhost:3000' }, {}, hints.ownOrigin],

  ['a listed origin under another scheme', { host: 'app.example', 'sec-fetch-site': 'cross-site', origin: 'http://partner.example' }, partner, hints.listedOtherwise],
  ['a listed origin on another port', { host: 'app.example', origin: 'https://partner.example:8443' }, partner, hints.listedOtherwise],
  ['a wildcard on another port', { host: 'app.example', origin: 'https://a.tenants.example' }, partner, hints.listedOtherwise],
  ['an IPv6 address on another port', { host: 'app.example', origin: 'http://[::1]:9001' }, partner, hints.listedOtherwise],
  ['the host of a wildcard, which it never covers', { host: 'app.example', origin: 'https://tenants.example:8443' }, partner, undefined],
  ['pages on another port of this host', { host: 'localhost:3000', 'sec-fetch-site': 'same-site', origin: 'http://localhost:5173' }, {}, hints.sameSite],
  ['pages on another subdomain', { host: 'api.example.com', 'sec-fetch-site': 'same-site', origin: 'https://app.example.com' }, partner, hints.sameSite],
  ['an image of another subdomain, which sends no Origin', { host: 'app.example', 'sec-fetch-site': 'same-site' }, {}, undefined],
  ['a subdomain of a listed origin', { host: 'app.example', origin: 'https://sub.partner.example' }, partner, undefined]
]

for (const [name, headers, options, hint] of cases) {
  t.test(name, async t => t.equal(await hintFor(t, headers, options), hint))
}

t.test('every hint is provoked above', async t => {
  t.same(new Set(cases.flatMap(([, , , hint]) => hint ?? [])), new Set(Object.values(hints)))
})

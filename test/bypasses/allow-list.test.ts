// Lists of allowed origins. An entry is a whole origin, or `https://*.host` for the subdomains of a host. There is no other
// pattern, so a list means what it says. Any other pattern that peers accept is an invalid option here.
import type { Test } from 'tap'
import crossOriginProtection, { type AllowedOrigin } from '../../src/index.ts'
import { countAll, emptyApp, protectedApp } from '../helpers/app.ts'
import { evil, own, ownOrigin, post, refuses, request, serves, suiteOf, type Attempt } from '../helpers/bypasses.ts'

const { bypass, isComplete } = suiteOf('allow-list')

const posts = (...origins: string[]): Attempt[] => origins.flatMap(origin => [
  [`${origin}, cross-site`, post('/', `Origin: ${origin}`, 'Sec-Fetch-Site: cross-site')],
  [`${origin}, without Fetch Metadata`, post('/', `Origin: ${origin}`)]
])

/** Asserts that the list allows the first origins and denies the others. */
async function allows (t: Test, allowedOrigins: AllowedOrigin[], { allowed, refused }: { allowed: string[], refused: string[] }): Promise<void> {
  const app = await protectedApp(t, { allowedOrigins })
  await refuses(t, app, posts(...refused))
  await serves(t, app, [...posts(...allowed), ['our own page', post('/', ...own)], ['our own page, without Fetch Metadata', post('/', ...ownOrigin)]])
}

/** Each entry stops the application from starting, both by itself and next to a valid one. */
async function refusesEntries (t: Test, entries: unknown[]): Promise<void> {
  for (const entry of entries) {
    for (const allowedOrigins of [[entry], ['https://partner.example', entry]]) {
      await t.rejects(async () => { await emptyApp(t).register(crossOriginProtection, { allowedOrigins } as never) }, { code: 'FST_CROSS_ORIGIN_INVALID_OPTION' }, String(entry))
    }
  }
}

bypass('CVE-2026-25479, GHSA-93ph-p7v4-hwh4', t => allows(t, ['https://example.com', 'https://*.shop.example.com'], {
  allowed: ['https://example.com', 'https://a.shop.example.com'],
  refused: ['https://exampleXcom', 'https://example-com', 'https://exampleacom', 'https://a.shopXexample.com', 'https://aXshop.example.com', 'https://a.shop-example.com', 'https://example.comm']
}))

bypass('CVE-2022-1996, GHSA-r48q-9g5r-8q2h', async t => {
  await refusesEntries(t, ['example.com', '.*', 'https://.*', 'https://.*.example.com', 'https://(a|b).example.com', '^https://example.com$', 'https://example\\.com', 'https://[a-z]+.example.com'])
  await allows(t, ['https://example.com'], {
    allowed: ['https://example.com'],
    refused: ['https://example.com.malicious.domain', 'https://malicious-example.com', 'https://www.example.com', 'https://example.com.']
  })
})

bypass('CVE-2019-25211, GHSA-869c-j7wc-8jqv', async t => {
  await refusesEntries(t, ['http://localhost/*', 'http://localhost*', 'http://localhost:*', 'https://example.com/*', 'https://example.*', 'https://example*'])
  await allows(t, ['http://localhost'], { allowed: ['http://localhost'], refused: ['http://localhost.example.com', 'http://localhost:3000', 'http://localhostile.example'] })
})

bypass('GHSA-vhxv-fg4m-p2w8, GHSA-v84h-653v-4pq9', t => allows(t, ['https://foo.com', 'https://bar.com', 'https://*.foo.example', 'https://*.bar.example', 'http://baz.com:8080'], {
  allowed: ['https://foo.com', 'https://bar.com', 'https://a.foo.example', 'https://a.bar.example', 'https://bar.foo.example', 'http://baz.com:8080'],
  refused: [
    'https://barfoo.com', 'https://foobar.com', 'https://foo.bar.com', 'https://foo.combar.com', 'https://foo.comhttps://bar.com', 'https://a.barfoo.example', 'https://foo.example', 'https://bar.example',
    'https://a.foo.com', 'https://foo.com:8080', 'https://baz.com', 'http://foo.com', 'https://baz.com:8080'
  ]
}))

bypass('expressjs/cors#408, #412', async t => {
  await refusesEntries(t, [/example\.com$/, /^https:\/\/example\.com$/, { test: () => true }, [/example\.com$/]])
  await allows(t, ['https://example.com', 'https://*.example.com'], {
    allowed: ['https://example.com', 'https://www.example.com'],
    refused: ['https://evil-example.com', 'https://evilexample.com', 'https://example.com.evil.example', 'https://evil.example/example.com', 'https://evil.example#example.com', 'https://evil.example?.example.com']
  })
})

bypass('medusajs/medusa#16417', async t => {
  await refusesEntries(t, [/app/g, /app/y, /app/gy])
  // The answer is the same every time.
  const app = await protectedApp(t, { allowedOrigins: ['https://partner.example', 'https://*.tenants.example', origin => origin === 'https://asked.example'] })
  for (let i = 0; i < 5; i++) {
    await refuses(t, app, posts('https://evil.example', 'https://tenants.example', 'https://notasked.example'))
    await serves(t, app, posts('https://partner.example', 'https://a.tenants.example', 'https://asked.example'))
  }
})

bypass('cyu/rack-cors#86', t => allows(t, ['https://example.com', 'https://*.partner.example'], {
  allowed: ['https://example.com', 'https://a.partner.example'],
  refused: ['https://example.com.random.example', 'https://example.com-random.example', 'https://a.partner.example.random.example', 'https://random.example:443:example.com', 'xhttps://example.com']
}))

bypass('GHSA-vp58-j275-797x', async t => {
  // A wildcard without a scheme is an invalid option.
  await refusesEntries(t, ['*.my-site.com', 'my-site.com', '//*.my-site.com', '*://*.my-site.com', '*'])
  await allows(t, ['https://*.my-site.com', 'https://trusted.com'], {
    allowed: ['https://a.my-site.com', 'https://trusted.com'],
    refused: [
      'https://trusted.com.evil.example', 'https://evil.example/.my-site.com', 'https://evil.example?.my-site.com', 'https://evil.example\\.my-site.com', 'https://evil.example#.my-site.com', 'https://evil.example@a.my-site.com',
      'https://a.my-site.com@evil.example', 'https://evil.example%2f.my-site.com', 'https://evil.example:443.my-site.com', 'https://my-site.com', 'http://a.my-site.com', 'https://a.my-site.com.evil.example', 'https://amy-site.com'
    ]
  })
})

bypass('better-auth#6904', async t => {
  await refusesEntries(t, ['https://app?.example', 'https://app%3f.example', 'https://app[xyz].example', 'https://{app,api}.example', 'https://app+.example', 'https://!app.example', 'https://app*.example', 'https://*app.example', 'https://a.*.example', 'https://*.*.example.com'])
  await allows(t, ['https://app.example.com'], { allowed: ['https://app.example.com'], refused: ['https://appX.example.com', 'https://appX.example', 'https://app?.example.com', 'https://apple.example.com'] })
})

bypass('remix-run/react-router#14708, #14722', async t => {
  await refusesEntries(t, ['*.partner.example', '**', '**.partner.example', 'https://**', 'https://**.partner.example', 'partner.example', 'partner.example:443'])
  await allows(t, ['https://*.partner.example'], {
    allowed: ['https://sub.partner.example', 'https://a.b.partner.example'],
    refused: ['http://sub.partner.example', 'https://sub.partner.example:8443', 'https://partner.example', 'ws://sub.partner.example']
  })
})

bypass('CVE-2023-49803, GHSA-qxrj-hx23-xp82', async t => {
  for (const options of [{}, { allowedOrigins: [] }, { allowedOrigins: undefined }, undefined]) {
    const app = emptyApp(t)
    await app.register(crossOriginProtection, options as object)
    countAll(app)
    await refuses(t, app, posts('https://evil.example', 'https://www.app.example', 'https://app.example:8443'))
    await refuses(t, app, [['our own origin, from what the browser calls another site', post('/', ...ownOrigin, 'Sec-Fetch-Site: cross-site')]])
    await serves(t, app, [['our own page', post('/', ...own)]])
  }
})

bypass('CVE-2026-54290, GHSA-88fw-hqm2-52qc', async t => {
  await refusesEntries(t, ['*', 'https://*', 'http://*', '*://*', 'https://*:443', 'https://*.', 'https://*.com', 'https://*.example'])
  const app = await protectedApp(t, { allowedOrigins: ['https://partner.example'], safeMethods: 'check' })
  await refuses(t, app, [
    ['GET with cookies', request('GET', '/api', ...evil, 'Cookie: session=1')],
    ['POST with cookies', post('/api', ...evil, 'Cookie: session=1')],
    ['POST from a page named *', post('/api', 'Origin: *', 'Sec-Fetch-Site: cross-site', 'Cookie: session=1')]
  ])
  await serves(t, app, [['GET with cookies from our own page', request('GET', '/api', ...own, 'Cookie: session=1')], ...posts('https://partner.example')])
})

isComplete()

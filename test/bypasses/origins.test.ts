// Origin headers that a parser would repair, shorten or fail on. No browser sends any of these from our own page; all of them must
// be refused without an exception.
import t, { type Test } from 'tap'
import type { CrossOriginProtectionOptions } from '../../src/index.ts'
import { protectedApp } from '../helpers/app.ts'
import { own, ownOrigin, post, refuses, serves, suiteOf, type Attempt } from '../helpers/bypasses.ts'

const { bypass, isComplete } = suiteOf('origins')

/** Sent with and without Fetch Metadata, because a cross-site request can still have an allowed Origin. */
const withOrigins = (...origins: string[]): Attempt[] => origins.flatMap(origin => [
  [`Origin: ${origin.slice(0, 60)}`, post('/transfer', `Origin: ${origin}`)],
  [`Origin: ${origin.slice(0, 60)}, cross-site`, post('/transfer', `Origin: ${origin}`, 'Sec-Fetch-Site: cross-site')]
])

const controls: Attempt[] = [['our own page', post('/transfer', ...own)], ['our own page, without Fetch Metadata', post('/transfer', ...ownOrigin)]]

/** Asserts that none of these origins passes, whatever is allowed, and that our own page and the allowed origins pass. */
async function refusesOrigins (t: Test, origins: string[], options: CrossOriginProtectionOptions = {}, served: Attempt[] = []): Promise<void> {
  const app = await protectedApp(t, options)
  await refuses(t, app, withOrigins(...origins))
  await serves(t, app, [...controls, ...served])
}

bypass('CVE-2025-24358, GHSA-rq77-p4h8-4crw', async t => {
  // Every test here shows that the check runs at all. Referer is not read: it neither helps nor hurts.
  const app = await protectedApp(t)
  await refuses(t, app, [
    ['an attacker with a subdomain', post('/', 'Origin: https://evil.app.example', 'Referer: https://evil.app.example/')],
    ['our own origin in Referer does not help', post('/', 'Origin: https://evil.example', 'Referer: https://app.example/')],
    ['behind a proxy that terminates TLS', post('/', 'Origin: https://evil.app.example', 'X-Forwarded-Proto: https')]
  ])
  await serves(t, app, [
    ...controls,
    ['another origin in Referer does not hurt', post('/', ...ownOrigin, 'Referer: https://evil.example/')],
    // Every browser since 2020 sends one of the two headers with a POST from another site. Other senders are programs.
    ['a request with only Referer passes', post('/', 'Referer: https://evil.app.example/')]
  ])
  const strict = await protectedApp(t, { allowUnverifiableRequests: false })
  await refuses(t, strict, [['a request with only Referer, where only browsers call', post('/', 'Referer: https://evil.app.example/')]])
  await serves(t, strict, controls)
})

bypass('CVE-2025-46721, GHSA-w9hf-35q4-vcjw', t => refusesOrigins(t, ['https://evil.example', 'http://evil.example', 'https://evil.app.example']))

bypass('react-router actions.ts', async t => {
  // A different port is always a different origin. Without Fetch Metadata, http and https are not distinguished, because Host has
  // no scheme; with it, they are. Sites close this gap with HSTS.
  await refusesOrigins(t, ['https://app.example:8443', 'http://app.example:8080', 'https://app.example:80', 'http://app.example:443'])
  const app = await protectedApp(t)
  await refuses(t, app, [['the http page of the same host', post('/', 'Origin: http://app.example', 'Sec-Fetch-Site: cross-site')]])
  await serves(t, app, [['the http page of the same host, without Fetch Metadata', post('/', 'Origin: http://app.example')]])
})

bypass('vercel/next.js#92703', t => refusesOrigins(t, [
  'http://', 'https://', 'http://[', 'http://]', 'http://[::1', 'http://[]', ':::', '://', 'http:', '//app.example', 'app.example', 'https//app.example', '%', '%00', 'https://%',
  'https://app.example:', 'https://app.example:99999', 'https://app.example:-1', 'https://app.example:1e3', 'https://:443', 'http://app.example:0443', '\\', '[object Object]', 'undefined',
  'x'.repeat(8192), `https://${'a'.repeat(8192)}`, `https://app.example:${'4'.repeat(8000)}`, `${'https://'.repeat(1000)}app.example`, `https://[${':'.repeat(8000)}]`, `${'a'.repeat(8000)}://app.example`
]))

bypass('CVE-2026-6322, GHSA-v39h-62p7-jpjc', t => refusesOrigins(t, [
  'http://app.example%40evil.example', 'https://app.example%40evil.example', 'https://app.example@evil.example', 'https://evil.example@app.example', 'https://user:password@app.example',
  'https://app.example%2Fevil.example', 'https://app.example%00.evil.example', 'https://app.example%2eevil.example', 'https://%61pp.example', 'https://app%2eexample', 'https://app.example%3A443'
]))

bypass('CVE-2026-18446, GHSA-7p8r-x3mc-p8w7', t => refusesOrigins(t, [
  'http:\\\\app.example', 'https:\\\\app.example', 'https:/\\app.example', 'https://app.example\\evil.example', 'https://evil.example\\app.example', 'https://evil.example\\.app.example', '\\\\app.example', 'https:\\app.example'
]))

bypass('better-auth#1158', t => refusesOrigins(t, [
  'https://trusted.com.malicious.com', 'https://trusted.com-malicious.com', 'https://trusted.community', 'https://trusted.com.', 'https://trusted.com:8443', 'https://trusted.com@malicious.com',
  'https://trusted.com/../malicious.com', 'https://malicious.com/?https://trusted.com', 'https://malicious.com#https://trusted.com', 'https://nottrusted.com', 'https://trusted.co', 'http://trusted.com',
  'https://malicious.com, https://trusted.com', 'https://trusted.com https://malicious.com'
], { allowedOrigins: ['https://trusted.com'] }, [['the trusted origin', post('/', 'Origin: https://trusted.com', 'Sec-Fetch-Site: cross-site')]]))

bypass('CVE-2026-55532, GHSA-pvph-5j39-v8qc', async t => {
  const app = await protectedApp(t, { allowedOrigins: ['http://localhost', 'http://127.0.0.1'] })
  const lines = ['POST /mcp HTTP/1.1', 'Host: 127.0.0.1:8080', 'Content-Type: text/plain']
  await refuses(t, app, [
    'http://localhost.attacker.com', 'http://127.0.0.1.evil.com', 'http://localhost-evil.com', 'http://127.0.0.1:9090', 'http://127.0.0.10', 'http://localhost:8080', 'https://localhost', 'http://localhost.', 'http://127.0.0.1.'
  ].map(origin => [origin, [...lines, `Origin: ${origin}`], { body: '{}' }]))
  await serves(t, app, [
    ['a listed origin', [...lines, 'Origin: http://localhost'], { body: '{}' }],
    ['our own page', [...lines, 'Origin: http://127.0.0.1:8080'], { body: '{}' }]
  ])
})

isComplete()

const ownHost = 'app.example:8443'

t.test('only our own Origin passes, whatever the Host', async t => {
  const app = await protectedApp(t, { allowedOrigins: ['https://partner.example', 'https://*.tenants.example', 'capacitor://localhost'] })
  const forms = [
    // Our own host, not written as a browser writes it.
    'https://app.example:8443/', 'https://app.example:8443?', 'https://app.example:8443#', 'https://app.example:08443', 'https://app.example:8443 x', 'https://app.example.:8443', 'https://app.example:8443.', 'https://app..example:8443',
    'https://[app.example]:8443', 'https://app\u00ad.example:8443', 'https://\uff41pp.example:8443', 'https://app%E3%80%82example:8443', 'ws://app.example:8443', 'wss://app.example:8443', 'ftp://app.example:8443', 'file://app.example:8443',
    'https:app.example:8443', 'https:/app.example:8443', 'https:///app.example:8443', 'https//app.example:8443', 'app.example:8443', '//app.example:8443', 'view-source:https://app.example:8443', 'blob:https://app.example:8443',
    // Other hosts and ports.
    'https://app.example', 'http://app.example', 'https://app.example:443', 'https://app.example:84430', 'https://app.example:844', 'https://xapp.example:8443', 'https://app.examplex:8443', 'https://pp.example:8443', 'https://example:8443',
    // Origins close to those on the list.
    'https://partner.example:8443', 'http://partner.example', 'https://sub.partner.example', 'https://partner.example.', 'https://tenants.example', 'https://.tenants.example', 'https://a..tenants.example', 'https://a.tenants.example:8443',
    'capacitor://localhost:8443', 'capacitor://localhost/', 'capacitor:localhost', 'ionic://localhost', 'http://localhost',
    // Values that are not origins.
    'null', 'NULL', 'nul', 'about:blank', 'about:srcdoc', 'data:text/html,x', 'javascript:alert(1)', 'file://', 'moz-extension://0', '*', '"https://app.example:8443"', '<https://app.example:8443>', '{}', '0', '-', '.', 'true', 'same-origin'
  ]
  await refuses(t, app, forms.flatMap(form => {
    const origin = Buffer.from(form).toString('latin1') // As UTF-8 bytes would arrive.
    return [undefined, 'cross-site', 'same-site', 'x'].map(site => [
      `${form}, Sec-Fetch-Site: ${site}`, ['POST / HTTP/1.1', `Host: ${ownHost}`, `Origin: ${origin}`, ...(site === undefined ? [] : [`Sec-Fetch-Site: ${site}`])]
    ] as Attempt)
  }))
  await serves(t, app, [`https://${ownHost}`, `http://${ownHost}`, `HTTPS://${ownHost.toUpperCase()}`, 'https://partner.example', 'https://PARTNER.example:443', 'https://a.b.tenants.example', 'capacitor://localhost'].map(origin => [
    origin, ['POST / HTTP/1.1', `Host: ${ownHost}`, `Origin: ${origin}`]
  ]))
})

t.test('no form of Host matches another origin', async t => {
  const app = await protectedApp(t)
  const hosts = ['', ':', ':443', '*', 'user@app.example', 'app.example@evil.example', 'evil.example, app.example', 'app.example evil.example', 'app.example/', 'app.example:443:443', 'https://app.example', '[', '[::1', 'app.example#', 'app.example?']
  await refuses(t, app, hosts.flatMap(host => ['https://evil.example', 'https://', `https://${host}`, host, 'null', 'https://app.example'].filter(origin => origin !== '').map(origin => [
    `Host: ${host}, Origin: ${origin}`, ['POST / HTTP/1.1', `Host: ${host}`, `Origin: ${origin}`]
  ] as Attempt)))
  await serves(t, app, ['app.example', 'APP.EXAMPLE', 'app.example:443'].map(host => [`Host: ${host}`, ['POST / HTTP/1.1', `Host: ${host}`, ...ownOrigin]]))
})

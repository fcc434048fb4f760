// Fetch Metadata that is missing, wrong or interpreted too generously. The plugin has an allow-list of its values, and uses
// Origin if it is missing.
import fastifyCors from '@fastify/cors'
import t, { type Test } from 'tap'
import crossOriginProtection, { crossOriginIsolation } from '../../src/index.ts'
import { countAll, emptyApp, protectedApp, type CountingApp } from '../helpers/app.ts'
import { evil, evilOrigin, own, ownOrigin, portOf, post, refuses, request, serves, suiteOf, type Attempt } from '../helpers/bypasses.ts'
import { sendRaw } from '../helpers/socket.ts'

const { bypass, isComplete } = suiteOf('fetch-metadata')

/** A request to a host to which browsers send no Fetch Metadata: over plain HTTP, and not on loopback. */
const plain = (method: string, target: string, ...lines: string[]) => [`${method} ${target} HTTP/1.1`, 'Host: 192.168.1.5:8080', ...lines]

bypass('CVE-2026-6402, GHSA-79cf-xcqc-c78w', async t => {
  const app = emptyApp(t)
  await app.register(crossOriginProtection)
  await app.register(crossOriginIsolation, { resourcePolicy: 'same-origin' })
  countAll(app)
  await refuses(t, app, ['POST', 'PUT', 'DELETE'].map(method => [`${method} from another site`, plain(method, '/', 'Origin: https://evil.example', 'Referer: https://evil.example/')]))
  await serves(t, app, [['POST from our own page', plain('POST', '/', 'Origin: http://192.168.1.5:8080')]])
  // A script tag sends neither header there, so no guard can detect it. But browsers obey CORP without Fetch Metadata.
  const { status, headers } = await sendRaw(await portOf(app), plain('GET', '/main.js', 'Referer: https://evil.example/'))
  t.equal(status, 200)
  t.equal(headers['cross-origin-resource-policy'], 'same-origin')
})

bypass('CVE-2025-30359, GHSA-4v9v-hfq4-rm2v', async t => {
  const get = (...lines: string[]) => ['GET /main.js HTTP/1.1', 'Host: localhost:8080', ...lines]
  const modes = ['no-cors', 'cors', 'same-origin', 'websocket', 'nested-navigate', '']
  const app = await protectedApp(t, { safeMethods: 'check' })
  await refuses(t, app, ['same-site', 'cross-site', 'cross-origin', 'x'].flatMap(site => [...modes, 'navigate'].map(mode => [
    `${site}, ${mode}`, get(`Sec-Fetch-Site: ${site}`, `Sec-Fetch-Mode: ${mode}`, 'Sec-Fetch-Dest: script')
  ] as Attempt)))
  await refuses(t, app, [['an address that is typed, which may be another site\'s and redirect here', get('Sec-Fetch-Site: none', 'Sec-Fetch-Mode: navigate')]])
  await serves(t, app, [['our own page', get('Sec-Fetch-Site: same-origin', 'Sec-Fetch-Mode: no-cors')]])

  // The Resource Isolation Policy trusts the application's own site, and lets other sites navigate.
  const isolated = await protectedApp(t, { safeMethods: 'isolate' })
  await refuses(t, isolated, [
    ...modes.map(mode => [`cross-site, ${mode}, isolated`, get('Sec-Fetch-Site: cross-site', `Sec-Fetch-Mode: ${mode}`, 'Sec-Fetch-Dest: script')] as Attempt),
    ['cross-site, no mode at all, isolated', get('Sec-Fetch-Site: cross-site')],
    ['a value that no browser sends, isolated', get('Sec-Fetch-Site: same', 'Sec-Fetch-Mode: navigate')],
    ['an object, isolated', get('Sec-Fetch-Site: cross-site', 'Sec-Fetch-Mode: navigate', 'Sec-Fetch-Dest: object')],
    ['an embed, isolated', get('Sec-Fetch-Site: cross-site', 'Sec-Fetch-Mode: navigate', 'Sec-Fetch-Dest: embed')]
  ])
  await serves(t, isolated, [
    ['same-site, isolated', get('Sec-Fetch-Site: same-site', 'Sec-Fetch-Mode: no-cors')],
    ['a link, isolated', get('Sec-Fetch-Site: cross-site', 'Sec-Fetch-Mode: navigate', 'Sec-Fetch-Dest: document')]
  ])
})

bypass('rails/rails#56350', async t => {
  const app = await protectedApp(t, { allowedOrigins: ['https://trusted.app.example'] })
  await refuses(t, app, [
    ['a sibling subdomain', post('/', 'Origin: https://sib.app.example', 'Sec-Fetch-Site: same-site')],
    ['another port', post('/', 'Origin: https://app.example:8443', 'Sec-Fetch-Site: same-site')],
    ['the http page of the host', post('/', 'Origin: http://app.example', 'Sec-Fetch-Site: same-site')],
    ['the parent domain', post('/', 'Origin: https://example', 'Sec-Fetch-Site: same-site')],
    ['a sibling that hides its origin', post('/', 'Origin: null', 'Sec-Fetch-Site: same-site')],
    ['a sibling without Origin', post('/', 'Sec-Fetch-Site: same-site')],
    ['a sibling without Fetch Metadata', post('/', 'Origin: https://sib.app.example')]
  ])
  await serves(t, app, [['our own page', post('/', ...own)], ['a sibling that is listed', post('/', 'Origin: https://trusted.app.example', 'Sec-Fetch-Site: same-site')]])
})

bypass('rails/rails#56580', async t => {
  const app = await protectedApp(t)
  const lan = (...lines: string[]) => ['POST / HTTP/1.1', 'Host: 192.168.1.5', ...lines]
  await refuses(t, app, [
    ['another device', lan('Origin: http://192.168.1.6')],
    ['another port of the device', lan('Origin: http://192.168.1.5:8080')],
    ['another site', lan('Origin: https://evil.example')],
    ['a longer address', lan('Origin: http://192.168.1.55')],
    ['the address as the beginning of a host name', lan('Origin: http://192.168.1.5.evil.example')],
    ['the same address as a number', lan('Origin: http://3232235781')]
  ])
  await serves(t, app, [['our own page', lan('Origin: http://192.168.1.5')], ['our own page over TLS', lan('Origin: https://192.168.1.5')]])
})

bypass('laravel/framework#59431', async t => {
  // A program can send any header, but has no victim's session. That is not a cross-site attack, and passes by design.
  const app = await protectedApp(t)
  await refuses(t, app, [['a browser on another site, whose header no page can set', post('/', ...evil)]])
  await serves(t, app, [['curl with the header that our own page sends', post('/', 'Sec-Fetch-Site: same-origin', 'User-Agent: curl/8.0')], ['curl with no header', post('/', 'User-Agent: curl/8.0')]])
  const browsersOnly = await protectedApp(t, { allowUnverifiableRequests: false })
  await refuses(t, browsersOnly, [['curl with no header, where only browsers call', post('/', 'User-Agent: curl/8.0')]])
  await serves(t, browsersOnly, [['our own page', post('/', ...own)]])
})

bypass('dotnet/aspnetcore#69345', async t => {
  for (const guardFirst of [true, false]) {
    const app = emptyApp(t)
    const cors = { origin: ['https://widget.example'], methods: ['GET', 'POST', 'PUT'] }
    if (guardFirst) await app.register(crossOriginProtection)
    await app.register(fastifyCors, cors)
    if (!guardFirst) await app.register(crossOriginProtection)
    app.route({ method: ['GET', 'POST', 'PUT'], url: '/', handler: async () => { app.ran++ } })
    await refuses(t, app, [
      ['POST from an origin that may read', post('/', 'Origin: https://widget.example', 'Sec-Fetch-Site: cross-site')],
      ['PUT from an origin that may read', request('PUT', '/', 'Origin: https://widget.example')]
    ])
    await serves(t, app, [['GET from an origin that may read', request('GET', '/', 'Origin: https://widget.example', 'Sec-Fetch-Site: cross-site')], ['POST from our own page', post('/', ...own)]])
    const { headers } = await sendRaw(await portOf(app), request('GET', '/', 'Origin: https://widget.example'))
    t.equal(headers['access-control-allow-origin'], 'https://widget.example', 'CORS is not affected')
  }
})

bypass('Mozilla bug 1647128', async t => {
  // If a browser wrongly sends same-origin, the plugin believes it: SameSite cookies are the second layer. Other wrong values are
  // refused, and a redirect through another site hides the origin.
  const app = await protectedApp(t)
  await refuses(t, app, [
    ['after a redirect from another site', post('/', ...evil)],
    ['after a redirect that hid the origin', post('/', 'Origin: null', 'Sec-Fetch-Site: cross-site')],
    ['after a redirect, without Fetch Metadata', post('/', 'Origin: null')],
    ['our own origin there and back', post('/', ...ownOrigin, 'Sec-Fetch-Site: cross-site')],
    ['a browser without Fetch Metadata', post('/', ...evilOrigin)]
  ])
  await serves(t, app, [['our own page', post('/', ...own)]])
})

bypass('Chromium sec_header_helpers', async t => {
  const extension = 'Origin: chrome-extension://abcdefghijklmnopabcdefghijklmnop'
  const app = await protectedApp(t)
  await refuses(t, app, [
    ['an extension without permission for the host', post('/', extension, 'Sec-Fetch-Site: cross-site')],
    ['an extension, without Fetch Metadata', post('/', extension)],
    ['a Firefox extension', post('/', 'Origin: moz-extension://0f8fad5b-d9cb-469f-a165-70867728950e', 'Sec-Fetch-Site: cross-site')],
    ['an extension with the name of our own host', post('/', 'Origin: chrome-extension://app.example')],
    ['an extension with permission for the host', post('/', extension, 'Sec-Fetch-Site: none')]
  ])
  await serves(t, app, [['our own page', post('/', ...own)]])

  const listed = await protectedApp(t, { allowedOrigins: [extension.slice(8)] })
  await refuses(t, listed, [['another extension', post('/', 'Origin: chrome-extension://ponmlkjihgfedcbaponmlkjihgfedcba', 'Sec-Fetch-Site: cross-site')]])
  await serves(t, listed, [
    ['the extension that is listed', post('/', extension, 'Sec-Fetch-Site: cross-site')],
    ['the same with permission for the host', post('/', extension, 'Sec-Fetch-Site: none')]
  ])
})

isComplete()

/** Every combination that a request can carry, compared with what the README says about it. */
t.test('all pairs of Sec-Fetch-Site and Origin', async t => {
  const app = await protectedApp(t, { allowedOrigins: ['https://partner.example'] })
  const strict = await protectedApp(t, { allowedOrigins: ['https://partner.example'], allowUnverifiableRequests: false })
  const sites = [undefined, '', 'same-origin', 'none', 'same-site', 'cross-site', 'x']
  const origins = [undefined, '', 'https://app.example', 'https://partner.example', 'https://evil.example', 'null', 'x']
  for (const site of sites) {
    for (const origin of origins) {
      const attempt: Attempt = [`Sec-Fetch-Site: ${site}, Origin: ${origin}`, post('/', ...line('Sec-Fetch-Site', site), ...line('Origin', origin))]
      await expect(t, app, attempt, isAllowed(site, origin))
      await expect(t, strict, attempt, (origin || (site && site !== 'none')) ? isAllowed(site, origin) : false)
    }
  }
})

const line = (name: string, value: string | undefined): string[] => value === undefined ? [] : [`${name}: ${value}`]

function isAllowed (site: string | undefined, origin: string | undefined): boolean {
  if (origin === 'https://partner.example') return true
  if (site && site !== 'none') return site === 'same-origin'
  return !origin || origin === 'https://app.example'
}

async function expect (t: Test, app: CountingApp, attempt: Attempt, isServed: boolean): Promise<void> {
  if (isServed) await serves(t, app, [attempt])
  else await refuses(t, app, [attempt])
}

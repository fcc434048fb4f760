// What arrives, and what the hint in the log leads to. An operator has only the log line.
import type { FastifyServerOptions, InjectOptions } from 'fastify'
import t, { type Test } from 'tap'
import { hints } from '../src/hints.ts'
import crossOriginProtection, { type CrossOriginProtectionOptions } from '../src/index.ts'
import { countAll, emptyApp } from './helpers/app.ts'
import { captureLog, type LogLine } from './helpers/log.ts'

type Headers = Record<string, string>

interface Row {
  name: string
  method?: 'GET' | 'POST'
  url?: string
  headers: Headers
  options?: CrossOriginProtectionOptions
  server?: FastifyServerOptions
  from?: string
  hint: keyof typeof hints | undefined
}

/** The log line and the error of a denial. */
async function denialOf (t: Test, { method = 'POST', url = '/x', headers, options = {}, server = {}, from }: Row): Promise<{ line: LogLine, error: { hint?: unknown } }> {
  const { lines, logger } = captureLog('warn')
  const app = emptyApp(t, { ...server, logger })
  let error: { hint?: unknown } = {}
  app.setErrorHandler(async (caught: { hint?: unknown, statusCode?: number }, _request, reply) => { error = caught; return reply.code(caught.statusCode ?? 500).send() })
  // inject always sends a host.
  if (headers.host === '') app.addHook('onRequest', async request => { delete request.raw.headers.host })
  await app.register(crossOriginProtection, options)
  countAll(app)
  const request: InjectOptions = { method, url, headers, ...(from !== undefined && { remoteAddress: from }) }
  t.equal((await app.inject(request)).statusCode, 403)
  t.equal(app.ran, 0)
  return { line: lines[0]!, error }
}

function table (group: string, rows: Row[]): void {
  t.test(group, async t => {
    for (const row of rows) {
      await t.test(row.name, async t => {
        const { line, error } = await denialOf(t, row)
        const hint = row.hint && hints[row.hint]
        t.equal(line.hint, hint, String(line.reason))
        t.equal(error.hint, hint, 'the error has it too')
        provoked.add(row.hint)
      })
    }
  })
}
const provoked = new Set<string | undefined>()

const app = 'https://app.example'
const evil = 'https://evil.example'
const crossSite = { 'sec-fetch-site': 'cross-site' }
const sameSite = { 'sec-fetch-site': 'same-site' }
const navigation = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
const partner = { allowedOrigins: ['https://partner.example', 'https://*.tenants.example:8443', 'http://[::1]:9000'] }
const checked = { safeMethods: 'check' } as const

table('attacks, which nothing explains', [
  { name: 'a form', headers: { host: 'app.example', ...crossSite, origin: evil, ...navigation }, options: partner, hint: undefined },
  { name: 'a script in a sandboxed frame', headers: { host: 'app.example', ...crossSite, origin: 'null', 'sec-fetch-mode': 'cors' }, hint: undefined },
  { name: 'over plain HTTP', headers: { host: 'app.example', origin: evil }, options: partner, hint: undefined },
  { name: 'in front of a proxy', headers: { host: 'backend:8080', ...crossSite, origin: evil, 'x-forwarded-host': 'app.example' }, hint: undefined },
  { name: 'without Origin, where no origin is listed', headers: { host: 'app.example', ...crossSite }, hint: undefined },
  { name: 'a sandboxed frame over plain HTTP that sends a referrer', headers: { host: 'app.example', origin: 'null', referer: `${evil}/` }, hint: undefined },
  { name: 'a value that no browser sends', headers: { host: 'app.example', 'sec-fetch-site': 'garbage', origin: app }, hint: undefined },
  { name: 'an image on another site of a checked route', method: 'GET', headers: { host: 'app.example', ...crossSite, 'sec-fetch-mode': 'no-cors' }, options: checked, hint: undefined },
  { name: 'an image on another site of an isolated route', method: 'GET', headers: { host: 'app.example', ...crossSite, 'sec-fetch-mode': 'no-cors' }, options: { safeMethods: 'isolate' }, hint: undefined },
  { name: 'an image on another site that sends the mode of a navigation, of an isolated route', method: 'GET', headers: { host: 'app.example', ...crossSite, 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'embed' }, options: { safeMethods: 'isolate' }, hint: undefined },
  ...['/transfer/..%2F..%2Fhooks', '/transfer/..%5C..%5Chooks', '/transfer/..;/..;/hooks', '/hooks/../transfer'].map(url => ({
    name: `a path that leads up, ${url}`, url, headers: { host: 'app.example', ...crossSite, origin: evil }, options: { exemptPaths: ['/hooks'] }, hint: undefined
  } as Row)),
  { name: 'null with a referrer that is no URL', headers: { host: 'app.example', ...sameSite, origin: 'null', referer: 'about:client' }, hint: undefined },
  { name: 'a name below one of another owner', headers: { host: 'app.co.uk', origin: 'http://evil.co.uk' }, hint: undefined },
  { name: 'an address that ends like the own', headers: { host: '203.0.113.7', ...crossSite, origin: 'http://10.0.113.7' }, hint: undefined },
  { name: 'null with a foreign referrer, on the same site', headers: { host: 'app.example', ...sameSite, origin: 'null', referer: 'https://evil.app.example/' }, hint: undefined },
  { name: 'an image of another subdomain, which sends no Origin', method: 'GET', headers: { host: 'app.example', ...sameSite }, options: { ...checked, ...partner }, hint: undefined },
  { name: 'a subdomain of a listed origin', headers: { host: 'app.example', origin: 'https://sub.partner.example' }, options: partner, hint: undefined },
  { name: 'an encoded path that leads out of an exempt path', url: '/hooks/..%2Ftransfer', headers: { host: 'app.example', ...crossSite, origin: evil }, options: { exemptPaths: ['/hooks'] }, hint: undefined },
  { name: '"View Page Source" of a refused form, with none and no Origin', headers: { host: 'app.example', 'sec-fetch-site': 'none' }, options: { allowUnverifiableRequests: false }, hint: undefined },
  { name: 'null with none, which is not a navigation', headers: { host: 'app.example', 'sec-fetch-site': 'none', origin: 'null' }, hint: undefined },
  { name: 'a foreign name with X-Forwarded-Host of another', headers: { host: 'shop.example', origin: evil, 'x-forwarded-host': 'shop.example' }, hint: undefined }
])

table('reverse proxies', [
  { name: 'nginx with $host, which drops the port', headers: { host: 'example.com', origin: 'https://example.com:3001' }, hint: 'lostPort' },
  { name: 'a proxy that adds its own port', headers: { host: 'example.com:8080', origin: 'https://example.com' }, hint: 'lostPort' },
  { name: 'nginx without any proxy_set_header', headers: { host: 'backend', origin: app }, hint: 'hiddenHost' },
  { name: 'the same by address', headers: { host: '10.0.0.7:3000', origin: app }, hint: 'hiddenHost' },
  { name: 'the same by IPv6 address', headers: { host: '[fd00::7]:3000', origin: app }, hint: 'hiddenHost' },
  { name: 'a service in a cluster', headers: { host: 'shop.default.svc.cluster.local:80', origin: app }, hint: 'hiddenHost' },
  { name: 'a host inside a company', headers: { host: 'web.internal', origin: app }, hint: 'hiddenHost' },
  { name: 'the server on this machine', headers: { host: '127.0.0.1:3000', origin: app }, hint: 'hiddenHost' },
  { name: 'a function URL', headers: { host: 'abc.lambda-url.eu-central-1.on.aws', origin: 'https://example.com' }, hint: 'platformHost' },
  { name: 'an API gateway', headers: { host: 'abc.execute-api.us-east-1.amazonaws.com', origin: 'https://example.com' }, hint: 'platformHost' },
  { name: 'a hosting platform', headers: { host: 'my-app.herokuapp.com', origin: 'https://www.example.com' }, hint: 'platformHost' },
  { name: 'X-Forwarded-Host without trustProxy', headers: { host: 'backend:8080', origin: app, 'x-forwarded-host': 'app.example' }, hint: 'rewrittenHost' },
  { name: 'a list in X-Forwarded-Host without trustProxy', headers: { host: 'backend:8080', origin: app, 'x-forwarded-host': 'app.example, inner.example' }, hint: 'rewrittenHost' },
  { name: 'the same, of which it is the second', headers: { host: 'backend:8080', origin: app, 'x-forwarded-host': 'outer.example, app.example' }, hint: 'rewrittenHost' },
  { name: 'a list longer than anyone writes', headers: { host: 'backend:8080', origin: app, 'x-forwarded-host': `app.example${', x'.repeat(400)}` }, hint: 'hiddenHost' },
  { name: 'a number of hops', headers: { host: 'backend:8080', origin: app, 'x-forwarded-host': 'app.example' }, server: { trustProxy: 1 as never }, hint: 'untrustedProxy' },
  { name: 'trustProxy with another address', headers: { host: 'backend:8080', origin: app, 'x-forwarded-host': 'app.example' }, server: { trustProxy: '10.0.0.1' }, from: '10.0.0.2', hint: 'untrustedProxy' },
  { name: 'trustProxy, and two proxies of which each appends', headers: { host: 'backend', origin: app, 'x-forwarded-host': 'app.example, inner.example' }, server: { trustProxy: true }, hint: 'forwardedList' },
  { name: 'Vite with changeOrigin, a WebSocket', method: 'GET', headers: { host: 'localhost:3000', origin: 'http://localhost:5173', upgrade: 'websocket' }, hint: 'developmentProxy' },
  { name: 'a container, opened on this machine', headers: { host: 'web:3000', origin: 'http://localhost:8080' }, hint: 'hiddenHost' },
  { name: 'the same on the default port', headers: { host: 'web:3000', origin: 'http://localhost' }, hint: 'hiddenHost' },
  { name: 'the machine outside of a container', headers: { host: 'host.docker.internal:3000', origin: 'http://localhost:8080' }, hint: 'hiddenHost' },
  { name: 'another machine of the network', headers: { host: '127.0.0.1:3000', origin: 'http://192.168.1.5:8080' }, hint: 'hiddenHost' },
  { name: 'nginx with $host on this machine', headers: { host: 'localhost', origin: 'http://localhost:8080' }, hint: 'lostPort' },
  { name: 'Vite with a target by address', method: 'GET', headers: { host: '127.0.0.1:3000', origin: 'http://localhost:5173', upgrade: 'websocket' }, hint: 'loopbackNames' },
  { name: 'a tunnel that rewrites Host', headers: { host: 'localhost:3000', origin: 'https://abc.ngrok.app' }, hint: 'hiddenHost' },
  { name: 'a CDN that sends the name of its origin', headers: { host: 'origin.example.com', origin: 'https://www.example.com' }, hint: 'siblingHost' },
  { name: 'a development server in front of a server elsewhere', headers: { host: 'staging.example.com', origin: 'http://localhost:5173' }, hint: 'developmentPage' },
  { name: 'the same with addresses', headers: { host: '127.0.0.1:3000', origin: 'http://127.0.0.1:5173' }, hint: 'developmentProxy' },
  { name: 'Origin rewritten to the own host', headers: { host: 'app.example', ...sameSite, origin: app }, hint: 'rewrittenOrigin' },
  { name: 'Origin removed by a proxy, where a partner is listed', headers: { host: 'app.example', ...crossSite, ...navigation }, options: partner, hint: 'removedOrigin' },
  { name: 'the same with same-site', headers: { host: 'app.example', ...sameSite }, options: partner, hint: 'removedOrigin' },
  { name: 'Origin twice', headers: { host: 'app.example', origin: `${app}, ${app}` }, hint: 'severalOrigins' },
  { name: 'Sec-Fetch-Site twice', headers: { host: 'app.example', 'sec-fetch-site': 'same-origin, same-origin' }, hint: 'severalSites' },
  { name: 'both headers removed, where that is refused', headers: { host: 'app.example' }, options: { allowUnverifiableRequests: false }, hint: 'neitherHeader' }
])

table('pages of one\'s own', [
  { name: 'the page came over HTTP', headers: { host: 'app.example', ...crossSite, origin: 'http://app.example' }, hint: 'insecurePage' },
  { name: 'a form that opens a window, in WebKit', headers: { host: 'app.example', ...crossSite, origin: app }, hint: 'windowWithoutOpener' },
  { name: 'the same on localhost', headers: { host: 'localhost:3000', ...crossSite, origin: 'http://localhost:3000' }, hint: 'windowWithoutOpener' },
  { name: 'a link that opens a window to a checked route, in WebKit', method: 'GET', headers: { host: 'app.example', ...crossSite, ...navigation, referer: `${app}/page` }, options: checked, hint: 'linkWithoutOpener' },
  { name: '127.0.0.1 to localhost', headers: { host: 'localhost:3000', ...crossSite, origin: 'http://127.0.0.1:3000' }, hint: 'loopbackNames' },
  { name: 'localhost to another loopback address', headers: { host: '127.0.0.10:3000', ...crossSite, origin: 'http://localhost:3000' }, hint: 'loopbackNames' },
  { name: 'the unspecified address', headers: { host: 'localhost:3000', ...crossSite, origin: 'http://[::]:3000' }, hint: 'loopbackNames' },
  { name: 'a name that begins like a loopback address', headers: { host: 'localhost:3000', ...crossSite, origin: 'https://127.0.0.1.evil.example' }, hint: undefined },
  { name: 'a page over HTTP on another address', headers: { host: '10.0.0.1', ...crossSite, origin: 'http://x.0.0.1' }, hint: undefined },
  { name: 'a page over HTTP, by a name without dots', headers: { host: 'intranet', ...crossSite, origin: 'http://intranet' }, hint: 'insecurePage' },
  { name: 'a page over HTTP whose name is longer than any', headers: { host: 'app.example', ...crossSite, origin: `http://${'a.'.repeat(600)}app.example` }, hint: undefined },
  { name: 'localhost to 127.0.0.1 on another port', headers: { host: '127.0.0.1:4110', ...crossSite, origin: 'http://localhost:4113' }, hint: 'loopbackNames' },
  { name: 'localhost to [::1], without Fetch Metadata', headers: { host: '[::1]:3000', origin: 'http://localhost:3000' }, hint: 'loopbackNames' },
  { name: 'a name that begins like localhost', headers: { host: 'localhost:3000', ...crossSite, origin: 'http://localhost.evil.example:3000' }, hint: undefined },
  { name: 'another port of localhost', headers: { host: 'localhost:3000', ...sameSite, origin: 'http://localhost:5173' }, hint: 'sameSite' },
  { name: 'another subdomain', headers: { host: 'api.example.com', ...sameSite, origin: 'https://app.example.com' }, options: partner, hint: 'sameSite' },
  { name: 'a subdomain without Fetch Metadata', headers: { host: 'example.com', origin: 'http://www.example.com' }, hint: 'siblingHost' },
  { name: 'the host above, without Fetch Metadata', headers: { host: 'www.example.com', origin: 'http://example.com' }, hint: 'siblingHost' },
  { name: 'a WebSocket to a subdomain, in Chromium', method: 'GET', headers: { host: 'ws.example.com', origin: 'https://app.example.com', upgrade: 'websocket' }, hint: 'siblingHost' },
  { name: 'a page of a sibling over HTTP', headers: { host: 'app.example.com', ...crossSite, origin: 'http://www.example.com' }, hint: 'insecurePage' },
  { name: 'a page of another port over HTTP', headers: { host: 'app.example', ...crossSite, origin: 'http://app.example:8080' }, hint: 'insecurePage' },
  { name: 'a link on a page over HTTP to a checked route', method: 'GET', headers: { host: 'app.example', ...crossSite, ...navigation, referer: 'http://app.example/page' }, options: checked, hint: 'insecurePage' },
  { name: 'a link on this machine to a checked route', method: 'GET', headers: { host: 'localhost:3000', ...crossSite, ...navigation, referer: 'http://localhost:3000/' }, options: checked, hint: 'linkWithoutOpener' },
  { name: '0.0.0.0 to localhost', headers: { host: 'localhost:3000', ...crossSite, origin: 'http://0.0.0.0:5173' }, hint: 'loopbackNames' },
  { name: 'a name below localhost to localhost', headers: { host: 'localhost:3000', ...crossSite, origin: 'http://app.localhost:3000' }, hint: 'loopbackNames' },
  { name: 'a development server, to a server elsewhere', headers: { host: 'api.example.com', ...crossSite, origin: 'http://localhost:5173' }, hint: 'developmentPage' },
  { name: 'two forwarded ports of a codespace', headers: { host: 'name-3000.app.github.dev', ...crossSite, origin: 'https://name-5173.app.github.dev' }, hint: 'platformNames' },
  { name: 'not a codespace and a site of its own', headers: { host: 'name-3000.app.github.dev', ...crossSite, origin: evil }, hint: undefined },
  { name: 'nor the other way round', headers: { host: 'app.example', ...crossSite, origin: 'https://name-5173.app.github.dev' }, hint: undefined },
  { name: 'nor names that only end like those of a platform', headers: { host: 'avercel.app', ...crossSite, origin: 'https://anetlify.app' }, hint: undefined },
  { name: 'a sandboxed frame of an own page', headers: { host: 'app.example', ...crossSite, ...navigation, origin: 'null', referer: `${app}/` }, hint: 'opaquePage' },
  { name: 'a form in the page of a refusal, on the same site', headers: { host: 'app.example', ...sameSite, ...navigation, origin: 'null', referer: `${app}/transfer` }, hint: 'opaquePage' },
  { name: 'the same over plain HTTP', headers: { host: 'app.example', origin: 'null', referer: 'http://app.example/transfer' }, hint: 'opaquePage' },
  { name: 'the same with a referer that is no URL', headers: { host: 'app.example', ...crossSite, ...navigation, origin: 'null', referer: 'app.example' }, hint: 'hiddenProvider' },
  { name: 'a page with Referrer-Policy: no-referrer over plain HTTP', headers: { host: 'app.example', origin: 'null' }, hint: 'noReferrer' },
  ...[
    { origin: 'null' }, { origin: app }, { origin: app, referer: `${evil}/` }, { origin: app, referer: `${app}/worker.js` }, { origin: evil, referer: `${evil}/` }, {}
  ].map((headers: { origin?: string, referer?: string }) => ({
    name: `re-sent by a service worker, with ${JSON.stringify(headers)}`, headers: { host: 'app.example', 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'empty', ...headers }, hint: 'resentNavigation'
  } as Row)),
  { name: 'a link that a service worker preloaded', method: 'GET', headers: { host: 'app.example', 'sec-fetch-site': 'same-origin', ...navigation, 'service-worker-navigation-preload': 'true' }, options: checked, hint: 'resentNavigation' },
  { name: 'a link of another site to a checked route', method: 'GET', headers: { host: 'app.example', ...crossSite, ...navigation, referer: 'https://mail.example/' }, options: checked, hint: 'typedAddress' },
  { name: 'the return from an identity provider to a checked route', method: 'GET', headers: { host: 'app.example', ...crossSite, ...navigation }, options: checked, hint: 'typedAddress' },
  { name: 'a typed address of a checked route', method: 'GET', headers: { host: 'app.example', 'sec-fetch-site': 'none', ...navigation }, options: checked, hint: 'typedAddress' },
  { name: 'as many header lines as Node keeps', headers: { host: 'app.example', ...Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`x-${i}`, 'x'])) }, hint: 'tooManyHeaders' }
])

table('lists', [
  { name: 'a listed host under another scheme', headers: { host: 'app.example', ...crossSite, origin: 'http://partner.example' }, options: partner, hint: 'listedOtherwise' },
  { name: 'a listed host on another port', headers: { host: 'app.example', origin: 'https://partner.example:8443' }, options: partner, hint: 'listedOtherwise' },
  { name: 'a wildcard on another port', headers: { host: 'app.example', origin: 'https://a.tenants.example' }, options: partner, hint: 'listedOtherwise' },
  { name: 'an IPv6 address on another port', headers: { host: 'app.example', origin: 'http://[::1]:9001' }, options: partner, hint: 'listedOtherwise' },
  { name: 'the host of a wildcard, which it never covers', headers: { host: 'app.example', ...crossSite, origin: 'https://tenants.example:8443' }, options: partner, hint: 'wildcardHost' },
  ...['//hooks/x', '/hooks//x', '/hooks/a%2Fb', '/%68ooks/x', '/hooks;v=1/x', '/hooks/100%25?y=1'].map(url => ({
    name: `an exempt path sent as ${url}`, url, headers: { host: 'app.example', ...crossSite, origin: 'https://provider.example' }, options: { exemptPaths: ['/hooks'] }, hint: 'almostExempt'
  } as Row)),
  { name: 'an exempt path that is written plainly further on', url: '/hooksmith', headers: { host: 'app.example', ...crossSite, origin: 'https://provider.example' }, options: { exemptPaths: ['/hooks'] }, hint: undefined }
])

table('who else sends requests', [
  { name: 'an identity provider whose page sends no referrer', headers: { host: 'app.example', ...crossSite, ...navigation, origin: 'null' }, options: { allowedOrigins: ['https://idp.example'] }, hint: 'hiddenProvider' },
  { name: 'a payment provider, by redirects', headers: { host: 'app.example', ...crossSite, ...navigation, origin: 'null', referer: 'https://pay.example/' }, hint: 'hiddenProvider' },
  { name: 'an identity provider on another subdomain, whose page sends no referrer', headers: { host: 'app.example.com', ...sameSite, ...navigation, origin: 'null' }, hint: 'hiddenProvider' },
  { name: 'an identity provider over plain HTTP', headers: { host: 'app.example', ...navigation, origin: 'null' }, hint: 'noReferrer' },
  { name: 'an extension in Chromium', headers: { host: 'app.example', 'sec-fetch-site': 'none', origin: 'chrome-extension://abcdefghijklmnop' }, hint: 'extension' },
  { name: 'an extension without permission for the host', headers: { host: 'app.example', ...crossSite, origin: 'chrome-extension://abcdefghijklmnop' }, hint: 'extension' },
  { name: 'an extension in Firefox', headers: { host: 'app.example', origin: 'moz-extension://0f8fad5b-d9cb-469f-a165-70867728950e' }, hint: 'extension' },
  { name: 'an extension in Safari', headers: { host: 'app.example', ...crossSite, origin: 'safari-web-extension://0f8fad5b-d9cb-469f-a165-70867728950e' }, hint: 'extension' },
  { name: 'Capacitor on iOS', headers: { host: 'app.example', ...crossSite, origin: 'capacitor://localhost' }, hint: 'installedApp' },
  { name: 'Capacitor on Android', headers: { host: 'app.example', ...crossSite, origin: 'https://localhost' }, hint: 'installedApp' },
  { name: 'Tauri on Windows', headers: { host: 'app.example', ...crossSite, origin: 'http://tauri.localhost' }, hint: 'installedApp' },
  { name: 'Tauri on Windows, while it is developed', headers: { host: 'localhost:3000', origin: 'http://tauri.localhost' }, hint: 'installedApp' },
  { name: 'another scheme, without Fetch Metadata', headers: { host: 'localhost', origin: 'app://my-app' }, hint: 'installedApp' },
  { name: 'a scheme and a host that ends like the scheme of extensions', headers: { host: 'app.example', ...crossSite, origin: 'capacitor://my-extension:8080' }, hint: 'installedApp' },
  { name: 'the own machine without a port is not an installed application', headers: { host: 'localhost:3000', ...sameSite, origin: 'http://localhost' }, hint: 'sameSite' },
  { name: 'Electron from disk', headers: { host: 'app.example', ...crossSite, origin: 'file://' }, hint: 'fileOrigin' },
  { name: 'not another scheme that ends alike', headers: { host: 'app.example', ...crossSite, origin: 'not-a-file://' }, hint: 'writtenOrigin' },
  { name: 'a share target, an Android WebView, a search engine by POST', headers: { host: 'app.example', 'sec-fetch-site': 'none', ...navigation, origin: 'null' }, hint: 'shareTarget' },
  { name: 'not a navigation that shows its origin', headers: { host: 'app.example', 'sec-fetch-site': 'none', ...navigation, origin: evil }, hint: undefined },
  { name: 'an embedded page that has no origin, of an isolated route', method: 'GET', headers: { host: 'app.example', ...crossSite, origin: 'null', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'embed' }, options: { safeMethods: 'isolate' }, hint: undefined },
  { name: 'a form in an own PDF document', headers: { host: 'app.example', ...crossSite, origin: 'null', referer: `${app}/form.pdf`, 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'embed' }, hint: 'pdfForm' },
  { name: 'FedCM', headers: { host: 'app.example', ...crossSite, origin: 'https://client.example', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'webidentity' }, hint: 'fedCm' },
  { name: 'FedCM, a GET', method: 'GET', headers: { host: 'app.example', ...crossSite, 'sec-fetch-dest': 'webidentity' }, options: checked, hint: 'fedCm' },
  { name: 'a report of another site\'s page', headers: { host: 'app.example', ...crossSite, origin: evil, 'sec-fetch-dest': 'report' }, hint: 'report' },
  { name: 'a report of Chromium\'s Reporting API, without Fetch Metadata', headers: { host: 'app.example', origin: evil, 'content-type': 'application/reports+json' }, hint: 'report' },
  { name: 'a content type that names another one', headers: { host: 'app.example', ...crossSite, origin: evil, 'content-type': 'multipart/related; type="application/csp-report"' }, hint: undefined },
  { name: 'a CSP report of WebKit, with Origin: null', headers: { host: 'app.example', ...crossSite, origin: 'null', 'content-type': 'application/csp-report' }, hint: 'report' },
  { name: 'a program that writes a path into Origin', headers: { host: 'app.example', origin: `${app}/` }, hint: 'writtenOrigin' },
  { name: 'a program that writes no scheme', headers: { host: 'app.example', origin: 'app.example' }, hint: 'writtenOrigin' },
  ...['localhost:3000', 'app.example:3000', 'blob:https://app.example', 'data:text/html', 'about://', 'app://x/path', 'chrome-extension://abc/page.html', 'file:///C:/page.html'].flatMap(origin => [{}, crossSite, sameSite].map(site => ({
    name: `a program that writes ${origin}, ${JSON.stringify(site)}`, headers: { host: 'app.example', ...site, origin }, hint: 'writtenOrigin'
  } as Row))),
  ...[{}, crossSite, sameSite].map(site => ({
    name: `two origins, ${JSON.stringify(site)}`, headers: { host: 'app.example', ...site, origin: 'capacitor://localhost, capacitor://localhost' }, hint: 'severalOrigins'
  } as Row))
])

const hosts = { allowedHosts: ['app.example'] }

table('unknown hosts', [
  { name: 'a health check by address', method: 'GET', headers: { host: '10.0.0.7:3000' }, options: hosts, hint: 'unknownAddress' },
  { name: 'the same by IPv6', method: 'GET', headers: { host: '[fd00::7]' }, options: hosts, hint: 'unknownAddress' },
  { name: 'a scraper by the name of a service', method: 'GET', headers: { host: 'shop:3000' }, options: hosts, hint: 'unknownService' },
  { name: 'a scraper by the name of a service in a cluster', method: 'GET', headers: { host: 'shop.default.svc.cluster.local' }, options: hosts, hint: 'unknownService' },
  { name: 'a health check by HTTP/1.0', method: 'GET', headers: { host: '' }, options: hosts, hint: 'missingHost' },
  { name: 'what is no host', method: 'GET', headers: { host: 'app.example@evil.example' }, options: hosts, hint: undefined },
  { name: 'a test', method: 'GET', headers: { host: 'localhost:80' }, options: hosts, hint: 'unknownLocalhost' },
  { name: 'the own machine', method: 'GET', headers: { host: 'localhost:3000' }, options: hosts, hint: 'unknownLocalhost' },
  { name: 'a name that is missing in the list, or that was made to resolve here', headers: { host: 'www.app.example', origin: 'http://www.app.example' }, options: hosts, hint: 'unknownHost' },
  { name: 'a name that ends like an address', method: 'GET', headers: { host: 'v1.2.3.4' }, options: hosts, hint: 'unknownHost' },
  { name: 'a name that begins like an address', method: 'GET', headers: { host: '1.2.3.4.example' }, options: hosts, hint: 'unknownHost' },
  { name: 'a name with a label of networks in its middle', method: 'GET', headers: { host: 'app.internal.example' }, options: hosts, hint: 'unknownHost' },
  { name: 'a proxy that rewrites Host', method: 'GET', headers: { host: 'backend:3000', 'x-forwarded-host': 'app.example' }, options: hosts, hint: 'rewrittenHost' },
  { name: 'the same that trustProxy does not trust', method: 'GET', headers: { host: 'backend:3000', 'x-forwarded-host': 'app.example' }, options: hosts, server: { trustProxy: '10.0.0.1' }, from: '10.0.0.2', hint: 'untrustedProxy' },
  { name: 'an installed application does not explain it', headers: { host: 'www.app.example', origin: 'capacitor://localhost' }, options: hosts, hint: 'unknownHost' }
])

t.test('every hint is provoked above', async t => {
  t.same([...provoked].filter(name => name !== undefined).sort(), Object.keys(hints).sort())
})

t.test('a hint ends with what to write, and echoes nothing', async t => {
  for (const [name, hint] of Object.entries(hints)) {
    t.match(hint, /(?:Set|set|List|list|Have|have|Write|write|Give|Use|Open|Redirect|Send|Remove|link|ask|return|name|verify)\b[^.]*\.?[^]*\.$/, name)
    t.ok(hint.length < 480, `${name} is read in one go: ${hint.length} characters`)
  }
})

t.test('advice that widens trust says whose the page must be', async t => {
  const widening = Object.entries(hints).filter(([, hint]) => /\blists? (?:it|its|the)\b.*allowedOrigins|crossOriginProtection: false/.test(hint))
  for (const [name, hint] of widening) {
    t.match(hint, /[Ii]f (?:the page|its pages|it is yours|it is the return|it is one of yours|both|a health check|people|the sender is|your application has)|by itself/, name)
  }
})

t.test('the line has what a person needs, in plain values', async t => {
  const { line } = await denialOf(t, { name: '', url: '/accounts/7?token=secret', headers: { host: 'app.example', ...crossSite, origin: evil, 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }, hint: undefined })
  const { reason, method, path, route, origin, secFetchSite, secFetchMode, secFetchDest, host } = line
  t.same({ reason, method, path, route, origin, secFetchSite, secFetchMode, secFetchDest, host }, {
    reason: 'cross-site', method: 'POST', path: '/accounts/7', route: '/*', origin: evil, secFetchSite: 'cross-site', secFetchMode: 'cors', secFetchDest: 'empty', host: 'app.example'
  })
})

t.test('the default answer has no hint', async t => {
  const app = emptyApp(t)
  await app.register(crossOriginProtection)
  const response = await app.inject({ method: 'POST', url: '/', headers: { host: 'app.example', origin: 'null' } })
  t.same(Object.keys(response.json()).sort(), ['code', 'error', 'message', 'statusCode'])
})

t.test('long headers are read no further than people write', async t => {
  for (const headers of ([
    { host: `${'.'.repeat(12_000)}com`, origin: evil }, { host: 'a.'.repeat(7_000), origin: evil }, { host: 'app.example', origin: `https://${'a.'.repeat(7_000)}com` },
    { host: 'app.example', origin: evil, 'x-forwarded-host': ','.repeat(14_000) }, { host: 'app.example', ...crossSite, origin: `http://${'a.'.repeat(7_000)}app.example` }
  ] as Headers[])) {
    await denialOf(t, { name: '', headers, options: { exemptPaths: ['/hooks'], ...partner }, hint: undefined })
  }
  await denialOf(t, { name: '', url: '/'.repeat(14_000), headers: { host: 'app.example', origin: evil }, options: { exemptPaths: ['/hooks'] }, hint: undefined })
})

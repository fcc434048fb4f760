import type { IncomingHttpHeaders } from 'node:http'
import t, { type Test } from 'tap'
import { decide, type DecisionReason } from '../src/decision.ts'
import { createPolicy, exemptPolicy, type CrossOriginProtectionOptions } from '../src/policy.ts'
import type { BrowserRequestOptions } from '../src/testing.ts'
import { bodiless, protectedApp } from './helpers/app.ts'

interface Row {
  name: string
  method?: string
  url?: string
  host?: string
  site?: string | string[]
  origin?: string
  headers?: IncomingHttpHeaders
  options?: CrossOriginProtectionOptions
  allowed: boolean
  reason: DecisionReason
}

/** Each row is decided twice: by the function alone, and by an application that gets the request. */
function table (group: string, rows: Row[]): void {
  t.test(group, async t => {
    for (const row of rows) await t.test(row.name, t => check(t, row))
  })
}

async function check (t: Test, row: Row): Promise<void> {
  const { method = 'POST', url = '/transfer', host = 'app.example', site, origin, headers, options = {}, allowed, reason } = row
  const all = { host, ...headers, ...(site !== undefined && { 'sec-fetch-site': site }), ...(origin !== undefined && { origin }) } as IncomingHttpHeaders

  t.match(decide(createPolicy(options), { method, url, host, headers: all }), { allowed, reason })

  const app = await protectedApp(t, options)
  const { statusCode } = await app.inject({ method: method as 'POST', url, headers: all })
  t.equal(statusCode, allowed ? 200 : 403)
  t.equal(app.ran, allowed ? 1 : 0, allowed ? 'the handler ran' : 'the handler did not run')
}

/** The method and headers of a row that a browser sends; what is hostile or odd is written by hand. */
function browser (by: BrowserRequestOptions['by'], from: BrowserRequestOptions['from'], options: Partial<BrowserRequestOptions> = {}) {
  return bodiless({ by, from, to: 'https://app.example', ...options })
}

const evil = 'https://evil.example'
const navigation = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
const handshake = { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13', 'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==' }
const partner = { allowedOrigins: ['https://partner.example'] }

const hosts: CrossOriginProtectionOptions = { allowedHosts: ['own.example'], exemptPaths: ['/hooks'] }

table('0. allowed hosts', [
  { name: 'a rebound name, whose Origin equals its Host', host: 'evil.example', origin: 'http://evil.example', options: hosts, allowed: false, reason: 'unknown-host' },
  { name: 'the same, which the browser calls same-origin', host: 'evil.example', site: 'same-origin', options: hosts, allowed: false, reason: 'unknown-host' },
  { name: 'a GET', method: 'GET', host: 'evil.example', options: hosts, allowed: false, reason: 'unknown-host' },
  { name: 'a preflight', method: 'OPTIONS', host: 'evil.example', options: hosts, allowed: false, reason: 'unknown-host' },
  { name: 'a listed origin changes nothing', host: 'evil.example', site: 'cross-site', origin: 'https://partner.example', options: { ...hosts, ...partner }, allowed: false, reason: 'unknown-host' },
  { name: 'beside an exempt path', url: '/hooksmith', host: 'evil.example', options: hosts, allowed: false, reason: 'unknown-host' },
  { name: 'an exempt path', url: '/hooks', host: '10.0.0.7', options: hosts, allowed: true, reason: 'exempt-path' },
  { name: 'a GET on an exempt path', method: 'GET', url: '/hooks', host: '10.0.0.7', options: hosts, allowed: true, reason: 'safe-method' },
  { name: 'the own host, and then the other steps', host: 'own.example', site: 'cross-site', options: hosts, allowed: false, reason: 'cross-site' },
  { name: 'the own host', host: 'own.example:3000', origin: 'http://own.example:3000', options: hosts, allowed: true, reason: 'same-host' }
])

table('1. safe methods', [
  { name: 'cross-site GET', method: 'GET', site: 'cross-site', allowed: true, reason: 'safe-method' },
  { name: 'cross-site HEAD', method: 'HEAD', site: 'cross-site', allowed: true, reason: 'safe-method' },
  { name: 'cross-site OPTIONS, a preflight', method: 'OPTIONS', site: 'cross-site', origin: evil, allowed: true, reason: 'safe-method' },
  { name: 'GET with nothing to verify, where that is denied', method: 'GET', options: { allowUnverifiableRequests: false }, allowed: true, reason: 'safe-method' },
  { name: 'cross-site PUT', method: 'PUT', site: 'cross-site', allowed: false, reason: 'cross-site' },
  { name: 'cross-site PATCH', method: 'PATCH', site: 'cross-site', allowed: false, reason: 'cross-site' },
  { name: 'cross-site DELETE', method: 'DELETE', site: 'cross-site', allowed: false, reason: 'cross-site' },
  { name: 'cross-site TRACE', method: 'TRACE', site: 'cross-site', allowed: false, reason: 'cross-site' }
])

table('2. exempt paths', [
  { name: 'a path beside the entry', url: '/hooksmith', site: 'cross-site', options: { exemptPaths: ['/hooks'] }, allowed: false, reason: 'cross-site' },
  { name: 'the entry', url: '/hooks', site: 'cross-site', options: { exemptPaths: ['/hooks'] }, allowed: true, reason: 'exempt-path' },
  { name: 'a path below the entry', url: '/hooks/github?x=1', site: 'cross-site', options: { exemptPaths: ['/hooks'] }, allowed: true, reason: 'exempt-path' },
  { name: 'an exempt path is reported before Fetch Metadata', url: '/hooks', site: 'same-origin', options: { exemptPaths: ['/hooks'] }, allowed: true, reason: 'exempt-path' },
  { name: 'an entry in the query', url: '/transfer?/hooks', site: 'cross-site', options: { exemptPaths: ['/hooks'] }, allowed: false, reason: 'cross-site' }
])

table('3. Sec-Fetch-Site', [
  { name: 'a form of the own page', ...browser('form', 'same-origin'), allowed: true, reason: 'same-origin' },
  { name: 'a form on another origin of the site', ...browser('form', 'same-site'), allowed: false, reason: 'same-site' },
  { name: 'a form on another site', ...browser('form', 'cross-site'), allowed: false, reason: 'cross-site' },
  { name: 'a form of the own page that another site redirects back', ...browser('form', 'same-origin', { crossSiteRedirect: 307 }), allowed: false, reason: 'cross-site' },
  { name: 'Same-Origin in any letter case', site: 'Same-Origin', allowed: true, reason: 'same-origin' },
  { name: 'Cross-Site in any letter case', site: 'Cross-Site', allowed: false, reason: 'cross-site' },
  { name: 'an unknown value, although Origin is the own host', site: 'garbage', origin: 'https://app.example', allowed: false, reason: 'unrecognized-fetch-site' },
  { name: 'two lines, joined by Node', site: 'same-origin, cross-site', allowed: false, reason: 'unrecognized-fetch-site' },
  { name: 'two equal lines', site: 'same-origin, same-origin', allowed: false, reason: 'unrecognized-fetch-site' },
  { name: 'a value that contains same-origin', site: 'not-same-origin', allowed: false, reason: 'unrecognized-fetch-site' },
  { name: 'same-origin wins over a foreign Origin', site: 'same-origin', origin: evil, allowed: true, reason: 'same-origin' },
  { name: 'same-site wins over the own Origin', site: 'same-site', origin: 'https://app.example', allowed: false, reason: 'same-site' },
  { name: 'cross-site wins over the own Origin', site: 'cross-site', origin: 'https://app.example', allowed: false, reason: 'cross-site' },
  { name: 'an empty value is as none at all', site: '', origin: evil, allowed: false, reason: 'host-mismatch' }
])

table('3. none, which is not the last word', [
  { name: 'a reloaded form that an attacker redirects here, as WebKit sends it', site: 'none', origin: 'null', headers: navigation, allowed: false, reason: 'null-origin' },
  { name: 'with a foreign Origin', site: 'none', origin: evil, allowed: false, reason: 'host-mismatch' },
  { name: 'with the Origin of an extension that is not listed', site: 'none', origin: 'chrome-extension://abcdefghijklmnop', allowed: false, reason: 'host-mismatch' },
  { name: 'with an Origin that is malformed', site: 'none', origin: 'garbage', allowed: false, reason: 'malformed-origin' },
  { name: 'NONE in any letter case', site: 'NONE', origin: evil, allowed: false, reason: 'host-mismatch' },
  { name: 'without Origin, where that is denied: "View Page Source" of a refused form in Firefox', site: 'none', options: { allowUnverifiableRequests: false }, allowed: false, reason: 'unverifiable' },
  { name: 'with an empty Origin, where that is denied', site: 'none', origin: '', options: { allowUnverifiableRequests: false }, allowed: false, reason: 'unverifiable' },
  { name: 'without Origin, a handshake, where that is denied', method: 'GET', site: 'none', headers: handshake, options: { allowUnverifiableRequests: false, safeMethods: 'isolate' }, allowed: false, reason: 'unverifiable' },
  { name: 'without Origin', site: 'none', allowed: true, reason: 'unverifiable' },
  { name: 'without Origin, a handshake', method: 'GET', site: 'none', headers: handshake, options: { safeMethods: 'check' }, allowed: true, reason: 'unverifiable' },
  { name: 'with the Origin of the own host', site: 'none', origin: 'https://app.example', allowed: true, reason: 'same-host' },
  { name: 'with the Origin of a listed extension', site: 'none', origin: 'chrome-extension://abcdefghijklmnop', options: { allowedOrigins: ['chrome-extension://abcdefghijklmnop'] }, allowed: true, reason: 'allowed-origin' }
])

const resent = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'empty' }
const resentByFirefox = { 'sec-fetch-mode': 'same-origin', 'sec-fetch-dest': 'empty', accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' }
const app = 'https://app.example'
const fromOwn = { referer: 'https://app.example/page?x' }
const fromEvil = { referer: 'https://evil.example/' }
const script = { 'sec-fetch-mode': 'same-origin', 'sec-fetch-dest': 'empty', accept: '*/*' }

for (const [engine, headers] of [['WebKit', resent], ['Firefox', resentByFirefox]] as const) {
  table(`3. a navigation that a service worker re-sent, as ${engine} does`, [
    { name: 'from another site, with the own Origin', site: 'same-origin', origin: app, headers: { ...headers, ...fromEvil }, allowed: false, reason: 'referer-mismatch' },
    { name: 'from a page without referrer, with the own Origin', site: 'same-origin', origin: app, headers, allowed: false, reason: 'referer-mismatch' },
    { name: 'with an empty Referer', site: 'same-origin', origin: app, headers: { ...headers, referer: '' }, allowed: false, reason: 'referer-mismatch' },
    { name: 'with a Referer that only begins like the own origin', site: 'same-origin', origin: app, headers: { ...headers, referer: 'https://app.example.evil.example/' }, allowed: false, reason: 'referer-mismatch' },
    { name: 'with the own origin as a user name', site: 'same-origin', origin: app, headers: { ...headers, referer: 'https://app.example@evil.example/' }, allowed: false, reason: 'referer-mismatch' },
    { name: 'with the own origin in the query of a Referer', site: 'same-origin', origin: app, headers: { ...headers, referer: 'https://evil.example?https://app.example/' }, allowed: false, reason: 'referer-mismatch' },
    { name: 'with a Referer of another scheme', site: 'same-origin', origin: app, headers: { ...headers, referer: 'http://app.example/' }, allowed: false, reason: 'referer-mismatch' },
    { name: 'from a page without referrer, with the worker\'s own script as Referer', site: 'same-origin', origin: app, headers: { ...headers, referer: 'https://app.example/worker.js' }, allowed: false, reason: 'referer-mismatch' },
    { name: 'the same, with a version', site: 'same-origin', origin: app, headers: { ...headers, referer: 'https://app.example/SW.MJS?v=1.2' }, allowed: false, reason: 'referer-mismatch' },
    { name: 'a link from a page without referrer, with the worker\'s own script as Referer', method: 'GET', site: 'same-origin', headers: { ...headers, referer: 'https://app.example/worker.js' }, options: { safeMethods: 'check' }, allowed: false, reason: 'referer-mismatch' },
    { name: 'with a Referer that is not a URL', site: 'same-origin', origin: app, headers: { ...headers, referer: 'about:client' }, allowed: false, reason: 'referer-mismatch' },
    { name: 'from another site, although the own Origin is listed, as behind a proxy that rewrites Host', host: 'backend:8080', site: 'same-origin', origin: app, headers: { ...headers, ...fromEvil }, options: { allowedOrigins: [app] }, allowed: false, reason: 'referer-mismatch' },
    { name: 'from another site, although a function trusts everybody', site: 'same-origin', origin: app, headers: { ...headers, ...fromEvil }, options: { allowedOrigins: [() => true] }, allowed: false, reason: 'referer-mismatch' },
    { name: 'from another site, whose Origin was left', site: 'same-origin', origin: evil, headers: { ...headers, ...fromEvil }, allowed: false, reason: 'host-mismatch' },
    { name: 'from a page that hides its origin', site: 'same-origin', origin: 'null', headers: { ...headers, ...fromOwn }, allowed: false, reason: 'null-origin' },
    { name: 'with a malformed Origin', site: 'same-origin', origin: 'garbage', headers: { ...headers, ...fromOwn }, allowed: false, reason: 'referer-mismatch' },
    { name: 'a form without Origin, which no browser sends', site: 'same-origin', headers: { ...headers, ...fromOwn }, allowed: false, reason: 'referer-mismatch' },
    { name: 'a link from another site, where GET is checked', method: 'GET', site: 'same-origin', headers: { ...headers, ...fromEvil }, options: { safeMethods: 'check' }, allowed: false, reason: 'referer-mismatch' },
    { name: 'a link without referrer, where GET is checked', method: 'GET', site: 'same-origin', headers, options: { safeMethods: 'check' }, allowed: false, reason: 'referer-mismatch' },
    { name: 'from the own page', site: 'same-origin', origin: app, headers: { ...headers, ...fromOwn }, allowed: true, reason: 'same-host' },
    { name: 'from the own page, with the default port', site: 'same-origin', origin: 'https://app.example:443', headers: { ...headers, ...fromOwn }, allowed: true, reason: 'same-host' },
    { name: 'from the own page, whose referrer is its origin', site: 'same-origin', origin: app, headers: { ...headers, referer: 'https://app.example' }, allowed: true, reason: 'same-host' },
    { name: 'from the own page, behind a proxy that rewrites Host, where its origin is listed', host: 'backend:8080', site: 'same-origin', origin: app, headers: { ...headers, ...fromOwn }, options: { allowedOrigins: [app] }, allowed: true, reason: 'allowed-origin' },
    { name: 'from a partner', site: 'same-origin', origin: 'https://partner.example', headers: { ...headers, referer: 'https://partner.example/' }, options: partner, allowed: true, reason: 'allowed-origin' },
    { name: 'a link from the own page, where GET is checked', method: 'GET', site: 'same-origin', headers: { ...headers, ...fromOwn }, options: { safeMethods: 'check' }, allowed: true, reason: 'same-origin' },
    { name: 'a link from another site, where GET is isolated', method: 'GET', site: 'same-origin', headers: { ...headers, ...fromEvil }, options: { safeMethods: 'isolate' }, allowed: true, reason: 'navigation' }
  ])
}

const copied = { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty', accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', referer: 'https://app.example/worker.js' }

table('3. a navigation that a service worker copied, or stored and replayed', [
  { name: 'with the worker\'s script as Referer', site: 'same-origin', origin: app, headers: copied, allowed: false, reason: 'referer-mismatch' },
  { name: 'in mode no-cors', site: 'same-origin', origin: app, headers: { ...copied, 'sec-fetch-mode': 'no-cors' }, allowed: false, reason: 'referer-mismatch' },
  { name: 'a worker\'s own request for data', site: 'same-origin', origin: app, headers: { ...copied, accept: '*/*' }, allowed: true, reason: 'same-origin' },
  { name: 'a page\'s own request for HTML', site: 'same-origin', origin: app, headers: { ...copied, referer: 'https://app.example/page.json' }, allowed: true, reason: 'same-origin' },
  { name: 'a page\'s own request for HTML, without referrer', site: 'same-origin', origin: app, headers: { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty', accept: 'text/html' }, allowed: true, reason: 'same-origin' },
  { name: 'a page whose query names a script', site: 'same-origin', origin: app, headers: { ...copied, referer: 'https://app.example/page?of=worker.js' }, allowed: true, reason: 'same-origin' },
  { name: 'a page whose path contains one', site: 'same-origin', origin: app, headers: { ...copied, referer: 'https://app.example/worker.js/page' }, allowed: true, reason: 'same-origin' }
])

const preload = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', 'service-worker-navigation-preload': 'true' }

table('3. a navigation that a service worker preloaded, which Firefox labels same-origin', [
  { name: 'a link from another site', method: 'GET', site: 'same-origin', headers: { ...preload, ...fromEvil }, options: { safeMethods: 'check' }, allowed: false, reason: 'referer-mismatch' },
  { name: 'a link without referrer', method: 'GET', site: 'same-origin', headers: preload, options: { safeMethods: 'check' }, allowed: false, reason: 'referer-mismatch' },
  { name: 'with another value, which the application may set', method: 'GET', site: 'same-origin', headers: { ...preload, 'service-worker-navigation-preload': '', ...fromEvil }, options: { safeMethods: 'check' }, allowed: false, reason: 'referer-mismatch' },
  { name: 'a link from the own page', method: 'GET', site: 'same-origin', headers: { ...preload, ...fromOwn }, options: { safeMethods: 'check' }, allowed: true, reason: 'same-origin' },
  { name: 'a link from another site, where GET is isolated', method: 'GET', site: 'same-origin', headers: { ...preload, ...fromEvil }, options: { safeMethods: 'isolate' }, allowed: true, reason: 'navigation' },
  { name: 'a POST with that header, which is not a preload', site: 'same-origin', origin: app, headers: preload, allowed: true, reason: 'same-origin' }
])

table('3. own requests that only resemble these', [
  { name: 'a navigation that no worker re-sent, whatever its Origin: a proxy may have rewritten Host', site: 'same-origin', origin: evil, headers: navigation, allowed: true, reason: 'same-origin' },
  { name: 'a script in mode cors, as htmx and Turbo send', site: 'same-origin', origin: evil, headers: { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty', accept: 'text/html, application/xhtml+xml' }, allowed: true, reason: 'same-origin' },
  { name: 'a script in mode same-origin, behind a proxy that rewrites Host', host: 'backend:8080', site: 'same-origin', origin: app, headers: script, allowed: true, reason: 'same-origin' },
  { name: 'a script in mode same-origin, of a page without referrer', site: 'same-origin', origin: app, headers: script, allowed: true, reason: 'same-origin' },
  { name: 'a script in mode same-origin that names text/html later', site: 'same-origin', origin: app, headers: { ...script, accept: 'application/json, text/html' }, allowed: true, reason: 'same-origin' },
  { name: 'a script in mode same-origin without Accept', site: 'same-origin', origin: app, headers: { 'sec-fetch-mode': 'same-origin', 'sec-fetch-dest': 'empty' }, allowed: true, reason: 'same-origin' },
  { name: 'a re-sent form from another site, as Chromium labels it', site: 'cross-site', origin: evil, headers: resent, allowed: false, reason: 'cross-site' },
  { name: 'a re-sent form from the same host over http, as Chromium labels it', site: 'cross-site', origin: 'http://app.example', headers: resent, allowed: false, reason: 'cross-site' }
])

table('4. Origin', [
  { name: 'another host', origin: evil, allowed: false, reason: 'host-mismatch' },
  { name: 'the own host', origin: 'https://app.example', allowed: true, reason: 'same-host' },
  { name: 'the own host over http: the scheme is unknown behind a proxy', origin: 'http://app.example', allowed: true, reason: 'same-host' },
  { name: 'null', origin: 'null', allowed: false, reason: 'null-origin' },
  { name: 'not an origin', origin: 'not-a-url', allowed: false, reason: 'malformed-origin' },
  { name: 'two lines, joined by Node', origin: 'https://app.example, https://evil.example', allowed: false, reason: 'malformed-origin' },
  { name: 'a subdomain of the own host', origin: 'https://sub.app.example', allowed: false, reason: 'host-mismatch' },
  { name: 'a host that ends in the own host', origin: 'https://evil-app.example', allowed: false, reason: 'host-mismatch' },
  { name: 'a host that begins with the own host', origin: 'https://app.example.evil.example', allowed: false, reason: 'host-mismatch' },
  { name: 'an empty value is as none at all', origin: '', allowed: true, reason: 'unverifiable' }
])

table('5. neither', [
  { name: 'allowed by default', allowed: true, reason: 'unverifiable' },
  { name: 'denied where the policy says so', options: { allowUnverifiableRequests: false }, allowed: false, reason: 'unverifiable' },
  { name: 'empty headers are none', site: '', origin: '', options: { allowUnverifiableRequests: false }, allowed: false, reason: 'unverifiable' }
])

table('6. allowed origins', [
  { name: 'another origin, cross-site', ...browser('form', 'cross-site', { origin: evil }), options: partner, allowed: false, reason: 'cross-site' },
  { name: 'another origin, without Fetch Metadata', origin: evil, options: partner, allowed: false, reason: 'host-mismatch' },
  { name: 'the partner under another scheme', ...browser('form', 'cross-site', { origin: 'http://partner.example' }), options: partner, allowed: false, reason: 'cross-site' },
  { name: 'the partner on another port', ...browser('form', 'cross-site', { origin: 'https://partner.example:8443' }), options: partner, allowed: false, reason: 'cross-site' },
  { name: 'the partner, cross-site', ...browser('form', 'cross-site', { origin: 'https://partner.example' }), options: partner, allowed: true, reason: 'allowed-origin' },
  { name: 'the partner, same-site', site: 'same-site', origin: 'https://partner.example', options: partner, allowed: true, reason: 'allowed-origin' },
  { name: 'the partner, without Fetch Metadata', origin: 'https://partner.example', options: partner, allowed: true, reason: 'allowed-origin' },
  { name: 'the partner in capitals and with the default port', origin: 'HTTPS://PARTNER.example:443', options: partner, allowed: true, reason: 'allowed-origin' },
  { name: 'two lines, one of them the partner', site: 'cross-site', origin: 'https://partner.example, https://evil.example', options: partner, allowed: false, reason: 'cross-site' },
  { name: 'cross-site without Origin', site: 'cross-site', options: partner, allowed: false, reason: 'cross-site' },
  { name: 'same-origin stays same-origin', site: 'same-origin', origin: 'https://partner.example', options: partner, allowed: true, reason: 'same-origin' }
])

table('WebSocket handshakes', [
  { name: 'cross-site, as Firefox sends it', ...browser('websocket', 'cross-site', { engine: 'firefox' }), allowed: false, reason: 'cross-site' },
  { name: 'cross-site, as WebKit sends it', ...browser('websocket', 'cross-site', { engine: 'webkit' }), allowed: false, reason: 'cross-site' },
  { name: 'cross-site, as Chromium sends it', ...browser('websocket', 'cross-site'), allowed: false, reason: 'host-mismatch' },
  { name: 'same-site, as Firefox sends it', ...browser('websocket', 'same-site', { engine: 'firefox' }), allowed: false, reason: 'same-site' },
  { name: 'of a sandboxed frame', ...browser('websocket', 'sandboxed-frame'), allowed: false, reason: 'null-origin' },
  { name: 'in capitals', method: 'GET', origin: evil, headers: { upgrade: 'WebSocket' }, allowed: false, reason: 'host-mismatch' },
  { name: 'in a list of protocols', method: 'GET', origin: evil, headers: { upgrade: 'h2c, websocket' }, allowed: false, reason: 'host-mismatch' },
  { name: 'an upgrade to something else', method: 'GET', origin: evil, headers: { upgrade: 'h2c' }, allowed: true, reason: 'safe-method' },
  { name: 'under an exempt path', ...browser('websocket', 'cross-site'), url: '/hooks', options: { exemptPaths: ['/hooks'] }, allowed: true, reason: 'exempt-path' },
  { name: 'of the own pages, as Firefox sends it', ...browser('websocket', 'same-origin', { engine: 'firefox' }), allowed: true, reason: 'same-origin' },
  { name: 'of the own pages, as WebKit sends it', ...browser('websocket', 'same-origin', { engine: 'webkit' }), allowed: true, reason: 'same-origin' },
  { name: 'of the own pages, as Chromium sends it', ...browser('websocket', 'same-origin'), allowed: true, reason: 'same-host' },
  { name: 'of a partner', ...browser('websocket', 'cross-site', { origin: 'https://partner.example' }), options: partner, allowed: true, reason: 'allowed-origin' },
  { name: 'of a program', method: 'GET', headers: handshake, allowed: true, reason: 'unverifiable' },
  { name: 'of a program, where that is denied', method: 'GET', headers: handshake, options: { allowUnverifiableRequests: false }, allowed: false, reason: 'unverifiable' },
  { name: 'cross-site, isolated: it is no navigation', method: 'GET', site: 'cross-site', headers: { ...handshake, 'sec-fetch-mode': 'navigate' }, options: { safeMethods: 'isolate' }, allowed: false, reason: 'cross-site' },
  { name: 'cross-site, where they are not protected', ...browser('websocket', 'cross-site'), options: { protectWebSockets: false }, allowed: true, reason: 'safe-method' },
  { name: 'cross-site, not protected but isolated: it is a GET as any', ...browser('websocket', 'cross-site'), options: { protectWebSockets: false, safeMethods: 'isolate' }, allowed: false, reason: 'host-mismatch' },
  { name: 'cross-site, not protected but checked: it is a GET as any', ...browser('websocket', 'cross-site'), options: { protectWebSockets: false, safeMethods: 'check' }, allowed: false, reason: 'host-mismatch' },
  { name: 'a cross-site POST, where handshakes are not protected', site: 'cross-site', headers: handshake, options: { protectWebSockets: false }, allowed: false, reason: 'cross-site' }
])

const isolate: CrossOriginProtectionOptions = { safeMethods: 'isolate' }

table('safeMethods: isolate', [
  { name: 'a cross-site image', ...browser('image', 'cross-site'), options: isolate, allowed: false, reason: 'cross-site' },
  { name: 'a cross-site fetch', ...browser('fetch-get', 'cross-site'), options: isolate, allowed: false, reason: 'cross-site' },
  { name: 'a cross-site HEAD', method: 'HEAD', site: 'cross-site', headers: { 'sec-fetch-mode': 'cors' }, options: isolate, allowed: false, reason: 'cross-site' },
  { name: 'a cross-site GET without a mode', method: 'GET', site: 'cross-site', options: isolate, allowed: false, reason: 'cross-site' },
  { name: 'a cross-site object', ...browser('object', 'cross-site'), options: isolate, allowed: false, reason: 'cross-site' },
  { name: 'a cross-site embed', ...browser('embed', 'cross-site'), options: isolate, allowed: false, reason: 'cross-site' },
  { name: 'an unknown Sec-Fetch-Site, although it navigates', method: 'GET', site: 'garbage', headers: navigation, options: isolate, allowed: false, reason: 'unrecognized-fetch-site' },
  { name: 'a cross-site fetch over plain HTTP', ...browser('fetch-get', 'cross-site', { to: 'http://app.example' }), options: isolate, allowed: false, reason: 'host-mismatch' },
  { name: 'a cross-site form, although it navigates', ...browser('form', 'cross-site'), options: isolate, allowed: false, reason: 'cross-site' },
  { name: 'a same-site POST', ...browser('fetch-cors', 'same-site'), options: isolate, allowed: false, reason: 'same-site' },
  { name: 'a POST with nothing to verify, where that is denied', options: { ...isolate, allowUnverifiableRequests: false }, allowed: false, reason: 'unverifiable' },
  { name: 'a link', ...browser('link', 'cross-site'), options: isolate, allowed: true, reason: 'navigation' },
  { name: 'a frame', ...browser('frame', 'cross-site'), options: isolate, allowed: true, reason: 'navigation' },
  { name: 'a cross-site object, which WebKit loads as a frame', ...browser('object', 'cross-site', { engine: 'webkit' }), options: isolate, allowed: true, reason: 'navigation' },
  { name: 'a same-site image', ...browser('image', 'same-site'), options: isolate, allowed: true, reason: 'same-site' },
  { name: 'an own image', ...browser('image', 'same-origin'), options: isolate, allowed: true, reason: 'same-origin' },
  { name: 'an own link', ...browser('link', 'same-origin'), options: isolate, allowed: true, reason: 'same-origin' },
  { name: 'none with a foreign Origin, not a navigation', method: 'GET', site: 'none', origin: evil, options: isolate, allowed: false, reason: 'host-mismatch' },
  { name: 'by the user', method: 'GET', site: 'none', options: isolate, allowed: true, reason: 'user-initiated' },
  { name: 'by the user, HEAD', method: 'HEAD', site: 'none', options: isolate, allowed: true, reason: 'user-initiated' },
  { name: 'none with a foreign Origin, a navigation', method: 'GET', site: 'none', origin: evil, headers: navigation, options: isolate, allowed: true, reason: 'navigation' },
  { name: 'none with Origin null, a navigation', method: 'GET', site: 'none', origin: 'null', headers: navigation, options: isolate, allowed: true, reason: 'navigation' },
  { name: 'with neither header', method: 'GET', options: { ...isolate, allowUnverifiableRequests: false }, allowed: true, reason: 'unverifiable' },
  { name: 'a partner\'s fetch', ...browser('fetch-get', 'cross-site', { origin: 'https://partner.example' }), options: { ...isolate, ...partner }, allowed: true, reason: 'allowed-origin' },
  { name: 'a preflight', method: 'OPTIONS', site: 'cross-site', origin: evil, options: isolate, allowed: true, reason: 'safe-method' },
  { name: 'an image under an exempt path', ...browser('image', 'cross-site'), url: '/public/x', options: { ...isolate, exemptPaths: ['/public'] }, allowed: true, reason: 'exempt-path' }
])

const checked: CrossOriginProtectionOptions = { safeMethods: 'check' }

table('safeMethods: check', [
  { name: 'a link', ...browser('link', 'cross-site'), options: checked, allowed: false, reason: 'cross-site' },
  { name: 'a link on another origin of the site', ...browser('link', 'same-site'), options: checked, allowed: false, reason: 'same-site' },
  { name: 'HEAD', method: 'HEAD', site: 'cross-site', options: checked, allowed: false, reason: 'cross-site' },
  { name: 'with neither header, where that is denied', method: 'GET', options: { ...checked, allowUnverifiableRequests: false }, allowed: false, reason: 'unverifiable' },
  { name: 'an address that is typed, or opened by another program, and redirected here', method: 'GET', site: 'none', headers: navigation, options: checked, allowed: false, reason: 'user-initiated' },
  { name: 'HEAD of no known page', method: 'HEAD', site: 'none', options: checked, allowed: false, reason: 'user-initiated' },
  { name: 'prefetched by the speculation rules of another origin', method: 'GET', site: 'none', headers: { ...navigation, 'sec-purpose': 'prefetch;prerender' }, options: checked, allowed: false, reason: 'user-initiated' },
  { name: 'a handshake of no known page, not protected', method: 'GET', site: 'none', headers: handshake, options: { ...checked, protectWebSockets: false }, allowed: false, reason: 'user-initiated' },
  { name: 'none with a foreign Origin', method: 'GET', site: 'none', origin: evil, options: checked, allowed: false, reason: 'host-mismatch' },
  { name: 'a link of the own page', ...browser('link', 'same-origin'), options: checked, allowed: true, reason: 'same-origin' },
  { name: 'with neither header', method: 'GET', options: checked, allowed: true, reason: 'unverifiable' },
  { name: 'none with the Origin of the own host', method: 'GET', site: 'none', origin: 'https://app.example', options: checked, allowed: true, reason: 'same-host' },
  { name: 'a preflight', method: 'OPTIONS', site: 'cross-site', origin: evil, options: checked, allowed: true, reason: 'safe-method' }
])

table('what is not read', [
  { name: 'a JSON content type', site: 'cross-site', headers: { 'content-type': 'application/json' }, allowed: false, reason: 'cross-site' },
  { name: 'no cookie, no Authorization', origin: evil, headers: { authorization: 'Bearer x' }, allowed: false, reason: 'host-mismatch' },
  { name: 'X-Requested-With', origin: evil, headers: { 'x-requested-with': 'XMLHttpRequest' }, allowed: false, reason: 'host-mismatch' },
  { name: 'Referer', origin: evil, headers: { referer: 'https://app.example/' }, allowed: false, reason: 'host-mismatch' },
  { name: 'X-Forwarded-Host, unless trustProxy says so', origin: evil, headers: { 'x-forwarded-host': 'evil.example' }, allowed: false, reason: 'host-mismatch' },
  { name: 'X-HTTP-Method-Override', site: 'cross-site', headers: { 'x-http-method-override': 'GET' }, allowed: false, reason: 'cross-site' }
])

t.test('no header is read but those that tell where a request comes from', async t => {
  const read = new Set<string | symbol>()
  const watched = (headers: IncomingHttpHeaders) => new Proxy(headers, { get: (target, name: string) => { read.add(name); return target[name] } })
  const decideOn = (method: string, headers: IncomingHttpHeaders, options: CrossOriginProtectionOptions = checked) => (
    decide(createPolicy(options), { method, url: '/transfer', host: 'app.example', headers: watched(headers) })
  )
  t.match(decideOn('POST', { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors', origin: evil }), { allowed: true })
  t.same([...read].sort(), ['sec-fetch-dest', 'sec-fetch-site'], 'not even Origin, where the browser says that the request is the own page\'s')

  for (const method of ['GET', 'POST']) {
    for (const site of [undefined, 'same-origin', 'same-site', 'cross-site', 'none', 'garbage']) {
      for (const origin of [undefined, 'null', evil, 'https://app.example']) {
        for (const headers of [navigation, resentByFirefox]) {
          for (const options of [isolate, checked, partner]) decideOn(method, { 'sec-fetch-site': site, origin, ...headers }, options)
        }
      }
    }
  }
  t.same([...read].sort(), ['accept', 'origin', 'referer', 'sec-fetch-dest', 'sec-fetch-mode', 'sec-fetch-site', 'service-worker-navigation-preload', 'upgrade'])
})

t.test('where no path is exempt, the URL is not looked at', async t => {
  const request = { method: 'POST', get url (): string { throw new Error('looked at') }, host: 'app.example', headers: { 'sec-fetch-site': 'cross-site' } }
  t.match(decide(createPolicy({}), request), { allowed: false, reason: 'cross-site' })
  t.throws(() => decide(createPolicy({ exemptPaths: ['/hooks'] }), request), { message: 'looked at' })
})

t.test('a route that is exempt', async t => {
  const request = { method: 'POST', url: '/', host: 'app.example', headers: { 'sec-fetch-site': 'cross-site' } }
  t.match(decide(exemptPolicy(createPolicy({})), request), { allowed: true, reason: 'exempt-route' })
})

t.test('a header that some server gives as a list is no throw', async t => {
  const policy = createPolicy({})
  const request = (headers: object) => ({ method: 'POST', url: '/', host: 'app.example', headers: headers as IncomingHttpHeaders })
  t.match(decide(policy, request({ 'sec-fetch-site': ['same-origin', 'cross-site'] })), { allowed: false, reason: 'unrecognized-fetch-site' })
  t.match(decide(policy, request({ origin: ['https://app.example', 'https://evil.example'] })), { allowed: false, reason: 'malformed-origin' })
})

t.test('decisions exist beforehand and cannot be changed', async t => {
  const policy = createPolicy({})
  const request = { method: 'POST', url: '/', host: 'app.example', headers: { 'sec-fetch-site': 'same-origin' } }
  t.equal(decide(policy, request), decide(policy, request), 'the same object each time')
  t.ok(Object.isFrozen(decide(policy, request)))
})

// Requests and options for the tests that generate them. Drawn from all texts evenly, an Origin would never be the own
// host and a path never exempt; so everything here is drawn near the few names below, and then often spoilt a little.
import fc, { type Arbitrary } from 'fast-check'
import type { CrossOriginProtectionOptions, SafeMethods } from '../../src/index.ts'
import type { ModelPolicy, ModelRequest } from './model.ts'
import { hostileText, near, weighted } from './spoilt.ts'

/** An entry of `allowedOrigins` as somebody may write it, and as browsers send the origin. */
export interface Entry { readonly written: string, readonly stored: string }

/** Functions of `allowedOrigins`, by name: whom they trust, all at once. */
export const trusts = {
  nobody: () => false,
  evil: (origin: string) => origin === 'https://evil.example',
  everybody: () => true
}

/** The options of one registration or of one route. */
export interface GeneratedOptions {
  readonly entries: readonly Entry[]
  readonly trust: keyof typeof trusts
  readonly exemptPaths: readonly string[]
  readonly allowedHosts: readonly string[]
  readonly allowUnverifiableRequests: boolean
  readonly protectWebSockets: boolean
  readonly safeMethods: SafeMethods
}

const hosts = ['app.example', 'app.example:8443', 'localhost:3000', '127.0.0.1', '[::1]:3000', 'xn--bcher-kva.example']

const entries: readonly Entry[] = [
  { written: 'https://partner.example', stored: 'https://partner.example' },
  { written: 'HTTPS://Partner.EXAMPLE:443', stored: 'https://partner.example' },
  { written: 'http://partner.example:80', stored: 'http://partner.example' },
  { written: 'https://partner.example:8443', stored: 'https://partner.example:8443' },
  { written: 'https://*.Tenants.example', stored: 'https://*.tenants.example' },
  { written: 'http://*.dev.tenants.example:8080', stored: 'http://*.dev.tenants.example:8080' },
  { written: 'https://*.app.example', stored: 'https://*.app.example' },
  { written: 'https://b\u00fccher.example', stored: 'https://xn--bcher-kva.example' },
  { written: 'https://*.b\u00fccher.example:443', stored: 'https://*.xn--bcher-kva.example' },
  { written: 'http://[0:0:0:0:0:0:0:1]:3000', stored: 'http://[::1]:3000' },
  { written: 'capacitor://localhost', stored: 'capacitor://localhost' },
  { written: 'chrome-extension://abcdefghijklmnop', stored: 'chrome-extension://abcdefghijklmnop' }
]

/** As they are stored, but for letter case. */
const allowedHosts = ['app.example', 'APP.example:443', '*.app.example', 'app.example:8443', 'localhost', '127.0.0.1', '[::1]', '[::1]:3000', '*.localhost:3000', 'xn--bcher-kva.example:80']

const exemptPaths = ['/hooks', '/api', '/api/v1/events', '/a-b']

// ---------------------------------------------------------------------------------------------

const host = weighted<string>(
  [8, 'app.example'], [8, fc.constantFrom(...hosts)], [3, near(fc.constantFrom(...hosts))], [1, ''], [1, hostileText]
)

const ownOrigin = fc.tuple(fc.constantFrom('https', 'http', 'https', 'HTTP', 'ftp'), weighted<string>([2, 'app.example'], [2, fc.constantFrom(...hosts)]))
  .map(([scheme, host]) => `${scheme}://${host}`)

const listedOrigin = fc.tuple(fc.constantFrom(...entries), fc.constantFrom('a', 'a.b', 'xn--a'))
  .map(([{ stored }, labels]) => stored.replace('*', labels))

const goodOrigin = weighted<string>([3, ownOrigin], [3, listedOrigin], [2, 'https://evil.example'], [1, 'null'])

const origin = weighted<string | undefined>(
  [6, undefined], [1, ''], [2, 'null'], [3, 'https://app.example'], [9, goodOrigin], [7, near(goodOrigin)], [1, hostileText]
)

const sites = ['same-origin', 'none', 'same-site', 'cross-site']

const site = weighted<string | undefined>(
  [9, undefined], [7, 'same-origin'], [7, 'none'], [3, 'same-site'], [6, 'cross-site'], [1, ''],
  [1, fc.constantFrom(...sites).map(site => site.toUpperCase())], [1, near(fc.constantFrom(...sites))], [1, hostileText]
)

const mode = weighted<string | undefined>([4, undefined], [4, 'navigate'], [2, 'same-origin'], [1, fc.constantFrom('cors', 'no-cors', 'websocket', 'Navigate', '')])
const destination = weighted<string | undefined>(
  [3, undefined], [3, 'empty'], [1, fc.constantFrom('document', 'iframe', 'object', 'embed', 'image', 'EMPTY', '')]
)
const upgrade = weighted<string | undefined>(
  [12, undefined], [3, 'websocket'], [1, fc.constantFrom('WebSocket', 'h2c', 'h2c, websocket', 'websocket/13', 'websocke', '')]
)

/** Where Referer may name a page of the origin that is drawn for Origin, or of another one, or nothing that is a URL. */
const referer = weighted<string | undefined>(
  [5, undefined], [4, '{origin}/page?x'], [2, '{origin}'], [2, 'https://app.example/'], [2, 'https://evil.example/'], [2, '{origin}/worker.js'], [1, 'https://app.example/sw.mjs?v=1'],
  [1, near(fc.constantFrom('https://app.example/', '{origin}/'))], [1, hostileText]
)
const accept = weighted<string | undefined>(
  [3, undefined], [3, 'text/html,application/xhtml+xml'], [1, fc.constantFrom('*/*', 'application/json, text/html', 'TEXT/HTML', '')]
)
const preload = weighted<string | undefined>([12, undefined], [2, 'true'], [1, ''])

const methods = ['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'QUERY', 'PROPFIND']

const method = weighted<string>(
  [8, 'POST'], [6, 'GET'], [2, 'HEAD'], [3, fc.constantFrom(...methods)], [1, fc.constantFrom('get', 'GETX', 'Post', '')]
)

const path = fc.tuple(
  fc.constantFrom('/transfer', '/transfer', '/', ...exemptPaths, ...exemptPaths),
  weighted<string>(
    [6, ''],
    [2, fc.constantFrom('/', '/github', '/v1.2', '/..a', '/a%20b', '?x=1', '?/../', '/x?y#z')],
    [3, fc.constantFrom(
      'mith', '/..', '/../transfer', '/./x', '/.', '//x', '//', ';x', '/..;/x', '\\x', '#x', '/..%2Ftransfer', '/%2e%2e/transfer',
      '/%252e%252e/x', '/a%25252fb', '/..%25%32ftransfer', '/%2%65/x', '/%%32e/x', '%5cx', '/a%3Bb', '%3f/hooks', '/..%20/transfer', '/.%C2%A0./x', '/%e3%80%80', '/...'
    )]
  )
).map(parts => parts.join(''))

const url = weighted<string>(
  [12, path], [2, near(path)], [1, path.map(path => `/transfer?${path}`)], [1, path.map(path => `http://app.example${path}`)],
  [1, path.map(path => `/x/..${path}`)], [1, hostileText]
)

/** Without what Node's parser answers with a 400, and without the white space that it trims. */
export function asNodeReads (value: string): string {
  return value.replace(/[^\t\x20-\x7e\x80-\xff]/g, '').replace(/^[\t ]+|[\t ]+$/g, '')
}

/** A request whose every part is often right, often almost right, and sometimes hostile. */
export const requests: Arbitrary<ModelRequest> = fc.record({
  method, url, host, site, origin, mode, destination, upgrade, referer, accept, preload
}).map(({ method, url, host, site, origin, mode, destination, upgrade, referer, accept, preload }) => {
  const headers: Record<string, string> = {}
  const add = (name: string, value: string | undefined) => { if (value !== undefined) headers[name] = value }
  add('host', host)
  add('sec-fetch-site', site)
  add('origin', origin)
  add('sec-fetch-mode', mode)
  add('sec-fetch-dest', destination)
  add('upgrade', upgrade)
  add('referer', referer?.replace('{origin}', origin ?? 'https://app.example'))
  add('accept', accept)
  add('service-worker-navigation-preload', preload)
  return { method, url, host, headers }
})

/** Entries for `allowedOrigins` and `exemptPaths` that are right, that are nearly so, and that are anything. */
export const originTexts: Arbitrary<string> = fc.oneof(fc.constantFrom(...entries.map(({ written }) => written)), near(goodOrigin), hostileText)
export const pathTexts: Arbitrary<string> = fc.oneof(fc.constantFrom(...exemptPaths), path, near(path), hostileText)

/** Entries for `allowedHosts`, and hosts that are near them. */
export const hostTexts: Arbitrary<string> = fc.oneof(fc.constantFrom(...allowedHosts, ...hosts), near(fc.constantFrom(...allowedHosts, ...hosts)), hostileText)
export const rightHosts: Arbitrary<readonly string[]> = fc.subarray(allowedHosts, { minLength: 1 })

export const rightEntries: Arbitrary<Entry> = fc.constantFrom(...entries)
export const rightPaths: Arbitrary<string> = fc.constantFrom(...exemptPaths)

export const someOptions: Arbitrary<GeneratedOptions> = fc.record({
  entries: fc.subarray([...entries], { maxLength: 5 }),
  trust: weighted<keyof typeof trusts>([6, 'nobody'], [1, 'evil'], [1, 'everybody']),
  exemptPaths: fc.subarray(exemptPaths, { maxLength: 3 }),
  allowedHosts: weighted<readonly string[]>([4, []], [1, fc.subarray(allowedHosts, { minLength: 1, maxLength: 5 })]),
  allowUnverifiableRequests: fc.boolean(),
  protectWebSockets: weighted<boolean>([3, true], [1, false]),
  safeMethods: weighted<SafeMethods>([2, 'allow'], [2, 'isolate'], [2, 'check'])
})

/** The options as the plugin takes them. */
export function pluginOptions ({ entries, trust, ...rest }: GeneratedOptions): CrossOriginProtectionOptions {
  const ask = async (origin: string) => trusts[trust](origin)
  return { ...rest, allowedOrigins: [...entries.map(({ written }) => written), ...(trust === 'nobody' ? [] : [ask])] }
}

/** The options as the model takes them. */
export function modelPolicy (options: GeneratedOptions, isExemptRoute = false): ModelPolicy {
  const { entries, trust, allowedHosts, ...rest } = options
  const stored = allowedHosts.map(host => host.toLowerCase())
  return { ...rest, allowedHosts: stored, allowedOrigins: entries.map(({ stored }) => stored), isTrusted: trusts[trust], isExemptRoute }
}

/** Names that no rule speaks of, with values that have switched off other guards, or anything at all. */
export const otherHeaders: Arbitrary<Record<string, string>> = fc.dictionary(
  fc.constantFrom(
    'cookie', 'authorization', 'content-type', 'content-length', 'x-requested-with', 'x-csrf-token', 'x-http-method-override',
    'x-forwarded-host', 'x-forwarded-proto', 'x-forwarded-port', 'x-forwarded-for', 'forwarded', 'x-original-url', 'x-real-ip',
    'via', 'connection', 'sec-fetch-user', 'sec-purpose', 'access-control-request-method', 'x-origin',
    'sec-fetch-storage-access', 'sec-websocket-key', 'service-worker', 'ping-from', 'expect', 'te', 'user-agent', 'date'
  ),
  fc.oneof(fc.constantFrom(
    'app.example', 'https://app.example', 'same-origin', 'XMLHttpRequest', 'application/json', 'GET', 'true', '*', '127.0.0.1',
    'host=app.example;proto=https', 'sec-fetch-site, origin', 'websocket', 'null', ''
  ), hostileText),
  { minKeys: 1, maxKeys: 5 }
)

// The request's own host, and what proxies and clients say about it. The plugin parses no forwarded header; it compares with
// Fastify's request.host. So each row is sent to a server with each form of trustProxy.
import type { FastifyServerOptions } from 'fastify'
import fastifyWebsocket from '@fastify/websocket'
import type { Test } from 'tap'
import crossOriginProtection, { type CrossOriginProtectionOptions } from '../../src/index.ts'
import { emptyApp, protectedApp, type CountingApp } from '../helpers/app.ts'
import { handshake, own, ownOrigin, post, refuses, serves, suiteOf, type Attempt } from '../helpers/bypasses.ts'

const { bypass, isComplete } = suiteOf('proxy-host')

// The sender of these tests is 127.0.0.1.
const distrusting: Array<[form: string, trustProxy: unknown]> = [
  ['left out', undefined], ['false', false], ['another address', '10.0.0.1'], ['another network', '10.0.0.0/8'], ['a string with other addresses', '10.0.0.1, 192.168.0.0/16'],
  ['a list of other addresses', ['10.0.0.1', '2001:db8::1', 'uniquelocal']], ['a function that accepts other addresses', (address: string) => address === '10.0.0.1'],
  // Fastify ignores numbers since 5.12.1, and this package does not load on older versions.
  ['0', 0], ['1', 1], ['a large number', 1000]
]
const trusting: Array<[form: string, trustProxy: unknown]> = [
  ['true', true], ['its address', '127.0.0.1'], ['its network', '127.0.0.0/8'], ['its name', 'loopback'], ['a list that contains it', ['10.0.0.1', '127.0.0.1']],
  ['a function that accepts it', (address: string) => address === '127.0.0.1']
]

/** Runs a test for each form of trustProxy. */
function forms (list: Array<[form: string, trustProxy: unknown]>, t: Test, test: (t: Test, app: CountingApp) => Promise<void>, options: CrossOriginProtectionOptions = {}): void {
  for (const [form, trustProxy] of list) {
    t.test(`trustProxy: ${form}`, async t => test(t, await protectedApp(t, options, { trustProxy: trustProxy as FastifyServerOptions['trustProxy'] })))
  }
}

const controls: Attempt[] = [['our own page', post('/', ...own)], ['our own page, without Fetch Metadata', post('/', ...ownOrigin)]]

bypass('CVE-2026-3635, GHSA-444r-cwp2-x5xf', async t => {
  const forged = ['X-Forwarded-Host: evil.example', 'X-Forwarded-Proto: https', 'Origin: https://evil.example']
  forms(distrusting, t, async (t, app) => {
    await refuses(t, app, [
      ['a client that sends X-Forwarded-Host', post('/', ...forged)],
      ['a client that pretends to be the proxy', post('/', ...forged, 'X-Forwarded-For: 10.0.0.1')],
      ['a client that forwards our own host', post('/', 'X-Forwarded-Host: app.example', 'Origin: https://evil.example')]
    ])
    await serves(t, app, controls)
  })
  forms(trusting, t, async (t, app) => {
    // From a trusted proxy, the application believes the same lines. Fetch Metadata still decides first.
    await refuses(t, app, [
      ['with Fetch Metadata', post('/', ...forged, 'Sec-Fetch-Site: cross-site')],
      ['an origin other than the forwarded host', post('/', 'X-Forwarded-Host: app.example', 'Origin: https://evil.example')],
      ['the Host that the proxy overrides', post('/', 'X-Forwarded-Host: shop.example', ...ownOrigin)]
    ])
    await serves(t, app, [...controls, ['the forwarded host', post('/', 'X-Forwarded-Host: shop.example', 'Origin: https://shop.example')]])
  })
})

bypass('CVE-2026-16732, GHSA-3m5p-2c4r-xxw2', async t => {
  for (const hops of [1, 2, 100]) {
    const app = await protectedApp(t, {}, { trustProxy: hops as never })
    await refuses(t, app, [
      ['a client that sends X-Forwarded-Host', post('/', 'X-Forwarded-Host: evil.example', 'Origin: https://evil.example')],
      ['a client with enough hops', post('/', 'X-Forwarded-Host: evil.example', 'X-Forwarded-For: 10.0.0.1, 10.0.0.2, 10.0.0.3', 'Origin: https://evil.example')]
    ])
    await serves(t, app, controls)
  }
})

bypass('cloudflare/vinext#95', async t => {
  forms(distrusting, t, async (t, app) => {
    await refuses(t, app, [['a pair that matches', post('/', 'X-Forwarded-Host: evil.example', 'Origin: https://evil.example')]])
    await serves(t, app, controls)
  })
})

bypass('remix-run/react-router#15185', async t => {
  // Proxies append, so the first value of a list is what the client wrote. Fastify uses the last one.
  const lists: Attempt[] = [
    ['a list', post('/action', 'X-Forwarded-Host: evil.example, app.example', 'Origin: https://evil.example')],
    ['two lines', post('/action', 'X-Forwarded-Host: evil.example', 'X-Forwarded-Host: app.example', 'Origin: https://evil.example')],
    ['three, and no space', post('/action', 'X-Forwarded-Host: evil.example,evil.example,app.example', 'Origin: https://evil.example')],
    ['the whole list as the origin', post('/action', 'X-Forwarded-Host: evil.example, app.example', 'Origin: https://evil.example, app.example')],
    ['an empty last value', post('/action', 'X-Forwarded-Host: evil.example,', 'Origin: https://evil.example')]
  ]
  forms([...distrusting, ...trusting], t, async (t, app) => {
    await refuses(t, app, lists)
    await serves(t, app, [
      ...controls,
      ['the last of a list, which the proxy wrote', post('/', 'X-Forwarded-Host: evil.example, app.example', ...ownOrigin)]
    ])
  })
})

bypass('CVE-2025-64525, GHSA-hr2q-hp5q-x767', async t => {
  const lines = [
    'X-Forwarded-Proto: https://evil.example/?x=', 'X-Forwarded-Proto: https://evil.example#', 'X-Forwarded-Proto: http\\evil.example', 'X-Forwarded-Port: 443@evil.example', 'X-Forwarded-Port: 443/../evil.example',
    'X-Forwarded-Scheme: https://evil.example', 'X-Forwarded-Server: evil.example', 'X-Forwarded-Prefix: //evil.example', 'X-Original-Host: evil.example', 'X-Host: evil.example', 'X-Real-Host: evil.example',
    'X-HTTP-Host-Override: evil.example', 'Forwarded: host=evil.example;proto=https', 'Forwarded: for=127.0.0.1;host="evil.example"', 'X-Forwarded: host=evil.example', 'True-Host: evil.example', ':authority: evil.example'
  ]
  forms([...distrusting, ...trusting], t, async (t, app) => {
    // A header name cannot begin with a colon: Node's parser rejects it.
    await refuses(t, app, lines.map(line => [line, post('/', line, 'Origin: https://evil.example'), { status: line.startsWith(':') ? 400 : 403 }]))
    await serves(t, app, [...controls, ...lines.filter(line => !line.startsWith(':')).map(line => [line, post('/', line, ...ownOrigin)] as Attempt)])
  })
})

bypass('withastro/astro#15777', async t => {
  const local = (...lines: string[]) => ['POST / HTTP/1.1', 'Host: localhost:4321', ...lines]
  forms([...distrusting, ...trusting], t, async (t, app) => {
    await refuses(t, app, [
      ['the host without its port', local('X-Forwarded-Proto: https', 'Origin: https://localhost')],
      ['another port', local('X-Forwarded-Proto: https', 'Origin: https://localhost:443')],
      ['a forwarded port', local('X-Forwarded-Port: 9999', 'Origin: http://localhost:9999')]
    ])
    await serves(t, app, [
      ['the host with its port', local('Origin: http://localhost:4321')],
      ['the host with its port, and a forwarded scheme', local('X-Forwarded-Proto: https', 'Origin: https://localhost:4321')]
    ])
  })
})

bypass('gorilla/csrf#213', async t => {
  const backend = (...lines: string[]) => ['POST / HTTP/1.1', 'Host: backend:8080', ...lines]
  const app = await protectedApp(t)
  // Without Fetch Metadata, our own page looks like another origin. The log says why (see hints.ts). The fix is in the proxy or
  // in trustProxy.
  await refuses(t, app, [
    ['our own page without Fetch Metadata', backend(...ownOrigin)],
    ['another site', backend('Origin: https://evil.example', 'Sec-Fetch-Site: cross-site')],
    ['another site that guesses the backend\'s name', backend('Origin: http://backend', 'Sec-Fetch-Site: cross-site')]
  ])
  await serves(t, app, [['our own page', backend(...own)]])
  const told = await protectedApp(t, {}, { trustProxy: '127.0.0.1' })
  await serves(t, told, [['our own page without Fetch Metadata, through a trusted proxy', backend('X-Forwarded-Host: app.example', ...ownOrigin)]])
})

bypass('patcireamo/ChungusHub#67', async t => {
  const lines = ['POST /api/x HTTP/1.1', 'Host: 127.0.0.1:3000', 'Origin: http://192.168.1.5:5173', 'X-Forwarded-Host: 192.168.1.5:5173']
  forms(distrusting, t, async (t, app) => {
    await refuses(t, app, [['a page behind the development proxy', lines]])
    await serves(t, app, controls)
  })
  // The application has two ways to allow it.
  forms(trusting, t, (t, app) => serves(t, app, [['a page behind the trusted proxy', lines]]))
  const listed = await protectedApp(t, { allowedOrigins: ['http://192.168.1.5:5173'] })
  await refuses(t, listed, [['another port of the device', lines.map(line => line.replace('Origin: http://192.168.1.5:5173', 'Origin: http://192.168.1.5:8080'))]])
  await serves(t, listed, [['a page whose origin is listed', lines]])
})

bypass('CVE-2026-32302, GHSA-5wcw-8jjv-m286', async t => {
  for (const trustProxy of [false, true]) {
    const app = emptyApp(t, { trustProxy })
    await app.register(crossOriginProtection)
    await app.register(fastifyWebsocket)
    app.get('/ws', { websocket: true }, () => { app.ran++ })
    const proxied = ['X-Forwarded-For: 10.0.0.9', 'X-Real-IP: 10.0.0.9', 'Forwarded: for=10.0.0.9', 'Via: 1.1 proxy', 'X-Forwarded-Proto: https', 'X-Forwarded-User: admin', 'CF-Connecting-IP: 10.0.0.9', 'Tailscale-User-Login: admin']
    await refuses(t, app, proxied.map(line => [line, handshake('/ws', 'Origin: https://evil.example', line)]))
    await serves(t, app, proxied.map(line => [line, handshake('/ws', ...ownOrigin, line), { status: 101 }]))
  }
})

bypass('CVE-2024-47084, GHSA-3c67-5hwx-f6wx', async t => {
  const app = await protectedApp(t)
  const local = (...lines: string[]) => ['POST /upload HTTP/1.1', 'Host: localhost:7860', ...lines]
  const credentials = ['Cookie: access-token=1', 'Authorization: Basic dXNlcjpwYXNz', 'X-Requested-With: XMLHttpRequest', 'Proxy-Authorization: Basic dXNlcjpwYXNz', 'X-API-Key: key']
  await refuses(t, app, [['no credentials', local('Origin: https://evil.example')], ...credentials.map(line => [line, local('Origin: https://evil.example', line)] as Attempt)])
  await serves(t, app, credentials.map(line => [line, local('Origin: http://localhost:7860', line)]))
})

bypass('CVE-2026-55438, GHSA-5wg6-jmq2-53pw', async t => {
  // An attacker can choose a name that contains another owner's name. The application itself keeps the verified owners.
  const owners = new Map([['app--ws--victim.apps.example', 'victim'], ['docs--ws--victim.apps.example', 'victim'], ['app--attacker-uuid--victim.apps.example', 'attacker']])
  const app = await protectedApp(t, {
    allowedOrigins: [(origin, { host }) => owners.has(host) && owners.get(host) === owners.get(origin.replace('https://', ''))]
  })
  const victim = (origin: string) => ['POST / HTTP/1.1', 'Host: app--ws--victim.apps.example', `Origin: https://${origin}`, 'Sec-Fetch-Site: same-site']
  await refuses(t, app, [
    ['an attacker with the victim\'s name in the host', victim('app--attacker-uuid--victim.apps.example')],
    ['a host that nobody owns', victim('app--x--victim.apps.example')]
  ])
  await serves(t, app, [['another application of the owner', victim('docs--ws--victim.apps.example')]])
  // By default no sibling host is trusted at all.
  const plain = await protectedApp(t)
  await refuses(t, plain, [['a sibling host', victim('docs--ws--victim.apps.example')]])
  await serves(t, plain, controls)
})

isComplete()

// Which hosts a list allows, and which entries it takes.
import { once } from 'node:events'
import { connect } from 'node:http2'
import type { IncomingMessage } from 'node:http'
import Fastify from 'fastify'
import t from 'tap'
import crossOriginProtection, { type CrossOriginProtectionOptions, type DeniedMessage } from '../src/index.ts'
import { compileAllowedHosts, isAllowedHost, parseAllowedHost } from '../src/hosts.ts'
import { isSharedDomain } from '../src/shared-domains.ts'
import { countAll, emptyApp, protectedApp } from './helpers/app.ts'
import { captureLog } from './helpers/log.ts'
import { listen, sendRaw } from './helpers/socket.ts'
import { open } from './helpers/websocket.ts'

const lists: Array<[entries: string[], refused: string[], allowed: string[]]> = [
  [['app.example'],
    ['', '.', ':3000', 'evil.example', 'app.example.evil.example', 'evil-app.example', 'sub.app.example', 'app.example..', '.app.example', 'app.example:', 'app.example:0',
      'app.example:00080', 'app.example:080', 'app.example:65536', 'app.example:99999999999', 'app.example:3000:', 'app.example:3000:3000', 'app.example:x', 'app.example:3000x',
      'app.example:-1', 'app.example:+80', 'app.example@evil.example', 'evil.example@app.example', 'app.example, evil.example', 'evil.example, app.example', 'app.example,app.example',
      'app.example evil.example', ' app.example', 'app.example ', 'app.example\t', 'app.example/', 'app.example/evil', 'app.example?', 'app.example#', 'app.example\\', 'app%2eexample',
      'http://app.example', '[app.example]', 'app.example]', 'app\u3002example', 'app.example\u0000', '*.example', 'appxexample'],
    ['app.example', 'APP.Example', 'app.example.', 'App.Example.:3000', 'app.example:80', 'app.example:443', 'app.example:1', 'app.example:3000', 'app.example:65535']],
  [['app.example:8443'],
    ['app.example', 'app.example:80', 'app.example:443', 'app.example:8444', 'app.example:84430', 'app.example:08443', 'app.example:'],
    ['app.example:8443', 'APP.example:8443', 'app.example.:8443']],
  [['app.example:443'],
    ['app.example:8443', 'app.example:', 'app.example:4430', 'app.example:0443', 'sub.app.example'],
    ['app.example', 'app.example:443', 'app.example:80', 'APP.example.', 'app.example.:80', 'App.example:443']],
  [['app.example:80'], ['app.example:8080'], ['app.example', 'app.example:443', 'app.example:80']],
  [['*.app.example'],
    ['app.example', '.app.example', '*.app.example', 'evilapp.example', 'a.app.example.evil.example', 'a..app.example', '..app.example', 'a.app.example:', '[a.app.example]',
      `${'a'.repeat(260)}.app.example`],
    ['a.app.example', 'a.b.app.example', 'A.App.Example.', 'a.app.example:3000', 'a.app.example.:3000']],
  [['*.app.example:3000'],
    ['a.app.example', 'a.app.example:80', 'app.example:3000', 'a.app.example:30000'],
    ['a.app.example:3000', 'a.b.app.example:3000', 'A.APP.example.:3000']],
  [['*.app.example:443'], ['app.example', 'a.app.example:8443'], ['a.app.example', 'a.app.example:443', 'a.app.example:80']],
  [['localhost', '127.0.0.1', '[::1]'],
    ['evil.example', 'localhost.evil.example', 'a.localhost', '127.0.0.1.evil.example', '127.0.0.2', '127.1', '2130706433', '0x7f.0.0.1', '[::1]evil.example', '[::1].evil.example', '[::1]@evil.example',
      '[::1].', '[::1', '::1', '[::2]', '[]', '[::1]x:80', '[::1]:', '[0:0:0:0:0:0:0:1]', '[::ffff:127.0.0.1]', '[::1%25lo]'],
    ['localhost', 'localhost:3000', 'LOCALHOST', 'localhost.', '127.0.0.1', '127.0.0.1:3000', '127.0.0.1.', '[::1]', '[::1]:3000']],
  [['*.localhost'], ['localhost', 'evil.example', 'a.localhost.evil.example'], ['a.localhost', 'a.b.localhost:3000', 'A.LOCALHOST.']],
  [['[2001:db8::1]:3000'], ['[2001:db8::1]', '[2001:db8::1]:3001', '[2001:db8::1'], ['[2001:db8::1]:3000', '[2001:DB8::1]:3000']]
]

t.test('which hosts a list allows', async t => {
  for (const [entries, refused, allowed] of lists) {
    const hosts = compileAllowedHosts(entries.map(parseAllowedHost))
    for (const host of refused) t.equal(isAllowedHost(hosts, host), false, `${entries.join()} refuses ${JSON.stringify(host)}`)
    for (const host of allowed) t.equal(isAllowedHost(hosts, host), true, `${entries.join()} allows ${JSON.stringify(host)}`)
  }
})

t.test('a host that is sent as it is listed is found at once', async t => {
  const { asSent } = compileAllowedHosts(['app.example:443', 'app.example:3000', 'localhost', '*.tenants.example'])
  t.same([...asSent], ['app.example', 'app.example:80', 'app.example:443', 'app.example:3000', 'localhost'])
  t.equal(isAllowedHost({ asSent, entries: new Set() }, 'app.example:80'), true)
})

t.test('entries are stored as browsers send hosts', async t => {
  for (const [written, stored] of [
    ['APP.Example', 'app.example'], ['app.example.', 'app.example'], ['app.example.:3000', 'app.example:3000'], ['B\u00fccher.example', 'xn--bcher-kva.example'],
    ['*.B\u00fccher.example:443', '*.xn--bcher-kva.example:443'], ['[0:0:0:0:0:0:0:1]:3000', '[::1]:3000'], ['my_service', 'my_service'], ['APP1', 'app1'], ['1APP', '1app'], ['192.168.1.5', '192.168.1.5']
  ] as const) t.equal(parseAllowedHost(written), stored, written)
})

t.test('domains whose subdomains belong to strangers', async t => {
  for (const domain of [
    'vercel.app', 'github.io', 'pages.dev', 'workers.dev', 'up.railway.app', 'railway.app', 'co.uk', 'com.au', 'ac.jp', 'org.nz', 'lambda-url.us-east-1.on.aws', 's3.amazonaws.com', 'amazonaws.com',
    'us-central1.run.app', 'a.run.app', 'ws-eu1.gitpod.io', 'app.github.dev', 'github.dev', 'azure.com', 'eastus.cloudapp.azure.com', 'eu.ngrok.io', 'duckdns.org'
  ]) t.equal(isSharedDomain(domain), true, domain)
  for (const domain of [
    'example.com', 'my-app.vercel.app', 'x.my-app.vercel.app', 'vercel.app.example', 'notvercel.app', 'example.co.uk', 'co.example', 'com.example', 'my-app.up.railway.app', 'my.github.io', 'x.co.ukx'
  ]) t.equal(isSharedDomain(domain), false, domain)
})

const own: CrossOriginProtectionOptions = { allowedHosts: ['app.example'] }
const denial = { statusCode: 403, code: 'FST_CROSS_ORIGIN_DENIED', error: 'Forbidden', message: "Request denied. The host is not one of this application's." }

t.test('a host that is not listed is refused, whatever the method, the path and the headers', async t => {
  const app = await protectedApp(t, { ...own, allowedOrigins: ['https://evil.example', () => t.fail('no function is asked')] })
  for (const method of ['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE'] as const) {
    for (const url of ['/', '/unknown?x']) {
      for (const headers of [{}, { origin: 'https://evil.example' }, { 'sec-fetch-site': 'same-origin' }, { 'sec-fetch-site': 'none' }, { 'x-forwarded-host': 'app.example' }]) {
        const response = await app.inject({ method, url, headers: { host: 'evil.example', ...headers } })
        t.equal(response.statusCode, 403, `${method} ${url} ${JSON.stringify(headers)}`)
        if (method !== 'HEAD') t.same(response.json(), denial)
        t.notMatch(JSON.stringify(response.headers) + response.payload, /evil/, 'nothing of the header is in the answer')
      }
    }
    t.equal((await app.inject({ method, url: '/', headers: { host: 'app.example', 'sec-fetch-site': 'same-origin' } })).statusCode, 200)
  }
  t.equal(app.ran, 7)
})

t.test('without the option, any host will do', async t => {
  for (const options of [{}, { allowedHosts: [] }]) {
    const app = await protectedApp(t, options)
    t.equal((await app.inject({ url: '/', headers: { host: 'evil.example' } })).statusCode, 200)
  }
})

t.test('an unknown route is covered', async t => {
  const app = emptyApp(t)
  await app.register(crossOriginProtection, own)
  t.equal((await app.inject({ url: '/unknown', headers: { host: 'evil.example' } })).statusCode, 403)
  t.equal((await app.inject({ url: '/unknown', headers: { host: 'app.example' } })).statusCode, 404)
})

t.test('exempt routes and paths are not concerned: health checks call by IP address', async t => {
  const app = await protectedApp(t, { ...own, exemptPaths: ['/metrics'] })
  countAll(app, app, '/health', { crossOriginProtection: false })
  const headers = { host: '10.0.0.7:3000' }
  for (const url of ['/healthy', '/metricsmith', '/metrics/..%2f']) t.equal((await app.inject({ url, headers })).statusCode, 403, url)
  t.equal(app.ran, 0)
  for (const url of ['/health', '/metrics', '/metrics/cpu']) {
    t.equal((await app.inject({ url, headers })).statusCode, 200, url)
    t.equal((await app.inject({ method: 'POST', url, headers })).statusCode, 200, url)
  }
})

t.test('the nearest scope decides, alone', async t => {
  const app = emptyApp(t)
  await app.register(crossOriginProtection, own)
  await app.register(async scope => {
    await scope.register(crossOriginProtection, { allowedHosts: ['inner.example'] })
    countAll(app, scope, '/inner')
    scope.register(async scope => {
      await scope.register(crossOriginProtection)
      countAll(app, scope, '/open')
    })
  })
  for (const [url, host, status] of [
    ['/inner', 'app.example', 403], ['/inner', 'inner.example', 200], ['/open', 'evil.example', 200]
  ] as const) t.equal((await app.inject({ url, headers: { host } })).statusCode, status, `${url} at ${host}`)
})

t.test('with reportOnly it is logged and published, and passes', async t => {
  const { lines, logger } = captureLog('warn')
  const app = await protectedApp(t, { ...own, reportOnly: true }, { logger })
  t.equal((await app.inject({ url: '/', headers: { host: 'evil.example' } })).statusCode, 200)
  t.match(lines.filter(({ reason }) => reason), [{ reason: 'unknown-host', method: 'GET', host: 'evil.example', msg: 'cross-origin request would be denied' }])
})

t.test('a denyHandler answers it, and learns why', async t => {
  const decisions: Array<DeniedMessage['decision']> = []
  const app = await protectedApp(t, { ...own, denyHandler (_request, reply, decision) { decisions.push(decision); return reply.code(421).send('no') } })
  t.equal((await app.inject({ url: '/', headers: { host: 'evil.example' } })).statusCode, 421)
  t.same(decisions, [{ allowed: false, reason: 'unknown-host', message: "The host is not one of this application's." }])
})

t.test('what is compared is request.host', async t => {
  const options = { url: '/', remoteAddress: '10.0.0.1' }
  const app = await protectedApp(t, own, { trustProxy: '10.0.0.1' })
  t.equal((await app.inject({ ...options, headers: { host: 'app.example', 'x-forwarded-host': 'evil.example' } })).statusCode, 403)
  t.equal((await app.inject({ ...options, headers: { host: 'backend', 'x-forwarded-host': 'app.example' } })).statusCode, 200)
  t.equal((await app.inject({ ...options, remoteAddress: '10.0.0.2', headers: { host: 'backend', 'x-forwarded-host': 'app.example' } })).statusCode, 403, 'of a trusted proxy only')
})

t.test('over a socket', async t => {
  const app = await protectedApp(t, own)
  const port = await listen(app)
  const refused: Array<[name: string, head: string[]]> = [
    ['another host', ['GET / HTTP/1.1', 'Host: evil.example']],
    ['an empty host', ['GET / HTTP/1.1', 'Host:']],
    ['HTTP/1.0 without Host', ['GET / HTTP/1.0']],
    ['an absolute-form target, which does not count', ['GET http://app.example/ HTTP/1.1', 'Host: evil.example']],
    ['an asterisk', ['OPTIONS * HTTP/1.1', 'Host: evil.example']],
    ['an empty port', ['GET / HTTP/1.1', 'Host: app.example:']],
    ['a user name', ['GET / HTTP/1.1', 'Host: app.example@evil.example']],
    ['text after a bracket', ['GET / HTTP/1.1', 'Host: [::1]evil.example']],
    ['two hosts in one line', ['GET / HTTP/1.1', 'Host: app.example, evil.example']],
    ['two lines, of which Node keeps the first', ['GET / HTTP/1.1', 'Host: evil.example', 'Host: app.example']]
  ]
  for (const [name, head] of refused) t.equal((await sendRaw(port, head)).status, 403, name)
  t.equal(app.ran, 0)
  for (const [name, head] of [
    ['the own host', ['GET / HTTP/1.1', 'Host: app.example']],
    ['with a trailing dot', ['GET / HTTP/1.1', 'Host: APP.example.:3000']],
    ['an absolute-form target, which does not count', ['GET http://evil.example/ HTTP/1.1', 'Host: app.example']]
  ] as Array<[string, string[]]>) t.ok([200, 404].includes((await sendRaw(port, head)).status), name)
})

t.test('before the body is read', async t => {
  const app = await protectedApp(t, own)
  app.addHook('preParsing', async () => { t.fail('the body was looked at') })
  t.equal((await app.inject({ method: 'POST', url: '/', headers: { host: 'evil.example' }, payload: { a: 1 } })).statusCode, 403)
})

t.test('WebSocket handshakes, also where they are not protected', async t => {
  for (const protectWebSockets of [true, false]) {
    const app = await protectedApp(t, { ...own, protectWebSockets })
    const port = await listen(app)
    t.equal((await open(`ws://127.0.0.1:${port}/`, { host: 'evil.example' })).status, 403)
    t.equal(app.ran, 0)
  }
})

t.test('HTTP/2, where it is :authority', async t => {
  const app = Fastify({ http2: true })
  t.teardown(() => app.close())
  await app.register(crossOriginProtection, own)
  app.get('/', async () => 'ran')
  const client = connect(await app.listen({ host: '127.0.0.1', port: 0 }))
  t.teardown(() => { client.destroy() })
  for (const [authority, status] of [['evil.example', 403], ['app.example', 200], ['app.example:8443', 200]] as const) {
    const stream = client.request({ ':path': '/', ':authority': authority })
    const [headers] = await once(stream, 'response')
    t.equal(headers[':status'], status, authority)
    stream.close()
  }
})

t.test('check() asks it of Fastify\'s and of Node\'s own requests', async t => {
  const app = emptyApp(t)
  await app.register(crossOriginProtection, own)
  const reasons: string[] = []
  app.get('/', { config: { crossOriginProtection: { reportOnly: true } } }, async request => { reasons.push((await app.crossOriginProtection.check(request)).reason) })
  await app.inject({ url: '/', headers: { host: 'evil.example' } })
  await app.inject({ url: '/', headers: { host: 'app.example' } })
  t.same(reasons, ['unknown-host', 'safe-method'])

  const check = async (headers: object) => (await app.crossOriginProtection.check({ method: 'GET', url: '/', headers } as IncomingMessage)).reason
  t.equal(await check({ host: 'evil.example' }), 'unknown-host')
  t.equal(await check({ host: 'evil.example', 'x-forwarded-host': 'app.example' }), 'unknown-host')
  t.equal(await check({}), 'unknown-host')
  t.equal(await check({ host: 'app.example' }), 'safe-method')
  t.equal(await check({ ':authority': 'app.example' }), 'safe-method')
})

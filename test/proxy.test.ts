// The request's own host behind proxies: every form of trustProxy, HTTP/2, and a real nginx.
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect as connectHttp2, type IncomingHttpHeaders } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Fastify, { type FastifyListenOptions, type FastifyServerOptions } from 'fastify'
import t from 'tap'
import crossOriginProtection from '../src/index.ts'
import type { BrowserRequestInitiator } from '../src/testing.ts'
import { bodiless, protectedApp } from './helpers/app.ts'
import { certificate, curl, curlMissing, http3Missing, knowsRequestPort, nginxMissing, nginxVersion, startNginx } from './helpers/nginx.ts'
import { listen, sendRaw } from './helpers/socket.ts'

/** The headers that a browser sends with a form to app.example, except Host, which proxies treat differently. */
function formHeaders (from: BrowserRequestInitiator, scheme: 'http' | 'https'): Record<string, string> {
  const { host: _host, ...headers } = bodiless({ from, by: 'form', to: `${scheme}://app.example` }).headers
  return headers
}

/** The same as header lines: over `http` without Fetch Metadata, over `https` with it. */
function formLines (from: BrowserRequestInitiator, scheme: 'http' | 'https'): string[] {
  return Object.entries(formHeaders(from, scheme)).map(([name, value]) => `${name}: ${value}`)
}

const forms: Array<[form: string, trustProxy: unknown, isTrusted: boolean]> = [
  ['off', false, false],
  ['left out', undefined, false],
  ['another address', '10.0.0.1', false],
  ['a list without the proxy', ['10.0.0.1', '192.168.0.0/16'], false],
  ['a function that says no', () => false, false],
  ['a number of hops, which Fastify ignores', 1, false],
  ['true', true, true],
  ['its address', '127.0.0.1', true],
  ['its network', '127.0.0.0/8', true],
  ['its name', 'loopback', true],
  ['a list of texts', '10.0.0.1, 127.0.0.1', true],
  ['a list', ['10.0.0.1', '127.0.0.1'], true],
  ['a function that says yes', (address: string) => address === '127.0.0.1', true]
]

for (const [form, trustProxy, isTrusted] of forms) {
  t.test(`trustProxy: ${form}`, async t => {
    const app = await protectedApp(t, {}, { trustProxy: trustProxy as FastifyServerOptions['trustProxy'] })
    const port = await listen(app)
    const cases: Array<[name: string, lines: string[], isAllowed: boolean]> = [
      ['the forwarded host', ['Host: backend:8080', 'X-Forwarded-Host: app.example', ...formLines('same-origin', 'http')], isTrusted],
      ['a host other than the forwarded one', ['Host: app.example', 'X-Forwarded-Host: app.example', ...formLines('cross-site', 'http')], false],
      ['the Host header, with X-Forwarded-Host', ['Host: app.example', 'X-Forwarded-Host: other.example', 'Origin: https://app.example'], !isTrusted],
      ['the Host header, without X-Forwarded-Host', ['Host: app.example', ...formLines('same-origin', 'http')], true],
      ['the Host header, with an empty X-Forwarded-Host', ['Host: app.example', 'X-Forwarded-Host:', 'Origin: https://app.example'], true],
      ['the first of two forwarded hosts, which a client can write', ['Host: backend', 'X-Forwarded-Host: evil.example, app.example', 'Origin: https://evil.example'], false],
      ['the first of two forwarded lines', ['Host: backend', 'X-Forwarded-Host: evil.example', 'X-Forwarded-Host: app.example', 'Origin: https://evil.example'], false],
      ['the last of two forwarded hosts', ['Host: backend', 'X-Forwarded-Host: evil.example, app.example', 'Origin: https://app.example'], isTrusted],
      ['a forwarded host with its port', ['Host: backend', 'X-Forwarded-Host: app.example:443', 'Origin: https://app.example'], isTrusted],
      ['X-Forwarded-Proto, which is not read', ['Host: app.example', 'X-Forwarded-Proto: https://evil.example/?x=', 'Origin: https://evil.example'], false],
      ['X-Forwarded-Port, which is not read', ['Host: app.example', 'X-Forwarded-Port: 8443', 'Origin: https://app.example:8443'], false],
      ['Forwarded, which is not read', ['Host: app.example', 'Forwarded: host=evil.example', 'Origin: https://evil.example'], false],
      ['Sec-Fetch-Site is conclusive, whatever the proxy does', ['Host: backend', ...formLines('same-origin', 'https')], true]
    ]
    for (const [name, lines, isAllowed] of cases) {
      app.ran = 0
      t.equal((await sendRaw(port, ['POST / HTTP/1.1', ...lines])).status, isAllowed ? 200 : 403, name)
      t.equal(app.ran, isAllowed ? 1 : 0)
    }
  })
}

t.test('HTTP/2', async t => {
  const app = Fastify({ http2: true })
  t.teardown(() => app.close())
  await app.register(crossOriginProtection)
  let ran = 0
  app.post('/', async () => { ran++; return 'ran' })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  const client = connectHttp2(`http://127.0.0.1:${port}`)
  t.teardown(() => client.close())

  const cases: Array<[name: string, headers: Record<string, string | string[]>, status: number]> = [
    ['a form on another site', { ':authority': 'app.example', ...formHeaders('cross-site', 'https') }, 403],
    ['an origin other than :authority', { ':authority': 'app.example', origin: 'https://evil.example' }, 403],
    ['a port other than that of :authority', { ':authority': 'app.example:8443', origin: 'https://app.example' }, 403],
    ['two Origin headers', { ':authority': 'app.example', origin: ['https://app.example', 'https://evil.example'] }, 403],
    ['two Sec-Fetch-Site headers', { 'sec-fetch-site': ['same-origin', 'cross-site'] }, 403],
    ['a form on our own page', { ':authority': 'app.example', ...formHeaders('same-origin', 'https') }, 200],
    ['the origin of :authority', { ':authority': 'app.example', origin: 'https://app.example' }, 200],
    ['the origin of :authority and its port', { ':authority': 'app.example:8443', origin: 'https://app.example:8443' }, 200],
    ['an IPv6 :authority', { ':authority': '[::1]:8443', origin: 'https://[::1]:8443' }, 200]
  ]
  for (const [name, headers, status] of cases) {
    ran = 0
    const request = client.request({ ':method': 'POST', ':path': '/', ...headers })
    request.end()
    request.resume()
    const [response] = await once(request, 'response') as [IncomingHttpHeaders & { ':status': number }]
    t.equal(response[':status'], status, name)
    t.equal(ran, status === 200 ? 1 : 0)
  }
})

t.test('behind a real nginx', { skip: nginxMissing }, async t => {
  const app = await protectedApp(t, {}, { trustProxy: '127.0.0.1' })
  const distrusting = await protectedApp(t)
  const [usual, rewriting, rewritingToDistrusting] = await startNginx(t, [
    // The usual setup, which forwards the client's Host.
    `location / { proxy_pass http://127.0.0.1:${await listen(distrusting)}; proxy_set_header Host $http_host; }`,
    // nginx's own default: Host becomes the name in proxy_pass.
    `location / { proxy_pass http://127.0.0.1:${await listen(app)}; proxy_set_header X-Forwarded-Host $http_host; }`,
    `location / { proxy_pass http://127.0.0.1:${(distrusting.server.address() as AddressInfo).port}; proxy_set_header X-Forwarded-Host $http_host; }`
  ]) as [number, number, number]

  const cases: Array<[name: string, port: number, lines: string[], status: number]> = []
  for (const [name, port] of [['Host forwarded', usual], ['Host rewritten, trusted', rewriting]] as const) {
    cases.push(
      [`${name}: another site, without Fetch Metadata`, port, formLines('cross-site', 'http'), 403],
      [`${name}: another site`, port, formLines('cross-site', 'https'), 403],
      [`${name}: another site that sends X-Forwarded-Host`, port, [...formLines('cross-site', 'http'), 'X-Forwarded-Host: other.example'], 403],
      [`${name}: a sandboxed frame, without Fetch Metadata`, port, formLines('sandboxed-frame', 'http'), 403],
      [`${name}: a sandboxed frame`, port, formLines('sandboxed-frame', 'https'), 403],
      [`${name}: two Origin lines`, port, ['Origin: https://app.example', 'Origin: https://evil.example'], 403],
      [`${name}: our own page, without Fetch Metadata`, port, formLines('same-origin', 'http'), 200],
      [`${name}: our own page`, port, formLines('same-origin', 'https'), 200],
      [`${name}: a program`, port, [], 200]
    )
  }
  cases.push(
    ['Host rewritten, not trusted: our own page, without Fetch Metadata', rewritingToDistrusting, formLines('same-origin', 'http'), 403],
    ['Host rewritten, not trusted: our own page', rewritingToDistrusting, formLines('same-origin', 'https'), 200]
  )
  for (const [name, port, lines, status] of cases) {
    app.ran = distrusting.ran = 0
    t.equal((await sendRaw(port, ['POST / HTTP/1.1', 'Host: app.example', ...lines])).status, status, name)
    t.equal(app.ran + distrusting.ran, status === 200 ? 1 : 0)
  }
})

const requestPort = '$host$is_request_port$request_port'

for (const protocol of ['http1.1', 'http2', 'http3'] as const) {
  t.test(`the host that nginx passes on, ${protocol}`, { skip: protocol === 'http3' ? http3Missing : curlMissing }, async t => {
    const app = await protectedApp(t)
    const proxy = `proxy_pass http://127.0.0.1:${await listen(app)}; proxy_http_version 1.1;`
    const directives = {
      $http_host: 'proxy_set_header Host $http_host;',
      $host: 'proxy_set_header Host $host;',
      '$host:$server_port': 'proxy_set_header Host $host:$server_port;',
      ...(knowsRequestPort && { [requestPort]: 'proxy_set_header Host $host$is_request_port$request_port;' })
    }
    const blocks = Object.values(directives).map(directive => `server_name app.example; location / { ${proxy} ${directive} }`)
    const ports = await startNginx(t, blocks, { ...await certificate('app.example'), hasHttp3: protocol === 'http3' })

    // Whether the own page passes where browsers see nginx's own port, another server's port, and 443. $http_host is empty over
    // HTTP/3, and Node wants a Host: https://github.com/nginx/nginx/issues/455
    const overHttp3 = protocol === 'http3'
    const rows: Array<[variable: string, refusal: number, ownPort: boolean, otherPort: boolean, usualPort: boolean]> = [
      ['$http_host', overHttp3 ? 400 : 403, !overHttp3, !overHttp3, !overHttp3],
      ['$host', 403, false, false, true],
      ['$host:$server_port', 403, true, false, false],
      [requestPort, 403, true, true, true]
    ]
    for (const [i, [variable, refusal, ...passes]] of rows.entries()) {
      const skip = i >= ports.length && `nginx ${nginxVersion} is older than 1.29.3, the first that has $is_request_port`
      await t.test(variable, { skip }, async t => {
        const port = ports[i]!
        for (const [j, host] of [`app.example:${port}`, 'app.example:8443', 'app.example'].entries()) {
          const ask = (origin: string) => curl(port, [`--${protocol}`, '-X', 'POST', '-H', `Origin: ${origin}`, `https://${host}/`])
          app.ran = 0
          t.equal(await ask('https://evil.example'), refusal, `${host}: another site`)
          t.equal(await ask('https://app.example:1'), refusal, `${host}: another port`)
          t.equal(app.ran, 0)
          t.equal(await ask(`https://${host}`), passes[j] ? 200 : refusal, `${host}: the own page`)
          t.equal(app.ran, passes[j] ? 1 : 0)
        }
      })
    }
  })
}

t.test('trustProxy behind a real nginx that rewrites Host', { skip: nginxMissing }, async t => {
  // Not in the test's own folder: the path of a socket has 107 bytes at most.
  const folder = mkdtempSync(join(tmpdir(), 'proxy-'))
  t.teardown(() => { rmSync(folder, { recursive: true }) })
  const overSocket = join(folder, 'app.sock')
  const rows: Array<[form: string, trustProxy: unknown, listen: FastifyListenOptions, isTrusted: boolean]> = [
    ['a number, which Fastify does not trust with the host', 1, {}, false],
    ['another address', '10.0.0.1', {}, false],
    ['its address', '127.0.0.1', {}, true],
    ['its address, where Node listens to IPv6 as well', '127.0.0.1', { host: '::' }, true],
    ['a Unix socket, nobody', false, { path: overSocket }, false],
    ['a Unix socket, which has no address', '127.0.0.1', { path: overSocket }, false],
    ['a Unix socket, a function', (address: unknown) => address === undefined, { path: overSocket }, true],
    ['a Unix socket, true', true, { path: overSocket }, true]
  ]
  for (const [form, trustProxy, listenOptions, isTrusted] of rows) {
    await t.test(form, async t => {
      const app = await protectedApp(t, {}, { trustProxy: trustProxy as FastifyServerOptions['trustProxy'] })
      await app.listen({ ...(listenOptions.path === undefined && { host: '127.0.0.1', port: 0 }), ...listenOptions })
      const upstream = listenOptions.path === undefined ? `127.0.0.1:${(app.server.address() as AddressInfo).port}` : `unix:${listenOptions.path}`
      const [forwarded, passedOn] = await startNginx(t, [
        `location / { proxy_pass http://${upstream}; proxy_set_header X-Forwarded-Host $http_host; }`,
        `location / { proxy_pass http://${upstream}; proxy_set_header X-Forwarded-Host ""; proxy_set_header Host $http_host; }`
      ]) as [number, number]

      for (const [name, port, lines, status] of [
        ['another site', forwarded, formLines('cross-site', 'http'), 403],
        ['another site that forwards itself', forwarded, [...formLines('cross-site', 'http'), 'X-Forwarded-Host: other.example'], 403],
        ['the own page, without Fetch Metadata', forwarded, formLines('same-origin', 'http'), isTrusted ? 200 : 403],
        ['the own page', forwarded, formLines('same-origin', 'https'), 200],
        ['Host passed on: another site', passedOn, formLines('cross-site', 'http'), 403],
        ['Host passed on: another site that forwards itself', passedOn, [...formLines('cross-site', 'http'), 'X-Forwarded-Host: other.example'], 403],
        ['Host passed on: the own page, without Fetch Metadata', passedOn, formLines('same-origin', 'http'), 200]
      ] as Array<[name: string, port: number, lines: string[], status: number]>) {
        app.ran = 0
        t.equal((await sendRaw(port, ['POST / HTTP/1.1', 'Host: app.example', ...lines])).status, status, name)
        t.equal(app.ran, status === 200 ? 1 : 0)
      }
    })
  }
})

t.test('the check after a deployment, as the documents have it', { skip: curlMissing }, async t => {
  const page = readFileSync(new URL('../docs/proxies.md', import.meta.url), 'utf8')
  const commands = [...page.matchAll(/^curl -X POST .*https:\/\/app\.example\.com\/.*$/gm)].map(([command]) => command)
  const app = await protectedApp(t)
  const proxy = `proxy_pass http://127.0.0.1:${await listen(app)};`
  const dropped = 'proxy_set_header Origin ""; proxy_set_header Sec-Fetch-Site "";'
  const [right, rewriting, dropping] = await startNginx(t, [
    `location / { ${proxy} proxy_set_header Host $http_host; }`,
    `location / { ${proxy} }`,
    `location / { ${proxy} proxy_set_header Host $http_host; ${dropped} }`
  ], await certificate('app.example.com')) as [number, number, number]

  const ask = (port: number) => Promise.all(commands.map(async command => {
    const [, ...words] = [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain!)
    return curl(port, words)
  }))
  t.same(await ask(right), [403, 403, 200], 'a proxy that passes everything on')
  t.equal(app.ran, 1)
  t.same(await ask(rewriting), [403, 403, 403], 'a proxy that rewrites Host')
  t.equal(app.ran, 1)
  t.same(await ask(dropping), [200, 200, 200], 'a proxy that drops both headers: nothing is protected')
})

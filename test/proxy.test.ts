// The request's own host behind proxies: every form of trustProxy, HTTP/2, and a real nginx.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { connect as connectHttp2, type IncomingHttpHeaders } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import Fastify, { type FastifyServerOptions } from 'fastify'
import t, { type Test } from 'tap'
import crossOriginProtection from '../src/index.ts'
import type { BrowserRequestInitiator } from '../src/testing.ts'
import { bodiless, protectedApp } from './helpers/app.ts'
import { freePort, listen, sendRaw } from './helpers/socket.ts'

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

const nginxMissing = spawnSync('nginx', ['-v']).error === undefined
  ? false
  : 'nginx is not installed: apt-get install nginx, then run the tests again'

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

/** Starts nginx with one server per block, on free ports of the loopback interface. */
async function startNginx (t: Test, blocks: string[]): Promise<number[]> {
  const ports = await Promise.all(blocks.map(freePort))
  const servers = blocks.map((block, i) => `server { listen 127.0.0.1:${ports[i]}; ${block} }`)
  const directory = t.testdir({
    'nginx.conf': `
      daemon off;
      master_process off;
      pid nginx.pid;
      error_log stderr warn;
      events {}
      http {
        access_log off;
        ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(name => `${name}_temp_path ${name};`).join('\n')}
        ${servers.join('\n')}
      }`
  })
  const nginx = spawn('nginx', ['-p', directory, '-c', 'nginx.conf', '-e', 'stderr'], { stdio: ['ignore', 'inherit', 'inherit'] })
  t.teardown(async () => {
    nginx.kill()
    if (nginx.exitCode === null) await once(nginx, 'exit')
  })
  for (const port of ports) await untilListening(port)
  return ports
}

async function untilListening (port: number): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const isUp = await sendRaw(port, ['OPTIONS / HTTP/1.1', 'Host: app.example']).then(() => true, () => false)
    if (isUp) return
    await sleep(50)
  }
  throw new Error(`nothing listens on port ${port}`)
}

// Headers that are repeated, or that get lost on the way.
import { connect as connectHttp2, type IncomingHttpHeaders } from 'node:http2'
import { once } from 'node:events'
import httpProxy from '@fastify/http-proxy'
import type { FastifyServerOptions } from 'fastify'
import t from 'tap'
import crossOriginProtection from '../../src/index.ts'
import { countAll, emptyApp, protectedApp, type CountingApp } from '../helpers/app.ts'
import { evil, own, ownOrigin, post, refuses, request, serves, suiteOf, type Attempt } from '../helpers/bypasses.ts'
import { listen } from '../helpers/socket.ts'

const { bypass, isComplete } = suiteOf('header-duplication')

const sites = ['same-origin', 'same-site', 'cross-site', 'none', '']
const origins = ['https://app.example', 'https://evil.example', 'null', 'https://partner.example']

/** Every pair of values, as two lines, and as one line with a comma or a semicolon. */
const pairs = (name: string, values: string[], ...lines: string[]): Attempt[] => values.flatMap(first => values.flatMap(second => [
  [`${name}: ${first}, then ${second}`, post('/', ...lines, `${name}: ${first}`, `${name}: ${second}`)],
  [`${name}: ${first},${second}`, post('/', ...lines, `${name}: ${first},${second}`)],
  [`${name}: ${first}; ${second}`, post('/', ...lines, `${name}: ${first}; ${second}`)]
] as Attempt[]))

bypass('CVE-2026-54289, GHSA-wgpf-jwqj-8h8p', async t => {
  // Node joins repeated lines with a comma but keeps only the first Host. With joinDuplicateHeaders, it joins Host too.
  for (const server of [{}, { http: { joinDuplicateHeaders: true } }] as FastifyServerOptions[]) {
    const app = await protectedApp(t, { allowedOrigins: ['https://partner.example'] }, server)
    await refuses(t, app, [
      ...pairs('Sec-Fetch-Site', sites, 'Origin: https://evil.example'),
      ...pairs('Origin', origins),
      ...pairs('Origin', origins, 'Sec-Fetch-Site: cross-site'),
      ['three lines of Origin, our own in the middle', post('/', 'Origin: https://evil.example', ...ownOrigin, 'Origin: https://evil.example')],
      ['our own Origin far from the other', post('/', ...ownOrigin, ...Array.from({ length: 50 }, (_, i) => `X-${i}: x`), 'Origin: https://evil.example')],
      ['another letter case', post('/', 'ORIGIN: https://app.example', 'origin: https://evil.example')],
      ['two Host lines', post('/', 'Host: evil.example', 'Origin: https://evil.example')],
      ['a Host list', ['POST / HTTP/1.1', 'Host: app.example, evil.example', 'Origin: https://evil.example']],
      ['the same Host list as Origin', ['POST / HTTP/1.1', 'Host: app.example, evil.example', 'Origin: https://app.example, evil.example']],
      ['an empty Origin next to another', post('/', 'Origin:', 'Origin: https://evil.example')],
      ['a name that only looks like the header', post('/', 'Sec_Fetch_Site: same-origin', 'Sec-Fetch-Sites: same-origin', 'X-Sec-Fetch-Site: same-origin', ...evil)],
      ['a space before the colon, which Node rejects', post('/', 'Sec-Fetch-Site : same-origin', ...evil), { status: 400 }],
      ['a folded line, which Node rejects', post('/', 'Origin: https://app.example', ' https://evil.example'), { status: 400 }]
    ])
    await serves(t, app, [['our own page', post('/', ...own)], ['our own page, without Fetch Metadata', post('/', ...ownOrigin)], ['a listed origin', post('/', 'Origin: https://partner.example')]])
  }
})

bypass('CVE-2026-33805, GHSA-gwhp-pf74-vj37', async t => {
  const named = ['Connection: close, sec-fetch-site, origin', 'Connection: close, origin', 'Connection: Origin, Sec-Fetch-Site, Host']
  const direct = await protectedApp(t)
  await refuses(t, direct, named.map(line => [line, post('/', line, ...evil)]))
  await serves(t, direct, named.map(line => [line, post('/', line, ...own)]))

  // A page cannot set Connection, so only a program can make a proxy drop these headers, and it could leave them out itself. A
  // proxy that drops them from all requests is a different case: if only browsers call, a request with neither is refused.
  const dropping = (upstream: number) => ({
    upstream: `http://127.0.0.1:${upstream}`,
    replyOptions: {
      rewriteRequestHeaders: (_request: unknown, { origin, 'sec-fetch-site': site, ...headers }: IncomingHttpHeaders) => headers,
      rewriteHeaders: ({ connection, ...headers }: IncomingHttpHeaders) => headers
    }
  })
  const through = async (upstream: CountingApp, options: object): Promise<CountingApp> => {
    const proxy = emptyApp(t)
    await proxy.register(httpProxy, options as Parameters<typeof httpProxy>[1])
    return Object.defineProperty(proxy, 'ran', { get: () => upstream.ran, set: ran => { upstream.ran = ran } })
  }
  const strict = await protectedApp(t, { allowUnverifiableRequests: false })
  const strictPort = await listen(strict)
  await refuses(t, await through(strict, dropping(strictPort)), [['another site, through a proxy that drops both headers', post('/', ...evil)]])
  // The control: a proxy that forwards both headers.
  const passing = await through(strict, { upstream: `http://127.0.0.1:${strictPort}`, replyOptions: { rewriteHeaders: ({ connection, ...headers }: IncomingHttpHeaders) => headers } })
  await refuses(t, passing, [['another site, through a proxy that forwards both', post('/', ...evil)]])
  await serves(t, passing, [['our own page, through a proxy that forwards both', post('/', ...own)]])
})

isComplete()

t.test('HTTP/2 behaves like HTTP/1.1', async t => {
  const app = emptyApp(t, { http2: true } as FastifyServerOptions)
  await app.register(crossOriginProtection)
  countAll(app)
  const client = connectHttp2(`http://127.0.0.1:${await listen(app)}`)
  t.teardown(() => client.close())
  const send = async (headers: Record<string, string | string[]>) => {
    app.ran = 0
    const stream = client.request({ ':method': 'POST', ':path': '/', ':authority': 'app.example', ...headers })
    stream.end()
    stream.resume()
    const [response] = await once(stream, 'response') as [IncomingHttpHeaders & { ':status': number }]
    return [response[':status'], app.ran]
  }
  for (const first of sites) {
    for (const second of sites) t.same(await send({ 'sec-fetch-site': [first, second], origin: 'https://evil.example' }), [403, 0], `Sec-Fetch-Site: ${first}, then ${second}`)
  }
  for (const first of origins) {
    for (const second of origins) t.same(await send({ origin: [first, second] }), [403, 0], `Origin: ${first}, then ${second}`)
  }
  t.same(await send({ 'sec-fetch-site': 'same-origin' }), [200, 1])
  t.same(await send({ origin: 'https://app.example' }), [200, 1])
})

t.test('a value may differ only in surrounding white space and letter case', async t => {
  const app = await protectedApp(t)
  const values = ['same origin', 'same_origin', 'sameorigin', '"same-origin"', 'same-origin;', 'same-origin,', ',same-origin', 'same-origin.', '?same-origin', 'same-origin\xa0', 'same\u2010origin', 'same-origin/', 'true', '?1', 'null', 'undefined', '0', '*', 'same-origin same-origin', 'none none', 'non', 'nonee', 'none;', 'same-host', 'origin', 'x'.repeat(8000)]
  await refuses(t, app, values.map(value => [`Sec-Fetch-Site: ${value.slice(0, 40)}`, post('/', `Sec-Fetch-Site: ${Buffer.from(value).toString('latin1')}`, ...ownOrigin)]))
  await serves(t, app, ['same-origin', 'SAME-ORIGIN', ' Same-Origin\t', 'none', 'None'].map(value => [`Sec-Fetch-Site: ${value}`, post('/', `Sec-Fetch-Site: ${value}`)]))
})

t.test('GET with repeated headers, where GET is checked', async t => {
  for (const safeMethods of ['check', 'isolate'] as const) {
    const app = await protectedApp(t, { safeMethods })
    await refuses(t, app, [
      ['two Sec-Fetch-Site lines', request('GET', '/', 'Sec-Fetch-Site: same-origin', 'Sec-Fetch-Site: cross-site')],
      ['two Origin lines', request('GET', '/', ...ownOrigin, 'Origin: https://evil.example')],
      ['two Sec-Fetch-Mode lines', request('GET', '/', 'Sec-Fetch-Site: cross-site', 'Sec-Fetch-Mode: navigate', 'Sec-Fetch-Mode: no-cors')]
    ])
    await serves(t, app, [['our own page', request('GET', '/', ...own)]])
  }
})

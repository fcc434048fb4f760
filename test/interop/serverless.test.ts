// @fastify/aws-lambda: the events of everything that calls a Lambda function for a browser. There is no socket; the
// headers are those that the service in front put into the event.
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import awsLambdaFastify, { type LambdaFastifyOptions, type LambdaResponse, type LambdaResponseStreamed } from '@fastify/aws-lambda'
import type { FastifyContextConfig } from 'fastify'
import t, { type Test } from 'tap'
import { crossOriginProtection, type CrossOriginProtectionOptions } from '../../src/index.ts'
import { browserRequest, type BrowserRequestOptions } from '../../src/testing.ts'
import { emptyApp, type CountingApp } from '../helpers/app.ts'

/** Header lines in the order in which a client sent them; names may repeat. */
type Lines = Array<[name: string, value: string]>

interface Request { method: string, path: string, lines: Lines, body?: string }

interface Front {
  /** Where browsers find it. */
  readonly host: string
  readonly event: (request: Request) => object
  readonly options?: LambdaFastifyOptions
}

const sourceIp = '203.0.113.7'

const fronts: Record<string, Front> = {
  'API Gateway, REST (payload 1.0)': {
    host: 'a1b2c3.execute-api.eu-central-1.amazonaws.com',
    event: ({ method, path, lines, body }) => ({
      resource: '/{proxy+}',
      path,
      httpMethod: method,
      // The last of equal names; all of them beside it.
      headers: Object.fromEntries(lines.map(capitalised)),
      multiValueHeaders: byName(lines.map(capitalised)),
      queryStringParameters: null,
      multiValueQueryStringParameters: null,
      pathParameters: { proxy: path.slice(1) },
      stageVariables: null,
      requestContext: { resourcePath: '/{proxy+}', httpMethod: method, path: `/prod${path}`, stage: 'prod', requestId: 'c6af9ac6', identity: { sourceIp }, apiId: 'a1b2c3' },
      body: body ?? null,
      isBase64Encoded: false
    })
  },
  'API Gateway, HTTP (payload 2.0)': {
    host: 'shop.example',
    event: ({ method, path, lines, body }) => ({
      version: '2.0',
      routeKey: '$default',
      rawPath: path,
      rawQueryString: '',
      headers: joined(lines),
      requestContext: { accountId: '123456789012', apiId: 'a1b2c3', domainName: 'shop.example', http: { method, path, protocol: 'HTTP/1.1', sourceIp, userAgent: 'agent' }, requestId: 'JKJaXmPLvHcESHA=', routeKey: '$default', stage: '$default', timeEpoch: 1583348638390 },
      ...(body !== undefined && { body: Buffer.from(body).toString('base64') }),
      isBase64Encoded: body !== undefined
    })
  },
  'a function URL': {
    host: 'x7k2.lambda-url.eu-central-1.on.aws',
    event: ({ method, path, lines, body }) => ({
      version: '2.0',
      routeKey: '$default',
      rawPath: path,
      rawQueryString: '',
      headers: joined(lines),
      requestContext: { accountId: 'anonymous', apiId: 'x7k2', domainName: 'x7k2.lambda-url.eu-central-1.on.aws', domainPrefix: 'x7k2', http: { method, path, protocol: 'HTTP/1.1', sourceIp, userAgent: 'agent' }, requestId: 'e1506fd5', routeKey: '$default', stage: '$default', timeEpoch: 1583348638390 },
      body,
      isBase64Encoded: false
    })
  },
  'a load balancer': {
    host: 'shop.example',
    // One value a name, the last: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html
    event: request => ({ ...loadBalancerEvent(request), headers: Object.fromEntries(request.lines), queryStringParameters: {} })
  },
  'a load balancer with multi-value headers': {
    host: 'shop.example:8443',
    options: { albMultiValueHeaders: true },
    event: request => ({ ...loadBalancerEvent(request), multiValueHeaders: byName(request.lines), multiValueQueryStringParameters: {} })
  }
}

function loadBalancerEvent ({ method, path, body }: Request): object {
  return {
    requestContext: { elb: { targetGroupArn: 'arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/lambda/49e9d65c45c6791a' } },
    httpMethod: method,
    path,
    body: body ?? '',
    isBase64Encoded: false
  }
}

for (const [name, { host, event, options }] of Object.entries(fronts)) {
  for (const payloadAsStream of [false, true]) {
    t.test(`${name}${payloadAsStream ? ', streamed' : ''}`, async t => {
      const app = await lambdaApp(t)
      const call = caller(app, { ...options, payloadAsStream })
      const to = `https://${host}`

      const rows: Array<[name: string, lines: Lines, status: number]> = [
        ['a form of another site', linesOf({ from: 'cross-site', by: 'form', to }), 403],
        ['a script of another site', linesOf({ from: 'cross-site', by: 'fetch-no-cors-credentials', to }), 403],
        ['a form of the same site', linesOf({ from: 'same-site', by: 'form', to }), 403],
        ['a sandboxed frame', linesOf({ from: 'sandboxed-frame', by: 'form', to }), 403],
        ['another origin, without Fetch Metadata', [['host', host], ['origin', 'https://evil.example']], 403],
        ['a forwarded host, which is not trusted', [['host', host], ['x-forwarded-host', 'evil.example'], ['origin', 'https://evil.example']], 403],
        ['two origins', [['host', host], ['origin', to], ['origin', 'https://evil.example']], 403],
        ['two labels', [['host', host], ['sec-fetch-site', 'same-origin'], ['sec-fetch-site', 'cross-site']], 403],
        ['the own page', linesOf({ from: 'same-origin', by: 'form', to }), 200],
        ['the own page, without Fetch Metadata', [['host', host], ['origin', to]], 200],
        ['a program', [['host', host]], 200]
      ]
      for (const [name, lines, status] of rows) {
        app.ran = 0
        const answer = await call(event({ method: 'POST', path: '/transfer', lines, body: 'amount=100' }))
        t.equal(answer.status, status, name)
        if (status === 403) t.equal(JSON.parse(answer.body).code, 'FST_CROSS_ORIGIN_DENIED', name)
        else t.same(JSON.parse(answer.body), { host, body: 'amount=100' }, name)
        t.equal(app.ran, status === 200 ? 1 : 0)
      }

      const denied = linesOf({ from: 'cross-site', by: 'fetch-cors', to })
      t.equal((await call(event({ method: 'POST', path: '/stream', lines: denied }))).status, 403, 'a route that answers with a stream')
      t.equal(app.ran, 1)
      t.same(await call(event({ method: 'GET', path: '/stream', lines: denied })), { status: 200, body: 'one two' }, 'a stream that only reads')
    })
  }
}

t.test('a load balancer\'s multi-value headers do not arrive without albMultiValueHeaders', async t => {
  const { host, event } = fronts['a load balancer with multi-value headers']!
  const attack = event({ method: 'POST', path: '/transfer', lines: linesOf({ from: 'cross-site', by: 'form', to: `https://${host}` }), body: 'amount=100' })
  const rows: Array<[name: string, options: CrossOriginProtectionOptions, status: number]> = [
    ['nothing tells where a request comes from, and it passes', {}, 200],
    ['unless such requests are refused', { allowUnverifiableRequests: false }, 403]
  ]
  for (const [name, options, status] of rows) {
    const app = await lambdaApp(t, options)
    t.equal((await caller(app)(attack)).status, status, name)
    t.equal(app.ran, status === 200 ? 1 : 0)
  }
})

t.test('CloudFront before a function URL, which needs a Host of its own', async t => {
  const { host, event } = fronts['a function URL']!
  const page = 'https://www.shop.example'
  const forwarded = (options: BrowserRequestOptions): Lines => linesOf({ ...options, to: page }).map(([name, value]) => [name, name === 'host' ? host : value])
  const withoutMetadata = (lines: Lines): Lines => lines.filter(([name]) => !name.startsWith('sec-fetch-'))
  const withoutPolicy = (lines: Lines): Lines => [...withoutMetadata(lines).filter(([name]) => name !== 'origin'), ['user-agent', 'Amazon CloudFront']]

  const rows: Array<[name: string, options: CrossOriginProtectionOptions, lines: Lines, status: number]> = [
    ['both headers forwarded: another site', {}, forwarded({ from: 'cross-site', by: 'form' }), 403],
    ['both headers forwarded: the own page', {}, forwarded({ from: 'same-origin', by: 'form' }), 200],
    ['Origin alone: another site', {}, withoutMetadata(forwarded({ from: 'cross-site', by: 'form' })), 403],
    ['Origin alone: the own page, whose host CloudFront has replaced', {}, withoutMetadata(forwarded({ from: 'same-origin', by: 'form' })), 403],
    ['Origin alone: another site, where the public origin is allowed', { allowedOrigins: [page] }, withoutMetadata(forwarded({ from: 'cross-site', by: 'form' })), 403],
    ['Origin alone: the own page, where the public origin is allowed', { allowedOrigins: [page] }, withoutMetadata(forwarded({ from: 'same-origin', by: 'form' })), 200],
    ['neither, as without an origin request policy: another site, and nothing is protected', {}, withoutPolicy(forwarded({ from: 'cross-site', by: 'form' })), 200]
  ]
  for (const [name, options, lines, status] of rows) {
    const app = await lambdaApp(t, options)
    t.equal((await caller(app)(event({ method: 'POST', path: '/transfer', lines, body: 'amount=100' }))).status, status, name)
    t.equal(app.ran, status === 200 ? 1 : 0)
  }
})

t.test('API Gateway, WebSocket', async t => {
  const host = 'w4s5.execute-api.eu-central-1.amazonaws.com'
  const page = 'https://app.example'
  /** $connect has neither method nor path, and of the handshake's headers these. */
  const connect = (options: BrowserRequestOptions, more: Lines = []) => {
    const { upgrade: _upgrade, ...headers } = browserRequest({ ...options, headers: { host } }).headers
    const lines = [...Object.entries(headers), ...more].map(capitalised)
    return {
      headers: Object.fromEntries(lines),
      multiValueHeaders: byName(lines),
      requestContext: { routeKey: '$connect', eventType: 'CONNECT', messageDirection: 'IN', stage: 'prod', requestId: 'XfGLwFTktjMFsLg=', domainName: host, connectionId: 'XfGLwdQXjjMCIKA=', apiId: 'w4s5', identity: { sourceIp } },
      isBase64Encoded: false
    }
  }
  const message = {
    requestContext: { routeKey: '$default', eventType: 'MESSAGE', messageDirection: 'IN', stage: 'prod', requestId: 'XfGMcEq1DjMFsLg=', domainName: host, connectionId: 'XfGLwdQXjjMCIKA=', apiId: 'w4s5', identity: { sourceIp } },
    body: '{"transfer":100}',
    isBase64Encoded: false
  }

  const attacks: BrowserRequestOptions[] = [
    { from: 'cross-site', by: 'websocket', to: page },
    { from: 'cross-site', by: 'websocket', to: page, engine: 'firefox' },
    { from: 'sandboxed-frame', by: 'websocket', to: page }
  ]

  await t.test('$connect arrives as GET /, and passes', async t => {
    const app = await lambdaApp(t)
    const call = caller(app)
    for (const attack of attacks) t.equal((await call(connect(attack))).status, 200)
    t.equal(app.ran, attacks.length)
  })

  await t.test('$connect is refused where the route checks safe methods', async t => {
    const app = await lambdaApp(t, {}, { crossOriginProtection: { safeMethods: 'check', allowedOrigins: [page] } })
    const call = caller(app)
    for (const attack of attacks) t.equal((await call(connect(attack))).status, 403)
    t.equal(app.ran, 0)
    for (const engine of ['chromium', 'firefox', 'webkit'] as const) {
      t.equal((await call(connect({ from: 'same-origin', by: 'websocket', to: page, engine }))).status, 200, `the page of the allowed origin, ${engine}`)
    }
    t.equal((await call(message)).status, 200, 'a message of an open connection carries no headers')
    t.same([app.ran, app.lastHost], [4, 'localhost:80'])
  })

  for (const payloadAsStream of [false, true]) {
    await t.test(`with Upgrade, as its authorizers get it${payloadAsStream ? ', streamed' : ''}`, async t => {
      const app = await lambdaApp(t)
      const call = caller(app, { payloadAsStream })
      const upgrade: Lines = [['upgrade', 'websocket'], ['connection', 'upgrade']]
      for (const attack of attacks) t.equal((await call(connect(attack, upgrade))).status, 403)
      for (const attack of attacks) t.equal((await call({ ...connect(attack, upgrade), path: '/stream' })).status, 403, 'a route that answers with a stream')
      t.equal(app.ran, 0)
      const own: BrowserRequestOptions = { from: 'same-origin', by: 'websocket', to: `https://${host}` }
      t.same(await call({ ...connect(own, upgrade), path: '/stream' }), { status: 200, body: 'one two' })
      t.equal((await call(connect(own, upgrade))).status, 200)
      t.equal(app.ran, 2)
    })
  }
})

interface LambdaApp extends CountingApp { lastHost: string }

/** An application that tells which host it believes to be; `config` is that of its routes. */
async function lambdaApp (t: Test, options: CrossOriginProtectionOptions = {}, config: FastifyContextConfig = {}): Promise<LambdaApp> {
  const app = Object.assign(emptyApp(t), { lastHost: '' }) as unknown as LambdaApp
  await app.register(crossOriginProtection, options)
  app.addContentTypeParser('*', { parseAs: 'string' }, async (_request: unknown, body: string) => body)
  const count = (host: string) => { app.ran++; app.lastHost = host }
  app.all('/*', { config }, async ({ host, body }) => { count(host); return { host, body } })
  app.all('/stream', { config }, async ({ host }, reply) => {
    count(host)
    return reply.type('text/plain').send(Readable.from(['one ', 'two']))
  })
  return app
}

/** Calls the function as Lambda does. */
function caller (app: CountingApp, options: LambdaFastifyOptions = {}): (event: object) => Promise<{ status: number, body: string }> {
  // The types tell only of answers that are not streamed.
  const handler = awsLambdaFastify(app, options) as unknown as (event: object, context: object) => Promise<LambdaResponse | LambdaResponseStreamed>
  return async event => {
    const answer = await handler(event, { awsRequestId: 'c6af9ac6-7b61-11e6-9a41-93e8deadbeef' })
    if ('meta' in answer) return { status: answer.meta.statusCode, body: await text(answer.stream) }
    return { status: answer.statusCode, body: answer.body }
  }
}

function linesOf (options: BrowserRequestOptions): Lines {
  return Object.entries(browserRequest(options).headers)
}

/** As services write names that they have not made small. */
function capitalised ([name, value]: [string, string]): [string, string] {
  return [name.replace(/(?:^|-)[a-z]/g, letter => letter.toUpperCase()), value]
}

function byName (lines: Lines): Record<string, string[]> {
  const values: Record<string, string[]> = {}
  for (const [name, value] of lines) (values[name] ??= []).push(value)
  return values
}

function joined (lines: Lines): Record<string, string> {
  return Object.fromEntries(Object.entries(byName(lines)).map(([name, values]) => [name, values.join(',')]))
}

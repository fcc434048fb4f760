// The stages of docs/migration.md, each built from the code blocks on that page, with real tokens of @fastify/csrf-protection
// and the requests of real browsers.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import formbody from '@fastify/formbody'
import Fastify, { type FastifyInstance, type FastifyServerOptions, type InjectOptions } from 'fastify'
import t, { type Test } from 'tap'
import { browserRequest, type BrowserRequestOptions } from '../../src/testing.ts'
import { captureLog, type LogLine } from '../helpers/log.ts'

const guide = readFileSync(new URL('../../docs/migration.md', import.meta.url), 'utf8')
const blocksOf = (language: string) => [...guide.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'))].map(([, code = '']) => code)
const [setUp, checkedRoutes, watch, refuse, uncheckedRoutes, plainRoutes, ownTests, withSession, hostHook, allowedHosts, ...more] = (
  blocksOf('js')
) as [string, string, string, string, string, string, string, string, string, string, ...string[]]

const stages = {
  tokens: [setUp, checkedRoutes],
  watching: [setUp, checkedRoutes, watch],
  refusing: [setUp, checkedRoutes, refuse],
  unchecked: [setUp, refuse, uncheckedRoutes],
  dropped: [refuse, plainRoutes],
  session: [withSession, checkedRoutes],
  'host hook': [hostHook, plainRoutes],
  'allowed hosts': [allowedHosts, plainRoutes]
}

type Stage = keyof typeof stages

interface StagedApp extends FastifyInstance {
  /** How many requests reached a handler that changes state. */
  ran: number
  /** What was logged, line by line. */
  lines: LogLine[]
}

/** The application at a stage. The partner's route has no config until the guide gives it one. */
async function appAt (t: Test, stage: Stage, options: FastifyServerOptions = {}): Promise<StagedApp> {
  const { lines, logger } = captureLog('info')
  const app = Object.assign(Fastify({ logger, ...options }), { ran: 0, lines }) as unknown as StagedApp
  t.teardown(() => app.close())
  const handler = async () => {
    app.ran++
    return 'ran'
  }
  await app.register(formbody)
  const run = await compile(t, stage, stages[stage])
  await run({
    fastify: app,
    page: ({ token }) => token === undefined ? '<form>' : `<form><input type="hidden" name="_csrf" value="${token}">`,
    transfer: handler,
    order: handler
  })
  if (!stages[stage].includes(refuse)) app.post('/orders', handler)
  return app
}

type Run = (given: {
  fastify?: FastifyInstance,
  page?: (fields: { token?: string }) => string,
  transfer?: () => unknown,
  order?: () => unknown,
  app?: FastifyInstance,
  assert?: typeof import('node:assert/strict')
}) => Promise<void>

/** Makes a module from blocks: their imports, and a function with the rest. */
async function compile (t: Test, name: string, blocks: string[]): Promise<Run> {
  const lines = blocks.join('\n').split('\n')
  const imports = lines.filter(line => line.startsWith('import '))
  const rest = lines.filter(line => !line.startsWith('import '))
  const file = `${name.replaceAll(' ', '-')}.mjs`
  const folder = t.testdir({
    [file]: [...new Set(imports), 'export default async function ({ fastify, page, transfer, order, app, assert }) {', ...rest, '}'].join('\n')
  })
  return (await import(join(folder, file))).default
}

interface Visitor { readonly cookie?: string, readonly token?: string }

/** Opens the page, and keeps its cookie and token. */
async function visit (app: StagedApp): Promise<Visitor> {
  const { body, cookies: [cookie] } = await app.inject({ url: '/', ...browserRequest({ from: 'same-origin', by: 'link' }) })
  const token = /value="([^"]+)"/.exec(body)?.[1]
  return { ...(cookie && { cookie: `${cookie.name}=${cookie.value}` }), ...(token !== undefined && { token }) }
}

function post (url: string, from: BrowserRequestOptions | 'no browser', { cookie, token }: Visitor = {}): InjectOptions {
  const { headers } = from === 'no browser'
    ? { headers: { 'content-type': 'application/x-www-form-urlencoded' } }
    : browserRequest(from)
  return {
    method: 'POST',
    url,
    headers: { ...headers, ...(cookie !== undefined && { cookie }) },
    payload: new URLSearchParams({ amount: '10', ...(token !== undefined && { _csrf: token }) }).toString()
  }
}

const ownPage: BrowserRequestOptions = { from: 'same-origin', by: 'form' }
const partner: BrowserRequestOptions = { from: 'cross-site', by: 'form', origin: 'https://partner.example' }
const evil: BrowserRequestOptions = { from: 'cross-site', by: 'form', origin: 'https://evil.example' }

/** Each attack comes with the victim's cookies, as if none were SameSite, and cannot know the token. */
const attacks: Array<{ name: string, from: BrowserRequestOptions }> = [
  { name: 'a form on another site', from: evil },
  { name: 'a script on another site', from: { ...evil, by: 'fetch-no-cors-credentials' } },
  { name: 'a form on a subdomain', from: { from: 'same-site', by: 'form' } },
  { name: 'a sandboxed frame', from: { from: 'sandboxed-frame', by: 'form' } },
  { name: 'a form on another site, over plain HTTP', from: { ...evil, origin: 'http://evil.example', to: 'http://app.example' } }
]

const codeOf = (body: string) => JSON.parse(body).code
const isTokenRefusal = /^FST_CSRF_/
const denied = 'FST_CROSS_ORIGIN_DENIED'
const disagreements = (app: StagedApp) => app.lines
  .filter(({ msg }) => msg === 'CSRF checks disagree')
  .map(({ refusedBy, reason, statusCode, route, origin }) => [refusedBy, reason, statusCode, route, origin])

t.test('every block of the guide is run here', async t => {
  t.same(more, [])
  t.same(Object.values(stages).flat().filter(block => block === undefined), [])
})

t.test('with only tokens, attacks are refused except where nobody thought of a check', async t => {
  const app = await appAt(t, 'tokens')
  const { cookie = '' } = await visit(app)
  for (const { name, from } of attacks) {
    t.match(codeOf((await app.inject(post('/transfer', from, { cookie }))).body), isTokenRefusal, name)
  }
  t.equal(app.ran, 0)
  t.equal((await app.inject(post('/orders', evil))).statusCode, 200, 'a route without a check')
})

t.test('1: watching changes nothing for users, and logs where the two disagree', async t => {
  const before = await appAt(t, 'tokens')
  const watching = await appAt(t, 'watching')

  const rows: Array<{ name: string, request: (visitor: Visitor) => InjectOptions, disagreement?: unknown[] }> = [
    ...attacks.map(({ name, from }) => ({ name, request: ({ cookie = '' }: Visitor) => post('/transfer', from, { cookie }) })),
    { name: 'the page', request: () => ({ url: '/', ...browserRequest({ from: 'cross-site', by: 'link' }) }) },
    { name: 'our own page, with its token', request: visitor => post('/transfer', ownPage, visitor) },
    { name: 'our own page, without a token', request: ({ cookie = '' }) => post('/transfer', ownPage, { cookie }), disagreement: ['token', 'same-origin', 403, '/transfer', 'https://localhost'] },
    { name: 'an old browser, with its token', request: visitor => post('/transfer', 'no browser', visitor) },
    { name: 'a program, without a token', request: () => post('/transfer', 'no browser'), disagreement: ['token', 'unverifiable', 403, '/transfer', undefined] },
    // The subdomain has planted its own cookie, and knows the token that belongs to it.
    { name: 'a subdomain, with its own token', request: visitor => post('/transfer', { from: 'same-site', by: 'form' }, visitor), disagreement: ['origin', 'same-site', 200, '/transfer', 'https://localhost:8443'] },
    { name: 'the partner, where nothing was checked', request: () => post('/orders', partner), disagreement: ['origin', 'cross-site', 200, '/orders', 'https://partner.example'] },
    { name: 'an attack on nothing', request: () => post('/nowhere', evil), disagreement: ['origin', 'cross-site', 404, undefined, 'https://evil.example'] }
  ]
  for (const { name, request, disagreement } of rows) {
    watching.lines.length = 0
    const [expected, actual] = await Promise.all([before, watching].map(async app => {
      const { statusCode, headers: { date, ...headers }, body } = await app.inject(request(await visit(app)))
      return { statusCode, headers: withoutSecrets(JSON.stringify(headers)), body: withoutSecrets(body) }
    }))
    t.same(actual, expected, name)
    t.same(disagreements(watching), disagreement === undefined ? [] : [disagreement], `${name}: what is logged`)
  }
  t.equal(watching.ran, before.ran)
})

const jqMissing = process.platform === 'win32'
  ? 'the command is one for a POSIX shell'
  : spawnSync('jq', ['--version']).error !== undefined && 'jq is not installed: apt-get install jq, then run the test again'

t.test('1: the command counts what was logged', { skip: jqMissing }, async t => {
  const command = blocksOf('sh').find(code => code.startsWith('jq '))!
  const app = await appAt(t, 'watching')
  for (const [url, from] of [['/orders', partner], ['/orders', evil], ['/orders', partner], ['/nowhere', evil], ['/transfer', 'no browser']] as const) {
    await app.inject(post(url, from))
  }
  t.equal(disagreements(app).length, 5)
  // A log also has lines that are not JSON.
  const log = ['> my-app start', ...app.lines.map(line => JSON.stringify(line)), ''].join('\n')
  const { stdout, stderr } = spawnSync('sh', ['-c', command], { cwd: t.testdir({ 'app.log': log }), encoding: 'utf8' })
  t.equal(stderr, '')
  const counted = stdout.trimEnd().split('\n').map(line => line.trim().split(/\s+/))
  t.same(counted[0], ['2', 'origin', 'cross-site', '200', '/orders', 'https://partner.example'], 'the most frequent first')
  t.same(counted.slice(1).sort(), [
    ['1', 'origin', 'cross-site', '200', '/orders', 'https://evil.example'],
    ['1', 'origin', 'cross-site', '404', '-', 'https://evil.example'],
    ['1', 'token', 'unverifiable', '403', '/transfer', '-']
  ])
})

/** Removes what differs between any two visits. */
function withoutSecrets (text: string): string {
  return text.replace(/value="[^"]+"/g, 'value=""').replace(/_csrf=[\w-]+/g, '_csrf=')
}

t.test('2: attacks are refused twice', async t => {
  const app = await appAt(t, 'refusing')
  const visitor = await visit(app)
  const { cookie = '' } = visitor

  for (const { name, from } of attacks) {
    t.equal(codeOf((await app.inject(post('/transfer', from, { cookie }))).body), denied, name)
    t.equal(codeOf((await app.inject(post('/transfer', from, visitor))).body), denied, `${name}, with a token`)
    t.equal(codeOf((await app.inject(post('/orders', from))).body), denied, `${name}, where there is no token`)
  }
  t.match(codeOf((await app.inject(post('/transfer', ownPage, { cookie }))).body), isTokenRefusal, 'our own page, without a token')
  t.match(codeOf((await app.inject(post('/transfer', 'no browser'))).body), isTokenRefusal, 'a program, without a token')
  t.equal(app.ran, 0, 'nothing ran')

  t.equal((await app.inject(post('/transfer', ownPage, visitor))).statusCode, 200, 'our own page, with its token')
  t.equal((await app.inject(post('/orders', partner))).statusCode, 200, 'the partner, where it is trusted')
  t.equal(app.ran, 2)
})

for (const stage of ['unchecked', 'dropped'] as const) {
  t.test(`3: with tokens ${stage}, attacks are refused and our own pages need no token`, async t => {
    const app = await appAt(t, stage)
    const visitor = await visit(app)
    t.same(Object.keys(visitor), stage === 'unchecked' ? ['cookie', 'token'] : [], 'what the page gives')

    for (const { name, from } of attacks) {
      for (const url of ['/transfer', '/orders']) {
        t.equal(codeOf((await app.inject(post(url, from, visitor))).body), denied, `${name}, ${url}`)
      }
    }
    t.equal(codeOf((await app.inject(post('/transfer', partner))).body), denied, 'the partner, where it is not trusted')
    t.equal(app.ran, 0, 'nothing ran')

    t.equal((await app.inject(post('/transfer', ownPage))).statusCode, 200, 'our own page, without a token')
    t.equal((await app.inject(post('/transfer', ownPage, { cookie: '_csrf=old', token: 'old' }))).statusCode, 200, 'a page that was open before')
    t.equal((await app.inject(post('/orders', partner))).statusCode, 200, 'the partner, where it is trusted')
    t.equal((await app.inject(post('/transfer', 'no browser'))).statusCode, 200, 'a program, or a browser from before 2020: what is lost')
    t.equal(app.ran, 4)
  })
}

t.test('pages of the release that drops the check work with servers of the release before, and later pages do not', async t => {
  const before = await appAt(t, 'refusing')
  const unchecked = await visit(await appAt(t, 'unchecked'))
  t.equal((await before.inject(post('/transfer', ownPage, unchecked))).statusCode, 200)
  const dropped = await visit(await appAt(t, 'dropped'))
  t.match(codeOf((await before.inject(post('/transfer', ownPage, dropped))).body), isTokenRefusal)
})

t.test('tests that send no headers prove nothing, and those of the guide fail without the plugin', async t => {
  const runTests = await compile(t, 'own-tests', [ownTests])
  const app = await appAt(t, 'dropped')
  t.equal((await app.inject({ method: 'POST', url: '/transfer', payload: {} })).statusCode, 200, 'what the guide warns of')
  app.ran = 0
  await runTests({ app, assert })
  t.equal(app.ran, 1, 'only the own page got in')

  const unprotected = Fastify()
  t.teardown(() => unprotected.close())
  await unprotected.register(formbody)
  unprotected.post('/transfer', async () => 'ran')
  await t.rejects(runTests({ app: unprotected, assert }), { code: 'ERR_ASSERTION', actual: 200, expected: 403 })
})

t.test('with a session, a refused request starts none, and both checks hold', async t => {
  process.env.SESSION_SECRET = 'a secret of at least 32 characters'
  t.teardown(() => { delete process.env.SESSION_SECRET })
  // Its cookie is for HTTPS only.
  const app = await appAt(t, 'session', { trustProxy: '127.0.0.1' })
  app.addHook('onRequest', async ({ headers }) => { t.equal(headers['x-forwarded-proto'], 'https') })
  const send = (request: InjectOptions) => app.inject({ ...request, headers: { ...request.headers, 'x-forwarded-proto': 'https' } })

  for (const { name, from } of attacks.slice(0, -1)) {
    const refused = await send(post('/transfer', from))
    t.equal(codeOf(refused.body), denied, name)
    t.notOk(refused.headers['set-cookie'], `${name}: no session`)
  }
  const { body, headers: { 'set-cookie': cookie } } = await send({ url: '/', ...browserRequest({ from: 'same-origin', by: 'link' }) })
  const visitor = { cookie: String(cookie).split(';')[0]!, token: /value="([^"]+)"/.exec(body)![1]! }
  t.match(codeOf((await send(post('/transfer', ownPage, { cookie: visitor.cookie }))).body), isTokenRefusal, 'our own page, without a token')
  t.equal(codeOf((await send(post('/transfer', evil, visitor))).body), denied, 'an attack with the token')
  t.equal(app.ran, 0, 'nothing ran')
  t.equal((await send(post('/transfer', ownPage, visitor))).statusCode, 200, 'our own page, with its token')
  t.equal(app.ran, 1)
})

t.test('allowedHosts refuses what a hook of one\'s own refuses, and nothing that only looks different', async t => {
  const before = await appAt(t, 'host hook')
  const after = await appAt(t, 'allowed hosts')
  const rows: Array<[host: string, before: number, after: number]> = [
    ['evil.example:3000', 403, 403],
    ['localhost.evil.example:3000', 403, 403],
    ['127.0.0.1.evil.example', 403, 403],
    ['[::1]evil.example:3000', 403, 403],
    ['localhost:3000', 200, 200],
    ['127.0.0.1:3000', 200, 200],
    ['localhost:3001', 403, 200],
    ['LOCALHOST:3000', 403, 200],
    ['localhost.:3000', 403, 200],
    ['[::1]:3000', 403, 200]
  ]
  for (const [host, ...statuses] of rows) {
    for (const [i, app] of [before, after].entries()) {
      app.ran = 0
      // The page of the attacker's name is of the same origin to the browser.
      const read = await app.inject({ url: '/', headers: { host, 'sec-fetch-site': 'none' } })
      const written = await app.inject({ method: 'POST', url: '/transfer', headers: { host, origin: `http://${host}`, 'sec-fetch-site': 'same-origin' } })
      t.same([read.statusCode, written.statusCode], [statuses[i], statuses[i]], `${host}, ${i === 0 ? 'by the hook' : 'by the option'}`)
      t.equal(app.ran, statuses[i] === 200 ? 1 : 0)
    }
  }
  const options = { url: '/transfer', method: 'OPTIONS', headers: { host: 'evil.example' } } as const
  t.equal((await after.inject(options)).statusCode, 403, 'OPTIONS too')
  t.equal((await after.inject({ url: '/health', headers: { host: '10.1.2.3:3000' } })).statusCode, 200, 'a health check by IP address')
})

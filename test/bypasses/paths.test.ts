// Paths that two components read differently. Two things must hold: the path does not decide whether a request is checked at
// all, and only an exempt path in plain form is exempt.
import type { FastifyServerOptions } from 'fastify'
import httpProxy from '@fastify/http-proxy'
import fastifyStatic from '@fastify/static'
import fastifyWebsocket from '@fastify/websocket'
import t, { type Test } from 'tap'
import crossOriginProtection, { type CrossOriginProtectionOptions } from '../../src/index.ts'
import { countAll, emptyApp, type CountingApp } from '../helpers/app.ts'
import { evil, evilOrigin, handshake, own, post, refuses, request, serves, suiteOf, type Attempt } from '../helpers/bypasses.ts'
import { listen } from '../helpers/socket.ts'

const { bypass, isComplete } = suiteOf('paths')

/** A protected application with these routes, each for all methods. */
async function appWith (
  t: Test, routes: readonly string[], options: CrossOriginProtectionOptions = {}, server: FastifyServerOptions = {}
): Promise<CountingApp> {
  const app = emptyApp(t, server)
  await app.register(crossOriginProtection, options)
  for (const url of routes) countAll(app, app, url)
  return app
}

/** Fastify's types do not know `useSemicolonDelimiter`. */
const router = (routerOptions: object): FastifyServerOptions => ({ routerOptions })

/** A POST to each target, from a page on another site, and below from our own page. */
const attacks = (...targets: string[]): Attempt[] => targets.flatMap(target => [
  [`POST ${target}`, post(target, ...evil)],
  [`POST ${target}, without Fetch Metadata`, post(target, ...evilOrigin)]
])
const ownPosts = (...targets: string[]): Attempt[] => targets.map(target => [`POST ${target} from our own page`, post(target, ...own)])
const exempt = (...targets: string[]): Attempt[] => targets.map(target => [`POST ${target}, exempt`, post(target, ...evil)])

bypass('CVE-2025-47910', async t => {
  // An entry covers everything below it, so '/hello/', the form in that report, is an invalid option.
  await t.rejects(async () => { await emptyApp(t).register(crossOriginProtection, { exemptPaths: ['/hello/'] }) }, { code: 'FST_CROSS_ORIGIN_INVALID_OPTION' })
  const app = await appWith(t, ['/hello', '/hello/', '/hello/world', '/*'], { exemptPaths: ['/hello/world'] })
  const near = ['/hello', '/hello/', '/foo/../hello/world', '/hello//world', '/hello/./world', '/hello/world/../x', '/hello/worlds']
  await refuses(t, app, attacks(...near))
  await serves(t, app, [...ownPosts(...near), ...exempt('/hello/world', '/hello/world/', '/hello/world?next=/../x')])
})

bypass('golang/go csrf_test.go', async t => {
  const app = await appWith(t, ['/*'], { exemptPaths: ['/bypass'] })
  const near = ['/foo/../bypass/bar', '/foo/../bypass', '/./bypass', '//bypass', '/bypassed', '/bypass-not', '/bypas', '/foo/bypass', '/bypass/..', '/bypass/.']
  await refuses(t, app, attacks(...near))
  await serves(t, app, [...ownPosts(...near), ...exempt('/bypass', '/bypass/bar')])
})

bypass('CVE-2026-22037, GHSA-g6q3-96cp-5r5m', async t => {
  const guarded = await appWith(t, ['/admin'])
  await refuses(t, guarded, attacks('/%61dmin', '/%61%64%6d%69%6e', '/admin'))
  await serves(t, guarded, ownPosts('/%61dmin', '/%61%64%6d%69%6e', '/admin'))

  // The other way round: the router reads the exempt path, but it is not in plain form.
  const exempting = await appWith(t, ['/admin'], { exemptPaths: ['/admin'] })
  await refuses(t, exempting, attacks('/%61dmin', '/admi%6e'))
  await serves(t, exempting, exempt('/admin'))
})

bypass('CVE-2026-2880, GHSA-8p85-9qpw-fwgw', async t => {
  const options = [['ignoreDuplicateSlashes', '//secret'], ['useSemicolonDelimiter', '/secret;foo=bar'], ['ignoreTrailingSlash', '/secret/']] as const
  for (const [option, target] of options) {
    const app = await appWith(t, ['/secret'], {}, router({ [option]: true }))
    await refuses(t, app, attacks(target, '/secret'))
    await serves(t, app, ownPosts(target, '/secret'))
  }
})

bypass('CVE-2026-33808, GHSA-6hw5-45gm-fj88', async t => {
  const app = await appWith(t, ['/admin', '/admin/dashboard', '/login'], { exemptPaths: ['/login'] }, router({ useSemicolonDelimiter: true, ignoreDuplicateSlashes: true }))
  const targets = ['/admin;bypass', '//admin/dashboard', '/admin//dashboard', '/admin/dashboard;/login', '//login', '/login;x', '/admin;/../login']
  await refuses(t, app, attacks(...targets))
  await serves(t, app, [...ownPosts(...targets), ...exempt('/login')])
})

bypass('CVE-2026-14198, GHSA-2v46-jxjm-7q3v', async t => {
  const app = await appWith(t, ['/user/:id/comments', '/user/:id'], { exemptPaths: ['/user/a'] })
  const targets = ['/user/a%2Fb/comments', '/user/a%2fcomments', '/user/%61', '/user/b/comments', '/user/a%2F..%2Fb']
  await refuses(t, app, attacks(...targets))
  await serves(t, app, [...ownPosts(...targets), ...exempt('/user/a', '/user/a/comments')])
})

bypass('CVE-2026-33807, GHSA-hrwm-hgmj-7p9c', async t => {
  for (const guardedAt of [0, 1, 2, 3]) {
    const app = emptyApp(t)
    // Nested scopes: /admin/x, /admin/admin/x and so on. One of them registers the plugin.
    const nest = (depth: number) => async (scope: CountingApp): Promise<void> => {
      if (depth === guardedAt) await scope.register(crossOriginProtection, { exemptPaths: ['/admin/admin/admin/open'] })
      countAll(app, scope, '/x')
      countAll(app, scope, '/open')
      if (depth < 3) scope.register(nest(depth + 1) as never, { prefix: '/admin' })
    }
    await nest(0)(app)
    const covered = [0, 1, 2, 3].filter(depth => depth >= guardedAt).map(depth => `${'/admin'.repeat(depth)}/x`)
    await refuses(t, app, attacks(...covered))
    await serves(t, app, [...ownPosts(...covered), ...exempt('/admin/admin/admin/open')])
  }
})

bypass('CVE-2026-6556, GHSA-3wf5-7852-vcfq', async t => {
  for (const exemptPaths of [[/^\/admin/], [['/admin']], /^\/admin/, '/admin', new Set(['/admin'])]) {
    await t.rejects(async () => { await emptyApp(t).register(crossOriginProtection, { exemptPaths } as never) }, { code: 'FST_CROSS_ORIGIN_INVALID_OPTION' })
  }
  // A path includes the prefix of its scope, so an entry means the same wherever it is registered.
  const app = emptyApp(t)
  await app.register(async scope => {
    await scope.register(crossOriginProtection, { exemptPaths: ['/admin', '/api/open'] })
    countAll(app, scope, '/admin')
    countAll(app, scope, '/open')
  }, { prefix: '/api' })
  await refuses(t, app, attacks('/api/admin'))
  await serves(t, app, [...ownPosts('/api/admin'), ...exempt('/api/open')])
})

bypass('CVE-2025-66415, GHSA-2q7r-29rg-6m5h', async t => {
  const upstream = emptyApp(t)
  countAll(upstream)
  const app = emptyApp(t)
  await app.register(crossOriginProtection, { exemptPaths: ['/public'] })
  await app.register(httpProxy, {
    upstream: `http://127.0.0.1:${await listen(upstream)}`,
    replyOptions: { rewriteHeaders: ({ connection, ...headers }) => headers } // The connection to the upstream stays open; this one is closed.
  })
  // The handler that runs is the upstream's.
  const proxy = Object.defineProperty(app, 'ran', { get: () => upstream.ran, set: ran => { upstream.ran = ran } })
  await refuses(t, proxy, attacks(
    '/public/%2e%2e/admin', '/public/%2E%2E%2Fadmin', '/public/..%2fadmin', '/public/../admin', '/public/%252e%252e/admin', '/public/..;/admin',
    '/public\\..\\admin', '/public/%5c..%5cadmin', '//public/admin', '/admin'
  ))
  await serves(t, proxy, [...ownPosts('/admin'), ...exempt('/public', '/public/page')])
})

bypass('CVE-2026-67448, GHSA-8r62-w5wh-fc5m', async t => {
  const app = emptyApp(t)
  await app.register(crossOriginProtection)
  await app.register(fastifyWebsocket)
  app.get('/api/events', { websocket: true }, () => { app.ran++ })
  for (const target of ['/%61pi/events', '/api/%65vents', '/api/events']) {
    await refuses(t, app, [[`handshake at ${target}`, handshake(target, ...evilOrigin)]])
    await serves(t, app, [[`handshake at ${target} from our own page`, handshake(target, ...own), { status: 101 }]])
  }
})

bypass('CVE-2025-66202, GHSA-whqg-ppgf-wp8c', async t => {
  const app = await appWith(t, ['/admin', '/:name', '/*'], { exemptPaths: ['/admin'] })
  await refuses(t, app, attacks('/%2561dmin', '/%25%36%31dmin', '/%61dmin'))
  await serves(t, app, [...ownPosts('/%2561dmin', '/%25%36%31dmin', '/%61dmin'), ...exempt('/admin')])
})

bypass('CVE-2026-59731, GHSA-vj59-8hwv-xxmv', async t => {
  const deep = (hex: string) => `%${'25'.repeat(50)}${hex}`
  const app = await appWith(t, ['/admin', '/*'], { exemptPaths: ['/public'] })
  const targets = [`/${deep('61')}dmin`, `/public/${deep('2e')}${deep('2e')}/admin`, `/public/..${deep('2F')}admin`, `/public${deep('2f')}x`, `/public/${deep('5c')}admin`]
  await refuses(t, app, attacks(...targets))
  await serves(t, app, [...ownPosts(...targets), ...exempt('/public', '/public/x')])
})

bypass('GHSA-x732-6j76-qmhm', async t => {
  const app = await appWith(t, ['/sign-in/email', '/open'], { exemptPaths: ['/open'] }, router({ ignoreDuplicateSlashes: true }))
  const targets = ['//sign-in/email', '/sign-in//email', '///sign-in///email', '//open', '/open//']
  await refuses(t, app, attacks(...targets))
  await serves(t, app, [...ownPosts('//sign-in/email', '/sign-in//email', '///sign-in///email', '//open'), ...exempt('/open')])
})

bypass('better-auth#9990', async t => {
  const app = await appWith(t, ['/*'], { exemptPaths: ['/public/data'] })
  const near = ['/public/database', '/public/data-delete', '/public/data.json', '/public/data%20', '/public/dat', '/public', '/public/Data', '/public/data~']
  await refuses(t, app, attacks(...near))
  await serves(t, app, [...ownPosts(...near), ...exempt('/public/data', '/public/data/1', '/public/data?x=/database')])
})

bypass('CVE-2026-29045', async t => {
  const app = emptyApp(t)
  // GET only reads, so it is checked only if an option says so.
  await app.register(crossOriginProtection, { safeMethods: 'check', exemptPaths: ['/open'] })
  await app.register(fastifyStatic, { root: t.testdir({ admin: { secret: 'secret' }, open: { page: 'page' } }) })
  app.addHook('onSend', async (_request, _reply, payload) => { if (typeof payload !== 'string') app.ran++ }) // A file is a stream.
  const secrets = ['/admin%2Fsecret', '/admin%2fsecret', '/%61dmin/secret', '/admin/%73ecret', '/open/..%2fadmin/secret', '/open/%2e%2e/admin/secret', '/admin/secret']
  await refuses(t, app, secrets.map(target => [`GET ${target}`, request('GET', target, ...evil)]))
  await serves(t, app, [
    ['GET /admin/secret from our own page', request('GET', '/admin/secret', ...own)],
    ['GET /open/page, exempt', request('GET', '/open/page', ...evil)]
  ])
})

bypass('CVE-2020-2160, SECURITY-1774', async t => {
  for (const useSemicolonDelimiter of [false, true]) {
    const app = await appWith(t, ['/scriptText', '/*'], { exemptPaths: ['/cli'] }, router({ useSemicolonDelimiter }))
    const targets = ['/scriptText/..;/cli', '/cli/..;/scriptText', '/scriptText;/cli', '/cli;/../scriptText', '/cli/..%3b/scriptText', '/cli/%2e%2e;/scriptText']
    await refuses(t, app, attacks(...targets))
    await serves(t, app, [...ownPosts(...targets), ...exempt('/cli')])
  }
})

bypass('CVE-2024-6866, CVE-2024-6839, GHSA-43qf-4rqw-9q2g', async t => {
  for (const caseSensitive of [true, false]) {
    // The router may treat /PUBLIC as /public, but an exemption applies only to one spelling. Neither the longer nor the shorter
    // entry weakens the other.
    const app = await appWith(t, ['/public/*', '/public', '/*'], { exemptPaths: ['/public', '/private/page'] }, router({ caseSensitive }))
    const targets = ['/PUBLIC/admin', '/Public', '/publiC/x', '/private', '/private/pages', '/PRIVATE/page']
    await refuses(t, app, attacks(...targets))
    await serves(t, app, [...ownPosts(...targets), ...exempt('/public/admin', '/private/page')])
  }
})

bypass('CVE-2019-18978, GHSA-pf8f-w267-mq2h', async t => {
  const app = await appWith(t, ['/*'], { exemptPaths: ['/public'], safeMethods: 'check' })
  const targets = ['/public/../private', '/public/%2e%2e/private', '/public/.%2e/private']
  await refuses(t, app, targets.map(target => [`GET ${target}`, request('GET', target, ...evil)]))
  await serves(t, app, [
    ...targets.map(target => [`GET ${target} from our own page`, request('GET', target, ...own)] as Attempt),
    ['GET /public/page, exempt', request('GET', '/public/page', ...evil)]
  ])
})

isComplete()

const everything = { ignoreDuplicateSlashes: true, ignoreTrailingSlash: true, useSemicolonDelimiter: true, caseSensitive: false }

// All forms with all options of the router: however the router reads a path, only a request with the plain path is exempt.
const routers: Array<[name: string, server: FastifyServerOptions]> = [
  ['the default router', {}],
  ['ignoreDuplicateSlashes', router({ ignoreDuplicateSlashes: true })],
  ['ignoreTrailingSlash', router({ ignoreTrailingSlash: true })],
  ['useSemicolonDelimiter', router({ useSemicolonDelimiter: true })],
  ['caseSensitive: false', router({ caseSensitive: false })],
  ['all of them', router(everything)],
  ['rewriteUrl, which lowers and collapses', { rewriteUrl: ({ url = '' }) => url.replace(/^\/old(?=\/)/, '').replace('/gone', '') }]
]

const forms = [
  '/transfer', '//transfer', '/transfer/', '/transfer//', '/TRANSFER', '/tr%61nsfer', '/transfer;x', '/transfer%3Bx', '/transfer?/hooks', '/transfer#/hooks',
  '/transfer/hooks', '/hook', '/hooksmith', '/hooks-delete', '/hooks.json', '/Hooks', '/HOOKS/x', '//hooks', '///hooks', '/hooks//', '/hooks//x',
  '/hooks/.', '/hooks/..', '/hooks/./x', '/hooks/../transfer', '/transfer/../hooks', '/./hooks', '/hooks/%2e%2e/transfer', '/hooks/%2E./transfer', '/hooks/..%2Ftransfer',
  '/hooks%2Fx', '/hooks%2f..%2ftransfer', '/%2Fhooks', '/%68ooks', '/hook%73/x', '/hooks%20', '/hooks;x', '/hooks;/../transfer', '/hooks/..;/transfer', '/hooks/;/x', '/hooks%3B/x',
  '/hooks\\x', '/hooks\\..\\transfer', '/hooks%5Cx', '/hooks%5c..%5ctransfer', '\\hooks', '/hooks#x', '/hooks/#/../transfer', '/hooks%252Fx', '/hooks/%252e%252e/transfer', '/hooks/%25252e%25252e/transfer',
  'http://app.example/hooks', 'http://evil.example/hooks/x', 'https://app.example/hooks', 'http://app.example//hooks', 'http://app.example/transfer?/hooks',
  '/old/hooks/../transfer', '/old//hooks', '/hooks/gone/../transfer', `/hooks/${'../'.repeat(500)}transfer`, `/${'/'.repeat(2000)}hooks`
]

for (const [name, server] of routers) {
  t.test(`${forms.length} forms of a path: ${name}`, async t => {
    const app = await appWith(t, ['/hooks', '/hooks/*', '/transfer', '/*'], { exemptPaths: ['/hooks'] }, server)
    // Node itself answers a target that is neither a path nor an absolute URL.
    const status = (form: string, usual: number) => form.startsWith('\\') ? { status: 400 } : { status: usual }
    await refuses(t, app, forms.flatMap(form => [
      [form.slice(0, 60), post(form, ...evil), status(form, 403)],
      [`${form.slice(0, 60)}, without Fetch Metadata`, post(form, ...evilOrigin), status(form, 403)]
    ] as Attempt[]))
    await serves(t, app, [...ownPosts(...forms.filter(form => !form.startsWith('\\'))), ...exempt('/hooks', '/hooks/', '/hooks/x', '/hooks/a%20b', '/hooks?x=//')])
  })
}

t.test('a rewritten path is exempt only if the new path is exempt', async t => {
  const app = await appWith(t, ['/*'], { exemptPaths: ['/hooks'] }, { rewriteUrl: ({ url }) => url === '/hooks/internal' ? '/transfer' : url === '/legacy' ? '/hooks/legacy' : url! })
  await refuses(t, app, attacks('/hooks/internal', '/legacy2'))
  await serves(t, app, [...ownPosts('/hooks/internal', '/legacy2'), ...exempt('/legacy', '/hooks/x')])
})

t.test('an exempt route follows the router, and exempts no other', async t => {
  const app = emptyApp(t, router(everything))
  await app.register(crossOriginProtection)
  countAll(app, app, '/webhook', { crossOriginProtection: false })
  countAll(app)
  const near = ['/webhook/../transfer', '/webhook/x', '/webhooks', '/webhook%2Fx', '/webhook%2f..', '/x/../webhook', '/webhook%3Bx', '/webhook/%2e']
  await refuses(t, app, attacks(...near))
  await serves(t, app, [...ownPosts(...near), ...exempt('/webhook', '/webhook/', '//webhook', '/WebHook', '/webhook;x', '/%77ebhook', 'http://app.example/webhook')])
})

t.test('a path that the router cannot read gets the router\'s own 400, whoever sends it', async t => {
  const app = await appWith(t, ['/*'], { exemptPaths: ['/hooks'] })
  const broken = ['/hooks/%', '/hooks/%zz', '/hooks/%2%65', '/hooks/%c0%ae%c0%ae/transfer', '/hooks/%u002e%u002e/transfer', '/%ff', 'hooks', '?/hooks']
  await refuses(t, app, broken.flatMap(target => [
    [target, post(target, ...evil), { status: 400 }],
    [`${target} from our own page`, post(target, ...own), { status: 400 }]
  ] as Attempt[]))
  await serves(t, app, exempt('/hooks/x'))
})

t.test('without the plugin the same requests reach their handlers', async t => {
  const app = emptyApp(t)
  countAll(app)
  await serves(t, app, exempt('/transfer', '/hooks/../transfer', '//hooks', '/hooks/..;/transfer', '/hooks/..%2Ftransfer'))
})

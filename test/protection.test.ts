import type { IncomingMessage } from 'node:http'
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import t from 'tap'
import crossOriginProtection, { type CrossOriginProtectionOptions } from '../src/index.ts'
import { countAll, crossSitePost, emptyApp, postFrom, protectedApp, sameOriginPost } from './helpers/app.ts'
import { captureLog } from './helpers/log.ts'
import { hasNameAndVersions } from './helpers/plugin.ts'

t.test('the decorator holds the resolved options', async t => {
  const app = await protectedApp(t)
  t.same(app.crossOriginProtection.options, {
    allowedOrigins: [],
    allowedHosts: [],
    exemptPaths: [],
    allowUnverifiableRequests: true,
    denyHandler: undefined,
    reportOnly: false,
    protectWebSockets: true,
    safeMethods: 'allow',
    denialLogLevel: 'warn'
  })
  t.ok(Object.isFrozen(app.crossOriginProtection))
  t.ok(Object.isFrozen(app.crossOriginProtection.options))
  t.ok(Object.isFrozen(app.crossOriginProtection.options.allowedOrigins))
  t.ok(Object.isFrozen(app.crossOriginProtection.options.allowedHosts))
  t.ok(Object.isFrozen(app.crossOriginProtection.options.exemptPaths))

  const rest = {
    exemptPaths: ['/hooks'],
    allowUnverifiableRequests: false,
    denyHandler: () => 'no',
    reportOnly: true,
    protectWebSockets: false,
    safeMethods: 'isolate',
    denialLogLevel: 'silent'
  } as const
  const isTrusted = () => false
  const allowedHosts = ['APP.example', '*.B\u00fccher.example:443']
  const other = await protectedApp(t, { allowedOrigins: ['HTTPS://Partner.example:443', 'https://*.B\u00fccher.example', isTrusted], allowedHosts, ...rest })
  t.same(other.crossOriginProtection.options, {
    allowedOrigins: ['https://partner.example', 'https://*.xn--bcher-kva.example', isTrusted],
    allowedHosts: ['app.example', '*.xn--bcher-kva.example:443'],
    ...rest
  })
})

t.test('the nearest scope decides, alone, in any order of registration', async t => {
  // The outer scope trusts one partner and the inner another, so that each verdict shows who decided.
  const outer: CrossOriginProtectionOptions = { allowedOrigins: ['https://outer.example'] }
  const inner: CrossOriginProtectionOptions = { allowedOrigins: ['https://inner.example'] }

  for (const first of ['outer', 'inner']) {
    for (const routes of ['before', 'after']) {
      for (const awaited of [true, false]) {
        await t.test(`${first} first, routes ${routes} the plugin, ${awaited ? 'awaited' : 'not awaited'}`, async t => {
          const app = emptyApp(t)
          const ran: string[] = []
          const post = (scope: FastifyInstance, name: string) => scope.post('/x', async () => { ran.push(name) })
          const protect = async (scope: FastifyInstance, options: CrossOriginProtectionOptions) => {
            const registered = scope.register(crossOriginProtection, options)
            if (awaited) await registered
          }
          const registerOuter = async () => {
            if (routes === 'before') post(app, 'outer')
            await protect(app, outer)
            if (routes === 'after') post(app, 'outer')
          }
          const registerInner = async () => {
            const registered = app.register(async scope => {
              if (routes === 'before') post(scope, 'inner')
              await protect(scope, inner)
              if (routes === 'after') post(scope, 'inner')
              scope.register(async grandchild => { post(grandchild, 'grandchild') }, { prefix: '/grandchild' })
            }, { prefix: '/inner' })
            if (awaited) await registered
          }
          if (first === 'outer') {
            await registerOuter()
            await registerInner()
          } else {
            await registerInner()
            await registerOuter()
          }
          app.register(async scope => { post(scope, 'sibling') }, { prefix: '/sibling' })

          for (const [url, trusted] of [
            ['/x', 'outer'], ['/sibling/x', 'outer'], ['/inner/x', 'inner'], ['/inner/grandchild/x', 'inner']
          ] as const) {
            for (const origin of ['outer', 'inner']) {
              ran.length = 0
              const { statusCode } = await app.inject({ ...postFrom(`https://${origin}.example`), url })
              t.equal(statusCode, origin === trusted ? 200 : 403, `POST ${url} from ${origin}.example`)
              t.equal(ran.length, origin === trusted ? 1 : 0)
            }
          }
          t.same(app.crossOriginProtection.options.allowedOrigins, outer.allowedOrigins)
        })
      }
    }
  }
})

t.test('a route that is added to an inner scope at last follows that scope', async t => {
  const app = emptyApp(t)
  let inner: FastifyInstance | undefined
  await app.register(async scope => {
    await scope.register(crossOriginProtection, { allowedOrigins: ['https://inner.example'] })
    inner = scope
  }, { prefix: '/inner' })
  await app.register(crossOriginProtection, { allowedOrigins: ['https://outer.example'] })
  t.throws(() => countAll(app, inner!, '/wrong', { crossOriginProtection: { allowedOrigin: [] } }), { code: 'FST_CROSS_ORIGIN_INVALID_OPTION', message: /\/inner\/wrong/ })
  countAll(app, inner!, '/late')
  t.equal((await app.inject({ ...postFrom('https://outer.example'), url: '/inner/late' })).statusCode, 403)
  t.equal(app.ran, 0)
  t.equal((await app.inject({ ...postFrom('https://inner.example'), url: '/inner/late' })).statusCode, 200)
})

t.test('an application that replaces the public decorator stays protected', async t => {
  const double = { options: {}, check: async () => ({ allowed: true }) }
  const replacements: Array<[name: string, replace: (app: FastifyInstance, scope: FastifyInstance) => void]> = [
    ['a child shadows it with a test double', (_app, scope) => { scope.decorate('crossOriginProtection', double as never) }],
    ['a child shadows it with undefined', (_app, scope) => { scope.decorate('crossOriginProtection', undefined as never) }],
    ['a child has a copy', (app, scope) => { scope.decorate('crossOriginProtection', { ...app.crossOriginProtection }) }],
    ['a child assigns a copy', (app, scope) => { Object.assign(scope, { crossOriginProtection: { ...app.crossOriginProtection } }) }],
    ['the root overwrites it', app => { Object.assign(app, { crossOriginProtection: double }) }],
    ['the root removes it', app => { Reflect.deleteProperty(app, 'crossOriginProtection') }]
  ]
  for (const [name, replace] of replacements) {
    const app = emptyApp(t)
    await app.register(crossOriginProtection)
    await app.register(async scope => {
      replace(app, scope)
      countAll(app, scope, '/inner')
      t.throws(() => countAll(app, scope, '/wrong', { crossOriginProtection: { allowedOrigin: [] } }), { code: 'FST_CROSS_ORIGIN_INVALID_OPTION' }, name)
    })
    countAll(app, app, '/outer')
    for (const url of ['/inner', '/outer']) {
      t.equal((await app.inject({ ...crossSitePost, url })).statusCode, 403, `${name}: ${url}`)
      t.equal(app.ran, 0)
    }
    t.equal((await app.inject({ ...sameOriginPost, url: '/inner' })).statusCode, 200)
  }
})

t.test('a hundred nested registrations each decide for their own scope', async t => {
  const app = emptyApp(t)
  const nest = (depth: number) => async (scope: FastifyInstance) => {
    await scope.register(crossOriginProtection, { allowedOrigins: [`https://partner-${depth}.example`] })
    countAll(app, scope, '/x')
    if (depth < 100) scope.register(nest(depth + 1), { prefix: '/in' })
  }
  await app.register(nest(1))

  for (const depth of [1, 2, 50, 100]) {
    for (const trusted of [depth - 1, depth, depth + 1]) {
      app.ran = 0
      const { statusCode } = await app.inject({ ...postFrom(`https://partner-${trusted}.example`), url: `${'/in'.repeat(depth - 1)}/x` })
      t.equal(statusCode, trusted === depth ? 200 : 403, `at depth ${depth} from partner ${trusted}`)
      t.equal(app.ran, trusted === depth ? 1 : 0)
    }
  }
})

t.test('a scope is covered with all scopes below it, and nothing beside it', async t => {
  const app = emptyApp(t)
  countAll(app, app, '/open')
  await app.register(async one => {
    await one.register(crossOriginProtection)
    countAll(app, one, '/x')
    one.register(async two => {
      countAll(app, two, '/x')
      two.register(async three => { countAll(app, three, '/x') }, { prefix: '/three' })
    }, { prefix: '/two' })
  }, { prefix: '/one' })

  for (const url of ['/one/x', '/one/two/x', '/one/two/three/x']) {
    t.equal((await app.inject({ ...crossSitePost, url })).statusCode, 403, url)
  }
  t.equal(app.ran, 0)
  t.equal((await app.inject({ ...crossSitePost, url: '/open' })).statusCode, 200)
  t.equal(app.crossOriginProtection, undefined)
})

t.test('a request is decided and reported once, however many scopes registered the plugin', async t => {
  const { lines, logger } = captureLog('warn')
  const app = emptyApp(t, { logger })
  let denials = 0
  const denyHandler = () => { denials++; return 'no' }
  await app.register(crossOriginProtection, { denyHandler })
  await app.register(async one => {
    await one.register(crossOriginProtection, { denyHandler })
    await one.register(async two => {
      await two.register(crossOriginProtection, { denyHandler })
      countAll(app, two, '/x')
    })
  })
  t.equal((await app.inject({ ...crossSitePost, url: '/x' })).statusCode, 403)
  t.equal(denials, 1)
  t.equal(lines.length, 1)
})

t.test('unknown routes are covered', async t => {
  const app = emptyApp(t)
  await app.register(crossOriginProtection)
  await app.register(async scope => {
    scope.setNotFoundHandler(async (_request, reply) => reply.code(404).send('not here'))
  }, { prefix: '/scope' })
  t.equal((await app.inject(crossSitePost)).statusCode, 403)
  t.equal((await app.inject(sameOriginPost)).statusCode, 404)
  t.equal((await app.inject({ ...crossSitePost, url: '/scope/x' })).statusCode, 403)
  t.equal((await app.inject({ ...sameOriginPost, url: '/scope/x' })).payload, 'not here')
})

t.test('a not-found handler in a scope of its own follows that scope', async t => {
  const app = emptyApp(t)
  await app.register(async scope => {
    await scope.register(crossOriginProtection)
    scope.setNotFoundHandler(async (_request, reply) => reply.code(404).send('not here'))
  }, { prefix: '/scope' })
  t.equal((await app.inject({ ...crossSitePost, url: '/scope/x' })).statusCode, 403)
  t.equal((await app.inject({ ...crossSitePost, url: '/x' })).statusCode, 404)
})

t.test('route config', async t => {
  t.test('false exempts the route, and no other', async t => {
    const app = emptyApp(t)
    await app.register(crossOriginProtection)
    countAll(app, app, '/webhook', { crossOriginProtection: false })
    countAll(app, app, '/webhooks')
    t.equal((await app.inject({ ...crossSitePost, url: '/webhooks' })).statusCode, 403)
    t.equal(app.ran, 0)
    t.equal((await app.inject({ ...crossSitePost, url: '/webhook' })).statusCode, 200)
  })

  t.test('an object is merged over the options of the nearest scope', async t => {
    const app = emptyApp(t)
    await app.register(crossOriginProtection, { allowedOrigins: ['https://outer.example'], allowUnverifiableRequests: false })
    await app.register(async scope => {
      await scope.register(crossOriginProtection, { allowedOrigins: ['https://inner.example'], allowUnverifiableRequests: false })
      countAll(app, scope, '/origins', { crossOriginProtection: { allowedOrigins: ['https://idp.example'] } })
      countAll(app, scope, '/unverifiable', { crossOriginProtection: { allowUnverifiableRequests: true } })
      countAll(app, scope, '/nothing', { crossOriginProtection: {} })
    })
    const status = async (url: string, origin?: string) => (await app.inject({ method: 'POST', url, headers: { ...(origin && { origin: `https://${origin}.example` }) } })).statusCode

    t.equal(await status('/origins', 'idp'), 200)
    t.equal(await status('/origins', 'inner'), 403, 'the list is replaced, not extended')
    t.equal(await status('/origins'), 403, 'what is not overridden stays')
    t.equal(await status('/unverifiable'), 200)
    t.equal(await status('/unverifiable', 'inner'), 200, 'what is not overridden stays')
    t.equal(await status('/unverifiable', 'outer'), 403, 'of the nearest scope alone')
    t.equal(await status('/nothing'), 403)
    t.equal(await status('/nothing', 'inner'), 200)
  })

  t.test('a denyHandler of a route', async t => {
    const app = await protectedApp(t, { denyHandler: () => 'scope' })
    countAll(app, app, '/own', { crossOriginProtection: { denyHandler: () => 'route' } })
    t.equal((await app.inject({ ...crossSitePost, url: '/own' })).payload, 'route')
    t.equal((await app.inject(crossSitePost)).payload, 'scope')
  })

  t.test('is honoured on a route that was declared before the plugin loaded', async t => {
    const app = emptyApp(t)
    countAll(app, app, '/sso', { crossOriginProtection: { allowedOrigins: ['https://idp.example'] } })
    countAll(app, app, '/webhook', { crossOriginProtection: false })
    countAll(app, app, '/transfer')
    app.register(crossOriginProtection)
    t.equal((await app.inject({ ...crossSitePost, url: '/transfer' })).statusCode, 403)
    t.equal((await app.inject({ ...crossSitePost, url: '/sso' })).statusCode, 403)
    t.equal(app.ran, 0)
    t.equal((await app.inject({ ...crossSitePost, url: '/webhook' })).statusCode, 200)
    const idp = postFrom('https://idp.example')
    t.equal((await app.inject({ ...idp, url: '/sso' })).statusCode, 200)
    t.equal((await app.inject({ ...idp, url: '/sso' })).statusCode, 200, 'compiled once')
  })

  const wrongConfigs: Array<[config: unknown, message: RegExp]> = [
    [true, /^crossOriginProtection in the config of POST \/x: the value is true, which is not an object\. Write false, an object of options, or leave it out/],
    [null, /the value is null, which is not an object/],
    ['false', /the value is 'false', which is not an object/],
    [0, /the value is 0, which is not an object/],
    [['https://a.example'], /which is not an object/],
    [{ exemptPaths: ['/x'] }, /option exemptPaths is \[ '\/x' \], which belongs to the registration, not to a route\. To exempt this route write config: \{ crossOriginProtection: false \}/],
    [{ allowedHosts: ['app.example'] }, /option allowedHosts is \[ 'app\.example' \], which belongs to the registration, not to a route/],
    [{ logLevel: 'warn' }, /option logLevel is 'warn', which belongs to the registration|option logLevel is 'warn', but there is no such option/],
    [{ logSerializers: {} }, /option logSerializers is \{\}, but there is no such option/],
    [{ whitelist: [] }, /Write one of allowedOrigins, allowUnverifiableRequests, denyHandler, reportOnly, protectWebSockets, safeMethods, denialLogLevel\.$/],
    [{ reportOnly: 'yes' }, /option reportOnly is 'yes', which is not a boolean\. Write true or false\.$/],
    [{ allowedOrigin: [] }, /Did you mean allowedOrigins\?/],
    [{ prefix: '/x' }, /option prefix is '\/x', but there is no such option/],
    [{ allowedOrigins: ['https://a.example/'] }, /option allowedOrigins\[0\] is 'https:\/\/a\.example\/', which has something after the host/]
  ]

  t.test('wrong, on a route after the plugin: it fails where the route is written', async t => {
    const app = await protectedApp(t)
    for (const [config, message] of wrongConfigs) {
      t.throws(() => app.post('/x', { config: { crossOriginProtection: config as false } }, async () => 'ran'),
        { code: 'FST_CROSS_ORIGIN_INVALID_OPTION', message })
    }
  })

  t.test('wrong, on a route before the plugin: no request reaches its handler', async t => {
    for (const [config, message] of wrongConfigs) {
      const app = emptyApp(t)
      countAll(app, app, '/x', { crossOriginProtection: config })
      app.register(crossOriginProtection)
      for (let i = 0; i < 2; i++) {
        const response = await app.inject({ ...sameOriginPost, url: '/x' })
        t.equal(response.statusCode, 500)
        t.match(response.json().message, new RegExp(message.source.replace('POST', '.*')))
      }
      t.equal(app.ran, 0)
    }
  })
})

t.test('a config of the not-found handler', async t => {
  const app = emptyApp(t)
  await app.register(crossOriginProtection)
  app.setNotFoundHandler({ config: { crossOriginProtection: { allowedOrigin: [] } } } as object, async (_request, reply) => reply.code(404).send())
  const response = await app.inject({ ...sameOriginPost, url: '/unknown' })
  t.equal(response.statusCode, 500)
  t.match(response.json().message, /^crossOriginProtection in the config of the not-found handler: option allowedOrigin/)
})

t.test('check', async t => {
  t.test('gives the decision on a Fastify request, with the config of its route', async t => {
    const app = emptyApp(t)
    await app.register(crossOriginProtection)
    const reasons: string[] = []
    const decide = async function (this: FastifyInstance, request: FastifyRequest) {
      reasons.push((await this.crossOriginProtection.check(request)).reason)
    }
    app.post('/plain', decide)
    app.post('/exempt', { config: { crossOriginProtection: false } }, decide)
    app.post('/partner', { config: { crossOriginProtection: { allowedOrigins: ['https://evil.example'] } } }, decide)
    await app.inject({ ...sameOriginPost, url: '/plain' })
    await app.inject({ ...crossSitePost, url: '/exempt' })
    await app.inject({ ...crossSitePost, url: '/partner' })
    t.same(reasons, ['same-origin', 'exempt-route', 'allowed-origin'])
  })

  t.test('has no side effect, on a request that is denied', async t => {
    const { lines, logger } = captureLog('warn')
    const app = emptyApp(t, { logger })
    await app.register(crossOriginProtection, { denyHandler: () => t.fail('no answer') })
    const request = { method: 'POST', url: '/', headers: { host: 'app.example', 'sec-fetch-site': 'cross-site' } } as unknown as IncomingMessage
    t.match(await app.crossOriginProtection.check(request), { allowed: false, reason: 'cross-site' })
    t.same(lines, [])
  })

  t.test('takes Node\'s own request, whose host is never a forwarded one', async t => {
    const app = await protectedApp(t, {}, { trustProxy: true })
    const check = async (headers: object) => (await app.crossOriginProtection.check({ method: 'POST', url: '/', headers } as IncomingMessage)).reason
    const origin = 'https://app.example'
    t.equal(await check({ host: 'evil.example', 'x-forwarded-host': 'app.example', origin }), 'host-mismatch')
    t.equal(await check({ origin }), 'host-mismatch')
    t.equal(await check({ host: 'app.example', origin }), 'same-host')
    t.equal(await check({ ':authority': 'app.example', origin }), 'same-host')
    t.match(await app.crossOriginProtection.check({ headers: { 'sec-fetch-site': 'cross-site' } } as unknown as IncomingMessage),
      { allowed: false }, 'a request without method or target is no throw')
    await t.rejects(app.crossOriginProtection.check(new Request('https://app.example/', { method: 'POST' }) as unknown as IncomingMessage), { message: /not one of the Fetch API/ })
    t.equal(await check({ origin: 'https://undefined' }), 'host-mismatch', 'no host is no host of that name')
  })

  t.test('what Node\'s own request does not tell is empty', async t => {
    const asked: unknown[] = []
    const app = await protectedApp(t, { allowedOrigins: [(_origin, { method, url, host }) => { asked.push({ method, url, host }); return false }], exemptPaths: ['/hooks'] })
    await app.crossOriginProtection.check({ headers: { origin: 'https://evil.example' } } as IncomingMessage)
    t.same(asked, [{ method: '', url: '', host: '' }])
  })
})

t.test('called instead of registered, it protects the scope that it is given', async t => {
  const app = emptyApp(t)
  await crossOriginProtection(app, {})
  countAll(app)
  t.equal((await app.inject(crossSitePost)).statusCode, 403)
  t.equal(app.ran, 0)
})

t.test('registering twice in one scope is an error', async t => {
  const app = emptyApp(t)
  await app.register(crossOriginProtection)
  await t.rejects(async () => await app.register(crossOriginProtection), { code: 'FST_ERR_DEC_ALREADY_PRESENT' })
})

t.test('Fastify versions in which request.host can be forged are refused', async t => {
  const cases: Array<[version: string, supported: boolean]> = [
    ['5.0.0', false], ['5.8.2', false], ['5.8.3', false], ['5.12.0', false],
    ['5.12.1', true], ['5.12.8', true], ['5.13.0', true], ['6.0.0-alpha.4', true], ['6.0.0', true]
  ]
  for (const [version, supported] of cases) {
    const app = Fastify()
    Object.defineProperty(app, 'version', { value: version })
    const error = await app.register(crossOriginProtection).then(() => undefined, error => error)
    if (supported) {
      t.equal(error, undefined, version)
    } else {
      t.match(error, {
        code: 'FST_CROSS_ORIGIN_UNSUPPORTED_FASTIFY',
        message: `crossOriginProtection compares origins with request.host, which any client can forge in Fastify ${version} ` +
          '(CVE-2026-3635, CVE-2026-16732). Use Fastify 5.12.1 or later.'
      })
    }
    await app.close()
  }
})

t.test('nor does it help to call the plugin instead of registering it, which Fastify does not notice', async t => {
  for (const version of ['4.12.1', '4.29.1', '3.29.5', '5.12.0', 'unknown']) {
    const app = emptyApp(t)
    Object.defineProperty(app, 'version', { value: version })
    await t.rejects(crossOriginProtection(app, {}), { code: 'FST_CROSS_ORIGIN_UNSUPPORTED_FASTIFY' }, version)
    t.equal(app.hasDecorator('crossOriginProtection'), false)
  }
})

hasNameAndVersions(t, crossOriginProtection, 'fastify-cross-origin-protection')

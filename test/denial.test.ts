import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyReply, FastifyServerOptions } from 'fastify'
import t, { type Test } from 'tap'
import crossOriginProtection, {
  type AllowedMessage, type CrossOriginProtectionOptions, type DenialLogLevel, type DeniedMessage, type DenyHandler
} from '../src/index.ts'
import { countAll, crossSitePost, emptyApp, protectedApp, sameOriginPost } from './helpers/app.ts'
import { captureLog } from './helpers/log.ts'

t.test('the default answer', async t => {
  t.test('is an error of status 403 with a code and a fixed sentence', async t => {
    const app = await protectedApp(t)
    const response = await app.inject(crossSitePost)
    t.equal(response.statusCode, 403)
    t.match(response.headers['content-type'], 'application/json')
    t.same(response.json(), {
      statusCode: 403,
      code: 'FST_CROSS_ORIGIN_DENIED',
      error: 'Forbidden',
      message: 'Cross-origin request denied. The browser says that the request comes from another site.'
    })
  })

  t.test('has a sentence of its own for each reason, and echoes nothing', async t => {
    const app = await protectedApp(t, { allowUnverifiableRequests: false })
    const sentences = new Set<string>()
    for (const headers of [
      { 'sec-fetch-site': 'cross-site' }, { 'sec-fetch-site': 'same-site' }, { 'sec-fetch-site': 'canary' },
      { origin: 'null' }, { origin: 'canary' }, { origin: 'https://canary.example' }, {}
    ]) {
      const response = await app.inject({ method: 'POST', url: '/canary', headers: { host: 'canary.local', ...headers } })
      t.equal(response.statusCode, 403)
      t.notMatch(response.payload, /canary/)
      t.notMatch(JSON.stringify(response.headers), /canary/)
      sentences.add(response.json().message)
    }
    t.equal(sentences.size, 7)
  })

  t.test('is rendered by the application\'s error handler, which learns the reason', async t => {
    const app = emptyApp(t)
    app.setErrorHandler((error: Error & { code: string, reason: string, statusCode: number }, _request, reply) => {
      reply.code(error.statusCode).send(`${error.code} ${error.reason}`)
    })
    await app.register(crossOriginProtection)
    countAll(app)
    const response = await app.inject(crossSitePost)
    t.equal(response.statusCode, 403)
    t.equal(response.payload, 'FST_CROSS_ORIGIN_DENIED cross-site')
  })

  t.test('has status 403 although the application\'s error handler sets none', async t => {
    for (const handler of [
      (error: Error, _request: unknown, reply: FastifyReply) => { reply.send({ message: error.message }) },
      async (error: Error) => ({ message: error.message }),
      async () => {}
    ]) {
      const app = emptyApp(t)
      app.setErrorHandler(handler)
      await app.register(crossOriginProtection)
      countAll(app)
      t.equal((await app.inject(crossSitePost)).statusCode, 403)
    }
  })

  t.test('comes before the body is read, and before everything else of the request', async t => {
    const app = emptyApp(t)
    const steps: string[] = []
    await app.register(crossOriginProtection)
    app.addContentTypeParser('application/x-test', async () => { steps.push('parser') })
    app.addHook('onRequest', async () => { steps.push('onRequest') })
    app.addHook('preParsing', async () => { steps.push('preParsing') })
    app.addHook('preValidation', async () => { steps.push('preValidation') })
    app.addHook('preHandler', async () => { steps.push('preHandler') })
    app.post('/transfer', { schema: { body: { type: 'object', required: ['amount'] } } }, async () => { steps.push('handler') })
    const response = await app.inject({ ...crossSitePost, headers: { ...crossSitePost.headers, 'content-type': 'application/x-test' }, payload: 'x' })
    t.equal(response.statusCode, 403)
    t.same(steps, [])
  })
})

t.test('denyHandler', async t => {
  const answer = async (t: Test, denyHandler: DenyHandler, server: FastifyServerOptions = {}, withSlowHook = false) => {
    const app = emptyApp(t, server)
    if (withSlowHook) app.addHook('onSend', async () => { await sleep(5) })
    app.setNotFoundHandler(async (_request, reply) => { await sleep(1); reply.code(404); return 'not here' })
    await app.register(crossOriginProtection, { denyHandler })
    countAll(app, app, '/transfer')
    const response = await app.inject(crossSitePost)
    t.equal(app.ran, 0, 'the handler did not run')
    return response
  }
  const isDefault = (t: Test, response: { statusCode: number, json: () => unknown }) => {
    t.equal(response.statusCode, 403)
    t.match(response.json(), { code: 'FST_CROSS_ORIGIN_DENIED' })
  }

  t.test('gets the request, the reply and the decision', async t => {
    const app = await protectedApp(t, {
      denyHandler: (request, reply, decision) => {
        t.ok(Object.isFrozen(decision))
        return { url: request.url, status: reply.statusCode, decision }
      }
    })
    const response = await app.inject(crossSitePost)
    t.equal(response.statusCode, 403)
    t.same(response.json(), {
      url: '/transfer',
      status: 403,
      decision: { allowed: false, reason: 'cross-site', message: 'The browser says that the request comes from another site.' }
    })
    t.equal((await app.inject(sameOriginPost)).payload, 'ran', 'it is not asked about allowed requests')
  })

  const answers: Array<[name: string, handler: DenyHandler, status: number, payload: string]> = [
    ['a returned value', () => 'no', 403, 'no'],
    ['a resolved value', async () => { await sleep(1); return 'no' }, 403, 'no'],
    ['an empty string', () => '', 403, ''],
    ['null', () => null, 403, 'null'],
    ['false', () => false, 403, 'false'],
    ['a stream', () => Readable.from(['n', 'o']), 403, 'no'],
    ['a web Response', () => new Response('no', { status: 451 }), 451, 'no'],
    ['another status and a value', (_request, reply) => { reply.code(451); return 'no' }, 451, 'no'],
    ['reply.send', (_request, reply) => { reply.code(451).send('no') }, 451, 'no'],
    ['reply.send, asynchronously', async (_request, reply) => { await sleep(1); reply.send('no') }, 403, 'no'],
    ['reply.send, returned', (_request, reply) => reply.send('no'), 403, 'no'],
    ['reply.send, then another value', (_request, reply) => { reply.send('no'); return 'twice' }, 403, 'no'],
    ['reply.send of a stream', (_request, reply) => { reply.send(Readable.from(['n', 'o'])) }, 403, 'no'],
    ['reply, and a later send', (_request, reply) => { setTimeout(() => reply.send('no'), 5); return reply }, 403, 'no'],
    ['a redirect', (_request, reply) => { reply.redirect('/login', 303) }, 303, ''],
    ['callNotFound', (_request, reply) => { reply.callNotFound() }, 404, 'not here'],
    ['a hijacked reply', (_request, reply) => { reply.hijack(); reply.raw.writeHead(418); reply.raw.end('no') }, 418, 'no'],
    ['a hijacked reply, answered later', (_request, reply) => { reply.hijack(); setTimeout(() => { reply.raw.writeHead(418); reply.raw.end('no') }, 5) }, 418, 'no'],
    ['a raw answer that goes on', (_request, reply) => { reply.raw.writeHead(418); reply.raw.write('n'); setTimeout(() => reply.raw.end('o'), 5) }, 418, 'no'],
    ['a raw answer', (_request, reply) => { reply.raw.writeHead(418); reply.raw.end('no') }, 418, 'no'],
    ['reply.send, then a throw', (_request, reply) => { reply.send('no'); throw new Error('late') }, 403, 'no'],
    ['reply.send, then a rejection', async (_request, reply) => { reply.send('no'); await sleep(1); throw new Error('late') }, 403, 'no']
  ]
  for (const [name, handler, status, payload] of answers) {
    for (const withSlowHook of [false, true]) {
      await t.test(`${name} is the answer${withSlowHook ? ', with an asynchronous onSend hook' : ''}`, async t => {
        const { lines, logger } = captureLog('warn')
        const response = await answer(t, handler, { logger }, withSlowHook)
        t.equal(response.statusCode, status)
        t.equal(response.payload, payload)
        t.same(lines.map(({ msg }) => msg).filter(message => message !== 'cross-origin request denied' && !message.startsWith('denyHandler')), [],
          'Fastify has nothing to complain about')
      })
    }
  }

  for (const [name, handler] of [['returns nothing', () => {}], ['resolves to nothing', async () => { await sleep(1) }]] as const) {
    await t.test(`the default answer is sent when it ${name}`, async t => isDefault(t, await answer(t, handler)))
  }

  /* eslint-disable no-throw-literal, prefer-promise-reject-errors -- applications do throw what is not an Error */
  const failures: Array<[name: string, handler: DenyHandler, status: number, body: object | string]> = [
    ['throws an error', () => { throw new Error('broken') }, 500, { message: 'broken' }],
    ['throws an error after it set a code', (_request, reply) => { reply.code(451); throw new Error('broken') }, 500, { message: 'broken' }],
    ['rejects with an error after it set a code', async (_request, reply) => { reply.code(451); await sleep(1); throw new Error('broken') }, 500, { message: 'broken' }],
    ['throws an error with a status', async () => { throw Object.assign(new Error('broken'), { statusCode: 451 }) }, 451, { message: 'broken' }],
    ['throws an error with a status by its other name', () => { throw Object.assign(new Error('broken'), { status: 451 }) }, 451, { message: 'broken' }],
    ['throws an error with a status that is not one of an error', () => { throw Object.assign(new Error('broken'), { statusCode: 204 }) }, 500, { message: 'broken' }],
    ['throws an error whose status is no number', () => { throw Object.assign(new Error('broken'), { statusCode: Symbol('403') }) }, 500, { statusCode: 500 }],
    ['throws an error whose status cannot be read', () => { throw Object.defineProperty(new Error('broken'), 'status', { get () { throw new Error('unreadable') } }) }, 500, { statusCode: 500 }],
    ['throws a string', () => { throw 'broken' }, 500, 'broken'],
    ['throws a string after it set a code', (_request, reply) => { reply.code(451); throw 'broken' }, 500, 'broken'],
    ['throws undefined, which Fastify would take for no error', () => { throw undefined }, 500, { code: 'FST_CROSS_ORIGIN_EMPTY_REJECTION' }],
    ['throws undefined after it set a code', (_request, reply) => { reply.code(451); throw undefined }, 500, { code: 'FST_CROSS_ORIGIN_EMPTY_REJECTION' }],
    ['throws null', () => { throw null }, 500, { code: 'FST_CROSS_ORIGIN_EMPTY_REJECTION' }],
    ['throws false', () => { throw false }, 500, { code: 'FST_CROSS_ORIGIN_EMPTY_REJECTION' }],
    ['throws an empty string', () => { throw '' }, 500, { code: 'FST_CROSS_ORIGIN_EMPTY_REJECTION' }],
    ['rejects with nothing', () => Promise.reject(), 500, { code: 'FST_CROSS_ORIGIN_EMPTY_REJECTION' }]
  ]
  await t.test('a status past those of errors is answered as Fastify answers it for a handler', async t => {
    const broken = () => { throw Object.assign(new Error('broken'), { statusCode: 600 }) }
    const plain = emptyApp(t)
    plain.post('/transfer', broken)
    // 500, but Fastify 5.12.1 sends 600.
    t.equal((await answer(t, broken)).statusCode, (await plain.inject({ method: 'POST', url: '/transfer' })).statusCode)
  })
  /* eslint-enable no-throw-literal, prefer-promise-reject-errors */
  for (const [name, handler, status, body] of failures) {
    await t.test(`it is the application's error when it ${name}`, async t => {
      const response = await answer(t, handler)
      t.equal(response.statusCode, status)
      if (typeof body === 'string') t.equal(response.payload, body)
      else t.match(response.json(), body)
    })
  }

  t.test('a throw after the answer is logged', async t => {
    const { lines, logger } = captureLog('error')
    await answer(t, (_request, reply) => { reply.send('no'); throw new Error('late') }, { logger })
    t.equal(lines.length, 1)
    t.match(lines[0], { msg: 'denyHandler failed after it had answered', err: { message: 'late' } })
  })

  t.test('a value that cannot be sent is an error', async t => {
    const response = await answer(t, (_request, reply) => { reply.type('text/plain'); return { not: 'text' } })
    t.equal(response.statusCode, 500)
    t.match(response.json(), { code: 'FST_ERR_REP_INVALID_PAYLOAD_TYPE' })
  })
})

t.test('a denial is logged in one line', async t => {
  const { lines, logger } = captureLog('warn')
  const app = emptyApp(t, { logger })
  await app.register(crossOriginProtection)
  countAll(app, app, '/accounts/:id')
  await app.inject({ ...crossSitePost, url: '/accounts/7?token=secret' })
  await app.inject(sameOriginPost)
  t.equal(lines.length, 1)
  const { level, msg, reason, method, route, origin, secFetchSite, host } = lines[0]!
  t.same({ level, msg, reason, method, route, origin, secFetchSite, host }, {
    level: 40,
    msg: 'cross-origin request denied',
    reason: 'cross-site',
    method: 'POST',
    route: '/accounts/:id',
    origin: 'https://evil.example',
    secFetchSite: 'cross-site',
    host: 'localhost'
  })
})

t.test('the line is made of plain values, which loggers may copy, merge or edit', async t => {
  const trim = (line: Record<string, unknown>) => {
    for (const name in line) {
      const value = line[name]
      if (typeof value === 'string') line[name] = value.trim()
    }
    return line
  }
  const formatters: Array<[name: string, log: (line: Record<string, unknown>) => Record<string, unknown>]> = [
    ['edited in place', trim], ['copied', line => ({ ...line })], ['merged', line => Object.assign(line, { service: 'bank' })],
    ['cloned', line => structuredClone(line)], ['edited by a loop over descriptors', line => Object.defineProperties({}, Object.getOwnPropertyDescriptors(line))]
  ]
  for (const [name, log] of formatters) {
    const lines: string[] = []
    const app = await protectedApp(t, {}, { logger: { level: 'warn', formatters: { log }, stream: { write: line => { lines.push(line) } } } })
    t.equal((await app.inject({ ...crossSitePost, headers: { host: 'app.example', origin: 'https://app.example', 'sec-fetch-site': 'cross-site' } })).statusCode, 403, name)
    t.equal(app.ran, 0)
    t.match(JSON.parse(lines[0]!), { reason: 'cross-site', route: '/*', origin: 'https://app.example', hint: /./ }, name)
  }
})

t.test('a denial that cannot be logged is a 500, and the handler does not run', async t => {
  for (const allowedOrigins of [[], [() => false], [async () => false]]) {
    const write = (line: string) => { if (line.includes('cross-origin request denied')) throw new Error('no space left') }
    const app = await protectedApp(t, { allowedOrigins }, { logger: { level: 'warn', stream: { write } } })
    const response = await app.inject(crossSitePost)
    t.equal(response.statusCode, 500)
    t.match(response.json(), { message: 'no space left' })
    t.equal(app.ran, 0)
  }
})

t.test('a logger that throws no error is a 500, and the handler does not run', async t => {
  const write = (line: string) => { if (line.includes('cross-origin request denied')) throw undefined } // eslint-disable-line no-throw-literal -- applications do throw what is no Error
  const app = await protectedApp(t, { allowedOrigins: [async () => false] }, { logger: { level: 'warn', stream: { write } } })
  const response = await app.inject(crossSitePost)
  t.equal(response.statusCode, 500)
  t.match(response.json(), { code: 'FST_CROSS_ORIGIN_EMPTY_REJECTION' })
  t.equal(app.ran, 0)
})

t.test('a denial is published on a diagnostics channel', async t => {
  const messages: DeniedMessage[] = []
  const listener = (message: unknown) => { messages.push(message as DeniedMessage) }
  subscribe('fastify-cross-origin-protection:denied', listener)
  t.teardown(() => unsubscribe('fastify-cross-origin-protection:denied', listener))
  const app = await protectedApp(t)
  await app.inject(sameOriginPost)
  t.equal(messages.length, 0)
  await app.inject(crossSitePost)
  t.equal(messages.length, 1)
  t.equal(messages[0]!.request.url, '/transfer')
  t.match(messages[0]!.decision, { allowed: false, reason: 'cross-site' })
  t.equal(messages[0]!.enforced, true)
})

t.test('what passes by exception is published on another channel', async t => {
  const messages: AllowedMessage[] = []
  const listener = (message: unknown) => { messages.push(message as AllowedMessage) }
  subscribe('fastify-cross-origin-protection:allowed', listener)
  t.teardown(() => unsubscribe('fastify-cross-origin-protection:allowed', listener))
  const app = emptyApp(t)
  await app.register(crossOriginProtection, { exemptPaths: ['/hooks'], allowedOrigins: ['https://partner.example', async origin => origin === 'https://tenant.example'] })
  countAll(app)
  countAll(app, app, '/webhook', { crossOriginProtection: false })
  await app.inject(sameOriginPost)
  await app.inject({ url: '/page', headers: { 'sec-fetch-site': 'cross-site' } })
  await app.inject({ method: 'POST', url: '/', headers: { host: 'app.example', origin: 'https://app.example' } })
  await app.inject(crossSitePost)
  t.same(messages, [], 'neither what needs no exception, nor what is denied')

  for (const [url, headers] of [
    ['/hooks/x', {}], ['/webhook', {}], ['/', {}], ['/', { origin: 'https://partner.example' }], ['/', { origin: 'https://tenant.example' }]
  ] as const) await app.inject({ method: 'POST', url, headers })
  t.same(messages.map(({ decision: { allowed, reason } }) => [allowed, reason]), [
    [true, 'exempt-path'], [true, 'exempt-route'], [true, 'unverifiable'], [true, 'allowed-origin'], [true, 'allowed-origin']
  ])
  t.equal(messages[0]!.request.url, '/hooks/x')
})

t.test('Fastify\'s own error handler logs the error too, at level info', async t => {
  const { lines, logger } = captureLog('info')
  const app = emptyApp(t, { logger })
  await app.register(crossOriginProtection)
  countAll(app)
  await app.inject(crossSitePost)
  t.match(lines.filter(({ level, err }) => level > 30 || err), [
    { level: 40, msg: 'cross-origin request denied' },
    { level: 30, err: { code: 'FST_CROSS_ORIGIN_DENIED' } }
  ])
})

t.test('denialLogLevel', async t => {
  const linesAt = async (denialLogLevel: DenialLogLevel) => {
    const { lines, logger } = captureLog('trace')
    const app = emptyApp(t, { logger })
    app.setErrorHandler(async (_error, _request, reply) => reply.code(403).send('no'))
    await app.register(crossOriginProtection, { denialLogLevel })
    countAll(app)
    t.equal((await app.inject(crossSitePost)).statusCode, 403)
    return lines.filter(({ msg }) => msg.startsWith('cross-origin')).map(({ level }) => level)
  }
  const levels = { fatal: [60], error: [50], warn: [40], info: [30], debug: [20], trace: [10], silent: [] } as const
  for (const [level, expected] of Object.entries(levels)) t.same(await linesAt(level as DenialLogLevel), expected, level)

  const withoutLogger = await protectedApp(t, { denialLogLevel: 'silent' })
  t.equal((await withoutLogger.inject(crossSitePost)).statusCode, 403, 'no logger needs a level of that name: Fastify\'s own has none where logging is off')
})

t.test('the path in the log has no query', async t => {
  const { lines, logger } = captureLog('warn')
  const app = await protectedApp(t, {}, { logger })
  for (const url of ['/accounts/7', '/accounts/7?token=secret']) await app.inject({ ...crossSitePost, url })
  t.same(lines.map(({ path }) => path), ['/accounts/7', '/accounts/7'])
})

t.test('reportOnly', async t => {
  const messages: DeniedMessage[] = []
  const listener = (message: unknown) => { messages.push(message as DeniedMessage) }
  subscribe('fastify-cross-origin-protection:denied', listener)
  t.teardown(() => unsubscribe('fastify-cross-origin-protection:denied', listener))
  const { lines, logger } = captureLog('warn')
  const appWith = async (options: CrossOriginProtectionOptions) => {
    lines.length = messages.length = 0
    const app = emptyApp(t, { logger })
    await app.register(crossOriginProtection, options)
    countAll(app)
    countAll(app, app, '/enforced', { crossOriginProtection: { reportOnly: false } })
    countAll(app, app, '/reported', { crossOriginProtection: { reportOnly: true } })
    await app.ready()
    lines.length = 0 // Without those of the start: notices.test.ts.
    return app
  }

  t.test('logs and publishes, and lets everything through', async t => {
    const app = await appWith({ reportOnly: true, denyHandler: () => t.fail('nothing is denied') })
    t.equal((await app.inject(crossSitePost)).payload, 'ran')
    t.equal(lines.length, 1)
    t.match(lines[0], { level: 40, msg: 'cross-origin request would be denied', reason: 'cross-site', origin: 'https://evil.example' })
    t.match(messages, [{ enforced: false, decision: { allowed: false, reason: 'cross-site' } }])
    t.match(await app.crossOriginProtection.check({ method: 'POST', url: '/', headers: { 'sec-fetch-site': 'cross-site' } } as unknown as IncomingMessage),
      { allowed: false }, 'check says what it would be')
  })

  t.test('says nothing of a request that passes', async t => {
    const app = await appWith({ reportOnly: true })
    t.equal((await app.inject(sameOriginPost)).payload, 'ran')
    t.equal(lines.length + messages.length, 0)
  })

  t.test('with a function that allows, that denies, and that fails', async t => {
    const allowing = await appWith({ reportOnly: true, allowedOrigins: [async () => true] })
    t.equal((await allowing.inject(crossSitePost)).payload, 'ran')
    t.equal(messages.length, 0)
    const denying = await appWith({ reportOnly: true, allowedOrigins: [async () => false] })
    t.equal((await denying.inject(crossSitePost)).payload, 'ran')
    t.equal(messages.length, 1)
    const failing = await appWith({ reportOnly: true, allowedOrigins: [async () => { throw new Error('broken') }] })
    t.equal((await failing.inject(crossSitePost)).payload, 'ran', 'a roll-out breaks nothing')
    t.equal(messages.length, 0)
    t.match(lines, [{ level: 50, msg: 'the cross-origin check failed; the request goes on, because of reportOnly', err: { message: 'broken' } }])
  })

  t.test('on a route, over the scope', async t => {
    const app = await appWith({})
    t.equal((await app.inject(crossSitePost)).statusCode, 403)
    t.equal((await app.inject({ ...crossSitePost, url: '/reported' })).statusCode, 200)
    t.same(messages.map(({ enforced }) => enforced), [true, false])
    const reporting = await appWith({ reportOnly: true })
    t.equal((await reporting.inject({ ...crossSitePost, url: '/enforced' })).statusCode, 403)
    t.equal((await reporting.inject(crossSitePost)).statusCode, 200)
  })
})

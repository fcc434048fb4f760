// What must compile and what must not, with the built package under its public name.
import type { IncomingMessage } from 'node:http'
import type { Http2Server, Http2ServerRequest } from 'node:http2'
import Fastify, { type FastifyBaseLogger, type FastifyContextConfig, type FastifyInstance, type FastifyPluginAsync, type FastifyReply, type FastifyRequest, type RouteGenericInterface } from 'fastify'
import crossOriginProtectionDefault, {
  crossOriginIsolation,
  crossOriginProtection,
  listRoutes,
  type AllowedMessage,
  type AllowedOrigin,
  type AllowedOriginFunction,
  type CrossOriginIsolation,
  type CrossOriginIsolationOptions,
  type CrossOriginIsolationRouteOptions,
  type CrossOriginProtection,
  type CrossOriginProtectionOptions,
  type CrossOriginProtectionRouteOptions,
  type Decision,
  type DecisionReason,
  type DenialLogLevel,
  type DeniedMessage,
  type DenyHandler,
  type DocumentIsolationPolicy,
  type EmbedderPolicy,
  type ListedRoute,
  type OpenerPolicy,
  type RawRequest,
  type ReportOnlyPolicies,
  type ResolvedCrossOriginProtectionOptions,
  type ResourcePolicy,
  type SafeMethods
} from 'fastify-cross-origin-protection'
import { describe, expect, test } from 'tstyche'

const fastify = Fastify()

describe('registration', () => {
  test('with and without options, by both exports', () => {
    expect(fastify.register).type.toBeCallableWith(crossOriginProtection)
    expect(fastify.register).type.toBeCallableWith(crossOriginProtectionDefault)
    expect(fastify.register).type.toBeCallableWith(crossOriginProtection, {})
    expect(fastify.register).type.toBeCallableWith(crossOriginProtection, { allowedOrigins: ['https://partner.example'] })
    expect(fastify.register).type.toBeCallableWith(crossOriginIsolation)
    expect(fastify.register).type.toBeCallableWith(crossOriginIsolation, { openerPolicy: null })
  })

  test('both exports are one', () => {
    expect(crossOriginProtectionDefault).type.toBe<typeof crossOriginProtection>()
  })

  test('both plugins are asynchronous, and may be called', () => {
    expect(crossOriginProtection).type.toBe<FastifyPluginAsync<CrossOriginProtectionOptions>>()
    expect(crossOriginIsolation).type.toBe<FastifyPluginAsync<CrossOriginIsolationOptions>>()
    expect(crossOriginProtection(fastify, {})).type.toBe<Promise<void>>()
    expect(crossOriginIsolation(fastify, {})).type.toBe<Promise<void>>()
  })

  test('on servers of every kind', () => {
    expect(Fastify({ http2: true }).register).type.toBeCallableWith(crossOriginProtection, { reportOnly: true })
    expect(Fastify({ https: {} }).register).type.toBeCallableWith(crossOriginIsolation)
  })

  test('not with wrong options', () => {
    expect(fastify.register).type.not.toBeCallableWith(crossOriginProtection, { allowedOrigin: [] })
    expect(fastify.register).type.not.toBeCallableWith(crossOriginProtection, { allowedOrigins: 'https://partner.example' })
    expect(fastify.register).type.not.toBeCallableWith(crossOriginProtection, { allowUnverifiableRequests: 'no' })
    expect(fastify.register).type.not.toBeCallableWith(crossOriginIsolation, { openerPolicy: 'same-site' })
    expect(fastify.register).type.not.toBeCallableWith(crossOriginIsolation, { embedderPolicy: true })
  })
})

describe('options of crossOriginProtection', () => {
  test('every option is optional', () => {
    expect<CrossOriginProtectionOptions>().type.toBeAssignableFrom({})
  })

  test('lists may be readonly', () => {
    expect<CrossOriginProtectionOptions>().type.toBeAssignableFrom({
      allowedOrigins: ['https://partner.example'] as const,
      exemptPaths: Object.freeze(['/hooks']),
      allowedHosts: ['app.example'] as const
    })
  })

  test('an allowed origin is a string or a function, synchronous or not', () => {
    expect<AllowedOrigin>().type.toBe<string | AllowedOriginFunction>()
    expect<AllowedOriginFunction>().type.toBeAssignableFrom(() => true)
    expect<AllowedOriginFunction>().type.toBeAssignableFrom(async (origin: string) => origin === 'https://partner.example')
    expect<AllowedOriginFunction>().type.not.toBeAssignableFrom(() => 'yes')
    expect<AllowedOriginFunction>().type.not.toBeAssignableFrom((origin: number) => origin === 1)
    expect<AllowedOrigin>().type.not.toBeAssignableFrom(/partner/)
  })

  test('such a function has the common parts of both requests, and each of them when told apart', () => {
    const isTrusted: AllowedOriginFunction = (origin, request) => {
      expect(origin).type.toBe<string>()
      expect(request).type.toBe<FastifyRequest | RawRequest>()
      expect(request.host).type.toBe<string>()
      expect(request.method).type.toBe<string>()
      expect(request.raw.method).type.toBe<string | undefined>()
      if ('routeOptions' in request) expect(request).type.toBe<FastifyRequest>()
      return false
    }
    expect(isTrusted).type.toBeAssignableTo<AllowedOrigin>()
  })

  test('the values of the options that are one of several', () => {
    expect<SafeMethods>().type.toBe<'allow' | 'isolate' | 'check'>()
    expect<CrossOriginProtectionOptions['safeMethods']>().type.toBe<SafeMethods | undefined>()
    expect<DenialLogLevel>().type.toBe<'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent'>()
    expect<CrossOriginProtectionOptions['denialLogLevel']>().type.toBe<DenialLogLevel | undefined>()
    expect<CrossOriginProtectionOptions['reportOnly']>().type.toBe<boolean | undefined>()
    expect<CrossOriginProtectionOptions['protectWebSockets']>().type.toBe<boolean | undefined>()
  })

  test('a route has all but exemptPaths and allowedHosts', () => {
    expect<CrossOriginProtectionRouteOptions>().type.toBe<Omit<CrossOriginProtectionOptions, 'exemptPaths' | 'allowedHosts'>>()
  })

  test('a denyHandler gets Fastify\'s objects and the decision, and may return anything', () => {
    expect<DenyHandler>().type.toBe<(request: FastifyRequest, reply: FastifyReply, decision: Decision) => unknown>()
    const options: CrossOriginProtectionOptions = {
      denyHandler: async (request, reply, decision) => {
        expect(request).type.toBe<FastifyRequest>()
        expect(reply).type.toBe<FastifyReply>()
        expect(decision).type.toBe<Decision>()
        return reply.send(decision.reason)
      }
    }
    expect(options).type.toBeAssignableTo<CrossOriginProtectionOptions>()
  })
})

describe('decisions', () => {
  test('the reasons are a closed set', () => {
    expect<DecisionReason>().type.toBe<
      | 'unknown-host' | 'referer-mismatch' | 'safe-method' | 'exempt-path' | 'exempt-route' | 'same-origin' | 'user-initiated' | 'same-site' | 'cross-site'
      | 'unrecognized-fetch-site' | 'null-origin' | 'malformed-origin' | 'same-host' | 'host-mismatch' | 'unverifiable'
      | 'allowed-origin' | 'navigation'
    >()
  })

  test('a decision is readonly', () => {
    expect<Decision>().type.toBe<{ readonly allowed: boolean, readonly reason: DecisionReason, readonly message: string }>()
  })

  test('messages on the diagnostics channels', () => {
    expect<AllowedMessage>().type.toBe<{ readonly request: FastifyRequest, readonly decision: Decision }>()
    expect<DeniedMessage>().type.toBe<{
      readonly request: FastifyRequest, readonly decision: Decision, readonly enforced: boolean
    }>()
  })
})

describe('listRoutes', () => {
  test('takes any instance, and gives a function', () => {
    expect(listRoutes).type.toBeCallableWith(fastify)
    expect(listRoutes).type.toBeCallableWith(Fastify({ http2: true }))
    expect(listRoutes).type.toBeCallableWith(Fastify({ https: {} }))
    expect(listRoutes).type.toBeCallableWith(Fastify({ loggerInstance: {} as FastifyBaseLogger & { child: () => FastifyBaseLogger, extra: () => void } }))
    expect(listRoutes(fastify)).type.toBe<() => ListedRoute[]>()
    expect<ListedRoute['policy']>().type.toBe<'none' | 'exempt' | 'safe-method' | 'report-only' | 'isolate' | 'check'>()
    expect<ListedRoute['options']>().type.toBe<ResolvedCrossOriginProtectionOptions | undefined>()
  })
})

describe('what `declare module` adds', () => {
  test('the decorators', () => {
    expect<FastifyInstance['crossOriginProtection']>().type.toBe<CrossOriginProtection>()
    expect<CrossOriginProtection['options']>().type.toBe<ResolvedCrossOriginProtectionOptions>()
    expect(fastify.crossOriginProtection.options.allowedOrigins).type.toBe<readonly AllowedOrigin[]>()
    expect(fastify.crossOriginProtection.options.allowUnverifiableRequests).type.toBe<boolean>()
    expect(fastify.crossOriginProtection.options.denyHandler).type.toBe<DenyHandler | undefined>()
    expect<FastifyInstance['crossOriginIsolation']>().type.toBe<CrossOriginIsolation>()
    expect(fastify.crossOriginIsolation.headers).type.toBe<Readonly<Record<string, string>>>()
  })

  test('check() takes the requests of every server, and Node\'s own', () => {
    const { check } = fastify.crossOriginProtection
    expect(check).type.toBeCallableWith({} as FastifyRequest)
    expect(check).type.toBeCallableWith({} as FastifyRequest<{ Body: { amount: number }, Params: { id: string } }>)
    expect(check).type.toBeCallableWith({} as FastifyRequest<RouteGenericInterface, Http2Server>)
    expect(check).type.toBeCallableWith({} as IncomingMessage)
    expect(check).type.toBeCallableWith({} as Http2ServerRequest)
    expect(check).type.not.toBeCallableWith({ headers: {} })
    expect(check({} as FastifyRequest)).type.toBe<Promise<Decision>>()
  })

  test('the route config', () => {
    const handler = async () => 'ok'
    expect(fastify.post).type.toBeCallableWith('/', { config: { crossOriginProtection: false as const } }, handler)
    expect(fastify.post).type.toBeCallableWith('/', { config: { crossOriginProtection: { allowedOrigins: ['https://idp.example'] } } }, handler)
    expect(fastify.get).type.toBeCallableWith('/', { config: { crossOriginIsolation: { openerPolicy: 'same-origin-allow-popups' as const } } }, handler)
    expect(fastify.get).type.toBeCallableWith('/', { config: { crossOriginIsolation: false as const } }, handler)
    expect<FastifyContextConfig>().type.not.toBeAssignableFrom({ crossOriginProtection: true })
    expect<FastifyContextConfig>().type.not.toBeAssignableFrom({ crossOriginProtection: { allowedOrigin: [] } })
    // Fastify infers the config of a route that is written inline, so a name too many is no error there, but at the start.
    expect(fastify.post).type.toBeCallableWith('/', { config: { crossOriginProtection: { allowedOrigin: [] } } }, handler)
    expect(fastify.post).type.not.toBeCallableWith('/', { config: { crossOriginProtection: { exemptPaths: ['/'] } } }, handler)
    expect(fastify.post).type.not.toBeCallableWith('/', { config: { crossOriginProtection: { allowedHosts: ['app.example'] } } }, handler)
    expect(fastify.post).type.not.toBeCallableWith('/', { config: { crossOriginProtection: true } }, handler)
    expect(fastify.post).type.not.toBeCallableWith('/', { config: { crossOriginProtection: 'no' } }, handler)
    expect(fastify.get).type.not.toBeCallableWith('/', { config: { crossOriginIsolation: true } }, handler)
    expect(fastify.get).type.not.toBeCallableWith('/', { config: { crossOriginIsolation: { openerPolicy: 'same-site' } } }, handler)
  })
})

describe('options of crossOriginIsolation', () => {
  test('the values of each header, and null', () => {
    expect<OpenerPolicy>().type.toBe<'same-origin' | 'same-origin-allow-popups' | 'noopener-allow-popups' | 'unsafe-none'>()
    expect<EmbedderPolicy>().type.toBe<'require-corp' | 'credentialless' | 'unsafe-none'>()
    expect<ResourcePolicy>().type.toBe<'same-origin' | 'same-site' | 'cross-origin'>()
    expect<DocumentIsolationPolicy>().type.toBe<'isolate-and-require-corp' | 'isolate-and-credentialless' | 'none'>()
    expect<CrossOriginIsolationOptions['openerPolicy']>().type.toBe<OpenerPolicy | null | undefined>()
    expect<CrossOriginIsolationOptions['embedderPolicy']>().type.toBe<EmbedderPolicy | null | undefined>()
    expect<CrossOriginIsolationOptions['resourcePolicy']>().type.toBe<ResourcePolicy | null | undefined>()
    expect<CrossOriginIsolationOptions['documentIsolationPolicy']>().type.toBe<DocumentIsolationPolicy | null | undefined>()
    expect<CrossOriginIsolationOptions['originAgentCluster']>().type.toBe<boolean | null | undefined>()
    expect<CrossOriginIsolationOptions['reportTo']>().type.toBe<string | null | undefined>()
    expect<CrossOriginIsolationOptions['reportOnly']>().type.toBe<ReportOnlyPolicies | null | undefined>()
    expect<ReportOnlyPolicies>().type.not.toBeAssignableFrom({ resourcePolicy: 'same-site' })
    expect<CrossOriginIsolationRouteOptions>().type.toBeAssignableFrom<CrossOriginIsolationOptions>()
  })
})

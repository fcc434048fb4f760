// The model against a running server: nested scopes, route configs and unknown routes, all generated, asked over sockets.
// PROPERTY_RUNS and PROPERTY_SEED as in properties.test.ts.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fc, { type Arbitrary } from 'fast-check'
import t, { type Test } from 'tap'
import crossOriginProtection from '../src/index.ts'
import { emptyApp } from './helpers/app.ts'
import { judge, type ModelPolicy, type ModelRequest } from './helpers/model.ts'
import { asNodeReads, modelPolicy, pluginOptions, requests, someOptions, type GeneratedOptions } from './helpers/requests.ts'
import { listen, sendRaw } from './helpers/socket.ts'

// Twelve requests each; enough applications for every verdict to come up.
const numRuns = Math.max(300, Math.ceil(Number(process.env.PROPERTY_RUNS ?? 100_000) / 500))
if (process.env.PROPERTY_SEED !== undefined) fc.configureGlobal({ seed: Number(process.env.PROPERTY_SEED) })

/** What a route says of itself: nothing, `false`, or some of the options. */
type RouteConfig = undefined | false | Partial<GeneratedOptions>

interface Application {
  readonly outer: GeneratedOptions
  /** Undefined where the inner scope does not register the plugin itself. */
  readonly inner: GeneratedOptions | undefined
  readonly config: RouteConfig
  /** Whether routes are declared before the plugin is registered. */
  readonly isPluginLast: boolean
}

const routeConfigs: Arbitrary<RouteConfig> = fc.oneof(
  fc.constant(undefined), fc.constant(false as const), fc.tuple(
    someOptions, fc.subarray(['trust', 'entries', 'allowUnverifiableRequests', 'protectWebSockets', 'safeMethods'] as const)
  ).map(([options, names]) => {
    // Both are parts of one option, which a route replaces as a whole.
    const all = names.includes('trust') || names.includes('entries') ? ['trust', 'entries', ...names] : names
    return Object.fromEntries(Object.entries(options).filter(([name]) => all.includes(name)))
  })
)

const applications: Arbitrary<Application> = fc.record({
  outer: someOptions, inner: fc.option(someOptions, { nil: undefined }), config: routeConfigs, isPluginLast: fc.boolean()
})

const scopes = ['', '/api']
const routes = ['/transfer', '/configured', '/hooks', '/v1/events', '/unknown']
const targets = scopes.flatMap(scope => routes.map(route => `${scope}${route}`))

/** The policy that the rules put in force: that of the nearest scope, alone, under the route's config. */
function policyInForce ({ outer, inner, config }: Application, { method, url }: ModelRequest): ModelPolicy {
  // A method that Fastify does not know, and a path without route, go to the not-found handler of the outer scope.
  const isFound = supported.includes(method) && !url.includes('/unknown')
  if (!isFound) return modelPolicy(outer)
  const scope = url.startsWith('/api/') && inner !== undefined ? inner : outer
  if (!url.includes('/configured')) return modelPolicy(scope)
  return modelPolicy({ ...scope, ...config }, config === false)
}

const supported = ['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE', 'TRACE']

const sent: Arbitrary<ModelRequest> = fc.tuple(requests, fc.constantFrom(...targets), fc.constantFrom('', '?x', '?/hooks'))
  .map(([request, target, query]) => {
    // QUERY is left out: Fastify answers one without content with a 415.
    const method = [...supported, 'PROPFIND'].includes(request.method) ? request.method : 'POST'
    const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value = '']) => [name, asNodeReads(value)]))
    return { method, url: `${target}${query}`, host: headers.host!, headers }
  })

t.test('a running server agrees with the model, through scopes and route configs', async t => {
  const seen = new Map<string, number>()
  await fc.assert(fc.asyncProperty(applications, fc.array(sent, { minLength: 12, maxLength: 12 }), async (application, requests) => {
    const app = await start(t, application)
    try {
      const port = await listen(app)
      for (const request of requests) {
        const { allowed, reason } = judge(policyInForce(application, request), request)
        const answer = await ask(port, request)
        const expected = `${reason}: ${allowed ? 'ran' : 'refused'}`
        seen.set(expected, (seen.get(expected) ?? 0) + 1)
        if (answer !== expected) throw new Error(`${answer}, expected ${expected} of ${JSON.stringify(request)}`)
      }
    } finally {
      await app.close()
    }
  }), { numRuns })
  for (const [verdict, times] of seen) t.comment(`${verdict} ${times} times`)
  t.equal(seen.size, 20, 'every verdict came up')
})

/** An application as described. Whoever answers says why in a header. */
async function start (t: Test, { outer, inner, config, isPluginLast }: Application): Promise<FastifyInstance> {
  const app = emptyApp(t)
  const addRoutes = (scope: FastifyInstance) => {
    for (const route of ['/transfer', '/hooks', '/v1/events']) scope.all(route, answer)
    scope.all('/configured', { config: config === undefined ? {} : { crossOriginProtection: routeOptions(config) } }, answer)
  }
  const addPlugin = (scope: FastifyInstance, options: GeneratedOptions | undefined) => {
    if (options !== undefined) scope.register(crossOriginProtection, { ...pluginOptions(options), denialLogLevel: 'silent' })
  }
  const fill = (scope: FastifyInstance, options: GeneratedOptions | undefined) => {
    if (!isPluginLast) addPlugin(scope, options)
    addRoutes(scope)
    if (isPluginLast) addPlugin(scope, options)
  }
  app.setErrorHandler(async (error: Error & { reason?: string, statusCode?: number }, _request, reply) => (
    reply.code(error.statusCode ?? 500).header('x-verdict', `${error.reason ?? error.message}: refused`).send()
  ))
  app.setNotFoundHandler(answer)
  fill(app, outer)
  await app.register(async scope => { fill(scope, inner) }, { prefix: '/api' })
  return app
}

function routeOptions (config: Exclude<RouteConfig, undefined>): false | object {
  if (config === false) return false
  const { allowedOrigins, ...rest } = pluginOptions({ entries: [], trust: 'nobody', ...config } as GeneratedOptions)
  return 'entries' in config ? { ...rest, allowedOrigins } : rest
}

async function answer (this: FastifyInstance, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { reason } = await this.crossOriginProtection.check(request)
  reply.header('x-verdict', `${reason}: ran`).send()
}

async function ask (port: number, { method, url, headers }: ModelRequest): Promise<string | undefined> {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  const response = await sendRaw(port, [`${method} ${url} HTTP/1.1`, ...lines])
  return response.headers['x-verdict'] ?? `status ${response.status}`
}

// The application that `npm run fuzz` sends its bytes to: every option of the plugin, in scopes and on routes.
import { Readable } from 'node:stream'
import fastifyWebsocket from '@fastify/websocket'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import crossOriginProtection, {
  crossOriginIsolation, type CrossOriginProtectionOptions, type CrossOriginProtectionRouteOptions
} from '../../src/index.ts'
import { checkRun, observe, type Oracle } from './oracle.ts'
import { functions, hosted, outer, prefixes, strict, strings } from './places.ts'

/** Servers by name: one with Fastify's defaults, and one with every option that changes how a path, host or upgrade is read. */
export const servers = {
  plain: {},
  loose: {
    trustProxy: true,
    routerOptions: { ignoreDuplicateSlashes: true, ignoreTrailingSlash: true, caseSensitive: false, useSemicolonDelimiter: true },
    rewriteUrl: (request: { url?: string }) => request.url!.replace(/^\/old\//, '/hooks/').replace(/^\/hooks\/gone\//, '/transfer/')
  }
} as const

export async function createApplication (
  name: keyof typeof servers, oracle: Oracle, isProtected: boolean
): Promise<FastifyInstance> {
  const app: FastifyInstance = Fastify({
    ...servers[name],
    requestTimeout: 5000,
    logger: { level: 'trace', stream: { write: () => {} } }
  })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, payload, done) => {
    payload.on('end', () => { done(null, undefined) }).resume()
  })
  observe(app, oracle, name === 'loose')
  const protect = async (scope: FastifyInstance, options: CrossOriginProtectionOptions) => {
    if (isProtected) await scope.register(crossOriginProtection, options)
  }
  const add = (scope: FastifyInstance, place: string, paths: readonly string[], config?: false | CrossOriginProtectionRouteOptions) => {
    for (const path of paths) {
      scope.all(`${path}/*`, { config: { place, ...(config !== undefined && { crossOriginProtection: config }) } }, run)
    }
  }
  const run = async (request: FastifyRequest, reply: FastifyReply) => {
    checkRun(request, oracle)
    return reply.header('x-ran', '1').send('ran')
  }

  await app.register(crossOriginIsolation, { originAgentCluster: true, reportTo: 'default' })
  await protect(app, { allowedOrigins: [...strings, origin => functions[origin]?.() ?? false], exemptPaths: outer.exemptPaths })
  if (name === 'loose') {
    await app.register(fastifyWebsocket)
    // Nothing closes the socket of an upgrade that is pipelined or whose URL is malformed, so all sockets are short-lived here.
    app.server.on('upgrade', (_request, socket) => { setTimeout(() => { socket.destroy() }, 2000) })
    app.get('/chat/:id', { websocket: true, config: { place: 'outer' } }, (socket, request) => {
      checkRun(request, oracle)
      socket.on('error', () => socket.terminate())
      socket.close()
    })
  }
  app.setNotFoundHandler((request, reply) => {
    checkRun(request, oracle)
    reply.code(404).send('not found')
  })
  add(app, 'outer', name === 'loose' ? prefixes.outer!.slice(0, -1) : prefixes.outer!)
  add(app, 'sso', prefixes.sso!, { allowedOrigins: ['https://idp.example'] })
  add(app, 'logout', prefixes.logout!, { safeMethods: 'check' })
  add(app, 'webhook', prefixes.webhook!, false)
  await app.register(async scope => {
    await protect(scope, {
      exemptPaths: strict.exemptPaths,
      allowUnverifiableRequests: false,
      safeMethods: 'check',
      denialLogLevel: 'trace',
      denyHandler: (_request, _reply, decision) => ({ refused: decision.reason })
    })
    add(scope, 'strict', prefixes.strict!)
  })
  await app.register(async scope => {
    await protect(scope, {
      protectWebSockets: false,
      safeMethods: 'isolate',
      denyHandler: async (_request, reply) => reply.send(Readable.from(['re', 'fused']))
    })
    add(scope, 'isolated', prefixes.isolated!)
  })
  await app.register(async scope => {
    await protect(scope, { allowedHosts: hosted.allowedHosts })
    add(scope, 'hosted', prefixes.hosted!)
  })
  await app.register(async scope => {
    await protect(scope, { allowedOrigins: [...strings, origin => functions[origin]?.() ?? false], reportOnly: true })
    add(scope, 'reported', prefixes.reported!)
    add(scope, 'enforced', prefixes.enforced!, { reportOnly: false })
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  return app
}

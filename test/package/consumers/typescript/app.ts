// Compiled for every module system, and run. The directives fail the compilation where a mistake is not one.
import Fastify, { type FastifyInstance } from 'fastify'
import byDefault, {
  crossOriginIsolation, crossOriginProtection,
  type AllowedOriginFunction, type CrossOriginIsolationOptions, type CrossOriginProtectionOptions, type Decision, type DenyHandler
} from 'fastify-cross-origin-protection'
import { browserRequest, type BrowserRequest } from 'fastify-cross-origin-protection/testing'
import { check } from '../check.cjs'

const denyHandler: DenyHandler = (request, reply, decision) => reply.send({ url: request.url, reason: decision.reason })
const isPartner: AllowedOriginFunction = async (origin, request) => origin === `https://partner.${request.host}`
const options: CrossOriginProtectionOptions = { allowedOrigins: ['https://partner.example', isPartner], denyHandler }
const isolationOptions: CrossOriginIsolationOptions = { openerPolicy: 'same-origin-allow-popups', resourcePolicy: null }
// @ts-expect-error: an unknown reason, which a reason without a type would be too
const mistyped: Decision['reason'] = 'no-reason'

/** It only has to compile; check() does the running. */
export async function build (app: FastifyInstance): Promise<[string | undefined, BrowserRequest['method']]> {
  await app.register(byDefault, options)
  await app.register(crossOriginProtection, options)
  await app.register(crossOriginIsolation, isolationOptions)
  // @ts-expect-error: an unknown option
  await app.register(crossOriginProtection, { allowedOrigin: [mistyped] })

  app.post('/webhook', { config: { crossOriginProtection: false, crossOriginIsolation: false } }, async () => 'ran')
  app.post('/sso', { config: { crossOriginProtection: { allowedOrigins: ['https://idp.example'] } } }, async () => 'ran')
  // @ts-expect-error: a value of the wrong type
  app.post('/wrong', { config: { crossOriginProtection: { allowedOrigins: 'https://idp.example' } } }, async () => 'ran')

  app.server.on('upgrade', async request => app.crossOriginProtection.check(request))
  // @ts-expect-error: no request, which a decorator without a type would take
  app.get('/', async () => app.crossOriginProtection.check('request'))
  app.get('/decision', async (request): Promise<Decision> => app.crossOriginProtection.check(request))
  return [app.crossOriginIsolation.headers['cross-origin-opener-policy'], browserRequest({ from: 'cross-site', by: 'form' }).method]
}

check({ Fastify, plugins: { byDefault, crossOriginProtection }, isolation: crossOriginIsolation, browserRequest }, process.argv[2])

// FedCM in Chromium, the only engine that has it: an identity provider behind the plugin, and a client on another site where the
// user signs in. The browser itself sends the requests to the provider.
import type { AddressInfo } from 'node:net'
import Fastify, { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { hints } from '../../src/hints.ts'
import crossOriginProtection, { type CrossOriginProtectionRouteOptions } from '../../src/index.ts'
import { captureLog, type LogLine } from '../helpers/log.ts'
import { launchEngine } from './engines.ts'

const engine = await launchEngine('chromium')
t.teardown(() => engine.close())
t.comment(engine.version)

const originOf = (host: string, app: FastifyInstance) => `http://${host}:${(app.server.address() as AddressInfo).port}`

/** The provider, with a config for the route that gives tokens and one for those that only read. */
async function openProvider (t: Test, configs: { token?: CrossOriginProtectionRouteOptions, reads?: CrossOriginProtectionRouteOptions } = {}) {
  const { lines, logger } = captureLog('warn')
  const provider = Fastify({ logger, forceCloseConnections: true })
  const served: string[] = []
  provider.addHook('onRequest', async (request, reply) => {
    // The browser lets a page of the client read the token only with CORS.
    if (request.headers.origin !== undefined) reply.headers({ 'access-control-allow-origin': request.headers.origin, 'access-control-allow-credentials': 'true' })
  })
  await provider.register(crossOriginProtection)

  const read = (url: string, answer: () => object) => {
    provider.get(url, { config: { crossOriginProtection: configs.reads } }, async request => { served.push(`${request.method} ${url}`); return answer() })
  }
  const urls = () => originOf('localhost', provider)
  read('/.well-known/web-identity', () => ({ provider_urls: [`${urls()}/fedcm.json`] }))
  read('/fedcm.json', () => ({ accounts_endpoint: '/accounts', id_assertion_endpoint: '/token', client_metadata_endpoint: '/client', login_url: '/login' }))
  read('/accounts', () => ({ accounts: [{ id: '7', name: 'A. User', email: 'user@provider.example', approved_clients: ['client'] }] }))
  read('/client', () => ({}))
  read('/login', () => ({}))
  provider.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, async (_request: unknown, body: string) => body)
  provider.post('/token', { config: { crossOriginProtection: configs.token } }, async () => { served.push('POST /token'); return { token: 'signed-in' } })
  await provider.listen({ host: 'localhost', port: 0 })
  t.teardown(() => provider.close())
  return { provider, served, lines }
}

/** Signs in on the client's page, and gives what it learns. */
async function signIn (t: Test, provider: FastifyInstance): Promise<unknown> {
  const client = Fastify({ forceCloseConnections: true })
  client.get('/', async (_request, reply) => reply.type('text/html').send('<!doctype html><title>client</title>'))
  await client.listen({ host: '127.0.0.1', port: 0 })
  t.teardown(() => client.close())

  await engine.open(`${originOf('127.0.0.1', client)}/`)
  const protocol = await engine.protocol!()
  await protocol.send('FedCm.enable', { disableRejectionDelay: true })
  protocol.on('FedCm.dialogShown', ({ dialogId, dialogType }) => {
    const answer = dialogType === 'Error'
      ? protocol.send('FedCm.clickDialogButton', { dialogId, dialogButton: 'ErrorGotIt' })
      : protocol.send('FedCm.selectAccount', { dialogId, accountIndex: 0 })
    answer.catch(error => { t.fail(error) })
  })
  const provided = JSON.stringify({ configURL: `${originOf('localhost', provider)}/fedcm.json`, clientId: 'client', nonce: '1' })
  const outcome = await engine.evaluate(`navigator.credentials.get({ identity: { providers: [${provided}] } }).then(({ token }) => token, ({ name }) => name)`)
  await protocol.detach()
  return outcome
}

const denials = (lines: LogLine[]) => lines.filter(({ msg }) => msg === 'cross-origin request denied').map(({ method, path, reason, hint }) => ({ method, path, reason, hint }))

t.test('with the defaults, the browser gets no token, and the log says what to do', async t => {
  const { provider, served, lines } = await openProvider(t)
  t.not(await signIn(t, provider), 'signed-in')
  t.notOk(served.includes('POST /token'))
  t.same(denials(lines), [{ method: 'POST', path: '/token', reason: 'cross-site', hint: hints.fedCm }])
})

t.test('where GET is checked, not even the accounts are read', async t => {
  const { provider, served, lines } = await openProvider(t, { reads: { safeMethods: 'check' } })
  t.not(await signIn(t, provider), 'signed-in')
  t.notOk(served.includes('POST /token'))
  t.ok(denials(lines).every(({ method }) => method === 'GET'))
})

t.test('a function that knows another client does not help', async t => {
  const { provider, served } = await openProvider(t, { token: { allowedOrigins: [origin => origin === 'https://client.example'] } })
  t.not(await signIn(t, provider), 'signed-in')
  t.notOk(served.includes('POST /token'))
})

t.test('a function that knows the client lets it sign in', async t => {
  const asked: string[] = []
  const { provider, served, lines } = await openProvider(t, { token: { allowedOrigins: [origin => { asked.push(origin); return origin.startsWith('http://127.0.0.1:') }] } })
  t.equal(await signIn(t, provider), 'signed-in')
  t.ok(served.includes('POST /token'))
  t.equal(asked.length, 1)
  t.same(denials(lines), [])
})

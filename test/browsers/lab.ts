// The servers of the browser tests: a protected bank that notes every request and every handler that ran,
// and the origins around it. All listen on loopback.
import { EventEmitter, once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import fastifyCors from '@fastify/cors'
import fastifyWebsocket from '@fastify/websocket'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { generate } from 'selfsigned'
import crossOriginProtection, { type CrossOriginProtectionOptions } from '../../src/index.ts'

/** What became of one attempt. */
export interface Attempt {
  /** The requests that arrived for it, in their order. */
  readonly requests: Array<{ method: string, headers: IncomingHttpHeaders, status?: number }>
  /** Whether a handler ran, so that the state changed or, for a GET, was shown. */
  ran: boolean
}

export interface Lab {
  /** Origins by their part in the play. */
  readonly origins: Record<Origin, string>
  attempt (id: number): Attempt
  /** Whether a page has told that all has ended that it may not have sent. */
  hasSettled (plan: number): boolean
  /** Asks again whenever something has arrived; resolves to the answer at the deadline, or to the first that is true. */
  until (isTrue: () => boolean, milliseconds: number): Promise<boolean>
  close (): Promise<void>
}

export type Origin =
  // Loopback names, to which browsers send Fetch Metadata even over plain HTTP. Service workers stay, so
  // those who install one have origins of their own.
  | 'bank' | 'sameSite' | 'crossSite' | 'partner' | 'naiveBank' | 'carefulBank' | 'workerSite' | 'openBank'
  // Other names over plain HTTP, to which they send none.
  | 'plainBank' | 'plainSameSite' | 'plainCrossSite' | 'plainPartner' | 'plainOpenBank'
  // The same names over HTTPS.
  | 'tlsBank' | 'tlsSameSite' | 'tlsCrossSite' | 'tlsPartner'

export async function openLab (): Promise<Lab> {
  const log = createLog()
  const { plain, tls } = await createFactories()

  // The partners' origins are known only once they listen.
  const allowedOrigins: string[] = []
  const protection = { allowedOrigins: [(origin: string) => allowedOrigins.includes(origin)], denialLogLevel: 'silent' } as const

  const bank = await createBank(createSite(plain(), log), log, protection)
  const naiveBank = await createBank(createSite(plain(), log), log, protection)
  const carefulBank = await createBank(createSite(plain(), log), log, protection)
  const openBank = await createBank(createSite(plain(), log), log)
  const tlsBank = await createBank(createSite(tls(), log), log, protection)
  const other = createSite(plain(), log)
  const workerSite = createSite(plain(), log)
  const partner = createSite(plain(), log)
  const tlsOther = createSite(tls(), log)
  const tlsPartner = createSite(tls(), log)

  const servers = [bank, naiveBank, carefulBank, openBank, tlsBank, other, workerSite, partner, tlsOther, tlsPartner]
  for (const server of servers) await server.listen({ host: 'localhost', port: 0 })
  const port = (server: FastifyInstance) => (server.server.address() as AddressInfo).port

  const origins: Lab['origins'] = {
    bank: `http://localhost:${port(bank)}`,
    sameSite: `http://localhost:${port(other)}`,
    crossSite: `http://127.0.0.1:${port(other)}`,
    partner: `http://127.0.0.1:${port(partner)}`,
    naiveBank: `http://localhost:${port(naiveBank)}`,
    carefulBank: `http://localhost:${port(carefulBank)}`,
    openBank: `http://localhost:${port(openBank)}`,
    workerSite: `http://127.0.0.1:${port(workerSite)}`,
    plainBank: `http://app.test:${port(bank)}`,
    plainSameSite: `http://sub.app.test:${port(other)}`,
    plainCrossSite: `http://evil.test:${port(other)}`,
    plainPartner: `http://evil.test:${port(partner)}`,
    plainOpenBank: `http://app.test:${port(openBank)}`,
    tlsBank: `https://app.test:${port(tlsBank)}`,
    tlsSameSite: `https://sub.app.test:${port(tlsOther)}`,
    tlsCrossSite: `https://evil.test:${port(tlsOther)}`,
    tlsPartner: `https://evil.test:${port(tlsPartner)}`
  }
  allowedOrigins.push(origins.partner, origins.plainPartner, origins.tlsPartner)

  return { origins, ...log, async close () { for (const server of servers) await server.close() } }
}

/** What makes servers, over plain HTTP and over HTTPS. */
export async function createFactories () {
  const { private: key, cert } = await generate([{ name: 'commonName', value: 'app.test' }])
  return {
    credentials: { key, cert },
    plain: () => Fastify({ forceCloseConnections: true }),
    tls: () => Fastify({ forceCloseConnections: true, https: { key, cert } }) as unknown as FastifyInstance
  }
}

// ---------------------------------------------------------------------------------------------

export type Log = Pick<Lab, 'attempt' | 'hasSettled' | 'until'> & {
  settle (plan: number): void
  /** To be called when something has arrived. */
  notify (): void
}

export function createLog (): Log {
  const attempts = new Map<number, Attempt>()
  const settled = new Set<number>()
  const arrivals = new EventEmitter().setMaxListeners(0)
  const notify = () => { arrivals.emit('arrival') }
  return {
    attempt (id) {
      if (!attempts.has(id)) attempts.set(id, { requests: [], ran: false })
      return attempts.get(id)!
    },
    hasSettled: plan => settled.has(plan),
    settle (plan) { settled.add(plan); notify() },
    notify,
    async until (isTrue, milliseconds) {
      const signal = AbortSignal.timeout(milliseconds)
      while (!isTrue() && !signal.aborted) await once(arrivals, 'arrival', { signal }).catch(() => {})
      return isTrue()
    }
  }
}

/** A site with pages that send requests, and with redirects that keep or change the method. */
export function createSite (fastify: FastifyInstance, { settle }: Log): FastifyInstance {
  fastify.addContentTypeParser('*', async () => undefined)

  fastify.get<{ Querystring: { kind?: string, referrer?: string } }>('/page', async (request, reply) => {
    const { kind = 'page', referrer } = request.query
    if (referrer !== undefined) reply.header('referrer-policy', referrer)
    reply.type('text/html').header('set-cookie', 'session=1; Path=/')
    return `<!doctype html><meta charset="utf-8"><title>${kind}</title><body><button id="go" style="position: fixed; inset: 0; width: 100%">Go</button><script src="${request.protocol}://${request.host}/page.js" data-kind="${kind}"></script>`
  })
  addScript(fastify, '/page.js', new URL('page.js', import.meta.url))
  addScript(fastify, '/worker.js', new URL('worker.js', import.meta.url))
  addReportingPages(fastify)
  for (const name of ['naive', 'careful']) addScript(fastify, `/${name}-worker.js`, new URL(`workers/${name}.js`, import.meta.url))
  fastify.get<{ Params: { plan: string } }>('/settled/:plan', async request => { settle(Number(request.params.plan)) })
  fastify.all<{ Params: { status: string }, Querystring: { to: string } }>('/redirect/:status', async (request, reply) => {
    // Whoever may be redirected may also be redirected by fetch.
    reply.header('access-control-allow-origin', request.headers.origin ?? '*').header('access-control-allow-credentials', 'true')
    reply.header('access-control-allow-headers', request.headers['access-control-request-headers'] ?? '*')
    reply.header('access-control-allow-methods', 'PUT, DELETE, POST, GET')
    if (request.method === 'OPTIONS') return reply.code(204).send()
    return reply.redirect(request.query.to, Number(request.params.status))
  })
  return fastify
}

/** Pages of which the browser has something to report, to the address that it is asked to report to. */
function addReportingPages (fastify: FastifyInstance): void {
  const pages: Readonly<Record<string, (to: string) => readonly [headers: Record<string, string>, body: string]>> = {
    'csp-uri': to => [{ 'content-security-policy': `script-src 'none'; report-uri ${to}` }, '<script>1</script>'],
    csp: () => [{ 'content-security-policy': "script-src 'none'; report-to there" }, '<script>1</script>'],
    coep: () => [{ 'cross-origin-embedder-policy': 'require-corp; report-to="there"' }, '<img src="http://[::1]:9/"><iframe src="/page"></iframe>'],
    coop: () => [{ 'cross-origin-opener-policy': 'same-origin; report-to="there"' }, ''],
    permissions: () => [{ 'permissions-policy': 'geolocation=();report-to=there' }, '<script>navigator.geolocation.getCurrentPosition(() => {}, () => {})</script>']
  }
  fastify.get<{ Params: { kind: string }, Querystring: { to: string } }>('/reporting/:kind', async (request, reply) => {
    const { to } = request.query
    const [headers, body] = pages[request.params.kind]!(to)
    reply.headers({ 'reporting-endpoints': `there="${to}"`, ...headers }).type('text/html')
    return `<!doctype html><meta charset="utf-8"><body>${body}`
  })
}

export function addScript (fastify: FastifyInstance, path: string, file: URL): void {
  const script = readFileSync(file)
  fastify.get(path, async (_request, reply) => reply.type('text/javascript').send(script))
}

/** A bank that does all it can to be attacked: its CORS lets every origin send anything, with cookies. */
export async function createBank (
  fastify: FastifyInstance, { attempt, notify }: Log, protection?: CrossOriginProtectionOptions
): Promise<FastifyInstance> {
  await fastify.register(fastifyCors, { origin: true, credentials: true, methods: ['GET', 'HEAD', 'POST', 'PUT', 'DELETE'] })

  // Notes what arrives before the plugin sees it, and what is refused on its way through a redirect.
  fastify.addHook('onRequest', async request => {
    const { id } = request.params as { id?: string }
    if (id !== undefined) attempt(Number(id)).requests.push({ method: request.method, headers: request.headers })
  })
  fastify.addHook('onResponse', async (request, reply) => {
    noteResponse(request, reply)
    notify()
  })
  const noteResponse = (request: FastifyRequest, reply: FastifyReply) => {
    const { id } = request.params as { id?: string }
    const { to } = request.query as { to?: string }
    if (id !== undefined) {
      attempt(Number(id)).requests.find(({ headers }) => headers === request.headers)!.status = reply.statusCode
    } else if (to !== undefined && reply.statusCode === 403) {
      attempt(Number(to.split('/').at(-1))).requests.push({ method: request.method, headers: request.headers, status: 403 })
    }
  }

  if (protection) await fastify.register(crossOriginProtection, protection)
  await fastify.register(fastifyWebsocket)

  type WithId = { Params: { id: string } }
  fastify.route<WithId>({
    method: ['POST', 'PUT', 'DELETE'],
    url: '/transfer/:id',
    handler: async request => { attempt(Number(request.params.id)).ran = true; return 'transferred' }
  })
  fastify.get('/transfer/:id', async () => 'no state changes by GET')
  for (const safeMethods of ['isolate', 'check'] as const) {
    fastify.get<WithId>(`/${safeMethods}/:id`, { config: { crossOriginProtection: { safeMethods } } }, async (request, reply) => {
      attempt(Number(request.params.id)).ran = true
      return reply.type('text/html').send('shown')
    })
  }
  fastify.get<WithId>('/socket/:id', { websocket: true }, (_socket, request) => { attempt(Number(request.params.id)).ran = true; notify() })
  return fastify
}

// For the tests of single attacks: a protected bank and the sites around it on three grounds, pages that a test
// writes itself, and a table of scenes. What a scene expects is a line for each request that reaches the bank:
// method, Sec-Fetch-Site, Origin, status.
import { once } from 'node:events'
import { request as forward } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import tap, { type Test } from 'tap'
import type { CrossOriginProtectionOptions } from '../../src/index.ts'
import { engineNames, launchEngine, within, type Engine, type EngineName } from './engines.ts'
import { addScript, createBank, createFactories, createLog, createSite, type Attempt, type Log } from './lab.ts'
import { newId } from './shots.ts'

/** Over plain HTTP, beyond loopback, browsers send no Fetch Metadata. */
export type Ground = 'HTTPS' | 'loopback' | 'plain HTTP'

/** HTML, or what answers in its place. */
export type Content = string | ((request: FastifyRequest, reply: FastifyReply) => unknown)

export interface Place {
  readonly origin: string
  /** Puts a page there, and returns its address. */
  page (content: Content): string
}

export interface Stage {
  readonly ground: Ground
  readonly bank: Place
  readonly sameSite: Place
  readonly crossSite: Place
}

export interface Scene {
  readonly name: string
  /** Default: every one. */
  readonly grounds?: readonly Ground[]
  /** Default: every one. */
  readonly engines?: readonly EngineName[]
  /** The bank's route; the attempt's number follows. Default: `transfer`. */
  readonly route?: string
  /** Leads the engine through it. */
  readonly play: (player: Player) => Promise<Facts | void>
  /** What reaches the bank's route, where browsers send Fetch Metadata; elsewhere without what it says of the site. */
  readonly requests: readonly string[] | Readonly<Record<EngineName, readonly string[]>>
  /** The names of the cookies that the last request carries over HTTPS, where it matters. */
  readonly cookies?: Readonly<Partial<Record<EngineName, string>>>
}

/** What must hold besides, in words. */
export type Facts = Readonly<Record<string, boolean>>

export interface Player extends Stage {
  readonly engine: Engine
  /** The address of the bank's route for this attempt. */
  readonly target: string
  readonly attempt: Attempt
  /** Until so many requests have been answered, or nothing can be hoped for. */
  arrivals (count?: number): Promise<void>
  /** Puts a page at a place, and tells when it has been asked for so often. */
  watched (place: Place, content: Content): WatchedPage
  /** Waits until the window shows a text, and tells whether it does. */
  shows (text: string): Promise<boolean>
}

export interface WatchedPage {
  readonly url: string
  visited (times?: number): Promise<void>
}

/** How long what should arrive may take, which costs nothing when it does; a busy machine is slow. */
const patience = 10_000

/** A page that submits a form by itself. */
export function form (action: string, head = '', fields = '<input name="amount" value="100">'): string {
  return html(`${head}<form method="post" action="${action}" enctype="multipart/form-data">${fields}</form>
    <script>onload = () => { setTimeout(() => { document.forms[0].submit() }, 50) }</script>`)
}

/** A page that does something at a click, for which browsers let it open windows. */
export function button (script: string, body = ''): string {
  return html(`<button id="go" style="position: fixed; inset: 0; width: 100%">Go</button>${body}
    <script>document.querySelector('#go').onclick = () => { ${script} }</script>`)
}

export function html (body: string): string {
  return `<!doctype html><meta charset="utf-8"><title>page</title><body>${body}`
}

/** The same page, under a Referrer-Policy if there is one. */
export function withPolicy (policy: string | undefined, content: string): Content {
  return policy === undefined ? content : (_request, reply) => reply.header('referrer-policy', policy).send(content)
}

/** Scenes, and the bank before which they are played. */
export interface Act {
  /** What is special about the bank. */
  readonly name?: string
  readonly scenes: readonly Scene[]
  /** Default: every one. */
  readonly grounds?: readonly Ground[]
  readonly protection?: CrossOriginProtectionOptions
  /** Adds routes to the bank of each ground. */
  readonly addRoutes?: (bank: FastifyInstance, log: Log) => void
  /** The script of the service worker that the bank installs when somebody signs in. */
  readonly worker?: URL
  /** Default: `/service-worker.js`. */
  readonly workerPath?: string
  /** Whether the bank is behind a proxy that puts another name in `Host`. */
  readonly hasProxy?: true
  /** Paths to which the network is down: nothing of what is sent there arrives. */
  readonly unreachable?: ReadonlySet<string>
}

/** Plays every act in every engine. */
export async function playActs (acts: readonly Act[]): Promise<void> {
  const log = createLog()
  const factories = await createFactories()
  const stages = new Map<Act, readonly Stage[]>()
  for (const act of acts) stages.set(act, await openStages(act, factories, log))
  const engines = engineNames.filter(name => !process.env.ENGINE || name === process.env.ENGINE)
  tap.jobs = engines.length
  await Promise.all(engines.map(name => tap.test(name, { buffered: engines.length > 1 }, async t => {
    const theatre: Theatre = { engine: await launchEngine(name), log }
    t.teardown(() => theatre.engine.close())
    t.comment(theatre.engine.version)
    const played: Array<{ name: string, lines: () => string[], before: readonly string[] }> = []
    for (const act of acts) {
      for (const stage of stages.get(act)!) {
        const scenes = act.scenes.filter(({ grounds, engines }) => (grounds?.includes(stage.ground) ?? true) && (engines?.includes(name) ?? true))
        if (scenes.length === 0) continue
        await signIn(theatre.engine, stage, act)
        for (const scene of scenes) {
          const title = [stage.ground, act.name, scene.name].filter(Boolean).join(': ')
          await t.test(title, async t => {
            const { attempt, facts } = await playUntilComplete(t, scene, stage, act, theatre)
            const lines = () => linesOf(attempt, stage)
            played.push({ name: title, lines, before: lines() })
            assertScene(t, scene, stage, name, attempt)
            for (const [fact, holds] of Object.entries(facts)) t.ok(holds, fact)
          })
        }
      }
    }
    await t.test('nothing came late', async t => {
      await sleep(1000)
      for (const { name, lines, before } of played) t.same(lines(), before, name)
    })
  })))
}

// ---------------------------------------------------------------------------------------------

type Factories = Awaited<ReturnType<typeof createFactories>>

async function openStages (act: Act, { plain, tls, credentials }: Factories, log: Log): Promise<Stage[]> {
  const names = ['app.test', 'sub.app.test', 'evil.test'] as const
  const hosts: Readonly<Record<Ground, readonly [own: string, sub: string, foreign: string]>> = {
    HTTPS: names, loopback: ['localhost', 'localhost', '127.0.0.1'], 'plain HTTP': names
  }
  const { grounds = Object.keys(hosts) as Ground[] } = act
  return Promise.all(grounds.map(async ground => {
    const isSecure = ground === 'HTTPS'
    const create = isSecure ? tls : plain
    const other = createSite(create(), log)
    const addOtherPage = addPages(other)
    const bank = createSite(act.hasProxy ? plain() : create(), log)
    addHindrances(bank, act)
    await createBank(bank, log, { denialLogLevel: 'silent', ...act.protection })
    addSignIn(bank, act)
    const addOwnPage = addPages(bank)
    act.addRoutes?.(bank, log)

    const port = await listen(bank)
    const ownPort = act.hasProxy ? await listenAsProxy(port, credentials) : port
    const otherPort = await listen(other)
    const place = (host: string, port: number, page: (content: Content) => string): Place => {
      const origin = `${isSecure ? 'https' : 'http'}://${host}:${port}`
      return { origin, page: content => origin + page(content) }
    }
    const [own, sub, foreign] = hosts[ground]
    return { ground, bank: place(own, ownPort, addOwnPage), sameSite: place(sub, otherPort, addOtherPage), crossSite: place(foreign, otherPort, addOtherPage) }
  }))
}

async function listen (server: FastifyInstance): Promise<number> {
  await server.listen({ host: 'localhost', port: 0 })
  tap.teardown(() => server.close())
  return (server.server.address() as AddressInfo).port
}

/** Over HTTPS, to a server behind it that is asked by a name of its own. */
async function listenAsProxy (to: number, credentials: { key: string, cert: string }): Promise<number> {
  const proxy = createServer(credentials, (request, response) => {
    const { method, url, headers } = request
    const forwarded = forward({ host: 'localhost', port: to, method, path: url, headers: { ...headers, host: `localhost:${to}` } }, answer => {
      response.writeHead(answer.statusCode!, answer.headers)
      answer.pipe(response)
    })
    forwarded.on('error', () => { response.destroy() })
    request.pipe(forwarded)
  })
  proxy.listen(0, 'localhost')
  await once(proxy, 'listening')
  tap.teardown(() => { proxy.close(); proxy.closeAllConnections() })
  return (proxy.address() as AddressInfo).port
}

function addHindrances (bank: FastifyInstance, { unreachable }: Act): void {
  bank.addHook('onRequest', async (request, reply) => {
    if (!unreachable?.has(request.url)) return
    reply.hijack()
    request.raw.socket.destroy()
  })
}

function addSignIn (bank: FastifyInstance, { worker, workerPath = '/service-worker.js' }: Act): void {
  if (worker) addScript(bank, workerPath, worker)
  const script = worker
    ? `<script>(async () => {
        const container = navigator.serviceWorker
        const url = new URL('${workerPath}' + location.search, location).href
        await container.register(url)
        const until = async isTrue => { while (!isTrue(container.controller)) await new Promise(resolve => { setTimeout(resolve, 10) }) }
        await until(worker => worker?.scriptURL === url)
        document.body.append('controlled')
        await until(worker => worker.state === 'activated')
        document.body.append(', signed in')
      })()</script>`
    : 'signed in'
  bank.get('/sign-in', async (_request, reply) => reply.type('text/html').header('set-cookie', [
    'bare=1; Path=/', 'lax=1; Path=/; SameSite=Lax', 'strict=1; Path=/; SameSite=Strict', 'none=1; Path=/; SameSite=None; Secure'
  ]).send(html(script)))
}

/** Pages that may be added while the server runs. */
function addPages (fastify: FastifyInstance): (content: Content) => string {
  const pages = new Map<string, Content>()
  fastify.all<{ Params: { page: string } }>('/pages/:page', async (request, reply) => {
    const content = pages.get(request.params.page)
    if (content === undefined) return reply.callNotFound()
    reply.type('text/html').header('cache-control', 'no-store')
    return typeof content === 'string' ? content : content(request, reply)
  })
  return content => {
    const name = String(newId())
    pages.set(name, content)
    return `/pages/${name}`
  }
}

interface Theatre {
  /** Replaced when a browser hangs. */
  engine: Engine
  readonly log: Log
}

interface Outcome { readonly attempt: Attempt, readonly facts: Facts }

async function signIn (engine: Engine, { bank, crossSite }: Stage, { worker }: Act): Promise<void> {
  const visit = async (url: string, text: string) => {
    await engine.visit(url)
    await untilShown(engine, text)
  }
  if (worker) {
    // WebKit ends the first worker of a browser with the page that installed it. While it starts the worker again, it
    // also requests by itself what a link leads to.
    await visit(`${bank.origin}/sign-in?first`, 'signed in')
    await visit(crossSite.page(html('elsewhere')), 'elsewhere')
  }
  await visit(`${bank.origin}/sign-in`, 'signed in')
}

/** Again, in another browser, when one hangs or loses its way: what should arrive gets three chances. */
async function playUntilComplete (t: Test, scene: Scene, stage: Stage, act: Act, theatre: Theatre): Promise<Outcome> {
  const expected = expectationOf(scene, stage, theatre.engine.name)
  for (let chance = 1; ; chance++) {
    const id = newId()
    const attempt = theatre.log.attempt(id)
    try {
      const facts = await within(60_000, playScene(scene, stage, theatre, id))
      const lines = linesOf(attempt, stage)
      const isComplete = lines.length >= expected.length && Object.values(facts).every(Boolean)
      if ((isComplete && !isOdd({ attempt, facts }, expected, stage)) || chance === 3) return { attempt, facts }
      t.comment(`again: ${lines.join(', ')}`)
    } catch (error) {
      if (chance === 3) throw error
      t.comment(`again: ${(error as Error).message}`)
    }
    // Where a handler ran that should not have, once is enough, whatever the browser did then.
    if (attempt.ran && !mayRun(scene, expected)) return { attempt, facts: {} }
    await theatre.engine.close()
    theatre.engine = await launchEngine(theatre.engine.name)
    await signIn(theatre.engine, stage, act)
  }
}

/** Once in a while a busy browser does not ask the service worker. Where a handler ran that should not have, once is enough. */
function isOdd ({ attempt }: Outcome, expected: readonly string[], stage: Stage): boolean {
  const lines = linesOf(attempt, stage)
  return !attempt.ran && (lines.length !== expected.length || lines.some((line, i) => line !== expected[i]))
}

async function playScene ({ route = 'transfer', play }: Scene, stage: Stage, { engine, log }: Theatre, id: number): Promise<Facts> {
  const attempt = log.attempt(id)
  const facts = await play({
    ...stage,
    engine,
    attempt,
    target: `${stage.bank.origin}/${route}/${id}`,
    async arrivals (count = 1) { await log.until(() => attempt.requests.filter(({ status }) => status !== undefined).length >= count, patience) },
    watched: (place, content) => watchPage(place, content, log),
    shows: text => untilShown(engine, text)
  })
  return facts ?? {}
}

async function untilShown (engine: Engine, text: string): Promise<boolean> {
  const isShown = `document.readyState === 'complete' && document.documentElement.innerText.includes(${JSON.stringify(text)})`
  const deadline = Date.now() + patience
  while (Date.now() < deadline) {
    if (await engine.evaluate<boolean>(isShown).catch(() => false)) return true
    await sleep(50)
  }
  return false
}

function watchPage (place: Place, content: Content, log: Log): WatchedPage {
  let visits = 0
  const url = place.page((request, reply) => {
    visits++
    log.notify()
    return typeof content === 'string' ? content : content(request, reply)
  })
  return { url, async visited (times = 1) { await log.until(() => visits >= times, patience) } }
}

function assertScene (t: Test, scene: Scene, stage: Stage, name: EngineName, attempt: Attempt): void {
  const expected = expectationOf(scene, stage, name)
  t.same(linesOf(attempt, stage), expected)
  t.equal(attempt.ran, mayRun(scene, expected), 'whether the handler ran', { requests: attempt.requests })
  const cookies = stage.ground === 'HTTPS' ? scene.cookies?.[name] : undefined
  if (cookies !== undefined) t.equal(attempt.requests.at(-1)?.headers.cookie?.replaceAll(/=1;?/g, '').split(' ').sort().join(' '), cookies, 'cookies')
}

/** By GET, what is there for forms changes nothing. */
function mayRun ({ route }: Scene, expected: readonly string[]): boolean {
  const changesByGet = route === 'check' || route === 'isolate'
  return expected.some(line => line.endsWith(' 200') && (changesByGet || !line.startsWith('GET')))
}

function expectationOf ({ requests }: Scene, { ground }: Stage, name: EngineName): readonly string[] {
  const lines = Array.isArray(requests) ? requests as readonly string[] : (requests as Record<EngineName, readonly string[]>)[name]
  return ground === 'plain HTTP' ? lines.map(line => line.replace(/ \S+/, ' -')) : lines
}

function linesOf ({ requests }: Attempt, stage: Stage): string[] {
  return requests.filter(({ method }) => method !== 'OPTIONS').map(({ method, headers, status }) => (
    `${method} ${headers['sec-fetch-site'] ?? '-'} ${nameOfOrigin(headers.origin, stage)} ${status}`
  ))
}

function nameOfOrigin (origin: string | undefined, { bank, sameSite, crossSite }: Stage): string {
  if (origin === undefined) return '-'
  return { [bank.origin]: 'own', [sameSite.origin]: 'same-site', [crossSite.origin]: 'other' }[origin] ?? origin
}

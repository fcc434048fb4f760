// What crossOriginIsolation's headers do in three engines: isolated memory, embedding, popups.
import { setTimeout as sleep } from 'node:timers/promises'
import type { AddressInfo } from 'node:net'
import Fastify, { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { crossOriginIsolation, type CrossOriginIsolationOptions } from '../../src/index.ts'
import { engineNames, launchEngine, type Engine, type EngineName } from './engines.ts'

const pixel = '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>'

const page = `<!doctype html><title>page</title><button id="go">Go</button><script>
  addEventListener('message', ({ data }) => { window.greeting = data })
  document.querySelector('#go').onclick = () => { window.popup = open(window.target) }
  window.loads = url => new Promise(resolve => {
    const image = new Image()
    image.onload = () => resolve(true)
    image.onerror = () => resolve(false)
    image.src = url
  })
</script>`

const popup = '<!doctype html><title>popup</title><script>if (opener) opener.postMessage("hello", "*")</script>'

/** An application under each set of options, and a site without any whose resources it embeds. */
async function openSites (t: Test) {
  const cookies = new Map<string, string | undefined>()
  const app = Fastify({ forceCloseConnections: true })
  const scopes: Record<string, CrossOriginIsolationOptions | undefined> = {
    none: undefined,
    default: {},
    credentialless: { embedderPolicy: 'credentialless' },
    popups: { openerPolicy: 'same-origin-allow-popups' },
    document: { openerPolicy: null, embedderPolicy: null, documentIsolationPolicy: 'isolate-and-require-corp' }
  }
  for (const [name, options] of Object.entries(scopes)) {
    app.register(async scope => {
      if (options) scope.register(crossOriginIsolation, options)
      addPages(scope, cookies)
    }, { prefix: `/${name}` })
  }
  const other = Fastify({ forceCloseConnections: true })
  addPages(other, cookies)
  for (const server of [app, other]) {
    await server.listen({ host: 'localhost', port: 0 })
    t.teardown(() => server.close())
  }
  const port = ({ server }: FastifyInstance) => (server.address() as AddressInfo).port
  return {
    app: `http://localhost:${port(app)}`,
    appOfOtherSite: `http://127.0.0.1:${port(app)}`,
    plainApp: `http://app.test:${port(app)}`,
    sameSite: `http://localhost:${port(other)}`,
    crossSite: `http://127.0.0.1:${port(other)}`,
    cookies
  }
}

function addPages (fastify: FastifyInstance, cookies: Map<string, string | undefined>): void {
  fastify.get('/page', async (_request, reply) => reply.type('text/html').header('set-cookie', 'session=1; Path=/').send(page))
  fastify.get('/popup', async (_request, reply) => reply.type('text/html').send(popup))
  fastify.get<{ Params: { name: string } }>('/pixel/:name', async (request, reply) => {
    cookies.set(request.params.name, request.headers.cookie)
    return reply.type('image/svg+xml').send(pixel)
  })
}

// WebKitGTK isolates pages, but shows SharedArrayBuffer to none unless its JSC_useSharedArrayBuffer is set.
const hasSharedMemory = (name: EngineName) => name !== 'webkit'

// WebKit has no credentialless: it ignores the header, and so the page is not isolated.
const hasCredentialless = (name: EngineName) => name !== 'webkit'

t.jobs = engineNames.length
for (const name of engineNames) {
  t.test(name, { buffered: true }, async t => {
    const sites = await openSites(t)
    const engine = await launchEngine(name)
    t.teardown(() => engine.close())
    t.comment(engine.version)

    await t.test('memory is isolated with the plugin, and not without', async t => {
      t.same(await isolationOf(engine, `${sites.app}/none/page`), { isolated: false, shares: false }, 'without')
      t.same(await isolationOf(engine, `${sites.app}/default/page`), { isolated: true, shares: hasSharedMemory(name) }, 'with')
    })

    await t.test('documentIsolationPolicy isolates in Chromium only', async t => {
      const supported = name === 'chromium'
      t.same(await isolationOf(engine, `${sites.app}/document/page`), { isolated: supported, shares: supported })
    })

    await t.test('over plain HTTP beyond loopback nothing is isolated, and Chromium prints an error', async t => {
      for (const scope of ['default', 'document']) {
        t.same(await isolationOf(engine, `${sites.plainApp}/${scope}/page`), { isolated: false, shares: false }, scope)
      }
      if (engine.messages) {
        t.match(await eventually(async () => engine.messages!().find(message => /Cross-Origin-Opener-Policy/.test(message)) ?? null), /has been ignored.*untrustworthy/)
      } else {
        t.comment('no error is looked for: neither puppeteer nor WebDriver shows what this engine prints of headers')
      }
    })

    await t.test('require-corp embeds what says that it may be embedded', async t => {
      await engine.open(`${sites.app}/default/page`)
      t.equal(await loads(engine, `${sites.sameSite}/pixel/a`), false, 'nothing said, same site')
      t.equal(await loads(engine, `${sites.crossSite}/pixel/a`), false, 'nothing said, other site')
      t.equal(await loads(engine, `${sites.app}/default/pixel/a`), true, 'its own')
      t.equal(await loads(engine, `${sites.app}/none/pixel/a`), true, 'its own, nothing said')
    })

    await t.test('credentialless embeds the rest without cookies', async t => {
      const supported = hasCredentialless(name)
      t.same(await isolationOf(engine, `${sites.app}/credentialless/page`), { isolated: supported, shares: supported }, 'isolates')
      t.equal(await loads(engine, `${sites.sameSite}/pixel/${name}-credentialless`), true)
      t.equal(await loads(engine, `${sites.app}/none/pixel/${name}-own`), true)
      await engine.open(`${sites.app}/none/page`)
      t.equal(await loads(engine, `${sites.sameSite}/pixel/${name}-none`), true)

      t.match(sites.cookies.get(`${name}-none`), /session=1/, 'without the plugin, cookies are sent')
      t.match(sites.cookies.get(`${name}-own`), /session=1/, 'and to the own origin')
      if (supported) t.equal(sites.cookies.get(`${name}-credentialless`), undefined, 'but not to another')
      else t.match(sites.cookies.get(`${name}-credentialless`), /session=1/, 'the engine does not know the policy')
    })

    await t.test('the resource policy keeps other sites from embedding', async t => {
      await engine.open(`${sites.crossSite}/page`)
      t.equal(await loads(engine, `${sites.app}/default/pixel/a`), false, 'other site')
      t.equal(await loads(engine, `${sites.app}/none/pixel/a`), true, 'other site, without the plugin')
      await engine.open(`${sites.sameSite}/page`)
      t.equal(await loads(engine, `${sites.app}/default/pixel/a`), true, 'same site')
    })

    await t.test('a popup of another origin', async t => {
      const severed = { greeting: null, closed: true }
      const kept = { greeting: 'hello', closed: false }
      t.same(await opensPopup(engine, `${sites.app}/none/page`, `${sites.crossSite}/popup`), kept, 'keeps its opener without the plugin')
      t.same(await opensPopup(engine, `${sites.app}/default/page`, `${sites.crossSite}/popup`), severed, 'loses it by default')
      t.same(await opensPopup(engine, `${sites.app}/popups/page`, `${sites.crossSite}/popup`), kept, 'keeps it by same-origin-allow-popups')
      t.same(await opensPopup(engine, `${sites.crossSite}/page`, `${sites.app}/default/popup`), severed, 'a page that is opened by another site')
    })
  })
}

async function isolationOf (engine: Engine, url: string): Promise<{ isolated: boolean, shares: boolean }> {
  await engine.open(url)
  return engine.evaluate('({ isolated: window.crossOriginIsolated, shares: typeof SharedArrayBuffer === "function" })')
}

async function loads (engine: Engine, url: string): Promise<boolean> {
  await engine.evaluate(`window.outcome = undefined, window.loads(${JSON.stringify(url)}).then(outcome => { window.outcome = outcome }), true`)
  const outcome = await eventually(async () => await engine.evaluate<boolean | null>('window.outcome ?? null'))
  if (outcome === null) throw new Error(`${url} neither loaded nor failed`)
  return outcome
}

/** Opens a window as a user does, by a click, and looks at what the opener may still do with it. */
async function opensPopup (engine: Engine, url: string, target: string) {
  await engine.open(url)
  await engine.evaluate(`window.greeting = undefined, window.target = ${JSON.stringify(target)}, true`)
  await engine.click('#go')
  await eventually(async () => await engine.evaluate<boolean>('window.greeting !== undefined || Boolean(window.popup && window.popup.closed)') || null)
  const outcome = await engine.evaluate('({ greeting: window.greeting ?? null, closed: window.popup.closed })')
  await engine.closePopups()
  return outcome
}

/** What is first not null, or null after five seconds. */
async function eventually<Value> (ask: () => Promise<Value | null>): Promise<Value | null> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const value = await ask()
    if (value !== null) return value
    await sleep(50)
  }
  return null
}

// `same-origin` that a service worker of the bank's own made of another site's request. What a header shows is refused;
// what none shows runs, and is here as what the documentation warns of: workers have to leave navigations that change
// state to the browser.
import { createRequire } from 'node:module'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import { addScript } from '../lab.ts'
import { form, html, withPolicy, type Act, type Player, type Scene } from '../stage.ts'

const worker = (name: string) => new URL(`../workers/${name}.js`, import.meta.url)

const link = (url: string) => html(`<a href="${url}">link</a><script>onload = () => { setTimeout(() => { document.querySelector('a').click() }, 50) }</script>`)

const sends = (place: 'bank' | 'sameSite' | 'crossSite', page: (target: string) => string, policy?: string) =>
  async ({ [place]: { page: put }, engine, target, arrivals }: Player) => {
    await engine.visit(put(withPolicy(policy, page(target))))
    await arrivals()
  }

/** Other sites' requests that the worker re-sends. Chromium's keep their labels. */
const attacks: Scene[] = [
  {
    name: 'other site\'s form',
    play: sends('crossSite', form),
    requests: { chromium: ['POST cross-site other 403'], firefox: ['POST same-origin own 403'], webkit: ['POST same-origin other 403'] }
  },
  {
    name: 'other site\'s form, no-referrer',
    play: sends('crossSite', form, 'no-referrer'),
    requests: { chromium: ['POST cross-site null 403'], firefox: ['POST same-origin null 403'], webkit: ['POST same-origin own 403'] },
    cookies: { firefox: 'bare none', webkit: 'bare none' }
  },
  {
    name: 'same site\'s form, no-referrer',
    play: sends('sameSite', form, 'no-referrer'),
    requests: { chromium: ['POST same-site null 403'], firefox: ['POST same-origin null 403'], webkit: ['POST same-origin own 403'] }
  }
]

const links: Scene[] = ([
  { name: 'other site\'s link under check', play: sends('crossSite', link), requests: readsOf('cross-site', 403) },
  { name: 'other site\'s link under check, no-referrer', play: sends('crossSite', link, 'no-referrer'), requests: readsOf('cross-site', 403) },
  {
    name: 'an address of the attacker\'s that redirects to check, opened by another program',
    async play ({ crossSite, engine, target, arrivals }) {
      await engine.open(crossSite.page(html('elsewhere')))
      await engine.visit(crossSite.page((_request, reply) => reply.redirect(target, 302)))
      await arrivals()
    },
    requests: readsOf('cross-site', 403)
  },
  { name: 'own link under check', play: sends('bank', link), requests: readsOf('same-origin', 200) },
  // Nothing tells it from the attack.
  { name: 'own link under check, no-referrer', play: sends('bank', link, 'no-referrer'), requests: readsOf('same-origin', 403) }
] satisfies Scene[]).map(scene => ({ route: 'check', ...scene }))

/** Chromium's label, which the others make same-origin. */
function readsOf (site: string, status: number) {
  return { chromium: [`GET ${site} - ${status}`], firefox: [`GET same-origin - ${status}`], webkit: [`GET same-origin - ${status}`] }
}

/** By navigation preload, only Firefox makes them same-origin. */
const preloads: Scene[] = links.map(({ requests, name, ...scene }) => {
  const { chromium, firefox } = requests as ReturnType<typeof readsOf>
  const kept = name.startsWith('an address') ? ['GET none - 403'] : chromium
  return { ...scene, name, requests: { chromium: kept, firefox, webkit: kept } }
})

const ownForms: Scene[] = [
  { name: 'own form', play: sends('bank', form), requests: ['POST same-origin own 200'] },
  { name: 'own form, Referrer-Policy: origin', play: sends('bank', form, 'origin'), requests: ['POST same-origin own 200'] },
  {
    name: 'own form, reloaded by the user',
    async play (player) {
      await sends('bank', form)(player)
      await player.shows('transferred')
      await player.engine.reload()
      await player.arrivals(2)
    },
    requests: ['POST same-origin own 200', 'POST same-origin own 200']
  },
  {
    // Nothing tells it from the attack.
    name: 'own form, no-referrer',
    play: sends('bank', form, 'no-referrer'),
    requests: { chromium: ['POST same-origin null 403'], firefox: ['POST same-origin null 403'], webkit: ['POST same-origin own 403'] }
  }
]

// --- What the bank's own scripts send, which no worker has to re-send ------------------------

/** What a script fetches. */
const fetches = (options: string) => (target: string) => html(`<script>
  onload = () => { setTimeout(() => { fetch('${target}', { method: 'POST', body: 'x', ${options} }) }, 50) }
</script>`)

const htmx = (target: string) => html(`<script src="/htmx.js"></script><button hx-post="${target}">Send</button>
  <script>onload = () => { setTimeout(() => { document.querySelector('button').click() }, 50) }</script>`)

const turbo = (target: string) => html(`<script src="/turbo.js"></script><form method="post" action="${target}"><button>Send</button></form>
  <script>onload = () => { setTimeout(() => { document.querySelector('button').click() }, 50) }</script>`)

const ownScripts: Scene[] = ([
  ['fetch', fetches('')],
  ['fetch in mode same-origin', fetches('mode: "same-origin"')],
  ['fetch in mode no-cors', fetches('mode: "no-cors"')],
  ['htmx', htmx],
  ['Turbo', turbo]
] as const).flatMap(([name, page]) => [undefined, 'no-referrer'].map(policy => ({
  name: `own script: ${name}${policy ? `, ${policy}` : ''}`,
  async play (player: Player) {
    await sends('bank', page, policy)(player)
    return { 'a script sent it': player.attempt.requests.at(-1)?.headers['sec-fetch-mode'] !== 'navigate' }
  },
  requests: policy === undefined || /^(?:fetch|htmx|Turbo)$/.test(name)
    ? ['POST same-origin own 200']
    : { chromium: ['POST same-origin own 200'], firefox: ['POST same-origin null 200'], webkit: ['POST same-origin null 200'] }
} satisfies Scene)))

const ownScriptsForHtml: Scene[] = [
  {
    name: 'own script: fetch of HTML in mode same-origin',
    play: sends('bank', fetches('mode: "same-origin", headers: { accept: "text/html" }')),
    requests: ['POST same-origin own 200']
  }
]

const { resolve } = createRequire(import.meta.url)

function addLibraries (bank: FastifyInstance): void {
  const library = (path: string, file: string) => addScript(bank, path, new URL(`file://${resolve(file)}`))
  library('/htmx.js', 'htmx.org/dist/htmx.min.js')
  library('/turbo.js', '@hotwired/turbo/dist/turbo.es2017-umd.js')
  for (const name of ['core', 'routing', 'strategies', 'background-sync']) library(`/workbox-${name}.js`, `workbox-${name}/build/workbox-${name}.prod.js`)
}

// --- Workers that make every request the application's own -----------------------------------

/** The application's own to every engine, with its cookies. The Accept of a document shows it, with the worker's script as Referer. */
const madeOwn = (status: 200 | 403): Scene[] => [
  { name: 'other site\'s form', play: sends('crossSite', form), requests: [`POST same-origin own ${status}`] },
  { name: 'other site\'s form, no-referrer', play: sends('crossSite', form, 'no-referrer'), requests: [`POST same-origin own ${status}`] },
  { name: 'other site\'s link under check', route: 'check', play: sends('crossSite', link), requests: [`GET same-origin - ${status}`] }
]

/** WebKit does not wait for the worker, but requests the page itself as well, and then shows the worker's answer. */
const notActiveYet: Scene = {
  name: 'other site\'s link under check, before the worker is active',
  route: 'check',
  async play ({ bank, crossSite, engine, target, shows, arrivals }) {
    await engine.visit(`${bank.origin}/sign-in?slow`)
    await shows('controlled')
    await engine.visit(crossSite.page(link(target)))
    await arrivals(engine.name === 'webkit' ? 2 : 1)
  },
  requests: { ...everywhere('GET same-origin - 200'), webkit: ['GET cross-site - 403', 'GET same-origin - 200'] }
}

/**
 * An own page leads to another site, by a form for a partner or by a link that some user wrote, and that site redirects
 * back. All that is left of it is the Referer, which is the own origin.
 */
const thereAndBack = (kind: string): Scene[] => ([['form', form, 307], ['link', link, 302]] as const).map(([name, page, status]) => ({
  name: `own ${name} to another site, which redirects it here`,
  route: name === 'link' ? 'check' : 'transfer',
  async play ({ bank, crossSite, engine, target, arrivals }) {
    await engine.visit(bank.page(page(crossSite.page((_request, reply) => reply.redirect(target, status)))))
    await arrivals()
  },
  requests: name === 'form'
    ? { ...everywhere('POST cross-site null 403'), ...(kind !== 'careful' && { firefox: ['POST same-origin own 200'], webkit: ['POST same-origin own 200'] }) }
    : {
        ...everywhere('GET cross-site - 403'),
        ...(kind !== 'careful' && { firefox: ['GET same-origin - 200'] }),
        ...(kind === 'naive' && { webkit: ['GET same-origin - 200'] })
      }
} satisfies Scene))

function everywhere (line: string) {
  return { chromium: [line], firefox: [line], webkit: [line] }
}

const unreachable = new Set<string>()

/** Sends a form while the network is down, and returns once the worker has seen that. */
async function sendIntoVoid ({ engine, crossSite, target }: Player): Promise<() => void> {
  const { pathname } = new URL(target)
  unreachable.add(pathname)
  await engine.visit(crossSite.page(form(target)))
  await sleep(1500)
  return () => { unreachable.delete(pathname) }
}

const queued: Scene[] = [
  {
    name: 'a form that the network has not taken is sent by the worker, and refused',
    async play (player) {
      const repair = await sendIntoVoid(player)
      repair()
      // Another script is another worker, which starts at once.
      await player.engine.visit(`${player.bank.origin}/sign-in?${player.target}`)
      await player.arrivals()
    },
    requests: ['POST same-origin own 403']
  },
  {
    name: 'a form that is refused is not',
    async play (player) {
      await sends('crossSite', form)(player)
      await player.engine.visit(`${player.bank.origin}/sign-in?${player.target}`)
      await player.shows('signed in')
    },
    requests: attacks[0]!.requests
  }
]

// The page that the worker shows looks whether the network is back, and reloads. It is of the application's origin, at the
// address of the form: Chromium sends that again as the application's own. Firefox remembers who sent it, WebKit asks by GET.
const offlinePage = html(`offline<script>
  async function check () {
    const isBack = await fetch('/up').then(({ ok }) => ok, () => false)
    if (!isBack) setTimeout(check, 100)
    else if (performance.getEntriesByType('navigation')[0].type !== 'reload') location.reload()
  }
  check()
</script>`)

function addOfflinePage (bank: FastifyInstance): void {
  bank.get('/offline.html', async (_request, reply) => reply.type('text/html').send(offlinePage))
  bank.get('/up', async (_request, reply) => unreachable.size > 0 ? reply.code(503).send() : 'up')
}

export const acts: readonly Act[] = [
  { name: 'a worker that re-sends navigations', worker: worker('naive'), grounds: ['HTTPS'], addRoutes: addLibraries, scenes: [...attacks, ...links, ...ownForms, ...ownScripts, ...ownScriptsForHtml, ...thereAndBack('naive')] },
  { name: 'a worker that re-sends navigations, behind a proxy that rewrites Host', worker: worker('naive'), hasProxy: true, grounds: ['HTTPS'], addRoutes: addLibraries, scenes: [...attacks, ...ownScripts] },
  { name: 'a route of Workbox', worker: worker('workbox'), grounds: ['HTTPS'], addRoutes: addLibraries, scenes: [...attacks, ...links, ...ownForms] },
  { name: 'navigation preload', worker: worker('preload'), grounds: ['HTTPS'], scenes: [...preloads, ...thereAndBack('preload')] },
  { name: 'a worker that leaves navigations to the browser', worker: worker('careful'), grounds: ['HTTPS'], scenes: [...ownForms.slice(0, 3), ...thereAndBack('careful')] },
  { name: 'a worker that builds a request of a navigation', worker: worker('rebuild'), grounds: ['HTTPS'], scenes: madeOwn(403) },
  { name: 'a worker that copies a navigation', worker: worker('copy'), grounds: ['HTTPS'], scenes: madeOwn(403) },
  // What no header shows.
  { name: 'a worker that copies a navigation, whose script has no name like one', worker: worker('copy'), workerPath: '/worker', grounds: ['HTTPS'], scenes: [...madeOwn(200), notActiveYet] },
  { name: 'a worker that sends no more than the body of a navigation', worker: worker('forward'), grounds: ['HTTPS'], scenes: madeOwn(200) },
  { name: 'background sync of Workbox', worker: worker('background-sync'), grounds: ['HTTPS'], addRoutes: addLibraries, unreachable, scenes: queued },
  {
    name: 'a worker that shows its own page when offline',
    worker: worker('offline'),
    grounds: ['HTTPS'],
    unreachable,
    addRoutes: addOfflinePage,
    scenes: [{
      name: 'other site\'s form, once the network is back',
      async play (player) {
        const repair = await sendIntoVoid(player)
        repair()
        await player.arrivals()
      },
      requests: { chromium: ['POST same-origin own 200'], firefox: ['POST same-origin own 403'], webkit: ['GET same-origin - 200'] }
    }]
  },
  {
    name: 'a worker that shows its own page in place of errors',
    worker: worker('replace'),
    grounds: ['HTTPS'],
    addRoutes: addOfflinePage,
    scenes: [{
      name: 'other site\'s form',
      async play (player) {
        await sends('crossSite', form)(player)
        await player.arrivals(2)
      },
      requests: {
        chromium: ['POST cross-site other 403', 'POST same-origin own 200'],
        firefox: ['POST same-origin own 403', 'POST same-origin own 403'],
        webkit: ['POST same-origin other 403', 'GET same-origin - 200']
      }
    }]
  }
]

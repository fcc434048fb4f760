// What a request can be made into that no page seems to have begun: by a reload, by "View Page Source", by an
// address that redirects, by speculation rules. `Sec-Fetch-Site: none` says only that the browser knows no page.
import { button, form, html, withPolicy, type Act, type Content, type Place, type Player, type Scene } from '../stage.ts'

const withMetadata = ['HTTPS', 'loopback'] as const

/** What is a page the first time, and redirects to the bank from then on. */
function thenRedirects (target: string, status: 302 | 307, first: string): Content {
  let visits = 0
  return (_request, reply) => visits++ === 0 ? first : reply.redirect(target, status)
}

/** Opens a page whose form leads to another page of its site: that one redirects the form here when it is sent again. */
async function openRedirectingForm ({ crossSite, engine, target, watched, shows }: Player, policy?: string): Promise<void> {
  const answer = watched(crossSite, thenRedirects(target, 307, html('please reload')))
  await engine.open(crossSite.page(withPolicy(policy, form(answer.url))))
  await answer.visited()
  await shows('please reload')
}

/** Opens a page that posts to the bank. */
async function openForm ({ engine, target, arrivals }: Player, place: Place, policy?: string): Promise<void> {
  await engine.open(place.page(withPolicy(policy, form(target))))
  await arrivals()
}

/** A page that follows a link by itself. */
const link = (url: string, attributes = '') => html(`<a href="${url}" ${attributes}>link</a>
  <script>onload = () => { setTimeout(() => { document.querySelector('a').click() }, 50) }</script>`)

const under = (policy: string | undefined) => policy === undefined ? '' : `, ${policy}`

const reloads: Scene[] = [undefined, 'no-referrer'].flatMap(policy => [
  {
    name: `own form, reloaded by the user${under(policy)}`,
    grounds: policy ? withMetadata : undefined,
    async play (player) {
      await openForm(player, player.bank, policy)
      await player.shows('transferred')
      await player.engine.reload()
      await player.arrivals(2)
    },
    requests: policy ? ['POST same-origin null 200', 'POST same-origin null 200'] : ['POST same-origin own 200', 'POST same-origin own 200']
  },
  {
    name: `refused form, reloaded by the user${under(policy)}`,
    async play (player) {
      await openForm(player, player.crossSite, policy)
      await player.shows('FST_CROSS_ORIGIN_DENIED')
      await player.engine.reload()
      await player.arrivals(2)
    },
    requests: policy ? ['POST cross-site null 403', 'POST cross-site null 403'] : ['POST cross-site other 403', 'POST cross-site other 403']
  },
  {
    name: `a form of the attacker's, reloaded by the user and then redirected here${under(policy)}`,
    async play (player) {
      await openRedirectingForm(player, policy)
      await player.engine.reload()
      await player.arrivals()
    },
    requests: {
      chromium: ['POST cross-site null 403'],
      firefox: [`POST cross-site ${policy ? 'null' : 'other'} 403`],
      webkit: ['POST none null 403']
    },
    cookies: { webkit: 'bare none' }
  }
] satisfies Scene[])

// WebKit sends a form again when its answer, which is not to be stored, is gone back to. The others show an error.
const back: Scene = {
  name: 'a form of the attacker\'s, gone back to by a script and then redirected here',
  grounds: ['HTTPS'],
  engines: ['webkit'],
  async play ({ crossSite, engine, target, arrivals }) {
    const goesBack = crossSite.page(html('<script>onload = () => { setTimeout(() => { history.back() }, 50) }</script>'))
    const answer = crossSite.page(thenRedirects(target, 307, html(`<script>onload = () => { setTimeout(() => { location = '${goesBack}' }, 50) }</script>`)))
    await engine.open(crossSite.page(form(answer)))
    await arrivals()
  },
  requests: ['POST cross-site null 403']
}

/** Runs one script when the page is first shown, and another one when somebody goes back to it. */
const atFirst = (first: string, again = '') => `<script>
  onpageshow = ({ persisted }) => { setTimeout(() => {
    if (persisted || performance.getEntriesByType('navigation')[0].type === 'back_forward') { ${again} } else { ${first} }
  }, 50) }
</script>`

const onceMore = (line: string) => ({ chromium: [line], firefox: [line], webkit: [line, line] })

// WebKit sends a form again if its answer must not be stored. The others show what they have kept, or an error.
const history: Scene[] = ([
  {
    name: 'own form, gone back to by a script',
    route: 'leaving',
    async play ({ bank, engine, target, watched, arrivals }) {
      const goesBack = watched(bank, html('<script>onload = () => { setTimeout(() => { history.back() }, 50) }</script>'))
      await engine.visit(bank.page(form(`${target}?${new URLSearchParams({ then: `location = '${goesBack.url}'` })}`)))
      await goesBack.visited()
      if (engine.name === 'webkit') await arrivals(2)
    },
    requests: onceMore('POST same-origin own 200')
  },
  {
    name: 'own form, gone back from and forward to by scripts',
    route: 'leaving',
    async play ({ bank, engine, target, watched, arrivals }) {
      const isBack = watched(bank, 'back')
      const page = html(`<form method="post" action="${target}?then=history.back()"></form>${atFirst('document.forms[0].submit()', `fetch('${isBack.url}').then(() => history.forward())`)}`)
      await engine.visit(bank.page(page))
      await isBack.visited()
      if (engine.name === 'webkit') await arrivals(2)
    },
    requests: onceMore('POST same-origin own 200')
  },
  {
    name: 'refused form, gone back to by the user',
    async play (player) {
      const { bank, crossSite, engine, shows } = player
      await openForm(player, crossSite)
      await shows('FST_CROSS_ORIGIN_DENIED')
      await engine.open(bank.page(html('elsewhere')))
      await engine.evaluate('history.back(), 1')
    },
    requests: ['POST cross-site other 403']
  }
] satisfies Scene[]).map((scene: Scene): Scene => ({ grounds: ['HTTPS'], ...scene }))

// Chromium asks the user before it sends a form again, and Firefox sends a GET in its place.
const restored: Scene[] = ([
  restoredForm('refused form', 'crossSite', 'FST_CROSS_ORIGIN_DENIED', 'POST cross-site other 403', 'GET cross-site - 200'),
  {
    name: 'a form of the attacker\'s, its tab closed and restored by the user, who then reloads it in Chromium, and then redirected here',
    async play (player) {
      const { crossSite, engine, target, watched } = player
      const answer = watched(crossSite, thenRedirects(target, 307, html('please close')))
      await engine.open(crossSite.page(form(answer.url)))
      await answer.visited()
      await restore(player, 'please close', 1)
    },
    requests: { chromium: ['POST cross-site null 403'], firefox: ['GET cross-site - 200'], webkit: [] }
  },
  restoredForm('own form', 'bank', 'transferred', 'POST same-origin own 200', 'GET same-origin - 200'),
  {
    name: 'a link of another site to a checked route, its tab closed and restored by the user',
    route: 'check',
    async play (player) {
      await player.engine.open(player.crossSite.page(link(player.target)))
      await player.arrivals()
      await player.shows('FST_CROSS_ORIGIN_DENIED')
      await player.engine.restoreTab!()
      if (player.engine.name === 'chromium') await player.arrivals(2)
    },
    // Firefox shows what it has kept.
    requests: { chromium: ['GET cross-site - 403', 'GET cross-site - 403'], firefox: ['GET cross-site - 403'], webkit: [] }
  }
] satisfies Scene[]).map((scene: Scene): Scene => ({ grounds: ['HTTPS'], engines: ['chromium', 'firefox'], ...scene }))

async function restore ({ engine, shows, arrivals }: Player, text: string, count = 2): Promise<void> {
  await shows(text)
  await engine.restoreTab!()
  if (engine.name === 'chromium') {
    await shows('ERR_CACHE_MISS')
    await engine.reload()
  }
  await arrivals(count)
}

function restoredForm (name: string, place: 'bank' | 'crossSite', answer: string, posted: string, got: string): Scene {
  return {
    name: `${name}, its tab closed and restored by the user, who then reloads it in Chromium`,
    async play (player) {
      await openForm(player, player[place])
      await restore(player, answer)
    },
    requests: { chromium: [posted, posted], firefox: [posted, got], webkit: [] }
  }
}

const throughSubdomain: Scene = {
  name: 'own form that an own subdomain redirects back',
  // On loopback that is another port, which Firefox calls cross-site then.
  grounds: ['HTTPS', 'plain HTTP'],
  play: player => openForm({ ...player, target: player.sameSite.page((_request, reply) => reply.redirect(player.target, 307)) }, player.bank),
  requests: ['POST same-site null 403']
}

// Firefox fetches the page again for its source, as the same method with the same body, and knows no page that began it.
const sources: Scene[] = ([['transfer', 200], ['strict', 403]] as const).flatMap(([route, status]) => [
  {
    name: `"View Page Source" on a refused form, ${route}`,
    route,
    engines: ['firefox'],
    async play (player) {
      await openForm(player, player.crossSite)
      await player.shows('FST_CROSS_ORIGIN_DENIED')
      await player.engine.viewSource!()
      await player.arrivals(2)
    },
    requests: ['POST cross-site other 403', `POST none - ${status}`],
    cookies: { firefox: 'bare lax none strict' }
  },
  {
    name: `"View Page Source" on a form of the attacker's, then redirected here, ${route}`,
    route,
    engines: ['firefox'],
    async play (player) {
      await openRedirectingForm(player)
      await player.engine.viewSource!()
      await player.arrivals()
    },
    requests: [`POST none - ${status}`],
    cookies: { firefox: 'bare none' }
  }
] satisfies Scene[])

// --- GET under safeMethods: 'check' ----------------------------------------------------------

const speculate = (kind: 'prefetch' | 'prerender', url: string) => html(`<script type="speculationrules">
  { "${kind}": [{ "source": "list", "urls": ["${url}"], "eagerness": "immediate" }] }</script>`)

async function open ({ engine, arrivals }: Player, url: string): Promise<void> {
  await engine.visit(url)
  await arrivals()
}

const addresses = ([
  {
    name: 'an address that the user typed, which isolate lets pass',
    route: 'isolate',
    play: player => open(player, player.target),
    requests: ['GET none - 200']
  },
  {
    name: 'an address that the user typed',
    play: player => open(player, player.target),
    requests: ['GET none - 403']
  },
  {
    name: 'an address of the attacker\'s that redirects here, opened by another program',
    play: player => open(player, player.crossSite.page((_request, reply) => reply.redirect(player.target, 302))),
    requests: ['GET none - 403']
  },
  {
    name: 'a page of the attacker\'s, reloaded by the user and then redirected here',
    async play ({ crossSite, engine, target, shows, arrivals }) {
      await engine.open(crossSite.page(thenRedirects(target, 302, html('please reload'))))
      await shows('please reload')
      await engine.reload()
      await arrivals()
    },
    requests: ['GET none - 403']
  },
  {
    // Over HTTP, WebKit keeps the page as it was.
    name: 'a popup of the attacker\'s that goes back and is then redirected here',
    grounds: ['HTTPS'],
    async play ({ crossSite, engine, target, watched, shows, arrivals }) {
      const goesBack = watched(crossSite, html('<script>onload = () => { setTimeout(() => { history.back() }, 50) }</script>'))
      const first = crossSite.page(thenRedirects(target, 302, html(`<script>onload = () => { setTimeout(() => { location = '${goesBack.url}' }, 50) }</script>`)))
      await engine.visit(crossSite.page(button(`window.open('${first}')`, 'opener')))
      await shows('opener')
      await engine.clickMiddle()
      await goesBack.visited()
      await arrivals()
    },
    requests: { chromium: ['GET cross-site - 403'], firefox: ['GET cross-site - 403'], webkit: ['GET none - 403'] }
  },
  ...(['prefetch', 'prerender'] as const).flatMap(kind => [
    {
      name: `speculation rules on a page of the same site: ${kind}`,
      engines: ['chromium'],
      play: player => open(player, player.sameSite.page(speculate(kind, player.target))),
      requests: ['GET none - 403']
    },
    {
      name: `speculation rules on a page of the same site: ${kind} of an address that redirects here`,
      engines: ['chromium'],
      play: ({ sameSite, ...player }) => open({ sameSite, ...player }, sameSite.page(speculate(kind, sameSite.page((_request, reply) => reply.redirect(player.target, 302))))),
      requests: ['GET none - 403']
    },
    {
      name: `speculation rules on the own page: ${kind}`,
      engines: ['chromium'],
      play: player => open(player, player.bank.page(speculate(kind, player.target))),
      requests: ['GET none - 403']
    }
  ] satisfies Scene[]),
  {
    name: 'own link, and a reload of what it led to',
    async play (player) {
      await open(player, player.bank.page(link(player.target)))
      await player.shows('shown')
      await player.engine.reload()
      await player.arrivals(2)
    },
    requests: {
      chromium: ['GET same-origin - 200', 'GET same-origin - 200'],
      firefox: ['GET same-origin - 200', 'GET same-origin - 200'],
      // WebKit forgets who led to a page once the user reloads it.
      webkit: ['GET same-origin - 200', 'GET none - 403']
    }
  },
  {
    name: 'own link into a window, with rel="opener"',
    async play ({ bank, engine, target, shows, arrivals }) {
      await engine.visit(bank.page(button("document.querySelector('a').click()", `<a href="${target}" target="_blank" rel="opener">link</a>own page`)))
      await shows('own page')
      await engine.clickMiddle()
      await arrivals()
    },
    requests: ['GET same-origin - 200']
  },
  {
    name: 'own popup',
    async play ({ bank, engine, target, shows, arrivals }) {
      await engine.visit(bank.page(button(`window.open('${target}')`, 'own page')))
      await shows('own page')
      await engine.clickMiddle()
      await arrivals()
    },
    requests: ['GET same-origin - 200']
  }
] satisfies Scene[]).map((scene: Scene): Scene => ({ route: 'check', grounds: withMetadata, ...scene }))

export const acts: readonly Act[] = [{
  scenes: [...reloads, back, ...history, ...restored, throughSubdomain, ...sources, ...addresses],
  addRoutes (bank, { attempt }) {
    const config = { crossOriginProtection: { allowUnverifiableRequests: false } }
    bank.post<{ Params: { id: string } }>('/strict/:id', { config }, async request => { attempt(Number(request.params.id)).ran = true; return 'transferred' })
    bank.post<{ Params: { id: string }, Querystring: { then: string } }>('/leaving/:id', async (request, reply) => {
      attempt(Number(request.params.id)).ran = true
      return reply.type('text/html').header('cache-control', 'no-store').send(html(atFirst(request.query.then)))
    })
  }
}]

// A refusal that reloads itself. Chromium sends a refused form again as the application's own when a script of the
// application's origin reloads the document of the refusal: one in the refusal itself, or one in a page that the
// attacker leads a popup to. So a refusal's document is not of the application's origin.
import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { crossOriginIsolation, type DenyHandler } from '../../../src/index.ts'
import type { Log } from '../lab.ts'
import { button, form, html, type Act, type Facts, type Ground, type Place, type Player, type Scene } from '../stage.ts'

const reloadOnce = 'if (performance.getEntriesByType("navigation")[0].type !== "reload") location.reload()'

/** What the bank's routes answer with, to those whom they let in and to those whom they refuse. */
const answers = {
  reloading: html(`<script>onload = () => { setTimeout(() => { ${reloadOnce} }, 50) }</script>`),
  button: button(reloadOnce, 'Try again'),
  // A layout with live reload, as in development.
  live: html(`<script>new EventSource('/live').onmessage = () => { ${reloadOnce} }</script>`)
}
type Answer = keyof typeof answers

/** What a refusal's page holds out to its reader; the attempt's number follows. */
const offers = {
  link: (id: string) => html(`refused <a href="/confirm/${id}">link</a>`),
  popup: (id: string) => button(`window.open('/confirm/${id}')`, 'refused'),
  form: (id: string) => html(`refused <form method="post" action="/form/${id}"><input name="amount"></form>`),
  isolated: () => html('refused')
}

function addRoutes (bank: FastifyInstance, { attempt }: Log): void {
  const post = (scope: FastifyInstance, url: string, answer: string, denyHandler?: DenyHandler) => {
    scope.post<{ Params: { id: string } }>(`/${url}/:id`, { config: { crossOriginProtection: { ...(denyHandler && { denyHandler }) } } }, async (request, reply) => {
      attempt(Number(request.params.id)).ran = true
      return reply.type('text/html').send(answer)
    })
    // WebKit reloads what a form led to by GET.
    scope.get(`/${url}/:id`, async () => html('read'))
  }
  bank.get('/live', async (_request, reply) => reply.type('text/event-stream').send('data: changed\n\n'))
  for (const [name, answer] of Object.entries(answers)) {
    bank.register(async scope => {
      // By denyHandler, and by the application's error handler.
      scope.addHook('onSend', async (_request, reply) => { reply.type('text/html') })
      post(scope, name, answer, () => answer)
      scope.setErrorHandler((_error, _request, reply) => reply.type('text/html').send(answer))
      post(scope, `${name}-error`, answer)
    })
  }
  // A page of the application's own, to confirm what was refused.
  bank.get<{ Params: { name: string } }>('/confirm/:name', async (request, reply) => reply.type('text/html').send(form(`/transfer/${request.params.name}`)))
  const idOf = ({ url }: FastifyRequest) => url.split('/').at(-1)!
  post(bank, 'see-other', 'transferred', (request, reply) => { reply.redirect(`/confirm/${idOf(request)}`, 303) })
  for (const [name, offer] of Object.entries(offers)) {
    bank.register(async scope => {
      if (name === 'isolated') scope.register(crossOriginIsolation)
      post(scope, name, 'transferred', (request, reply) => { reply.type('text/html').send(offer(idOf(request))) })
    })
  }
}

const inWindow = (action: string) => form(action)
const inFrame = (action: string) => html(`<iframe name="frame"></iframe><form method="post" action="${action}" target="frame"><input name="amount"></form>
  <script>onload = () => { setTimeout(() => { document.forms[0].submit() }, 50) }</script>`)

const refused = {
  chromium: ['POST cross-site other 403', 'POST cross-site null 403'],
  firefox: ['POST cross-site other 403', 'POST cross-site other 403'],
  webkit: ['POST cross-site other 403', 'GET cross-site - 200']
}

/** What the rest differs in is no matter of the ground. */
const groundsOf = (route: string): readonly Ground[] => route === 'reloading' ? ['HTTPS', 'loopback', 'plain HTTP'] : ['HTTPS']

const refusals: Scene[] = (['reloading', 'live', 'button'] as const satisfies Answer[]).flatMap(answer => ['', '-error'].flatMap(by => [
  {
    name: `a refusal by ${by ? 'setErrorHandler' : 'denyHandler'} that reloads itself: ${answer}`,
    route: answer + by,
    grounds: groundsOf(answer + by),
    play: player => playReload(player, player.crossSite, inWindow, answer),
    requests: refused
  },
  ...answer === 'button'
    ? []
    : [{
        name: `the same in a frame of the attacker's: ${answer}${by}`,
        route: answer + by,
        grounds: groundsOf(answer + by),
        play: (player: Player) => playReload(player, player.crossSite, inFrame, answer),
        requests: refused
      }]
] satisfies Scene[]))

const own: Scene[] = (['reloading', 'live', 'button'] as const).map(answer => ({
  name: `own form, whose answer reloads itself: ${answer}`,
  route: answer,
  grounds: groundsOf(answer),
  play: player => playReload(player, player.bank, inWindow, answer),
  requests: {
    chromium: ['POST same-origin own 200', 'POST same-origin own 200'],
    firefox: ['POST same-origin own 200', 'POST same-origin own 200'],
    webkit: ['POST same-origin own 200', 'GET same-origin - 200']
  }
} satisfies Scene))

async function playReload ({ engine, target, arrivals }: Player, place: Place, page: (action: string) => string, answer: Answer): Promise<void> {
  await engine.visit(place.page(page(target)))
  await arrivals()
  if (answer === 'button') {
    await sleep(300)
    await engine.clickMiddle()
  }
  await arrivals(2)
}

// --- A popup that reloads its opener, as pages that end a sign-in do -------------------------

/** Opens a window, and once the bank has answered its opener leads it to a page of the bank that reloads the opener. */
async function playPopup ({ engine, bank, crossSite, watched, shows, arrivals }: Player, place: Place, opener: string): Promise<void> {
  const told = watched(bank, 'told')
  const signedIn = bank.page(html(`<script>
    try { opener.location.reload() } catch {}
    fetch('${told.url}')
  </script>`))
  const popup = (place === bank ? bank : crossSite).page(async (_request, reply) => {
    await arrivals()
    await sleep(300)
    return reply.redirect(signedIn)
  })
  await engine.visit(place.page(button(`window.open('${popup}'); setTimeout(() => { ${opener} }, 50)`, '<form method="post"></form>opener')))
  await shows('opener')
  await engine.clickMiddle()
  await told.visited()
  await sleep(300)
}

const post = (target: string) => `const [form] = document.forms; form.action = '${target}'; form.submit()`
const go = (target: string) => `location = '${target}'`

const popups: Scene[] = [
  {
    name: 'a popup that ends a sign-in and reloads its opener, which is the default refusal of a form',
    play: player => playPopup(player, player.crossSite, post(player.target)),
    requests: ['POST cross-site other 403']
  },
  {
    name: 'a popup that ends a sign-in and reloads its opener, which is the default refusal of a link under check',
    route: 'check',
    grounds: ['HTTPS', 'loopback'],
    play: player => playPopup(player, player.crossSite, go(player.target)),
    requests: ['GET cross-site - 403']
  },
  {
    name: 'own popup that reloads its opener, which is the answer to an own form',
    play: player => playPopup(player, player.bank, post(player.target)),
    requests: {
      chromium: ['POST same-origin own 200', 'POST same-origin own 200'],
      firefox: ['POST same-origin own 200', 'POST same-origin own 200'],
      webkit: ['POST same-origin own 200', 'GET same-origin - 200']
    }
  }
]

// --- What a refusal's page can still do ------------------------------------------------------

/** Has a form refused, and tells what the window shows then. */
async function playRefused ({ engine, crossSite, target, shows }: Player): Promise<Facts> {
  await engine.visit(crossSite.page(form(target)))
  return {
    'the refusal is shown': await shows('refused'),
    'its document is not of the application\'s origin': await engine.evaluate('self.origin') === 'null'
  }
}

const click = (selector: string) => `document.querySelector('${selector}').click(), 1`

const confirmed = ['POST cross-site other 403', 'POST same-origin own 200']

const readers: Scene[] = ([
  {
    name: 'a link in a refusal leads to a page whose form is the application\'s own',
    route: 'link',
    async play (player) {
      const facts = await playRefused(player)
      await player.engine.evaluate(click('a'))
      await player.arrivals(2)
      return facts
    },
    requests: confirmed
  },
  {
    name: 'a window that a refusal opens is the application\'s own',
    route: 'popup',
    async play (player) {
      const facts = await playRefused(player)
      await player.engine.clickMiddle()
      await player.arrivals(2)
      return facts
    },
    requests: confirmed
  },
  {
    name: 'a form in a refusal is not the application\'s own',
    route: 'form',
    async play (player) {
      const facts = await playRefused(player)
      await player.engine.evaluate('document.forms[0].submit(), 1')
      await player.arrivals(2)
      return facts
    },
    requests: ['POST cross-site other 403', 'POST cross-site null 403']
  },
  {
    name: 'a redirect to a page of the application\'s own, whose form is',
    route: 'see-other',
    async play ({ engine, crossSite, target, arrivals }) {
      await engine.visit(crossSite.page(form(target)))
      await arrivals(2)
    },
    requests: ['POST cross-site other 303', 'POST same-origin own 200']
  },
  {
    name: 'a refusal with COOP and COEP is shown',
    route: 'isolated',
    play: playRefused,
    requests: ['POST cross-site other 403']
  }
] satisfies Scene[]).map((scene: Scene): Scene => ({ grounds: ['HTTPS'], ...scene }))

export const acts: readonly Act[] = [{ scenes: [...refusals, ...own, ...popups, ...readers], addRoutes }]

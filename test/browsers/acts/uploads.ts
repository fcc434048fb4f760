// A refused upload of 60 MB: the page that sends it and the person before it learn that it is refused, and not only that
// the connection was lost.
import type { FastifyInstance } from 'fastify'
import type { Log } from '../lab.ts'
import { html, type Act, type Facts, type Player, type Scene } from '../stage.ts'

const file = 'new File([new Uint8Array(60_000_000)], "film.mp4")'

/** A file is in the form's field as if a user had chosen it. */
const upload = (target: string) => html(`<form method="post" action="${target}" enctype="multipart/form-data"><input type="file" name="film"></form><script>
  onload = () => { setTimeout(() => {
    const chosen = new DataTransfer()
    chosen.items.add(${file})
    document.querySelector('input').files = chosen.files
    document.forms[0].submit()
  }, 50) }
</script>`)

const fetches = (target: string, mode: string) => html(`<script>
  onload = () => { setTimeout(() => {
    fetch('${target}', { method: 'POST', mode: '${mode}', credentials: 'include', body: ${file} })
      .then(async response => \`answered: \${response.type} \${response.status} \${await response.text()}\`, error => \`failed: \${error}\`)
      .then(outcome => document.body.append(outcome))
  }, 50) }
</script>`)

async function send ({ engine, shows, arrivals, ...places }: Player, from: 'bank' | 'crossSite', content: string, seen: string): Promise<Facts> {
  await engine.visit(places[from].page(content))
  await arrivals()
  return { [`the window shows: ${seen}`]: await shows(seen) }
}

const scenes: Scene[] = [
  {
    name: 'own form',
    route: 'upload',
    grounds: ['HTTPS'],
    play: player => send(player, 'bank', upload(player.target), 'stored 60'),
    requests: ['POST same-origin own 200']
  },
  {
    name: 'other site\'s form, whose user sees the refusal',
    route: 'upload',
    play: player => send(player, 'crossSite', upload(player.target), 'FST_CROSS_ORIGIN_DENIED'),
    requests: ['POST cross-site other 403']
  },
  {
    name: 'other site\'s fetch, whose page sees the refusal',
    route: 'upload',
    play: player => send(player, 'crossSite', fetches(player.target, 'cors'), 'answered: cors 403'),
    requests: ['POST cross-site other 403']
  },
  {
    name: 'other site\'s fetch in mode no-cors, whose page sees that there is an answer',
    route: 'upload',
    grounds: ['HTTPS'],
    play: player => send(player, 'crossSite', fetches(player.target, 'no-cors'), 'answered: opaque 0'),
    requests: ['POST cross-site other 403']
  }
]

function addRoutes (bank: FastifyInstance, { attempt }: Log): void {
  bank.post<{ Params: { id: string } }>('/upload/:id', async request => {
    let bytes = 0
    for await (const chunk of request.raw) bytes += (chunk as Buffer).length
    attempt(Number(request.params.id)).ran = true
    return `stored ${bytes}`
  })
}

export const acts: readonly Act[] = [{ scenes, addRoutes }]

// What the engines sent, written down: docs/browsers.md for people, test/browser-requests.json for the unit
// tests, and from that the data of the package's `testing` entry.
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { deviations } from './deviations.ts'
import { engineNames, type EngineName } from './engines.ts'
import type { Attempt, Lab, Origin } from './lab.ts'
import { initiators, naiveInitiators, vehicles, type Initiator, type SafeMethodsRoute } from './matrix.ts'
import { isNaive, isRefetched, lastRequest, type Shot } from './shots.ts'

/** test/browser-requests.json */
export interface Recorded {
  readonly versions: readonly string[]
  /** Each request once; a row refers to it by its index. */
  readonly requests: readonly RecordedRequest[]
  readonly rows: readonly RecordedRow[]
}

export interface RecordedRequest {
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
}

export interface RecordedRow {
  readonly initiator: string
  readonly vehicle: string
  readonly route?: SafeMethodsRoute
  /** Index of the request that each engine sent; null when it sent none. */
  readonly sent: Readonly<Record<EngineName, number | null>>
  /** In which engines a handler ran. */
  readonly ran: readonly EngineName[]
}

/** Writes everything anew. */
export function writeRecords (lab: Lab, versions: string[], shots: readonly Shot[]): void {
  const inOrder = engineNames.flatMap(name => shots.filter(({ engine }) => engine === name))
  writeFileSync(recordUrl, toJson(record(lab, versions, inOrder.filter(isRecorded))))
  writeFileSync(new URL('../../docs/browsers.md', import.meta.url), toMarkdown(versions, inOrder))
  execFileSync(process.execPath, [fileURLToPath(new URL('../../scripts/browser-requests.js', import.meta.url))])
}

/** Every attempt that was not sent as it is on record, or that another thing became of, in words. */
export function differencesFromRecord ({ origins }: Lab, shots: readonly Shot[]): string[] {
  const { requests, rows }: Recorded = JSON.parse(readFileSync(recordUrl, 'utf8'))
  const known = new Map(rows.map(row => [`${row.initiator} ${row.vehicle} ${row.route}`, row]))
  return shots.filter(shot => isRecorded(shot) && !isRefetched(shot)).flatMap(shot => {
    const { engine, vehicle, route, attempt } = shot
    const row = known.get(`${nameOf(shot)} ${vehicle.name} ${route}`)
    const index = row?.sent[engine]
    const recorded = row && describe(index == null ? null : requests[index]!, row.ran.includes(engine))
    const seen = describe(lastingRequest(attempt, origins), attempt.ran)
    return seen === recorded ? [] : [`${engine}, ${nameOf(shot)}: ${vehicle.name} ${route ?? ''}: ${seen}, on record: ${recorded ?? 'nothing'}`]
  })
}

// ---------------------------------------------------------------------------------------------

const recordUrl = new URL('../browser-requests.json', import.meta.url)

/** Without those of the bank that has no plugin. */
const isRecorded = ({ initiator }: Shot) => initiator.target !== 'openBank' && initiator.target !== 'plainOpenBank'

/** In the record, initiators of both lists have names of their own. */
const nameOf = (shot: Shot) => `${isNaive(shot) ? 'naive service worker: ' : ''}${shot.initiator.name}`

// The origins of the laboratory have ports of the day; these stand for them.
const lasting: Record<Origin, string> = {
  bank: 'http://localhost:3000',
  naiveBank: 'http://localhost:3000',
  carefulBank: 'http://localhost:3000',
  openBank: 'http://localhost:3000',
  sameSite: 'http://localhost:3001',
  crossSite: 'http://127.0.0.1:3001',
  workerSite: 'http://127.0.0.1:3001',
  partner: 'http://127.0.0.1:3002',
  plainBank: 'http://app.test:3000',
  plainSameSite: 'http://sub.app.test:3001',
  plainCrossSite: 'http://evil.test:3001',
  plainPartner: 'http://evil.test:3002',
  plainOpenBank: 'http://app.test:3000',
  tlsBank: 'https://app.test:3443',
  tlsSameSite: 'https://sub.app.test:3444',
  tlsCrossSite: 'https://evil.test:3444',
  tlsPartner: 'https://evil.test:3445'
}

// Extensions have names of the day too.
const extensionOrigins = {
  chromium: 'chrome-extension://abcdefghijklmnopabcdefghijklmnop',
  firefox: 'moz-extension://00000000-0000-4000-8000-000000000000'
}

// Not Sec-Fetch-User: Chromium sends it with the same click one day and not another. Nothing decides by it.
const recordedHeaders = [
  'host', 'origin', 'referer', 'content-type', 'accept', 'sec-fetch-site', 'sec-fetch-mode', 'sec-fetch-dest', 'service-worker-navigation-preload', 'upgrade'
]

function record ({ origins }: Lab, versions: string[], shots: readonly Shot[]): Recorded {
  const indexes = new Map<string, number>()
  const rows = new Map<string, { row: RecordedRow, ran: EngineName[] }>()

  for (const shot of shots) {
    const { engine, vehicle, route, attempt } = shot
    const key = `${nameOf(shot)} ${vehicle.name} ${route}`
    const { row, ran } = rows.get(key) ?? newRow(shot)
    rows.set(key, { row, ran })
    if (attempt.ran) ran.push(engine)
    const request = lastingRequest(attempt, origins)
    if (request === null) continue
    const text = JSON.stringify(request)
    if (!indexes.has(text)) indexes.set(text, indexes.size)
    Object.assign(row.sent, { [engine]: indexes.get(text) })
  }
  return { versions, requests: [...indexes.keys()].map(text => JSON.parse(text)), rows: [...rows.values()].map(({ row }) => row) }
}

function newRow (shot: Shot) {
  const ran: EngineName[] = []
  const row: RecordedRow = {
    initiator: nameOf(shot), vehicle: shot.vehicle.name, ...(shot.route && { route: shot.route }), sent: { chromium: null, firefox: null, webkit: null }, ran
  }
  return { row, ran }
}

const describe = (request: RecordedRequest | null, ran: boolean) => `sent ${JSON.stringify(request)}${ran ? ', ran' : ''}`

/** The request that was decided on, without what changes from day to day; null when there was none. */
function lastingRequest (attempt: Attempt, origins: Lab['origins']): RecordedRequest | null {
  const request = lastRequest(attempt)
  return request === undefined ? null : { method: request.method, headers: lastingHeaders(request.headers, origins) }
}

function lastingHeaders (headers: Attempt['requests'][number]['headers'], origins: Lab['origins']): Record<string, string> {
  return Object.fromEntries(recordedHeaders.filter(name => headers[name] !== undefined && (name !== 'accept' || isResentNavigation(headers))).map(name => {
    let value = String(headers[name]).replace(/boundary=.*/, 'boundary=x')
      .replace(/^chrome-extension:.*/, extensionOrigins.chromium).replace(/^moz-extension:.*/, extensionOrigins.firefox)
    for (const [name, origin] of Object.entries(origins)) {
      value = value.replaceAll(origin, lasting[name as Origin]).replaceAll(new URL(origin).host, new URL(lasting[name as Origin]).host)
    }
    return [name, name === 'referer' ? lastingReferrer(value) : value]
  }))
}

/** What a service worker re-sends has the Accept of a document, and shows it by nothing else in some engines. */
function isResentNavigation (headers: Attempt['requests'][number]['headers']): boolean {
  return headers['sec-fetch-dest'] === 'empty' && Boolean(headers.accept?.startsWith('text/html'))
}

/** The referrer of a page is its whole address, with a number of the day; that of a worker is its script. */
function lastingReferrer (value: string): string {
  const { origin, pathname } = new URL(value)
  return pathname.endsWith('.js') ? origin + pathname : `${origin}/`
}

/** A line for each request and each row, so that a change can be read. */
function toJson ({ versions, requests, rows }: Recorded): string {
  const lines = (values: readonly unknown[]) => values.map(value => `    ${JSON.stringify(value)}`).join(',\n')
  return `{\n  "versions": ${JSON.stringify(versions)},\n  "requests": [\n${lines(requests)}\n  ],\n  "rows": [\n${lines(rows)}\n  ]\n}\n`
}

// --- docs/browsers.md ------------------------------------------------------------------------

function toMarkdown (versions: string[], shots: readonly Shot[]): string {
  const sent = shots.filter(({ outcome }) => outcome !== 'not sent').length
  return `# What browsers send, and what becomes of it

\`npm run test:browsers\` fires every vehicle below from every initiator below in real browsers at applications with and
without the plugin, and asserts what became of each attempt and what the browser said of its site. These tables are what it
saw in ${versions.join(', ')}: ${shots.length} attempts, of which ${sent} were sent; the rest the browsers stopped themselves.
The applications' CORS allowed every origin to send anything with cookies, so that nothing but the plugin stood in the way.

Where browsers send Fetch Metadata (HTTPS, and loopback), no attack changed any state and no request of an own page was
refused, but for what follows.

## What to know

- A request of your own page that another site redirects back to you is refused, like one of the other site.
- Over plain HTTP, where browsers send no Fetch Metadata, a page of your own with \`Referrer-Policy: no-referrer\` hides its
  origin and is refused. And what other sites load by a GET that carries no \`Origin\` passes even where \`safeMethods\`
  says \`'isolate'\` or \`'check'\`: use HTTPS with both.
- A service worker of your own that answers a navigation with \`fetch(event.request)\` makes it a request of your own. The plugin
  compares \`Referer\` and \`Origin\` then: forms of your own pages with \`Referrer-Policy: no-referrer\` are refused, and so is what
  such a worker copies or stores and sends later. Leave navigations to the browser. See
  [below](#a-service-worker-that-fetches-navigations-again).
- Links of your own that open a window (\`target="_blank"\`) are cross-site to WebKit, and \`'check'\` refuses them: add \`rel="opener"\`.
- A download link (\`<a download>\`) of your own page with \`Referrer-Policy: no-referrer\` is refused by \`'check'\` in Chromium. Leave such
  pages a referrer, or open the download by an ordinary link to an answer with \`Content-Disposition: attachment\`.
- A \`data:\` worker has no origin: what it fetches is refused, but in WebKit, which counts it as the page's; its WebSockets are refused in
  Chromium only. Load the worker from a URL of your own, or from a \`blob:\`.
- Reports are POST requests, which browsers send by themselves. Chromium uploads those of \`report-to\` and \`reportTo\` without
  \`Sec-Fetch-Site\`, and WebKit sends those of a Content-Security-Policy with \`Origin: null\`. Give the route that takes reports
  \`config: { crossOriginProtection: false }\`, and believe none of them.
- Forms in your own PDF documents are refused in Chromium's viewer, which sends them as \`cross-site\` with \`Origin: null\`. Let the
  document link to a page with the form. (Seen by hand: no test sends it.)
- An extension that the user has given permission for your host sends what it likes: in Firefox as your own page, in Chromium with
  \`Sec-Fetch-Site: none\` and its own \`Origin\`, which you can list in \`allowedOrigins\`. Every other extension is refused.
- Reloads: Chromium and Firefox send a form again when the user reloads its answer, and the browser labels it as it did the first time; WebKit
  reloads it by GET when a script does it. "View Page Source" in Firefox sends a refused form again, without \`Origin\`:
  \`allowUnverifiableRequests: false\` refuses it.
- \`<link rel="prefetch">\` carries the labels of its page. What speculation rules prefetch or prerender in Chromium says \`none\`, also on pages
  of your own: \`'check'\` refuses it, and the link that the user follows then passes.

## What engines do differently

${deviations.flatMap(({ sentence }) => sentence ? [`- ${sentence}`] : []).join('\n')}
- \`documentIsolationPolicy\` isolates in Chromium only. Over plain HTTP beyond loopback, \`crossOriginIsolation\` isolates nothing in any
  engine, and Chromium prints an error for each page.
- WebKit does not know \`embedderPolicy: 'credentialless'\` and leaves such pages as they were. WebKitGTK isolates pages
  (\`crossOriginIsolated\` is true), but hides \`SharedArrayBuffer\` even there.

## How to read the tables

\`ran\`: the request came and the handler ran. \`403\`: it came and was refused. \`–\`: the browser did not send it. \`GET\`: a
redirect had made a GET of it, which changed nothing. Empty: there is no such thing; handshakes follow no redirects. A vehicle
that loads something by GET was sent to a route with \`safeMethods: 'isolate'\` and to one with \`'check'\`: \`ran/403\` tells both.

${engineNames.map((engine, i) => `## ${versions[i]}\n\n${tables(shots.filter(shot => shot.engine === engine), initiators)}`).join('\n')}
## A service worker that fetches navigations again

The application of these tables has a service worker that answers every request with \`fetch(event.request)\`, navigations
too. In Firefox and WebKit such a request says \`Sec-Fetch-Site: same-origin\`, whoever began it. WebKit leaves the \`Origin\`
of a form as it was, but makes it the application's own where the form's page sends no referrer; Firefox always does. So the plugin looks at
\`Referer\` too, which both leave as the page wrote it. Chromium keeps the labels. A worker that sends a request of its own making, with
nothing of the navigation but its body, has no sign at all. Leave navigations to the browser, as the service worker of the tables above does:

\`\`\`js
addEventListener('fetch', event => {
  if (event.request.mode === 'navigate') return
  event.respondWith(fetch(event.request))
})
\`\`\`

${engineNames.map((engine, i) => `### ${versions[i]}, service worker\n\n${tables(shots.filter(shot => shot.engine === engine), naiveInitiators)}`).join('\n')}`.trimEnd() + '\n'
}

/** A table for the vehicles that change state, and one for those that load; then the same for those that only ordinary pages fire. */
function tables (shots: readonly Shot[], initiators: readonly Initiator[]): string {
  const kinds = [undefined, true].flatMap(onlyFromPages => [false, true].map(isGet => (
    vehicles.filter(vehicle => vehicle.onlyFromPages === onlyFromPages && (vehicle.kind === 'get') === isGet)
  )))
  return kinds.map(vehicles => {
    const rows = initiators.map(initiator => [initiator.name, ...vehicles.map(vehicle => cell(shots.filter(shot => shot.initiator === initiator && shot.vehicle === vehicle)))])
      .filter(([_name, ...cells]) => cells.some(cell => cell !== ''))
    if (rows.length === 0) return ''
    const header = ['from', ...vehicles.map(({ name }) => name)]
    return [header, header.map(() => '---'), ...rows].map(cells => `| ${cells.join(' | ')} |`).join('\n') + '\n'
  }).filter(Boolean).join('\n')
}

function cell (shots: readonly Shot[]): string {
  return shots.map(({ outcome }) => ({ ran: 'ran', refused: '403', read: 'GET', 'not sent': '–', neither: '?' })[outcome]).join('/')
}

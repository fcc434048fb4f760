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
without the plugin. It asserts what became of each attempt, and which site the browser named. The tables are from ${versions.join(', ')}: ${shots.length} attempts, of which ${sent} were sent; the browsers themselves stopped the rest.
The applications' CORS allowed every origin to send anything with cookies, so that nothing but the plugin stood in the way.

Where browsers send Fetch Metadata (HTTPS, and loopback), no attack changed any state, and no request of the application's pages
was refused, with these exceptions.

## What to know

- A request of your own page that another site redirects back to you is refused, like a request of the other site. In Firefox and
  WebKit it passes if a service worker of your own re-sends it.
- Over plain HTTP, where browsers send no Fetch Metadata, a page of your own with \`Referrer-Policy: no-referrer\` hides its
  origin and is refused. A GET of another site without \`Origin\`, such as an image, passes even with \`safeMethods: 'isolate'\` or
  \`'check'\`: use HTTPS with both.
- A service worker of your own that answers a navigation with \`fetch(event.request)\` makes it a request of your own. The plugin
  then compares \`Referer\` and \`Origin\`: forms of your own pages with \`Referrer-Policy: no-referrer\` are refused, and so are most requests
  that such a worker copies, or stores and sends later. Leave navigations to the browser. See
  [below](#a-service-worker-that-re-sends-navigations).
- Links of your own that open a window (\`target="_blank"\`) are cross-site to WebKit, and \`'check'\` refuses them: add \`rel="opener"\`.
- A download link (\`<a download>\`) of your own page with \`Referrer-Policy: no-referrer\` is refused by \`'check'\` in Chromium. Leave such
  pages a referrer, or open the download by an ordinary link to an answer with \`Content-Disposition: attachment\`.
- A \`data:\` worker has no origin, so its requests are refused, except in WebKit, which counts them as the page's. Its WebSockets are
  refused only in Chromium. Load the worker from a URL of your own, or from a \`blob:\`.
- Reports are POST requests, which browsers send by themselves. Chromium uploads those of \`report-to\`, \`reportTo\` and NEL (Network
  Error Logging, which only Chromium has) without \`Sec-Fetch-Site\`, and WebKit sends those of a Content-Security-Policy with
  \`Origin: null\`. Give the route that takes reports \`config: { crossOriginProtection: false }\`, and do not rely on what they say.
- Forms in your own PDF documents are refused: Chromium's viewer sends every such form as \`cross-site\` with \`Origin: null\`, no matter
  which site the document is from. Link from the document to a page that has the form.
- An extension that the user has given permission for your host can send requests: in Firefox they count as those of your own
  pages; in Chromium they say \`Sec-Fetch-Site: none\` and have the extension's \`Origin\`, which you can list in \`allowedOrigins\`. Every
  other extension is refused.
- FedCM, which only Chromium has: the browser itself sends the requests to the identity provider. The request for a token is a POST with the
  \`Origin\` of the client, and is refused unless a function in \`allowedOrigins\` knows the client. The provider's GET routes need
  \`safeMethods: 'allow'\`, which is the default.
- When the user reloads the answer to a form, the browser sends the form again with the same labels. When a script reloads it, WebKit
  sends a GET instead. When a script goes back or forward to the answer, and the answer has \`Cache-Control: no-store\`, WebKit sends the
  form again with the same labels. Chromium and Firefox do not. "View Page Source" in Firefox sends a refused form again, without \`Origin\`:
  \`allowUnverifiableRequests: false\` refuses it. A tab that the user closed and restored keeps its labels: Chromium sends the form again
  once the user reloads it, and Firefox sends a GET instead.
- \`<link rel="prefetch">\` carries the labels of its page. In Chromium, prefetches and prerenders by speculation rules say \`none\`,
  also on your own pages: \`'check'\` refuses them, and the link that the user then follows passes.

## What engines do differently

${deviations.flatMap(({ sentence }) => sentence ? [`- ${sentence}`] : []).join('\n')}
- \`documentIsolationPolicy\` isolates in Chromium only. Over plain HTTP beyond loopback, \`crossOriginIsolation\` isolates nothing in any
  engine, and Chromium prints an error for each page.
- WebKit does not know \`embedderPolicy: 'credentialless'\` and leaves such pages as they were. WebKitGTK isolates pages
  (\`crossOriginIsolated\` is true), but hides \`SharedArrayBuffer\` even there.

## How to read the tables

\`ran\`: the request came and the handler ran. \`403\`: it came and was refused. \`–\`: the browser did not send it. \`GET\`: a
redirect had turned it into a GET, which changed nothing. Empty: it does not exist, as handshakes follow no redirects. A vehicle
that loads something by GET was sent to a route with \`safeMethods: 'isolate'\` and to one with \`'check'\`: \`ran/403\` shows both results.

${engineNames.map((engine, i) => `## ${versions[i]}\n\n${tables(shots.filter(shot => shot.engine === engine), initiators)}`).join('\n')}
## A service worker that re-sends navigations

The application of these tables has a service worker that answers every request with \`fetch(event.request)\`, including
navigations. In Firefox and WebKit, such a request says \`Sec-Fetch-Site: same-origin\`, whichever page started it. Firefox replaces the
\`Origin\` of a form with the application's; WebKit does so only if the form's page sends no referrer. Both leave \`Referer\` unchanged, so
the plugin compares it too. Chromium keeps the labels. If a worker builds a new request from only the body of a navigation, no header
shows where it came from. While WebKit starts a worker, it also requests the page itself, with the labels of the link, but shows the
worker's answer: your log may then have the refusal of a link that worked. Leave navigations to the browser, as the service worker
of the tables above does:

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

// Where an engine does not do what it should, and what comes of it. Each entry is asserted by the matrix: when
// an engine is mended, the run fails here and the sentence goes.
import type { EngineName } from './engines.ts'
import { crossesSites, expectedOutcome, expectedSite, hasMetadata, isExtension, isOwnRequest, isSameSite, type Initiator, type Outcome, type SafeMethodsRoute, type Vehicle } from './matrix.ts'

export interface Deviation {
  readonly engine: EngineName
  /** For people, in docs/browsers.md; none where that of the entry before says it. */
  readonly sentence?: string
  readonly concerns: (initiator: Initiator, vehicle: Vehicle, route: SafeMethodsRoute | undefined) => boolean
  /** What becomes of it, where that is another outcome than elsewhere. */
  readonly outcome?: Outcome | ((initiator: Initiator, vehicle: Vehicle) => Outcome)
  /** What `Sec-Fetch-Site` says, where that is another value than elsewhere; null for none. */
  readonly site?: string | null | ((initiator: Initiator, vehicle: Vehicle) => string | null)
}

const hasKind = (...kinds: Array<Initiator['kind']>) => ({ kind }: Initiator) => kinds.includes(kind)

const usesReportingApi = ({ name }: Vehicle) => name.startsWith('report-') && name !== 'report-csp-uri'

const asOfThePage = ({ isOpaque, ...vehicle }: Vehicle): Vehicle => vehicle

const isProtectedTarget = ({ target }: Initiator) => target !== 'openBank' && target !== 'plainOpenBank'

export const deviations: readonly Deviation[] = [
  {
    engine: 'chromium',
    sentence: 'Chromium sends no `Sec-Fetch-Site` with a WebSocket handshake; Firefox and WebKit do. `Origin` decides there.',
    concerns: (initiator, { kind }) => kind === 'socket' && hasMetadata(initiator),
    site: null
  },
  {
    engine: 'chromium',
    sentence: 'Over plain HTTP, a page with `Referrer-Policy: no-referrer` sends `Origin: null` with its own forms in all ' +
      'engines, so they are refused; Chromium keeps the real `Origin` with every request of its scripts, Firefox and WebKit ' +
      'only with CORS requests.',
    concerns: ({ name }, { kind, name: vehicle, usesCors, needsSecurePage }) => (
      name === 'plain HTTP: own page, no-referrer' && kind === 'post' && !usesCors && !needsSecurePage && !vehicle.startsWith('form')
    ),
    outcome: 'ran'
  },
  {
    engine: 'chromium',
    sentence: 'Over plain HTTP, Chromium sends `Origin: null` even with what a sandboxed or `data:` frame of an application\'s page ' +
      'loads from the application, so `safeMethods` refuses it; the other engines send no `Origin` there.',
    concerns: (initiator, { name, kind, usesCors }) => (
      initiator.origin === 'plainBank' && initiator.target === 'plainBank' && hasKind('sandbox', 'data')(initiator) &&
      kind === 'get' && !usesCors && name !== 'link'
    ),
    outcome: 'refused'
  },
  {
    engine: 'firefox',
    sentence: 'Firefox sends no `<a ping>`: it is off by default.',
    concerns: (_initiator, { name }) => name === 'ping',
    outcome: 'not sent'
  },
  {
    engine: 'chromium',
    sentence: 'Chromium labels an `<a download>` like a navigation that a service worker re-sent, so `safeMethods: \'check\'` refuses it ' +
      'if the page sends no referrer. Firefox and WebKit do not.',
    concerns: (initiator, { name }, route) => name === 'download' && route === 'check' && initiator.referrer !== undefined && isOwnRequest(initiator) && hasMetadata(initiator),
    outcome: 'refused'
  },
  {
    engine: 'chromium',
    sentence: 'Chromium uploads what its Reporting API has collected only from pages over HTTPS, with their `Origin` and without `Sec-Fetch-Site`, so ' +
      '`Origin` decides. The reports of a `report-uri` carry both.',
    concerns: (_initiator, vehicle) => usesReportingApi(vehicle),
    site: null
  },
  {
    engine: 'chromium',
    concerns: ({ origin }, vehicle) => usesReportingApi(vehicle) && !origin.startsWith('tls'),
    outcome: 'not sent'
  },
  {
    engine: 'chromium',
    sentence: 'Chromium sends `none` with requests of an extension that has permission for the host. If there is an `Origin`, which is ' +
      'the extension\'s, it decides; without one, `\'isolate\'` lets a GET pass, and `\'check\'` refuses it.',
    concerns: (initiator, { kind }) => initiator.kind === 'extension' && kind !== 'socket' && hasMetadata(initiator),
    site: 'none'
  },
  {
    engine: 'chromium',
    concerns: (initiator, { kind, usesCors }, route) => initiator.kind === 'extension' && kind === 'get' && (hasMetadata(initiator) ? route === 'isolate' : Boolean(usesCors)),
    outcome: 'ran'
  },
  ...(['firefox', 'webkit'] as const).map((engine, i): Deviation => ({
    engine,
    ...(i === 0 && { sentence: 'Only Chromium has `fetchLater`.' }),
    concerns: (_initiator, { name }) => name === 'fetch-later',
    outcome: 'not sent'
  })),
  ...(['firefox', 'webkit'] as const).map((engine, i): Deviation => ({
    engine,
    ...(i === 0 && { sentence: 'Only Chromium reports violations of `Permissions-Policy`.' }),
    concerns: (_initiator, { name }) => name === 'report-permissions',
    outcome: 'not sent'
  })),
  {
    engine: 'firefox',
    sentence: 'Firefox sends `same-origin` with requests of an extension that has permission for the host, so they pass as the ' +
      'application\'s own. Such an extension can do anything in the application\'s pages anyway. Over plain HTTP its `Origin` ' +
      'decides.',
    concerns: (initiator, { kind }) => initiator.kind === 'extension' && hasMetadata(initiator),
    outcome: 'ran',
    site: 'same-origin'
  },
  {
    engine: 'firefox',
    concerns: (initiator, { kind }) => initiator.kind === 'extension' && kind === 'get' && !hasMetadata(initiator),
    outcome: 'ran'
  },
  {
    engine: 'firefox',
    sentence: 'Of the policies that `reportTo` names, Firefox reports none; it reports violations of a Content-Security-Policy, by `report-to` only from pages over HTTPS.',
    concerns: ({ origin }, { name }) => name === 'report-coep' || name === 'report-coop' || (name === 'report-csp' && !origin.startsWith('tls')),
    outcome: 'not sent'
  },
  {
    engine: 'firefox',
    sentence: 'Over plain HTTP, the reports of a `report-uri` carry the real `Origin` in Firefox even where the page has `Referrer-Policy: no-referrer`.',
    concerns: ({ name }, vehicle) => name === 'plain HTTP: own page, no-referrer' && vehicle.name === 'report-csp-uri',
    outcome: 'ran'
  },
  ...(['firefox', 'webkit'] as const).map((engine, i): Deviation => ({
    engine,
    ...(i === 0 && { sentence: 'In Firefox and WebKit, the WebSocket of a `data:` worker counts as that of the page around it. In Chromium it says `Origin: null` and is refused.' }),
    concerns: (_initiator, { name }) => name === 'data-worker-websocket',
    outcome: (initiator, vehicle) => expectedOutcome(initiator, asOfThePage(vehicle)),
    site: (initiator, vehicle) => expectedSite(initiator, asOfThePage(vehicle)) ?? null
  })),
  {
    engine: 'webkit',
    sentence: 'WebKit sends `same-origin` with what a `data:` worker of the application\'s pages fetches; the other engines send ' +
      '`cross-site`, and it is refused.',
    concerns: (initiator, { name }) => name === 'data-worker-fetch' && hasMetadata(initiator) && (isOwnRequest(initiator) || isSameSite(initiator)),
    outcome: initiator => isOwnRequest(initiator) ? 'ran' : 'refused',
    site: (initiator, vehicle) => expectedSite(initiator, asOfThePage(vehicle)) ?? null
  },
  {
    engine: 'webkit',
    sentence: 'WebKitGTK has no extensions.',
    concerns: ({ kind }) => isExtension(kind),
    outcome: 'not sent'
  },
  {
    engine: 'webkit',
    sentence: 'WebKit has no `<link rel=prefetch>`: it is off by default.',
    concerns: (_initiator, { name }) => name === 'prefetch',
    outcome: 'not sent'
  },
  {
    engine: 'webkit',
    sentence: 'WebKit sends no `Sec-Fetch-Site` with an `<a download>` of the application\'s pages, which passes as `unverifiable`.',
    concerns: (initiator, { name }) => name === 'download' && isOwnRequest(initiator) && hasMetadata(initiator),
    site: null
  },
  {
    engine: 'webkit',
    sentence: 'WebKit calls every link `cross-site` that opens a window without an opener (`target=_blank`), even on the application\'s ' +
      'own pages. Under `\'check\'` it is refused: give the link `rel="opener"`.',
    concerns: (initiator, { name }) => name === 'link-in-window' && hasMetadata(initiator),
    site: 'cross-site'
  },
  {
    engine: 'webkit',
    concerns: (initiator, { name }, route) => name === 'link-in-window' && route === 'check' && hasMetadata(initiator) && isProtectedTarget(initiator),
    outcome: 'refused'
  },
  {
    engine: 'webkit',
    sentence: 'WebKit loads fonts without an `Origin`, so no entry of `allowedOrigins` lets a partner\'s page load one under ' +
      '`safeMethods`; over plain HTTP, every page can.',
    concerns: (initiator, { name }) => name === 'font' && !isOwnRequest(initiator) && isProtectedTarget(initiator) && hasMetadata(initiator) && !isSameSite(initiator),
    outcome: 'refused'
  },
  {
    engine: 'webkit',
    concerns: (initiator, { name }) => name === 'font' && !hasMetadata(initiator),
    outcome: 'ran'
  },
  {
    engine: 'webkit',
    sentence: 'WebKit sends the reports of a Content-Security-Policy with `Origin: null`: over plain HTTP, those of the application\'s ' +
      'own pages are refused, and those of partners are refused everywhere. The reports of COOP carry the origin of the page ' +
      'that opened or left the window, or `null`.',
    concerns: (initiator, { name }) => /^report-csp/.test(name) && isProtectedTarget(initiator) && (!isOwnRequest(initiator) || !hasMetadata(initiator)) && (name === 'report-csp-uri' || hasMetadata(initiator)),
    outcome: 'refused'
  },
  {
    engine: 'webkit',
    sentence: 'WebKit calls every form `cross-site` that opens a window without an opener (`target=_blank`), even on the application\'s ' +
      'own pages, and it is refused. Give the form `rel="opener"`, or name the window.',
    concerns: (initiator, { name }) => name === 'form-in-window' && hasMetadata(initiator) && (isOwnRequest(initiator) || isSameSite(initiator)),
    outcome: 'refused',
    site: 'cross-site'
  },
  {
    engine: 'webkit',
    sentence: 'WebKit sends no Fetch Metadata with a CORS request that another site redirected. `Origin` decides there.',
    concerns: (initiator, { usesCors }) => Boolean(usesCors) && crossesSites(initiator) && hasMetadata(initiator),
    site: null
  },
  {
    engine: 'webkit',
    sentence: 'WebKit makes a GET of a DELETE that another site redirects, which changes nothing.',
    concerns: (initiator, { name }) => name === 'xhr-preflight' && crossesSites(initiator),
    outcome: 'read'
  },
  {
    engine: 'webkit',
    sentence: 'WebKit loads `<object>` and `<embed>` as if they were frames, so `safeMethods: \'isolate\'` lets other sites load them ' +
      'as it lets them frame a page.',
    concerns: (initiator, { name }, route) => route === 'isolate' && (name === 'object' || name === 'embed') && hasMetadata(initiator),
    outcome: 'ran'
  },
  {
    engine: 'webkit',
    sentence: 'Over plain HTTP, WebKit sends the page\'s `Origin` with the beacons of a sandboxed frame in it, so they pass as the ' +
      'page\'s own. Over HTTPS, Fetch Metadata distinguishes them.',
    concerns: (initiator, { name }) => initiator.origin === 'plainBank' && hasKind('sandbox')(initiator) && name.startsWith('beacon'),
    outcome: 'ran'
  }
]

/** The entries that concern one attempt. */
export function deviationsOf (engine: EngineName, initiator: Initiator, vehicle: Vehicle, route: SafeMethodsRoute | undefined): Deviation[] {
  return deviations.filter(deviation => deviation.engine === engine && deviation.concerns(initiator, vehicle, route))
}

// Where an engine does not do what it should, and what comes of it. Each entry is asserted by the matrix: when
// an engine is mended, the run fails here and the sentence goes.
import type { EngineName } from './engines.ts'
import { crossesSites, hasMetadata, isOwnRequest, isSameSite, type Initiator, type Outcome, type SafeMethodsRoute, type Vehicle } from './matrix.ts'

export interface Deviation {
  readonly engine: EngineName
  /** For people, in docs/browsers.md. */
  readonly sentence: string
  readonly concerns: (initiator: Initiator, vehicle: Vehicle, route: SafeMethodsRoute | undefined) => boolean
  /** What becomes of it, where that is another outcome than elsewhere. */
  readonly outcome?: Outcome
  /** What `Sec-Fetch-Site` says, where that is another value than elsewhere; null for none. */
  readonly site?: string | null
}

const hasKind = (...kinds: Array<Initiator['kind']>) => ({ kind }: Initiator) => kinds.includes(kind)

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
    concerns: ({ name }, { kind, name: vehicle, usesCors }) => name === 'plain HTTP: own page, no-referrer' && kind === 'post' && !usesCors && !vehicle.startsWith('form'),
    outcome: 'ran'
  },
  {
    engine: 'chromium',
    sentence: 'Over plain HTTP, Chromium sends `Origin: null` even with what a sandboxed or `data:` frame in the own page loads from ' +
      'the page\'s host, so that `safeMethods` refuses it; the other engines send nothing there.',
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
    engine: 'webkit',
    sentence: 'WebKit calls every form `cross-site` that opens a window without opener (`target=_blank`), also one of the own ' +
      'page, which is refused. Give the form `rel="opener"`, or name the window.',
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
    sentence: 'Over plain HTTP, WebKit sends the own page\'s `Origin` with the beacons of a sandboxed frame in it, so ' +
      'they pass as the page\'s own. With HTTPS, Fetch Metadata tells them apart.',
    concerns: (initiator, { name }) => initiator.origin === 'plainBank' && hasKind('sandbox')(initiator) && name.startsWith('beacon'),
    outcome: 'ran'
  }
]

/** The entries that concern one attempt. */
export function deviationsOf (engine: EngineName, initiator: Initiator, vehicle: Vehicle, route: SafeMethodsRoute | undefined): Deviation[] {
  return deviations.filter(deviation => deviation.engine === engine && deviation.concerns(initiator, vehicle, route))
}

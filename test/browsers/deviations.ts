// Where an engine does not do what it should, and what comes of it. Each entry is asserted by the matrix: when
// an engine is mended, the run fails here and the sentence goes.
import type { EngineName } from './engines.ts'
import type { Initiator, SafeMethodsRoute, Vehicle } from './matrix.ts'

export type Outcome = 'ran' | 'refused' | 'not sent'

export interface Deviation {
  readonly engine: EngineName
  /** For people, in docs/browsers.md. */
  readonly sentence: string
  readonly concerns: (initiator: Initiator, vehicle: Vehicle, route: SafeMethodsRoute | undefined) => boolean
  readonly outcome: Outcome
}

const isOwnDocument = ({ origin, target, kind, via }: Initiator) => (
  origin === target && kind !== 'sandbox' && kind !== 'data' && (via === undefined || via[0] === target)
)

export const deviations: readonly Deviation[] = [
  {
    engine: 'firefox',
    sentence: 'Firefox sends no `<a ping>`: it is off by default.',
    concerns: (_initiator, { name }) => name === 'ping',
    outcome: 'not sent'
  },
  {
    engine: 'chromium',
    sentence: 'Over plain HTTP, a page with `Referrer-Policy: no-referrer` sends `Origin: null` with its own forms in all ' +
      'engines; Chromium keeps the real `Origin` with every request of its scripts, Firefox and WebKit only with CORS requests.',
    concerns: ({ name }, { kind, name: vehicle, usesCors }) => name === 'plain HTTP: own page, no-referrer' && kind === 'post' && !usesCors && !vehicle.startsWith('form'),
    outcome: 'ran'
  },
  {
    engine: 'webkit',
    sentence: 'WebKit calls a form of the own page `cross-site` when it opens a window without opener (`target=_blank`), so it is ' +
      'refused. Give the form `rel="opener"`, or name the window.',
    concerns: (initiator, { name }) => name === 'form-in-window' && isOwnDocument(initiator) && initiator.target !== 'plainBank',
    outcome: 'refused'
  },
  {
    engine: 'webkit',
    sentence: 'WebKit loads `<object>` and `<embed>` as if they were frames, so `safeMethods: \'isolate\'` lets other sites load them ' +
      'as it lets them frame a page.',
    concerns: ({ target }, { name }, route) => route === 'isolate' && (name === 'object' || name === 'embed') && target !== 'plainBank',
    outcome: 'ran'
  }
]

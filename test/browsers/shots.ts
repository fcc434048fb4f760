// One vehicle fired by one initiator in one engine, what became of it, and what must.
import { deviationsOf } from './deviations.ts'
import type { EngineName } from './engines.ts'
import type { Attempt, Lab } from './lab.ts'
import {
  expectedOutcome, expectedSite, initiators, isExtension, isOfExtensions, isOrdinaryPage, naiveInitiators, vehicles, type Initiator, type Outcome, type SafeMethodsRoute, type Vehicle
} from './matrix.ts'

export interface Shot {
  readonly engine: EngineName
  readonly initiator: Initiator
  readonly vehicle: Vehicle
  readonly route: SafeMethodsRoute | undefined
  readonly id: number
  readonly attempt: Attempt
  outcome: Outcome | 'neither'
}

/** Everything that is fired in an engine, in the order in which it is written down. */
export function shotsIn (engine: EngineName, lab: Lab): Shot[] {
  return [...initiators, ...naiveInitiators].flatMap(initiator => vehicles.flatMap(vehicle => {
    // A handshake follows no redirect.
    if (vehicle.kind === 'socket' && initiator.via) return []
    if (vehicle.onlyFromPages && !isOrdinaryPage(initiator)) return []
    if (isExtension(initiator.kind) && !isOfExtensions(vehicle)) return []
    const routes: Array<SafeMethodsRoute | undefined> = vehicle.kind === 'get' ? ['isolate', 'check'] : [undefined]
    return routes.map(route => {
      const id = newId()
      return { engine, initiator, vehicle, route, id, attempt: lab.attempt(id), outcome: 'not sent' } as const
    })
  }))
}

let lastId = 0

/** A number of its own for each attempt and each page. */
export function newId (): number {
  return ++lastId
}

export function describe ({ engine, initiator, vehicle, route }: Shot): string {
  return `${engine}, ${initiator.name}: ${vehicle.name}${route ? ` to ${route}` : ''}`
}

export function isNaive ({ initiator }: Pick<Shot, 'initiator'>): boolean {
  return naiveInitiators.includes(initiator)
}

/** Whether it is a navigation that a service worker fetches again; on a busy machine, once in a while it does not. */
export function isRefetched (shot: Shot): boolean {
  const { name, navigates } = shot.vehicle
  return isNaive(shot) && (name.startsWith('form') || Boolean(navigates) || name === 'object' || name === 'embed')
}

/** What must become of it. */
export function expectationOf ({ engine, initiator, vehicle, route }: Shot): Outcome {
  const outcome = deviationsOf(engine, initiator, vehicle, route).find(({ outcome }) => outcome !== undefined)?.outcome
  return (typeof outcome === 'function' ? outcome(initiator, vehicle) : outcome) ?? expectedOutcome(initiator, vehicle, route)
}

/** What `Sec-Fetch-Site` must say of it; undefined for none. */
export function expectedSiteOf ({ engine, initiator, vehicle, route }: Shot): string | undefined {
  const site = deviationsOf(engine, initiator, vehicle, route).find(({ site }) => site !== undefined)?.site
  return site === undefined ? expectedSite(initiator, vehicle) : (typeof site === 'function' ? site(initiator, vehicle) : site) ?? undefined
}

/** What became of it. */
export function outcomeOf ({ ran, requests }: Attempt): Outcome | 'neither' {
  const last = lastRequest({ requests })
  if (ran) return 'ran'
  if (last === undefined) return 'not sent'
  return last.status === 403 ? 'refused' : last.status === 200 && last.method === 'GET' ? 'read' : 'neither'
}

/** The request that was decided on. */
export function lastRequest ({ requests }: Pick<Attempt, 'requests'>): Attempt['requests'][number] | undefined {
  return requests.findLast(({ method }) => method !== 'OPTIONS')
}

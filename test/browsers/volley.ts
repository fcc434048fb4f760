// Fires the matrix in one engine, and waits for what comes of it no longer than it has to.
import { launchEngine, within, type Engine, type EngineName } from './engines.ts'
import { writeExtensions } from './extensions.ts'
import type { Lab } from './lab.ts'
import { isExtension, type Initiator } from './matrix.ts'
import { expectationOf, lastRequest, newId, outcomeOf, shotsIn, type Shot } from './shots.ts'

/** How long what should arrive may take, which costs nothing when it does; a busy machine is slow. */
const patience = 15_000

export interface Volley {
  readonly version: string
  /** In the order of the matrix. */
  readonly shots: readonly Shot[]
  /** What had to be fired again, in words. */
  readonly retries: readonly string[]
}

export async function fireMatrix (lab: Lab, name: EngineName): Promise<Volley> {
  const extensions = writeExtensions()
  const shots = shotsIn(name, lab)
  const range: Range = { lab, engine: await launchEngine(name), extensions: extensions.paths, retries: [], hopeless: new Set() }
  try {
    for (const initiator of new Set(shots.map(({ initiator }) => initiator))) {
      await fireAll(shots.filter(shot => shot.initiator === initiator), range)
    }
  } finally {
    await range.engine.close()
    extensions.remove()
  }
  return { version: range.engine.version, shots, retries: range.retries }
}

// ---------------------------------------------------------------------------------------------

interface Range {
  readonly lab: Lab
  /** Replaced when a browser hangs. */
  engine: Engine
  /** Their directories. */
  readonly extensions: readonly string[]
  /** The browser that has the extensions, once one does. */
  extended?: Engine
  readonly retries: string[]
  /** What did not arrive after every chance is not waited for again: the engine has changed, and the run fails. */
  readonly hopeless: Set<string>
}

/** Fires everything that an initiator can send, and waits for it. */
async function fireAll (shots: readonly Shot[], range: Range): Promise<void> {
  // Again when a browser hangs: what should arrive gets three chances. The last is in a new browser, as are all after one that no longer answers.
  let unfired: readonly Shot[] = []
  for (let chance = 1, waiting = shots; chance <= 3 && waiting.length > 0; chance++) {
    if (chance > 1) range.retries.push(...waiting.map(({ initiator, vehicle }) => `${initiator.name}: ${vehicle.name}`))
    if (chance === 3 || unfired.length > 0) await launchAgain(range)
    unfired = await firePages(pagesOf(waiting), range)
    waiting = waiting.filter(shot => unfired.includes(shot) || (mustArrive(shot, range) && !hasArrived(shot)))
    if (chance === 3) for (const { vehicle } of waiting) range.hopeless.add(vehicle.name)
  }
  for (const shot of shots) shot.outcome = outcomeOf(shot.attempt)
}

/** Fires one page after another until the browser no longer answers, and returns what was not fired. */
async function firePages (pages: readonly Shot[][], range: Range): Promise<Shot[]> {
  for (const [i, together] of pages.entries()) {
    try {
      await within(patience * 10, firePage(together, range))
    } catch (error) {
      range.retries.push((error as Error).message)
      return pages.slice(i).flat()
    }
  }
  return []
}

/** With the service workers that the banks' pages have installed before. */
async function launchAgain (range: Range): Promise<void> {
  await range.engine.close()
  range.engine = await launchEngine(range.engine.name)
  for (const [origin, kind] of [['naiveBank', 'naive-worker'], ['carefulBank', 'careful-worker']] as const) {
    const plan = { id: newId(), atOnce: [], atClick: [], leaves: false, tells: true }
    await range.engine.visit(addressOf(plan, { origin, kind }, range))
    await range.lab.until(() => range.lab.hasSettled(plan.id), patience)
  }
}

/**
 * Those that one page can send: all for which it stays, but those that wait for the others, and each for which it leaves; what is
 * sent on leaving goes with one of these.
 */
function pagesOf (shots: readonly Shot[]): Shot[][] {
  const staying = shots.filter(({ vehicle }) => !vehicle.leavesPage && !vehicle.sentOnLeave && !vehicle.needsQuietPage)
  const quiet = shots.filter(({ vehicle }) => vehicle.needsQuietPage)
  const sentOnLeave = shots.filter(({ vehicle }) => vehicle.sentOnLeave)
  const [first = [], ...leaving] = shots.filter(({ vehicle }) => vehicle.leavesPage).map(shot => [shot])
  return [staying, quiet, [...sentOnLeave, ...first], ...leaving].filter(({ length }) => length > 0)
}

async function firePage (shots: readonly Shot[], range: Range): Promise<void> {
  const { lab, engine } = range
  const { initiator } = shots[0]!
  if (isExtension(initiator.kind)) {
    if (engine.install === undefined) return
    await installExtensions(range)
  }
  const leavesPage = shots.some(({ vehicle }) => vehicle.leavesPage || vehicle.sentOnLeave)
  const ofWindows = shots.filter(({ vehicle }) => vehicle.opensWindow)
  const others = shots.filter(({ vehicle }) => !vehicle.opensWindow)
  const plan = {
    id: newId(),
    atOnce: others.map(shot => taskOf(shot, lab)),
    atClick: ofWindows.map(shot => taskOf(shot, lab)),
    leaves: leavesPage && !shots.some(({ vehicle }) => vehicle.leavesPage),
    tells: !leavesPage
  }
  const haveArrived = (shots: readonly Shot[]) => lab.until(
    () => (leavesPage || lab.hasSettled(plan.id)) && shots.every(shot => hasArrived(shot) || !mustArrive(shot, range)), patience
  )

  await engine.visit(addressOf(plan, initiator, range))
  await haveArrived(others)
  for (const shot of ofWindows) {
    await engine.clickMiddle()
    await haveArrived([shot])
  }
}

/** Once in each browser, and only when an extension is to send, because they run a script in every page. */
async function installExtensions (range: Range): Promise<void> {
  if (range.extended === range.engine) return
  for (const path of range.extensions) await range.engine.install!(path)
  range.extended = range.engine
}

function addressOf (plan: { id: number }, { origin, kind, referrer }: Pick<Initiator, 'origin' | 'kind' | 'referrer'>, { lab }: Range): string {
  // The plan's id is in the query too, so that the address is a new page and not a place on the last one.
  const query = new URLSearchParams({ kind, plan: String(plan.id), ...(referrer && { referrer }) })
  return `${lab.origins[origin]}/page?${query}#${encodeURIComponent(JSON.stringify(plan))}`
}

function taskOf (shot: Shot, { origins }: Lab) {
  const { initiator: { target, via }, vehicle, route, id } = shot
  const path = route ?? (vehicle.kind === 'socket' ? 'socket' : 'transfer')
  const url = `${origins[target]}/${path}/${id}`
  return {
    vehicle: vehicle.name,
    url: via ? `${origins[via[0]]}/redirect/${via[1]}?to=${encodeURIComponent(url)}` : url,
    isAwaited: expectationOf(shot) === 'not sent'
  }
}

function mustArrive (shot: Shot, { hopeless }: Range): boolean {
  return expectationOf(shot) !== 'not sent' && !hopeless.has(shot.vehicle.name)
}

function hasArrived ({ attempt }: Shot): boolean {
  return attempt.ran || lastRequest(attempt)?.status !== undefined
}

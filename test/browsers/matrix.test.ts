// Fires every vehicle of every initiator in three engines at protected banks, and asserts what became of it
// and what the browser said of its site. What was sent is on record, in docs/browsers.md for people and as data
// for the unit tests; a browser that sends something else fails the run. RECORD=1 writes a new record,
// ENGINE=webkit tries one engine alone.
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { deviationsOf } from './deviations.ts'
import { engineNames, launchEngine, type Engine } from './engines.ts'
import { openLab, type Attempt } from './lab.ts'
import {
  expectedOutcome, expectedSite, initiators, naiveInitiators, vehicles, type Initiator, type Outcome, type SafeMethodsRoute, type Vehicle
} from './matrix.ts'
import { differencesFromRecord, writeRecords, type Shot } from './records.ts'

const { ENGINE, RECORD } = process.env

const lab = await openLab()
t.teardown(() => lab.close())

const shots: Shot[] = []
const versions: string[] = []
let lastId = 0

// Side by side: most of the time goes by in waiting.
const engines = ENGINE ? engineNames.filter(name => name === ENGINE) : engineNames
t.jobs = engines.length
await Promise.all(engines.map(async (name, i) => {
  await t.test(name, { buffered: engines.length > 1 }, async t => {
    const engine = await launchEngine(name)
    t.teardown(() => engine.close())
    versions[i] = engine.version
    t.comment(engine.version)
    for (const initiator of initiators) {
      await t.test(initiator.name, async t => {
        for (const shot of await fireAll(t, engine, initiator)) assertShot(t, shot)
      })
    }
    for (const initiator of naiveInitiators) {
      await t.test(`with a service worker that fetches navigations again: ${initiator.name}`, async t => {
        for (const shot of await fireAll(t, engine, initiator)) {
          // No header tells an engine's mistake in these from an own request; the README says so.
          if (!isNavigation(shot.vehicle)) assertShot(t, shot)
        }
      })
    }
  })
}))

t.test('nothing came late', async t => {
  await sleep(1000)
  t.same(shots.filter(({ outcome, attempt }) => outcome !== outcomeOf(attempt)).map(describe), [])
})

t.test('what was sent is what is on record', { skip: RECORD && 'a new record is written' }, async t => {
  t.same(differencesFromRecord(lab, shots), [])
})

t.test('a new record', { skip: !RECORD ? 'RECORD is not set' : engines !== engineNames ? 'only one engine was asked' : !t.passing() && 'not all is as it should be' }, async t => {
  t.equal(versions.length, engineNames.length, 'of all engines')
  writeRecords(lab, versions, shots)
})

function assertShot (t: Test, shot: Shot): void {
  const { engine, initiator, vehicle, route, attempt, outcome } = shot
  t.equal(outcome, expectationOf(shot), describe(shot), { requests: attempt.requests })

  const last = lastRequest(attempt)
  if (last === undefined) return
  const deviation = deviationsOf(engine, initiator, vehicle, route).find(({ site }) => site !== undefined)
  const site = deviation === undefined ? expectedSite(initiator) : deviation.site ?? undefined
  t.equal(last.headers['sec-fetch-site'], site, `${describe(shot)}: Sec-Fetch-Site`, { requests: attempt.requests })
  if (initiator.name === 'own page' && vehicle.credentials !== undefined) {
    t.equal('cookie' in last.headers, vehicle.credentials === 'include', `${describe(shot)}: cookies`)
  }
}

function describe ({ engine, initiator, vehicle, route }: Shot): string {
  return `${engine}, ${initiator.name}: ${vehicle.name}${route ? ` to ${route}` : ''}`
}

function expectationOf ({ engine, initiator, vehicle, route }: Shot): Outcome {
  const deviation = deviationsOf(engine, initiator, vehicle, route).find(({ outcome }) => outcome !== undefined)
  return deviation?.outcome ?? expectedOutcome(initiator, vehicle, route)
}

function outcomeOf ({ ran, requests }: Attempt): Outcome | 'neither' {
  const last = lastRequest({ requests })
  if (ran) return 'ran'
  if (last === undefined) return 'not sent'
  return last.status === 403 ? 'refused' : last.status === 200 && last.method === 'GET' ? 'read' : 'neither'
}

function lastRequest ({ requests }: Pick<Attempt, 'requests'>): Attempt['requests'][number] | undefined {
  return requests.findLast(({ method }) => method !== 'OPTIONS')
}

function isNavigation ({ name, navigates, kind }: Vehicle): boolean {
  return name.startsWith('form') || Boolean(navigates) || (kind === 'get' && (name === 'object' || name === 'embed'))
}

/** Fires everything that an initiator can send, and waits for it. */
async function fireAll (t: Test, engine: Engine, initiator: Initiator): Promise<Shot[]> {
  const fired = vehicles.flatMap(vehicle => shotsOf(engine, initiator, vehicle))
  // Again when a browser hangs, or was too slow for the deadline: what should arrive gets three chances.
  let waiting = fired
  for (let chance = 1; chance <= 3 && waiting.length > 0; chance++) {
    if (chance > 1) t.comment(`again: ${waiting.map(({ vehicle }) => vehicle.name).join(', ')}`)
    await fireThese(engine, initiator, waiting)
    waiting = waiting.filter(shot => outcomeOf(shot.attempt) === 'not sent' && expectationOf(shot) !== 'not sent')
  }
  for (const shot of fired) shot.outcome = outcomeOf(shot.attempt)
  shots.push(...fired)
  return fired
}

async function fireThese (engine: Engine, initiator: Initiator, these: readonly Shot[]): Promise<void> {
  const staying = these.filter(({ vehicle }) => !vehicle.leavesPage)
  const leaving = these.filter(({ vehicle }) => vehicle.leavesPage)
  for (const together of [...(staying.length > 0 ? [staying] : []), ...leaving.map(shot => [shot])]) await fire(engine, initiator, together)
}

function shotsOf ({ name: engine }: Engine, initiator: Initiator, vehicle: Vehicle): Shot[] {
  // A handshake follows no redirect.
  if (vehicle.kind === 'socket' && initiator.via) return []
  const routes: Array<SafeMethodsRoute | undefined> = vehicle.kind === 'get' ? ['isolate', 'check'] : [undefined]
  return routes.map(route => {
    const id = ++lastId
    return { engine, initiator, vehicle, route, id, attempt: lab.attempt(id), outcome: 'not sent' }
  })
}

async function fire (engine: Engine, { origin, target, kind, referrer, via }: Initiator, shots: Shot[]): Promise<void> {
  const { origins } = lab
  const tasks = shots.map(({ vehicle, route, id }) => {
    const path = route ?? (vehicle.kind === 'socket' ? 'socket' : 'transfer')
    const url = `${origins[target]}/${path}/${id}`
    return { vehicle: vehicle.name, url: via ? `${origins[via[0]]}/redirect/${via[1]}?to=${encodeURIComponent(url)}` : url }
  })
  const plan = { id: ++lastId, tasks, needsClick: shots.some(({ vehicle }) => vehicle.opensWindow) }
  // The plan's id is in the query too, so that the address is a new page and not a place on the last one.
  const query = new URLSearchParams({ kind, plan: String(plan.id), ...(referrer && { referrer }) })
  await engine.open(`${origins[origin]}/page?${query}#${encodeURIComponent(JSON.stringify(plan))}`)
  if (plan.needsClick) {
    await until(async () => await engine.evaluate<string>('document.title').catch(() => '') === 'ready', 5000)
    await engine.click('#go', { inFrame: ['sandbox', 'data', 'blob', 'srcdoc'].includes(kind) })
  }

  const haveArrived = () => shots.every(({ attempt }) => attempt.ran || lastRequest(attempt)?.status !== undefined)
  const leaves = shots.some(({ vehicle }) => vehicle.leavesPage)
  // Some are never sent: the page tells when all have ended, or time does.
  await until(() => haveArrived() || (!leaves && lab.hasSettled(plan.id)), leaves ? 2500 : 6000)
  if (!haveArrived()) await until(haveArrived, 500)
  if (plan.needsClick) await engine.closePopups()
}

async function until (isTrue: () => boolean | Promise<boolean>, milliseconds: number): Promise<void> {
  const deadline = Date.now() + milliseconds
  while (Date.now() < deadline) {
    if (await isTrue()) return
    await sleep(20)
  }
}

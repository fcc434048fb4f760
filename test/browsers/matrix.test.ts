// Fires every vehicle of every initiator in three engines at protected banks, and asserts whether the state
// changed. What the engines sent is recorded, in docs/browsers.md for people and as data for the unit tests.
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { deviations, type Outcome } from './deviations.ts'
import { engineNames, launchEngine, type Engine } from './engines.ts'
import { openLab, type Attempt, type Lab } from './lab.ts'
import { expectedOutcome, initiators, naiveInitiators, vehicles, type Initiator, type SafeMethodsRoute, type Vehicle } from './matrix.ts'
import { writeRecords, type Shot } from './records.ts'

const lab = await openLab()
t.teardown(() => lab.close())

// For work on one engine; nothing is recorded then.
const engines = process.env.ENGINE ? engineNames.filter(name => name === process.env.ENGINE) : engineNames

const shots: Shot[] = []
const versions: string[] = []
let lastId = 0

// Side by side: most of the time goes by in waiting.
t.jobs = engines.length
await Promise.all(engines.map(async (name, i) => {
  await t.test(name, { buffered: engines.length > 1 }, async t => {
    const engine = await launchEngine(name)
    t.teardown(() => engine.close())
    versions[i] = engine.version
    t.comment(engine.version)
    for (const initiator of initiators) {
      await t.test(initiator.name, async t => {
        for (const shot of await fireAll(engine, initiator)) assertOutcome(t, shot)
      })
    }
    // What comes of these is recorded, not asserted: no header tells the engines' mistakes from own requests.
    for (const initiator of naiveInitiators) await fireAll(engine, initiator)
  })
}))

t.test('what was sent is recorded', {
  skip: engines !== engineNames ? 'only one engine was asked' : !t.passing() && 'not all is as it should be'
}, async t => {
  t.equal(versions.length, engineNames.length, 'of all engines')
  writeRecords(lab, versions, shots)
})

function expectationOf ({ engine, initiator, vehicle, route }: Shot): Outcome {
  const deviation = deviations.find(({ engine: name, concerns }) => name === engine && concerns(initiator, vehicle, route))
  return deviation?.outcome ?? expectedOutcome(initiator, vehicle, route)
}

function assertOutcome (t: Test, shot: Shot): void {
  const { vehicle, route, attempt } = shot
  const expected = expectationOf(shot)
  const actual = outcomeOf(attempt)
  const title = `${vehicle.name}${route ? ` to ${route}` : ''}`
  // An attack that is not even sent has failed as well.
  if (expected === 'refused' && actual === 'not sent') t.pass(`${title} is not sent`)
  else t.equal(actual, expected, `${title} ${expected}`, { requests: attempt.requests })
}

function outcomeOf ({ ran, requests }: Attempt): Outcome {
  return ran ? 'ran' : requests.some(({ method }) => method !== 'OPTIONS') ? 'refused' : 'not sent'
}

/** Fires everything that an initiator can send, and waits for it. */
async function fireAll (engine: Engine, initiator: Initiator): Promise<Shot[]> {
  const fired = vehicles.flatMap(vehicle => shotsOf(engine, initiator, vehicle))
  // Again when a browser hangs, or was too slow for the deadline: what should arrive gets three chances.
  let waiting = fired
  for (let chance = 1; chance <= 3 && waiting.length > 0; chance++) {
    try {
      await fireThese(engine, initiator, waiting)
      waiting = waiting.filter(shot => outcomeOf(shot.attempt) === 'not sent' && expectationOf(shot) === 'ran')
    } catch (error) {
      if (chance === 3) throw error
      waiting = waiting.filter(({ attempt }) => outcomeOf(attempt) === 'not sent')
    }
  }
  shots.push(...fired)
  return fired
}

async function fireThese (engine: Engine, initiator: Initiator, these: readonly Shot[]): Promise<void> {
  const staying = these.filter(({ vehicle }) => !vehicle.leavesPage)
  const leaving = these.filter(({ vehicle }) => vehicle.leavesPage)
  for (const together of [...(staying.length > 0 ? [staying] : []), ...leaving.map(shot => [shot])]) {
    await fire(engine, lab, initiator, together)
  }
}

function shotsOf ({ name: engine }: Engine, initiator: Initiator, vehicle: Vehicle): Shot[] {
  // A window can only be opened by a click, and the click is on the page around a frame.
  if (vehicle.opensWindow && ['sandbox', 'data', 'blob', 'srcdoc'].includes(initiator.kind)) return []
  // A handshake follows no redirect.
  if (vehicle.kind === 'socket' && initiator.via) return []
  const routes: Array<SafeMethodsRoute | undefined> = vehicle.kind === 'get' ? ['isolate', 'check'] : [undefined]
  return routes.map(route => {
    const id = ++lastId
    return { engine, initiator, vehicle, route, id, attempt: lab.attempt(id) }
  })
}

async function fire (engine: Engine, { origins }: Lab, { origin, target, kind, referrer, via }: Initiator, shots: Shot[]): Promise<void> {
  const tasks = shots.map(({ vehicle, route, id }) => {
    const path = route ?? (vehicle.kind === 'socket' ? 'socket' : 'transfer')
    const url = `${origins[target]}/${path}/${id}`
    return { vehicle: vehicle.name, url: via ? `${origins[via[0]]}/redirect/${via[1]}?to=${encodeURIComponent(url)}` : url }
  })
  await engine.open(`${origins[origin]}/page?${new URLSearchParams({ kind, ...(referrer && { referrer }) })}`)
  // The page before may still be going away, and its document with it.
  await until(() => engine.evaluate<boolean>('window.isReady === true').catch(() => false), 10_000)
  // Only a click may open a window.
  const needsClick = shots.some(({ vehicle }) => vehicle.opensWindow)
  await engine.evaluate(`${needsClick ? 'window.pending = ' : 'start'}(${JSON.stringify(tasks)}), true`)
  if (needsClick) await engine.click('#go')

  const haveArrived = () => shots.every(({ attempt }) => attempt.ran || attempt.requests.some(({ method, status }) => method !== 'OPTIONS' && status !== undefined))
  const leaves = shots.some(({ vehicle }) => vehicle.leavesPage)
  const haveSettled = async () => leaves ? false : await engine.evaluate<number>('window.settled') === tasks.length
  // Some are never sent: the page knows of most when they have failed, and time tells of the rest.
  await until(async () => haveArrived() || await haveSettled(), leaves ? 2000 : 5000)
  if (!haveArrived()) await until(haveArrived, 500)
  if (needsClick) await engine.closePopups()
}

async function until (isTrue: () => boolean | Promise<boolean>, milliseconds: number): Promise<void> {
  const deadline = Date.now() + milliseconds
  while (Date.now() < deadline) {
    if (await isTrue()) return
    await sleep(20)
  }
}

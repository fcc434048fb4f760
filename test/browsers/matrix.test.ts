// Fires every vehicle of every initiator in three engines at protected banks, and asserts what became of it
// and what the browser said of its site. What was sent is on record, in docs/browsers.md for people and as data
// for the unit tests; a browser that sends something else fails the run. RECORD=1 writes a new record,
// ENGINE=webkit tries one engine alone.
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { engineNames } from './engines.ts'
import { openLab } from './lab.ts'
import { initiators, isOwnRequest, naiveInitiators } from './matrix.ts'
import { differencesFromRecord, writeRecords } from './records.ts'
import { describe, expectationOf, expectedSiteOf, isNaive, isRefetched, lastRequest, outcomeOf, type Shot } from './shots.ts'
import { fireMatrix } from './volley.ts'

const { ENGINE, RECORD } = process.env

const lab = await openLab()
t.teardown(() => lab.close())

const shots: Shot[] = []
const versions: string[] = []

const engines = ENGINE ? engineNames.filter(name => name === ENGINE) : engineNames
t.jobs = engines.length
await Promise.all(engines.map(async (name, i) => {
  await t.test(name, { buffered: engines.length > 1 }, async t => {
    const volley = await fireMatrix(lab, name)
    shots.push(...volley.shots)
    versions[i] = volley.version
    t.comment(volley.version)
    for (const retry of volley.retries) t.comment(`again: ${retry}`)

    for (const initiator of [...initiators, ...naiveInitiators]) {
      await t.test(isNaive({ initiator }) ? `with a service worker that fetches navigations again: ${initiator.name}` : initiator.name, async t => {
        for (const shot of volley.shots.filter(shot => shot.initiator === initiator)) assertShot(t, shot)
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
  const { engine, initiator, vehicle, attempt, outcome } = shot
  if (isRefetched(shot)) {
    // No header tells an engine's mistake in these from an own request, as the README says. But WebKit leaves forms
    // their Origin where the page has a referrer, and the plugin looks at that.
    if (engine === 'webkit' && vehicle.name.startsWith('form') && initiator.referrer === undefined) {
      t.equal(outcome, isOwnRequest(initiator) ? 'ran' : 'refused', describe(shot), { requests: attempt.requests })
    }
    return
  }
  t.equal(outcome, expectationOf(shot), describe(shot), { requests: attempt.requests })

  const last = lastRequest(attempt)
  if (last === undefined) return
  t.equal(last.headers['sec-fetch-site'], expectedSiteOf(shot), `${describe(shot)}: Sec-Fetch-Site`, { requests: attempt.requests })
  if (initiator.name === 'own page' && vehicle.credentials !== undefined) {
    t.equal('cookie' in last.headers, vehicle.credentials === 'include', `${describe(shot)}: cookies`)
  }
}

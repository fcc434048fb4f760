// A visitor's way through the demo in three engines: the bank's own button, every attack, and every size of the window.
// The picture of the README is taken here.
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { engineNames, launchEngine, type Engine, type EngineName } from './engines.ts'

/** demo/stage.js; the path is not a literal, so that its types are not looked for. */
interface Demo {
  readonly origins: Readonly<Record<'protected' | 'unprotected' | 'sameSite', string>>
  readonly banks: Readonly<Record<'protected' | 'unprotected', { balance: number }>>
  close (): Promise<void>
}

const demoUrl = (file: string) => new URL(`../../demo/${file}`, import.meta.url).href
const { openDemo } = await import(demoUrl('stage.js')) as { openDemo (ports: number[]): Promise<Demo> }
const { attacks } = await import(demoUrl('attacks.js')) as { attacks: ReadonlyArray<{ name: string }> }

interface Cell { state: string, title: string, sentence: string, reason: string }

// What the protected bank calls each attack. A handshake of Chromium says nothing of sites.
const reasons: Readonly<Record<string, RegExp>> = {
  form: /^403 cross-site$/, webSocket: /^403 (same-site|host-mismatch)$/, reload: /^403 cross-site$/, rebinding: /^403 unknown-host$/
}

/** Only Chromium sends a refused form again as the bank's own, and so gets round the check that is written by hand. */
const succeeds = (attack: string, engine: EngineName) => attack !== 'reload' || engine === 'chromium'

t.jobs = engineNames.length
for (const name of engineNames.filter(name => !process.env.ENGINE || name === process.env.ENGINE)) {
  t.test(name, { buffered: true }, async t => {
    const demo = await openDemo([0, 0, 0])
    const engine = await launchEngine(name)
    t.teardown(async () => { await engine.close(); await demo.close() })
    t.comment(engine.version)

    await t.test('the bank\'s own button', async t => {
      for (const bank of ['unprotected', 'protected'] as const) {
        await engine.open(demo.origins[bank])
        await engine.click('button')
        t.equal(await eventually(() => engine.evaluate<string>('document.querySelector("#balance").textContent'), text => text === '900 €'), '900 €', bank)
        t.equal(demo.banks[bank].balance, 900)
      }
    })

    await engine.open(demo.origins.sameSite)
    await t.test('starts again', async t => {
      await press(engine, '#again')
      t.same([demo.banks.unprotected.balance, demo.banks.protected.balance], [1000, 1000])
    })

    for (const { name: attack } of attacks) {
      await t.test(`attack: ${attack}`, async t => {
        const before = demo.banks.unprotected.balance
        await press(engine, `[data-attack=${attack}]`)
        assertOutcome(t, attack, name, await cellsOf(engine, attack))
        t.equal(demo.banks.unprotected.balance, before - (succeeds(attack, name) ? 100 : 0))
        t.equal(demo.banks.protected.balance, 1000)
      })
      if (attack !== 'form') continue
      if (name === 'chromium' && process.env.RECORD) {
        await engine.resize(880, 400)
        await engine.screenshot(fileURLToPath(new URL('../../docs/demo.png', import.meta.url)))
      }
      await engine.click('summary')
    }

    await t.test('all of the others at once', async t => {
      await press(engine, '#again')
      await press(engine, '#all')
      const others = attacks.map(({ name }) => name).filter(attack => attack !== 'form')
      for (const attack of others) assertOutcome(t, attack, name, await cellsOf(engine, attack))
      t.equal(demo.banks.unprotected.balance, 1000 - 100 * others.filter(attack => succeeds(attack, name)).length)
      t.equal(demo.banks.protected.balance, 1000)
    })

    // In a frame: a window of WebKitGTK is never as narrow as a telephone.
    for (const [width, height] of [[1280, 800], [768, 1024], [360, 640]] as const) {
      await t.test(`a window of ${width} x ${height}`, async t => {
        await engine.evaluate(`(() => {
          const frame = document.body.appendChild(document.createElement('iframe'))
          frame.id = 'window${width}'
          frame.style = 'border: 0; width: ${width}px; height: ${height}px'
          frame.src = '/'
        })()`)
        const inFrame = (expression: string) => `(({ contentWindow: window, contentDocument: document }) => ${expression})(document.querySelector('#window${width}'))`
        const isReady = inFrame('document.readyState === "complete" && document.querySelector("summary") !== null')
        t.ok(await eventually(() => engine.evaluate<boolean>(isReady), Boolean))
        t.same(await engine.evaluate(inFrame('[window.innerWidth, window.innerHeight]')), [width, height])

        await t.test('the first screen has the banks, and the button that is to be pressed', async t => {
          const bottoms = await engine.evaluate<number[]>(inFrame('[".banks", "#classic"].map(selector => document.querySelector(selector).getBoundingClientRect().bottom)'))
          for (const bottom of bottoms) t.ok(bottom <= height, `${bottom} of ${height}`)
        })

        await t.test('the banks stay in sight, and cover no button', async t => {
          await engine.evaluate(inFrame('document.querySelector("details").open = true'))
          const others = attacks.slice(1).map(({ name }) => name)
          for (const attack of [...others, ...others.toReversed()]) {
            t.ok(await engine.evaluate<boolean>(inFrame(`{
              const button = document.querySelector('[data-attack=${attack}]')
              button.scrollIntoView({ block: 'nearest' })
              const { left, top, height } = button.getBoundingClientRect()
              const banks = document.querySelector('.banks').getBoundingClientRect()
              return banks.top >= 0 && banks.bottom <= window.innerHeight && document.elementFromPoint(left + 5, top + height / 2) === button
            }`)), attack)
          }
        })

        await t.test('nothing is wider', async t => {
          const content = await engine.evaluate<number>(inFrame('document.documentElement.scrollWidth'))
          t.ok(content <= width, `${content} in ${width}`)
        })
      })
    }
  })
}

function assertOutcome (t: Test, attack: string, engine: EngineName, [unprotected, protected_]: [Cell, Cell]): void {
  const outcome = succeeds(attack, engine) ? { state: 'moved', title: '100 € gone' } : { state: 'kept', title: 'Refused', reason: '403 by hand' }
  t.match(unprotected, outcome, `${attack} without the plugin`)
  t.match(protected_, { state: 'kept', title: 'Refused', sentence: /\w+ .*\.$/, reason: reasons[attack] ?? /^403 same-site$/ }, `${attack} fails with it`)
}

/** Clicks, and waits until the page lets itself be clicked again. */
async function press (engine: Engine, selector: string): Promise<void> {
  const isIdle = 'document.body.ariaBusy !== "true"'
  await eventually(() => engine.evaluate<boolean>(isIdle), Boolean)
  await engine.evaluate(`document.querySelector('${selector}').scrollIntoView({ block: 'center' })`)
  await sleep(100)
  await engine.click(selector)
  await sleep(200)
  await eventually(() => engine.evaluate<boolean>(isIdle), Boolean)
}

async function cellsOf (engine: Engine, attack: string): Promise<[Cell, Cell]> {
  return engine.evaluate(`['unprotected', 'protected'].map(bank => {
    const cell = document.querySelector('#${attack} [data-at=' + bank + ']')
    const text = selector => cell.querySelector(selector)?.textContent ?? ''
    return { state: cell.dataset.state, title: text('strong'), sentence: text('p'), reason: text('code') }
  })`)
}

/** The first good value, or the last one after 15 seconds. */
async function eventually<Value> (ask: () => Promise<Value>, isGood: (value: Value) => boolean): Promise<Value | undefined> {
  let value: Value | undefined
  for (let attempt = 0; attempt < 150; attempt++) {
    value = await ask().catch(() => undefined)
    if (value !== undefined && isGood(value)) return value
    await sleep(100)
  }
  return value
}

// A visitor's way through the demo in three engines: the bank's own button, every attack, and every size.
// The picture in the README is taken here.
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { engineNames, launchEngine, type Engine } from './engines.ts'

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

// What a bank calls each attack; a handshake of Chromium says nothing of sites.
const reasons: Readonly<Record<string, RegExp>> = { form: /^cross-site$/, webSocket: /^(same-site|host-mismatch)$/ }

for (const name of engineNames) {
  t.test(name, async t => {
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
        await press(engine, `[data-attack=${attack}] button`)
        assertOutcome(t, attack, await cellsOf(engine, attack))
        t.equal(demo.banks.unprotected.balance, before - 100)
        t.equal(demo.banks.protected.balance, 1000)
      })
    }

    await t.test('all at once', async t => {
      await press(engine, '#again')
      await press(engine, '#all')
      for (const { name: attack } of attacks) assertOutcome(t, attack, await cellsOf(engine, attack))
      t.equal(demo.banks.unprotected.balance, 1000 - 100 * attacks.length)
      t.equal(demo.banks.protected.balance, 1000)
    })

    if (name === 'chromium' && process.env.RECORD) {
      await engine.resize(1000, 600)
      await engine.screenshot(fileURLToPath(new URL('../../docs/demo.png', import.meta.url)))
    }

    // In a frame: a window of WebKitGTK is never as narrow as a telephone.
    await t.test('nothing is wider than the window', async t => {
      for (const width of [1280, 768, 360]) {
        await engine.evaluate(`(() => {
          const frame = document.body.appendChild(document.createElement('iframe'))
          frame.style.width = '${width}px'
          frame.onload = () => { window.measured = [frame.contentWindow.innerWidth, frame.contentDocument.documentElement.scrollWidth] }
          frame.src = '/'
          frame.style.border = 0
          window.measured = undefined
        })()`)
        const [window, content] = await eventually(() => engine.evaluate<[number, number]>('window.measured'), Boolean) ?? []
        t.equal(window, width)
        t.ok(content! <= width, `${content} in ${width}`)
      }
    })
  })
}

function assertOutcome (t: Test, attack: string, [unprotected, protected_]: [Cell, Cell]): void {
  t.match(unprotected, { state: 'moved', title: '100 € gone' }, `${attack} succeeds without the plugin`)
  t.match(protected_, { state: 'kept', title: 'Refused', sentence: /\w+ .*\.$/, reason: reasons[attack] ?? /^same-site$/ }, `${attack} fails with it`)
}

/** Clicks, and waits until the page lets itself be clicked again. */
async function press (engine: Engine, selector: string): Promise<void> {
  const isIdle = 'document.body.ariaBusy !== "true"'
  await eventually(() => engine.evaluate<boolean>(isIdle), Boolean)
  await engine.click(selector)
  await sleep(200)
  await eventually(() => engine.evaluate<boolean>(isIdle), Boolean)
}

async function cellsOf (engine: Engine, attack: string): Promise<[Cell, Cell]> {
  return engine.evaluate(`['unprotected', 'protected'].map(bank => {
    const cell = document.querySelector('[data-attack=${attack}] [data-at=' + bank + ']')
    const text = selector => cell.querySelector(selector)?.textContent ?? ''
    return { state: cell.className, title: text('strong'), sentence: text('p'), reason: text('code') }
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

// Three real engines behind one small interface: Chromium and Firefox by puppeteer-core, WebKit by the
// W3C WebDriver calls that it takes.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Browser, CDPSession, Page, WebWorker } from 'puppeteer-core'
import { freePort } from '../helpers/socket.ts'

// By require: tap's loader cannot resolve the way in which puppeteer-core imports its Firefox part.
const { launch } = createRequire(import.meta.url)('puppeteer-core') as typeof import('puppeteer-core')

export interface Engine {
  readonly name: EngineName
  /** Name and version, for people. */
  readonly version: string
  open (url: string): Promise<void>
  /** Begins to open a page in place of all that is open, and waits for none of it: the page may leave at once. */
  visit (url: string): Promise<void>
  /** Clicks as a user does, which lets a page open windows. */
  click (selector: string): Promise<void>
  /** The same on whatever is there, without a look at it: a button that fills the window. */
  clickMiddle (): Promise<void>
  /** As a user does it, by the button or F5; a form that led to the page is sent again. Waits for nothing. */
  reload (): Promise<void>
  /** Firefox's "View Page Source" on what the window shows, by what its menu calls. The other engines show what they have in store. */
  viewSource? (): Promise<void>
  /** Closes the first tab, and opens it again as the user does by the menu "Reopen closed tab". WebKitGTK has none. */
  restoreTab? (): Promise<void>
  /** What Chromium has printed for developers in its first tab. */
  messages? (): readonly string[]
  /** Chromium's DevTools protocol, for its first tab. */
  protocol? (): Promise<CDPSession>
  /** Installs the extension in a directory. WebKitGTK has none. */
  install? (path: string): Promise<void>
  /** The value of a JavaScript expression in the page. */
  evaluate<Value> (expression: string): Promise<Value>
  resize (width: number, height: number): Promise<void>
  /** Writes a PNG of the window. */
  screenshot (path: string): Promise<void>
  /** Closes every window but the first. */
  closePopups (): Promise<void>
  /** Ends the browser, even if it hangs. */
  close (): Promise<void>
}

export type EngineName = 'chromium' | 'firefox' | 'webkit'

export const engineNames: readonly EngineName[] = ['chromium', 'firefox', 'webkit']

/** Launches a browser; Chromium with more arguments, if given. */
export async function launchEngine (name: EngineName, chromiumArgs: readonly string[] = []): Promise<Engine> {
  return name === 'webkit' ? launchWebKit() : launchPuppeteer(name, chromiumArgs)
}

// ---------------------------------------------------------------------------------------------

// Firefox never answers a question to a document that is just going away; a busy machine starts it slowly.
const protocolTimeout = 30_000

/** Resolves as `doing` does, and rejects when that takes longer. */
export async function within<Value> (milliseconds: number, doing: Promise<Value>): Promise<Value> {
  const timer = new AbortController()
  const late = sleep(milliseconds, undefined, { signal: timer.signal }).then(() => { throw new Error(`nothing came of it within ${milliseconds / 1000} s`) })
  return await Promise.race([doing, late]).finally(() => { timer.abort() })
}

async function launchPuppeteer (name: 'chromium' | 'firefox', chromiumArgs: readonly string[]): Promise<Engine> {
  // While puppeteer watches its requests, Firefox keeps redirected forms from service workers. A user's Firefox does not.
  const networkEnabled = false
  const browser = await launch(name === 'chromium'
    ? {
        protocolTimeout,
        networkEnabled,
        executablePath: process.env.CHROMIUM!,
        // Extensions are installed through a pipe only.
        pipe: true,
        enableExtensions: true,
        headless: true,
        acceptInsecureCerts: true,
        // Root has no sandbox; the rest keeps Chromium from looking for hosts of its own.
        args: [
          '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
          '--disable-component-update', '--disable-sync', '--disable-popup-blocking',
          // Nobody looks at its windows, so a new tab needs no animation.
          '--force-prefers-reduced-motion',
          // What is to be reported goes out at once, and not within a minute.
          '--short-reporting-delay',
          ...chromiumArgs
        ]
      }
    : {
        protocolTimeout,
        networkEnabled,
        browser: 'firefox',
        executablePath: process.env.FIREFOX!,
        headless: true,
        acceptInsecureCerts: true,
        // Lets the tests reach the menus.
        args: ['--remote-allow-system-access'],
        // The windows are large enough, and giving each page its own size takes time.
        defaultViewport: null,
        extraPrefsFirefox: {
          'dom.disable_open_during_load': false,
          // Nobody looks at its windows, and drawing them as usual takes a fifth of the time.
          'layout.frame_rate': 10,
          'ui.prefersReducedMotion': 1,
          'browser.urlbar.formatting.enabled': false,
          // Mozilla's repairs of certain sites, none of which is here, follow every page.
          'extensions.webcompat.perform_injections': false,
          'extensions.webcompat.enable_shims': false,
          // In milliseconds. The tests that need the state of a tab ask for it.
          'browser.sessionstore.interval': 600_000,
          // Starting a process for each page takes most of the time.
          'dom.ipc.processPrelaunch.enabled': false,
          'dom.ipc.keepProcessesAlive.web': 2,
          'dom.ipc.keepProcessesAlive.webIsolated.max': 4,
          'dom.ipc.keepProcessesAlive.webIsolated.perOrigin': 2,
          'dom.security.https_first': false,
          // The user who is asked whether a form is to be sent again says yes.
          'dom.confirm_repost.testing.always_accept': true
        }
      })
  let [page] = await browser.pages() as [Page]
  await page.setViewport({ width: 1280, height: 800 })
  let mayHavePopups = false
  let restorer: Promise<WebWorker> | undefined
  const messages: string[] = []
  page.on('console', message => { messages.push(message.text()) })
  return {
    name,
    version: await browserVersion(name, browser),
    async open (url) {
      const options = { waitUntil: 'domcontentloaded', timeout: 10_000 } as const
      try {
        await page.goto(url, options)
      } catch {
        // The tab may hang. What it sent before has been counted.
        const hanging = page
        page = await browser.newPage()
        await page.setViewport({ width: 1280, height: 800 })
        await hanging.close().catch(() => {})
        await page.goto(url, options)
      }
    },
    async click (selector) { await page.click(selector) },
    async visit (url) {
      // A tab that has opened and lost many windows may hang, and Firefox's hang without that too.
      const isNew = mayHavePopups || name === 'firefox'
      const others = isNew ? await browser.pages() : []
      if (isNew) page = await browser.newPage()
      mayHavePopups = false
      page.goto(url, { waitUntil: 'domcontentloaded', timeout: 10_000 }).catch(() => {})
      await Promise.all(others.map(page => page.close().catch(() => {})))
    },
    async clickMiddle () {
      mayHavePopups = true
      await page.mouse.click(640, 400)
    },
    async reload () { page.reload({ timeout: 10_000 }).catch(() => {}) },
    ...(name === 'chromium' && { messages: () => messages, protocol: () => page.createCDPSession() }),
    async restoreTab () {
      // Without another tab, the browser would end.
      await browser.newPage()
      const before = await browser.pages()
      if (name === 'chromium') await restoreInChromium(page, await (restorer ??= installRestorer(browser)))
      else await restoreInFirefox(browser, page)
      let restored: Page | undefined
      while (restored === undefined) {
        await sleep(50)
        restored = (await browser.pages()).find(page => !before.includes(page))
      }
      page = restored
    },
    ...(name === 'firefox' && {
      async viewSource () {
        await page.bringToFront()
        await evaluateInChrome(browser, 'BrowserCommands.viewSource(gBrowser.selectedBrowser), 1')
      }
    }),
    async evaluate (expression) { return await page.evaluate(expression) as never },
    async install (path) { await browser.installExtension(path) },
    async resize (width, height) { await page.setViewport({ width, height }) },
    async screenshot (path) { await page.screenshot({ path: path as `${string}.png`, fullPage: true }) },
    async closePopups () {
      for (const other of await browser.pages()) {
        if (other !== page) await other.close()
      }
      await page.bringToFront()
    },
    async close () {
      await within(10_000, browser.close()).catch(() => { browser.process()?.kill('SIGKILL') })
    }
  }
}

async function browserVersion (name: string, browser: Browser): Promise<string> {
  const version = (await browser.version()).replace(/^[^/]*\//, '')
  return `${name === 'chromium' ? 'Chromium' : 'Firefox'} ${version}`
}

/** In the document of Firefox's own window, which puppeteer does not show. */
async function evaluateInChrome (browser: Browser, expression: string): Promise<void> {
  type Answer = { result: { type: string, contexts: Array<{ context: string }> } }
  const { connection } = browser as unknown as { connection: { send (method: string, parameters: object): Promise<Answer> } }
  const { result: { contexts: [window] } } = await connection.send('browsingContext.getTree', { 'moz:scope': 'chrome' })
  const { result } = await connection.send('script.evaluate', { expression, target: { context: window!.context }, awaitPromise: true })
  if (result.type !== 'success') throw new Error(`${expression}: ${JSON.stringify(result)}`)
}

/** Only an extension can ask Chromium for a closed tab. */
async function installRestorer (browser: Browser): Promise<WebWorker> {
  const id = await browser.installExtension(fileURLToPath(new URL('restorer', import.meta.url)))
  const target = await browser.waitForTarget(target => target.type() === 'service_worker' && target.url().includes(id))
  return (await target.worker())!
}

async function restoreInChromium (page: Page, worker: WebWorker): Promise<void> {
  const last = () => worker.evaluate('chrome.sessions.getRecentlyClosed().then(([last]) => last?.tab.sessionId)')
  const before = await last()
  await page.close()
  while (await last() === before) await sleep(50)
  await worker.evaluate('chrome.sessions.restore().then(() => {})')
}

async function restoreInFirefox (browser: Browser, page: Page): Promise<void> {
  await page.bringToFront()
  await evaluateInChrome(browser, `(async () => {
    const { TabStateFlusher } = ChromeUtils.importESModule('resource:///modules/sessionstore/TabStateFlusher.sys.mjs')
    const tab = gBrowser.selectedTab
    await TabStateFlusher.flush(tab.linkedBrowser)
    gBrowser.removeTab(tab)
    gBrowser.selectedTab = SessionStore.undoCloseTab(window, 0, window)
  })()`)
}

async function launchWebKit (): Promise<Engine> {
  const port = await freePort()
  const driver = spawn('WebKitWebDriver', [`--port=${port}`], { stdio: ['ignore', 'ignore', 'inherit'] })
  const base = `http://127.0.0.1:${port}/session`
  const { sessionId, capabilities } = await command<{ sessionId: string, capabilities: { browserVersion: string } }>('POST', base, {
    capabilities: { alwaysMatch: { acceptInsecureCerts: true, 'webkitgtk:browserOptions': { args: ['--automation'] } } }
  }, 50)
  const session = `${base}/${sessionId}`
  const first = await command<string>('GET', `${session}/window`)
  // Narrow, because drawing takes time, but high: MiniBrowser shows a line for each download, below what is left of the page.
  await command('POST', `${session}/window/rect`, { width: 400, height: 900 })
  // As puppeteer is told to wait: a page may hang.
  await command('POST', `${session}/timeouts`, { pageLoad: 10_000 })

  let mayHavePopups = false
  const closePopups = async () => {
    for (const handle of await command<string[]>('GET', `${session}/window/handles`)) {
      if (handle === first) continue
      await command('POST', `${session}/window`, { handle })
      await command('DELETE', `${session}/window`)
    }
    await command('POST', `${session}/window`, { handle: first })
  }

  return {
    name: 'webkit',
    version: `WebKitGTK ${capabilities.browserVersion}`,
    async open (url) { await command('POST', `${session}/url`, { url }) },
    async click (selector) {
      const element = await command<Record<string, string>>('POST', `${session}/element`, { using: 'css selector', value: selector })
      await command('POST', `${session}/element/${Object.values(element)[0]}/click`, {})
    },
    async visit (url) {
      if (mayHavePopups) await closePopups()
      mayHavePopups = false
      await command('POST', `${session}/url`, { url }).catch(() => {})
    },
    async clickMiddle () {
      mayHavePopups = true
      // Not the middle, because of the downloads' lines.
      const actions = [{ type: 'pointerMove', x: 200, y: 20 }, { type: 'pointerDown', button: 0 }, { type: 'pointerUp', button: 0 }]
      await command('POST', `${session}/actions`, { actions: [{ type: 'pointer', id: 'mouse', actions }] })
    },
    async reload () { await command('POST', `${session}/refresh`, {}) },
    async evaluate (expression) { return await command('POST', `${session}/execute/sync`, { script: `return (${expression})`, args: [] }) },
    async resize (width, height) { await command('POST', `${session}/window/rect`, { width, height }) },
    async screenshot (path) { writeFileSync(path, Buffer.from(await command<string>('GET', `${session}/screenshot`), 'base64')) },
    closePopups,
    async close () {
      await within(10_000, command('DELETE', session)).catch(() => {})
      await end(driver)
    }
  }
}

/** A WebDriver call. The driver may still be starting: `attempts` says how often to knock. */
async function command<Value> (method: string, url: string, body?: object, attempts = 1): Promise<Value> {
  for (let attempt = 1; ; attempt++) {
    try {
      const response = await fetch(url, { method, ...(body && { body: JSON.stringify(body) }) })
      const { value } = await response.json() as { value: Value & { error?: string, message?: string } }
      if (!response.ok) throw new Error(`${method} ${url}: ${value.error} ${value.message}`)
      return value
    } catch (error) {
      if (attempt >= attempts || !(error instanceof TypeError)) throw error
      await sleep(100)
    }
  }
}

async function end (child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ending = once(child, 'exit')
  child.kill()
  await within(5_000, ending).catch(() => { child.kill('SIGKILL') })
}

// What the suites of published bypasses have in common: names, requests as lines of bytes, and what must become of them.
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { advisories, type Advisory } from './advisories.ts'
import type { CountingApp } from './app.ts'
import { listen, sendRaw } from './socket.ts'

type RootCause = keyof typeof advisories

/**
 * The tests of one root cause: each is named by its advisory. `isComplete`, at the end of a file, fails when an
 * advisory has no test.
 */
export function suiteOf<Cause extends RootCause> (cause: Cause) {
  const known: Record<string, Advisory> = advisories[cause]
  const tested = new Set<string>()
  return {
    bypass (id: keyof (typeof advisories)[Cause] & string, test: (t: Test) => Promise<void>): void {
      const [project, problem, url] = known[id]!
      tested.add(id)
      t.test(`${id}, ${project}: ${problem} (${url})`, test)
    },
    isComplete (): void {
      t.test('every published bypass of this kind has its test', async t => { t.same([...tested].sort(), Object.keys(known).sort()) })
    }
  }
}

/** A request head, and what to call it; statuses other than the usual one carry their own reason in the name. */
export type Attempt = readonly [name: string, head: readonly string[], options?: { readonly status?: number, readonly body?: string }]

/** None of the requests may reach a handler; each gets a 403, or the given status. */
export async function refuses (t: Test, app: CountingApp, attempts: readonly Attempt[]): Promise<void> {
  for (const [name, head, { status = 403, body } = {}] of attempts) {
    app.ran = 0
    const response = await sendRaw(await portOf(app), [...head], body)
    t.equal(response.status, status, `refused: ${name}`)
    t.equal(app.ran, 0, `the handler did not run: ${name}`)
  }
}

/** The controls: each of the requests reaches a handler, so that no refusal can stand for want of a route. */
export async function serves (t: Test, app: CountingApp, attempts: readonly Attempt[]): Promise<void> {
  for (const [name, head, { status = 200, body } = {}] of attempts) {
    app.ran = 0
    const response = await sendRaw(await portOf(app), [...head], body)
    t.equal(response.status, status, `served: ${name}`)
    t.equal(app.ran, 1, `the handler ran: ${name}`)
  }
}

/** Starts the application unless it runs already. */
export async function portOf (app: CountingApp): Promise<number> {
  return (app.server.address() as AddressInfo | null)?.port ?? await listen(app)
}

/** The lines of a request for the protected site, `app.example`. */
export function request (method: string, target: string, ...lines: readonly string[]): string[] {
  return [`${method} ${target} HTTP/1.1`, 'Host: app.example', ...lines]
}

export function post (target: string, ...lines: readonly string[]): string[] {
  return request('POST', target, ...lines)
}

/** A WebSocket handshake. */
export function handshake (target: string, ...lines: readonly string[]): string[] {
  return request('GET', target, ...lines, 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==')
}

/** What a browser says of another site's page: where it sends Fetch Metadata, and where it does not. */
export const evil = ['Origin: https://evil.example', 'Sec-Fetch-Site: cross-site']
export const evilOrigin = ['Origin: https://evil.example']

/** Of the application's own page. */
export const own = ['Origin: https://app.example', 'Sec-Fetch-Site: same-origin']
export const ownOrigin = ['Origin: https://app.example']

// A protected application that counts how often its handlers ran.
import Fastify, { type FastifyInstance, type FastifyServerOptions, type InjectOptions } from 'fastify'
import type { Test } from 'tap'
import crossOriginProtection, { type CrossOriginProtectionOptions } from '../../src/index.ts'
import { browserRequest, type BrowserRequest, type BrowserRequestOptions } from '../../src/testing.ts'

export interface CountingApp extends FastifyInstance {
  /** How many requests reached a handler. */
  ran: number
}

/** An application with nothing in it; it is closed when the test ends. */
export function emptyApp (t: Test, server: FastifyServerOptions = {}): CountingApp {
  const app = Object.assign(Fastify(server), { ran: 0 }) as unknown as CountingApp
  t.teardown(() => app.close())
  return app
}

/** Adds a handler for every method that counts its runs. */
export function countAll (app: CountingApp, scope: FastifyInstance = app, url = '/*', config: object = {}): void {
  scope.all(url, { config }, async () => {
    app.ran++
    return 'ran'
  })
}

/** A protected application whose every path and method is answered by a counting handler. */
export async function protectedApp (
  t: Test, options: CrossOriginProtectionOptions = {}, server: FastifyServerOptions = {}
): Promise<CountingApp> {
  const app = emptyApp(t, server)
  await app.register(crossOriginProtection, options)
  countAll(app)
  return app
}

/** What a browser sends for a form on a page of another site. */
export function postFrom (origin: string, to?: string): InjectOptions {
  return withoutBody({ from: 'cross-site', by: 'form', origin, ...(to && { to }) })
}

export const crossSitePost = postFrom('https://evil.example')

/** A form of the application's own page. */
export const sameOriginPost = withoutBody({ from: 'same-origin', by: 'form' })

function withoutBody (options: BrowserRequestOptions): InjectOptions {
  return { url: '/transfer', ...bodiless(options) }
}

/** What a browser sends, for tests that have no body, which Fastify would look for where a content type is. */
export function bodiless (options: BrowserRequestOptions): Omit<BrowserRequest, 'headers'> & { headers: Record<string, string> } {
  const { method, headers: { 'content-type': _type, ...headers } } = browserRequest(options)
  return { method, headers }
}

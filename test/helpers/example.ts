// An example as a user runs it: by the command in its README, as a process of its own.
import { execFile, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Test } from 'tap'
import { browserRequest, type BrowserRequestOptions } from '../../src/testing.ts'
import { sendRaw, type RawResponse } from './socket.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** The commands of examples/README.md, by example. */
export const commands: Readonly<Record<string, string>> = Object.fromEntries(
  [...readFileSync(`${root}examples/README.md`, 'utf8').matchAll(/^\| \[[\w.-]+\]\(([\w.-]+)\) .*`([^`]+)` *\|$/gm)]
    .map(([, name = '', command = '']) => [name, command])
)

export interface RunningExample {
  readonly port: number
  /** As the application's pages have it. */
  readonly origin: string
  /** Sends what a browser would. */
  send (path: string, request: BrowserRequestOptions, body?: string): Promise<RawResponse>
  /** Sends what a program would, without a word on where it comes from. */
  call (method: 'GET' | 'POST', path: string, headers?: Record<string, string>, body?: string): Promise<RawResponse>
}

/** Runs an example's command on a free port, until it says that it listens; its process ends with the test. */
export async function runExample (t: Test, example: string, ready = /listening at http:\/\/[^"]*:(\d+)/): Promise<RunningExample> {
  // Without coverage: tap would take examples for source that is to be covered.
  const env = { PATH: process.env.PATH, PORT: '0', _TAPJS_PROCESSINFO_COVERAGE_: '0' }
  const steps = commands[example]!.split(' && ').map(step => step.split(' '))
  const [program = '', ...words] = steps.pop()!
  for (const [file = '', ...rest] of steps) await promisify(execFile)(file, rest, { cwd: root, env })

  const server = spawn(program === 'node' ? process.execPath : program, words, { cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => new Promise(resolve => {
    if (server.exitCode !== null) return resolve(undefined)
    server.once('exit', resolve)
    server.kill()
  }))

  const port = await new Promise<number>((resolve, reject) => {
    let output = ''
    server.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text
      const [, port] = ready.exec(output) ?? []
      if (port !== undefined) resolve(Number(port))
    })
    server.once('exit', code => reject(new Error(`${example} ended with ${code}: ${output}`)))
  })

  const send = (method: string, path: string, headers: Readonly<Record<string, string>>, body?: string) => (
    sendRaw(port, [`${method} ${path} HTTP/1.1`, ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`)], body)
  )
  return {
    port,
    origin: `http://localhost:${port}`,
    send (path, options, body) {
      const { method, headers } = browserRequest(options)
      return send(method, path, headers, body)
    },
    call: (method, path, headers, body) => send(method, path, { host: `localhost:${port}`, ...headers }, body)
  }
}

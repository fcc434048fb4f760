// A server in a separate process, so that its memory can be measured and a crash is noticed.
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

/** What the server's process holds after a garbage collection. */
export interface Sample {
  readonly heap: number
  readonly rss: number
  /** Open sockets among the handles and timers that keep the process alive. */
  readonly sockets: number
  readonly handles: number
}

export type ToServer = { readonly type: 'sample' | 'finish' }

/** Starts a server's script, with the loader that this process was started with. Its messages go to `onMessage`. */
export function startServer<Message> (script: string, args: string[], onMessage: (message: Message) => void): ChildProcess {
  const child = fork(fileURLToPath(new URL(script, import.meta.url)), args, { execArgv: [...process.execArgv, '--expose-gc'] })
  child.on('message', message => { onMessage(message as Message) })
  return child
}

export function tell (child: ChildProcess, message: ToServer): void {
  if (child.connected) child.send(message)
}

/** Waits until the server's process exits, and kills it if it does not exit by itself. */
export async function ended (child: ChildProcess, milliseconds = 30_000): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const timer = setTimeout(() => { child.kill('SIGKILL') }, milliseconds)
  await once(child, 'exit')
  clearTimeout(timer)
}

/** In the server's process: collects garbage and takes a sample. */
export function takeSample (): Sample {
  global.gc!()
  const { heapUsed, rss } = process.memoryUsage()
  const resources = process.getActiveResourcesInfo()
  return { heap: heapUsed, rss, sockets: resources.filter(name => name === 'TCPSocketWrap').length, handles: resources.length }
}

/** In the server's process: takes the sample after the last sockets have closed, and gives them some seconds to close. */
export async function takeLastSample (): Promise<Sample> {
  let sample = takeSample()
  for (let turn = 0; turn < 20 && sample.sockets > 0; turn++) {
    await sleep(500)
    sample = takeSample()
  }
  return sample
}

/**
 * How many bytes the heap grew from the second to the last third of a run, as the difference of their medians. The first third
 * is the warm-up.
 */
export function heapGrowth (samples: readonly Sample[]): number {
  const third = Math.floor(samples.length / 3)
  if (third === 0) return 0
  const median = (part: readonly Sample[]) => part.map(({ heap }) => heap).sort((a, b) => a - b)[Math.floor(part.length / 2)]!
  return median(samples.slice(-third)) - median(samples.slice(third, -third))
}

export function megabytes (bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`
}

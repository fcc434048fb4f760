// A client's side of a connection: bytes out, statuses in.
import { connect, type Socket } from 'node:net'

export interface Answer {
  /** The statuses so far. */
  readonly seen: () => readonly number[]
  /** Resolves once that many statuses have arrived. */
  readonly statuses: (number: number) => Promise<unknown>
}

/** Opens a connection. The server's bodies never contain a status line, so statuses can be read without parsing the framing. */
export async function open (port: number): Promise<{ socket: Socket, answer: Answer, closed: Promise<unknown> }> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true })
  const seen: number[] = []
  let rest = ''
  let wanted = 0
  let resolveWanted = () => {}
  socket.on('error', () => {})
  socket.on('end', () => { socket.end() })
  socket.on('data', chunk => {
    const text = rest + chunk.toString('latin1')
    for (const [, status] of text.matchAll(/HTTP\/1\.1 (\d{3}) /g)) seen.push(Number(status))
    rest = text.slice(Math.max(text.lastIndexOf('HTTP/1.1 ') + 13, text.length - 12))
    if (seen.length >= wanted) resolveWanted()
  })
  const closed = new Promise(resolve => { socket.on('close', resolve) })
  await Promise.race([new Promise(resolve => { socket.on('connect', resolve) }), closed])
  return {
    socket,
    closed,
    answer: {
      seen: () => seen,
      statuses: number => seen.length >= number
        ? Promise.resolve()
        : Promise.race([new Promise<void>(resolve => { wanted = number; resolveWanted = resolve }), closed, deadline()])
    }
  }
}

export async function leave (socket: Socket, closed: Promise<unknown>): Promise<void> {
  socket.destroy()
  await closed
}

/** Fails the soak test instead of waiting for an answer that does not come. */
export function deadline (): Promise<never> {
  return new Promise((_resolve, reject) => { setTimeout(reject, 60_000, new Error('no answer within a minute')).unref() })
}

// One conversation over a socket: bytes out, responses in, and each response is compared with the request in the same place.
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { judge } from '../helpers/model.ts'
import type { servers } from './application.ts'
import type { Conversation } from './bytes.ts'
import { places } from './places.ts'

/** A conversation with its numbers filled in, as it is sent. It can be kept and sent again. */
export interface Script {
  readonly server: keyof typeof servers
  readonly chunks: readonly string[]
  readonly isHalfClosed: boolean
  /** What each response in turn must be. Empty if the framing is wrong, because then nothing is known. */
  readonly expected: readonly Expected[]
}

interface Expected {
  readonly id: number
  /** Whether it must be refused; undefined if that is left to the oracle in the server. */
  readonly isRefused: boolean | undefined
}

interface Response {
  readonly status: number
  readonly id: number | undefined
  readonly hasRun: boolean
}

/** Gives every request of a conversation its own number, from `first` on, two for each piece. */
export function writeScript ({ server, pieces, cuts, isExact, isHalfClosed }: Conversation, first: number): Script {
  const bytes = pieces.map(({ text }, index) => (
    text.replaceAll('idN', `id${first + 2 * index}`).replaceAll('idM', `id${first + 2 * index + 1}`)
  )).join('').replace(/[^\0-\xff]/g, '\xff')
  const places = [0, ...cuts.map(cut => Math.floor(cut * bytes.length)).sort((a, b) => a - b), bytes.length]
  const chunks = places.slice(1).map((place, index) => bytes.slice(places[index], place)).filter(chunk => chunk !== '')
  const expected = pieces.map((piece, index) => ({ id: first + 2 * index, isRefused: isRefused(piece.meant, server) }))
  return { server, chunks, isHalfClosed, expected: isExact ? expected : [] }
}

/** Sends a script, and resolves to what was wrong with the answers, or to undefined. Calls `onPort` once the port is known. */
export async function talk (port: number, script: Script, onPort: (port: number) => void): Promise<string | undefined> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true })
  let answer = ''
  let isOver = false
  const closed = new Promise<void>(resolve => { socket.on('close', () => { isOver = true; resolve() }) })
  const complete = new Promise<void>(resolve => {
    socket.on('data', chunk => {
      answer += chunk.toString('latin1')
      if (script.expected.length > 0 && readResponses(answer).length >= script.expected.length) resolve()
    })
    socket.on('end', () => { socket.end(); resolve() })
  })
  socket.on('error', () => {}) // The server may reset connections.
  socket.on('connect', () => { onPort(socket.localPort!) })

  for (const chunk of script.chunks) {
    if (isOver) break
    await write(socket, chunk)
    if (script.chunks.length > 1) await new Promise(resolve => { setImmediate(resolve) })
  }
  // After something invalid, waits only briefly for an answer, because the server may be waiting for more bytes.
  if (script.isHalfClosed || script.expected.length === 0) socket.end()
  await Promise.race([closed, complete, sleep(script.expected.length === 0 ? 60 : 2000)])
  socket.destroy()
  await closed
  return judgeResponses(script, readResponses(answer))
}

// ---------------------------------------------------------------------------------------------

function isRefused (meant: Conversation['pieces'][number]['meant'], server: keyof typeof servers): boolean | undefined {
  if (meant === undefined) return undefined
  const place = places[meant.place]!
  const forwarded = server === 'loose' ? meant.request.headers['x-forwarded-host'] : undefined
  const host = forwarded ? forwarded.split(',').pop()!.trim() : meant.request.host
  // A method that Fastify does not route goes to the not-found handler, which belongs to the outer scope.
  const policy = meant.request.method === 'PROPFIND' ? places.outer! : place
  try {
    return !judge(policy, { ...meant.request, host }).allowed && !policy.isReportOnly
  } catch {
    return undefined // A lookup that fails: the oracle in the server judges it.
  }
}

function write (socket: Socket, chunk: string): Promise<void> {
  return new Promise(resolve => { socket.write(chunk, 'latin1', () => { resolve() }) })
}

/** The server's bodies never contain anything like a status line, so responses can be separated without parsing the framing. */
function readResponses (text: string): Response[] {
  return text.split(/(?=HTTP\/1\.1 \d{3} )/).filter(part => part.startsWith('HTTP/')).map(part => ({
    status: Number(part.slice(9, 12)),
    id: Number(/^x-id: (\d+)\r$/mi.exec(part)?.[1]) || undefined,
    hasRun: /^x-ran: 1\r$/mi.test(part)
  })).filter(({ status }) => status !== 100)
}

function judgeResponses ({ expected }: Script, responses: readonly Response[]): string | undefined {
  for (const { status } of responses) if (status >= 500 && status !== 500) return `a status of ${status}`
  for (const [index, { id, isRefused }] of expected.entries()) {
    const response = responses[index]
    if (response === undefined) return undefined // The server closed the connection before.
    if (response.id !== undefined && response.id !== id) return `the response to id${response.id} instead of id${id}`
    if (response.id === undefined || isRefused === undefined) continue
    if (isRefused && (response.status !== 403 || response.hasRun)) return `id${id}: ${response.status}, expected a refusal`
    if (!isRefused && response.status === 403) return `id${id}: refused, expected it to pass`
  }
  return undefined
}

// The kinds of clients in `npm run soak`. Each opens a connection, behaves like such a client, and returns how many requests it
// sent. It throws if an answer is not the expected one.
import { setTimeout as sleep } from 'node:timers/promises'
import { deadline, leave, open } from './connection.ts'

/** A request, and the expected status of its answer. */
interface Request { readonly bytes: string, readonly status: number }

type Client = (port: number) => Promise<number>

/** Clients by name, with the relative frequency of each kind. */
export const clients: Readonly<Record<string, { readonly weight: number, readonly run: Client }>> = {
  pipelined: { weight: 10, run: pipelined },
  'one after another': { weight: 10, run: oneAfterAnother },
  aborted: { weight: 30, run: aborted },
  'slow body': { weight: 10, run: slowBody },
  'half-closed': { weight: 20, run: halfClosed },
  'gone before the lookup answers': { weight: 25, run: goneEarly },
  'refused in chunks': { weight: 5, run: refusedInChunks },
  'upload of 4 MB': { weight: 1, run: upload },
  handshake: { weight: 10, run: handshake }
}

/**
 * Uploads `size` bytes to a route that refuses them, as fast as the server reads, and returns how many were sent. It waits for the
 * answer after the first piece: the server then closes the connection, and a client that is still writing may miss the answer.
 */
export async function uploadTo (port: number, path: string, size: number): Promise<{ sent: number, status: number }> {
  const { socket, answer, closed } = await open(port)
  const piece = Buffer.alloc(2 ** 20, 'x')
  socket.cork()
  socket.write(head('POST', path, ['Sec-Fetch-Site: cross-site', `Content-Length: ${size}`]))
  let sent = 0
  while (sent < size && !socket.destroyed) {
    const part = piece.subarray(0, size - sent)
    sent += part.length
    const isTaken = socket.write(part)
    socket.uncork()
    if (sent === part.length) await Promise.race([answer.statuses(1), closed])
    else if (!isTaken) await Promise.race([new Promise(resolve => { socket.once('drain', resolve) }), closed])
  }
  socket.destroy()
  await closed
  return { sent, status: answer.seen()[0] ?? 0 }
}

// ---------------------------------------------------------------------------------------------

const head = (method: string, path: string, lines: string[]) => `${[`${method} ${path} HTTP/1.1`, 'Host: app.example', ...lines].join('\r\n')}\r\n\r\n`

const form = (path: string, ...lines: string[]) => (
  `${head('POST', path, [...lines, 'Content-Type: text/plain', 'Content-Length: 10'])}amount=100`
)

const chunkedForm = (path: string, ...lines: string[]) => (
  `${head('PUT', path, [...lines, 'Content-Type: text/plain', 'Transfer-Encoding: chunked'])}a\r\namount=100\r\n0\r\n\r\n`
)

const requests: readonly Request[] = [
  { status: 200, bytes: form('/runs/form', 'Sec-Fetch-Site: same-origin') },
  { status: 200, bytes: form('/runs/form', 'Origin: https://app.example') },
  { status: 200, bytes: form('/runs/program') },
  { status: 200, bytes: form('/runs/partner', 'Sec-Fetch-Site: cross-site', 'Origin: https://partner.example') },
  { status: 200, bytes: form('/runs/partner', 'Origin: https://a.tenants.example') },
  { status: 200, bytes: form('/runs/lookup', 'Origin: https://yes.example') },
  { status: 200, bytes: form('/runs/hooks/x', 'Sec-Fetch-Site: cross-site') },
  { status: 200, bytes: head('GET', '/runs/link', ['Sec-Fetch-Site: cross-site']) },
  { status: 200, bytes: head('HEAD', '/runs/link', ['Sec-Fetch-Site: none']) },
  { status: 200, bytes: chunkedForm('/runs/chunked', 'Sec-Fetch-Site: same-origin') },
  { status: 200, bytes: form('/reported/runs/form', 'Sec-Fetch-Site: cross-site') },
  { status: 200, bytes: form('/reported/runs/broken', 'Origin: https://throws.example') },
  { status: 200, bytes: form('/reported/runs/broken', 'Origin: https://rejects.example') },
  { status: 200, bytes: head('GET', '/answered/runs/page', ['Sec-Fetch-Site: same-origin']) },
  { status: 403, bytes: form('/refused/form', 'Sec-Fetch-Site: cross-site', 'Origin: https://evil.example') },
  { status: 403, bytes: form('/refused/form', 'Sec-Fetch-Site: same-site') },
  { status: 403, bytes: form('/refused/form', 'Origin: https://evil.example') },
  { status: 403, bytes: form('/refused/form', 'Origin: null') },
  { status: 403, bytes: form('/refused/form', 'Sec-Fetch-Site: same-origin', 'Sec-Fetch-Site: cross-site') },
  { status: 403, bytes: form('/refused/lookup', 'Origin: https://no.example') },
  { status: 403, bytes: head('DELETE', '/refused/script', ['Sec-Fetch-Site: cross-site']) },
  { status: 403, bytes: form('/unknown', 'Sec-Fetch-Site: cross-site') },
  { status: 403, bytes: head('GET', '/answered/refused/image', ['Sec-Fetch-Site: cross-site']) },
  { status: 403, bytes: form('/answered/refused/form', 'Origin: https://no.example') },
  { status: 500, bytes: form('/fails/lookup', 'Origin: https://throws.example') },
  { status: 500, bytes: form('/fails/lookup', 'Origin: https://rejects.example') },
  { status: 500, bytes: form('/answered/fails/lookup', 'Origin: https://rejects.example') },
  { status: 404, bytes: form('/unknown', 'Sec-Fetch-Site: same-origin') }
]

/** Twenty batches of sixteen on one connection. */
async function pipelined (port: number): Promise<number> {
  const { socket, answer, closed } = await open(port)
  const expected: number[] = []
  for (let batch = 0; batch < 20; batch++) {
    const sent = Array.from({ length: 16 }, () => pick(requests))
    expected.push(...sent.map(({ status }) => status))
    socket.write(sent.map(({ bytes }) => bytes).join(''))
    await answer.statuses(expected.length)
  }
  await leave(socket, closed)
  return assertStatuses(answer.seen(), expected)
}

async function oneAfterAnother (port: number): Promise<number> {
  const { socket, answer, closed } = await open(port)
  const expected: number[] = []
  for (let turn = 0; turn < 8; turn++) {
    const { bytes, status } = pick(requests)
    expected.push(status)
    socket.write(bytes)
    await answer.statuses(expected.length)
  }
  await leave(socket, closed)
  return assertStatuses(answer.seen(), expected)
}

/** Closes the connection, gracefully or not, after part of a request. */
async function aborted (port: number): Promise<number> {
  const { socket, closed } = await open(port)
  const { bytes } = pick(requests)
  socket.write(bytes.slice(0, Math.floor(Math.random() * (bytes.length + 1))))
  await sleep(Math.random() * 5)
  if (Math.random() < 0.5) socket.resetAndDestroy()
  else socket.destroy()
  await closed
  return 1
}

/** A slow body, sent to a route that reads it and to one that does not. */
async function slowBody (port: number): Promise<number> {
  const { socket, answer, closed } = await open(port)
  const [path, site, status] = pick([['/runs/slow', 'same-origin', 200], ['/refused/slow', 'cross-site', 403], ['/answered/refused/slow', 'same-site', 403]] as const)
  socket.write(head('POST', path, [`Sec-Fetch-Site: ${site}`, 'Content-Type: text/plain', 'Content-Length: 50']))
  for (let part = 0; part < 5 && !socket.destroyed; part++) {
    await sleep(10)
    socket.write('x'.repeat(10))
  }
  await answer.statuses(1)
  await leave(socket, closed)
  return assertStatuses(answer.seen(), [status])
}

/** Sends all its requests and ends its side. Node sends the answers that are ready, and closes the connection. */
async function halfClosed (port: number): Promise<number> {
  const { socket, answer, closed } = await open(port)
  const sent = Array.from({ length: 3 }, () => pick(requests))
  socket.end(sent.map(({ bytes }) => bytes).join(''))
  await Promise.race([closed, deadline()])
  assertStatuses(answer.seen(), sent.slice(0, answer.seen().length).map(({ status }) => status))
  return sent.length
}

/** Sends a request that needs a lookup, and leaves before the lookup ends, if it ever does. */
async function goneEarly (port: number): Promise<number> {
  const { socket, answer, closed } = await open(port)
  const [path, lookup] = pick([
    ['/refused/gone', 'hangs'], ['/refused/gone', 'slow-no'], ['/fails/gone', 'slow-rejects'], ['/runs/gone', 'slow-yes'],
    ['/answered/refused/gone', 'slow-no'], ['/reported/runs/gone', 'slow-rejects']
  ] as const)
  socket.write(form(path, `Origin: https://${lookup}.example`))
  await sleep(5 + Math.random() * 20)
  if (Math.random() < 0.5) socket.resetAndDestroy()
  else socket.destroy()
  await closed
  return assertStatuses(answer.seen(), []) + 1
}

/** After a refused body of unknown length, the connection is closed although more was sent. */
async function refusedInChunks (port: number): Promise<number> {
  const { socket, answer, closed } = await open(port)
  socket.write(chunkedForm(pick(['/refused/chunked', '/answered/refused/chunked']), 'Sec-Fetch-Site: cross-site') + form('/runs/form'))
  await Promise.race([closed, deadline()])
  return assertStatuses(answer.seen(), [403]) + 1
}

async function upload (port: number): Promise<number> {
  const { status } = await uploadTo(port, '/refused/large', 4 * 2 ** 20)
  return assertStatuses([status], [403])
}

async function handshake (port: number): Promise<number> {
  const { socket, answer, closed } = await open(port)
  const [path, origin, status] = pick([['/runs/chat', 'https://app.example', 101], ['/refused/chat', 'https://evil.example', 403], ['/refused/chat', 'https://no.example', 403]] as const)
  socket.write(head('GET', path, [
    `Origin: ${origin}`, 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=='
  ]))
  await answer.statuses(1)
  await leave(socket, closed)
  return assertStatuses(answer.seen(), [status])
}

/** The number of requests, if the answers are the expected ones; throws otherwise. */
function assertStatuses (seen: readonly number[], expected: readonly number[]): number {
  if (seen.join() !== expected.join()) throw new Error(`answered ${seen.join()}, expected ${expected.join()}`)
  return expected.length
}

function pick<Value> (values: readonly Value[]): Value {
  return values[Math.floor(Math.random() * values.length)]!
}

// Requests as bytes, because clients tidy what they send: paths, hosts, repeated headers.
import { once } from 'node:events'
import { connect, createServer, type AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'

export interface RawResponse {
  status: number
  headers: Record<string, string>
  body: string
}

/** Starts an application on a free port of the loopback interface. */
export async function listen (app: FastifyInstance): Promise<number> {
  await app.listen({ host: '127.0.0.1', port: 0 })
  return (app.server.address() as AddressInfo).port
}

/** A port for a process that must be told one. */
export async function freePort (): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/**
 * Sends the lines of a request head, and a body, byte for byte; the connection ends after the answer, and an accepted
 * WebSocket at once.
 */
export function sendRaw (port: number, head: string[], body = ''): Promise<RawResponse> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    const chunks: Buffer[] = []
    socket.on('error', reject)
    socket.on('data', chunk => {
      chunks.push(chunk)
      if (chunks[0]!.toString('latin1').startsWith('HTTP/1.1 101 ')) socket.destroy()
    })
    socket.on('close', () => { resolve(parseResponse(Buffer.concat(chunks).toString('latin1'))) })
    socket.write(Buffer.from([...head, ...(body === '' ? [] : [`Content-Length: ${body.length}`]), 'Connection: close', '', body].join('\r\n'), 'latin1'))
  })
}

/** Status 0 when the server sent nothing. */
function parseResponse (text: string): RawResponse {
  const [head = '', ...rest] = text.split('\r\n\r\n')
  const [statusLine = '', ...lines] = head.split('\r\n')
  const headers = Object.fromEntries(lines.map(line => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
  }))
  return { status: Number(statusLine.split(' ')[1] ?? 0), headers, body: rest.join('\r\n\r\n') }
}

/** Sends bytes as they are, and resolves to the statuses of all answers when the server has closed the connection. */
export function sendBytes (port: number, bytes: string): Promise<number[]> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    let text = ''
    socket.setEncoding('latin1')
    socket.on('error', reject)
    socket.on('data', chunk => { text += chunk })
    socket.on('close', () => { resolve([...text.matchAll(/HTTP\/1\.1 (\d+) /g)].map(([, status]) => Number(status))) })
    socket.write(Buffer.from(bytes, 'latin1'))
  })
}

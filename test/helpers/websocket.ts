// A real ws client, which gets either a socket or a refusal.
import WebSocket from 'ws'
import { browserRequest, type BrowserEngine, type BrowserRequestInitiator } from '../../src/testing.ts'

export interface Outcome { status: number, message?: string, body?: string }

/** Opens a socket, sends a message if there is one, and reads one or the refusal. */
export function open (url: string, headers: Record<string, string> = {}, protocols: string[] = [], message?: string): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, protocols, { headers })
    socket.on('open', () => { if (message !== undefined) socket.send(message) })
    socket.on('message', data => {
      resolve({ status: 101, message: String(data) })
      socket.close()
    })
    socket.on('unexpected-response', (_request, response) => {
      let body = ''
      response.on('data', chunk => { body += chunk })
      response.on('end', () => { resolve({ status: response.statusCode!, body }) })
    })
    socket.on('error', reject)
  })
}

/** The headers of a browser's handshake, without the upgrade header, which ws brings itself. */
export function handshakeHeaders (port: number, from: BrowserRequestInitiator, engine: BrowserEngine = 'chromium'): Record<string, string> {
  const { upgrade, ...headers } = browserRequest({ from, by: 'websocket', engine, to: `http://localhost:${port}` }).headers
  return headers
}

// Clients of sockets: a real ws client, which gets either a socket or a refusal, and one that does not wait for that.
import { once } from 'node:events'
import { connect } from 'node:net'
import WebSocket from 'ws'
import type { AllowedOriginFunction } from '../../src/index.ts'
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

/** A client that hangs up on its handshake while `isTrusted`, a function of allowedOrigins, is asked about it. */
export function clientThatHangsUp (): { isTrusted: AllowedOriginFunction, ask: (port: number, path: string) => Promise<void> } {
  let hangUp = () => {}
  return {
    async isTrusted (_origin, { raw }) {
      const closed = new Promise(resolve => raw.socket.on('close', resolve)) // once() would listen to errors as well.
      hangUp()
      await closed
      return false
    },
    async ask (port, path) {
      const socket = connect(port, '127.0.0.1')
      hangUp = () => { socket.resetAndDestroy() }
      await once(socket, 'connect')
      socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nOrigin: https://evil.example\r\n\r\n`)
      await once(socket, 'close')
    }
  }
}

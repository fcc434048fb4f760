// What the tests of this project share.
import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import { browserRequest } from 'fastify-cross-origin-protection/testing'
import WebSocket from 'ws'

/** Starts an application on a free port, until the test ends; gives its origin. */
export async function listen (t, app) {
  t.after(() => app.close())
  await app.listen({ host: '127.0.0.1', port: 0 })
  return `http://localhost:${app.server.address().port}`
}

/** Sends what a browser would, with other headers and a body, and to another address; gives status, headers and body of the answer. */
export function send (url, options, { method, headers, body, at } = {}) {
  const to = new URL(url).origin
  const target = url.replace(to, at ?? to).replace('//localhost', '//127.0.0.1')
  const sent = browserRequest({ to, ...options, headers })
  return new Promise((resolve, reject) => {
    const outgoing = request(target, { method: method ?? sent.method, headers: sent.headers, agent: false }, response => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', chunk => { text += chunk })
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body: text }))
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

/** Opens a WebSocket as a browser would: 101, or the status of the refusal. */
export function handshake (url, options, protocols = []) {
  const { upgrade, ...headers } = browserRequest({ by: 'websocket', ...options }).headers
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url.replace('//localhost', '//127.0.0.1'), protocols, { headers })
    socket.on('open', () => { resolve(101); socket.terminate() })
    socket.on('unexpected-response', (_request, response) => { resolve(response.statusCode); socket.terminate() })
    socket.on('error', reject)
  })
}

/** The blocks of JavaScript under a heading of docs/interop.md. */
export function blocks (heading) {
  const document = readFileSync(new URL('interop.md', import.meta.url), 'utf8')
  const section = document.split(`\n## ${heading}\n`)[1].split('\n## ')[0]
  return [...section.matchAll(/^```js\n(.*?)^```/gms)].map(([, code]) => code)
}

/** Runs the first of them, with what it names. */
export async function runBlock (heading, names, edit = code => code) {
  const AsyncFunction = (async () => {}).constructor
  await new AsyncFunction(...Object.keys(names), edit(blocks(heading)[0]))(...Object.values(names))
}

// Requests as Fastify hands them to hooks. They are sent over a socket, so that their contents come from Node's parser.
import { Agent, request as send } from 'node:http'
import Fastify from 'fastify'

/** How many copies of each request: enough that their strings are not all in the nearest cache. A power of two. */
export const COUNT = 1024

export const host = 'app.example'

/**
 * @param {{ method: string, path: string, headers: Record<string, string> }} what
 * @returns {Promise<import('fastify').FastifyRequest[]>}
 */
export async function captureRequests ({ method, path, headers }, count = COUNT) {
  const captured = []
  const app = Fastify()
  app.addHook('onRequest', async request => { captured.push(request) })
  app.all('/*', async () => '')
  await app.listen({ host: '127.0.0.1', port: 0 })
  const agent = new Agent({ keepAlive: true, maxSockets: 16 })
  const { port } = app.server.address()
  const all = { host, 'user-agent': 'Mozilla/5.0', accept: '*/*', 'accept-language': 'en', cookie: 'session=1', ...headers }
  await Promise.all(Array.from({ length: count }, () => new Promise((resolve, reject) => {
    send({ host: '127.0.0.1', port, agent, method, path, headers: all }, response => response.resume().on('end', resolve)).on('error', reject).end()
  })))
  agent.destroy()
  await app.close()
  return captured
}

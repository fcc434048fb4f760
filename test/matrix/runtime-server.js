// An application for a runtime other than Node: it says where it listens, and then what reached its handlers, until its input ends.
import { setTimeout as sleep } from 'node:timers/promises'
import fastifyWebsocket from '@fastify/websocket'
import Fastify from 'fastify'
import { crossOriginIsolation, crossOriginProtection } from 'fastify-cross-origin-protection'

const app = Fastify()
const ran = path => { console.log(`ran ${path}`) }

await app.register(crossOriginIsolation)
await app.register(crossOriginProtection, {
  allowedOrigins: ['https://partner.example', async origin => {
    if (origin === 'https://slow.example') await sleep(200)
    return origin === 'https://asked.example'
  }]
})
await app.register(fastifyWebsocket)
app.post('/transfer', async () => { ran('/transfer'); return 'ran' })
app.get('/page', async () => { ran('/page'); return 'ran' })
app.get('/checked', { config: { crossOriginProtection: { safeMethods: 'check' } } }, async () => { ran('/checked'); return 'ran' })
app.post('/exempt', { config: { crossOriginProtection: false } }, async () => { ran('/exempt'); return 'ran' })
app.get('/chat', { websocket: true }, socket => { ran('/chat'); socket.send('welcome') })
await app.listen({ host: '127.0.0.1', port: 0 })

// A server that owns its upgrades, and asks the same policy.
const own = Fastify()
await own.register(crossOriginProtection)
own.server.on('upgrade', async (request, socket) => {
  socket.on('error', () => socket.destroy())
  const { allowed } = await own.crossOriginProtection.check(request).catch(() => ({ allowed: false }))
  if (!allowed) return socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n')
  ran('upgrade')
  socket.end('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n')
})
await own.listen({ host: '127.0.0.1', port: 0 })

console.log(JSON.stringify({ port: app.server.address().port, own: own.server.address().port }))
process.stdin.on('end', () => process.exit(0)).resume()

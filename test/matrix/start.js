// Starts an application with the plugin and sends it a request, where Fastify or Node may be one that this cannot work on:
// ends with 1 and the error, or with 0 and the request's status.
import Fastify from 'fastify'
import crossOriginProtection from 'fastify-cross-origin-protection'

const app = Fastify()
try {
  await app.register(crossOriginProtection)
  app.post('/', async () => 'ran')
  const address = await app.listen({ host: '127.0.0.1', port: 0 })
  const { status } = await fetch(address, { method: 'POST', headers: { origin: 'https://evil.example' } })
  await app.close()
  console.log(JSON.stringify({ status }))
} catch ({ code, message }) {
  console.log(JSON.stringify({ code, message }))
  process.exitCode = 1
}

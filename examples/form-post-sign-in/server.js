// The application on localhost, the provider on 127.0.0.1: to a browser these are two sites.
import { build } from './app.js'
import { buildIdentityProvider } from './identity-provider.js'

const port = Number(process.env.PORT ?? 3000)

// What both sides agree on when the application is registered with the provider.
const client = { id: 'example', redirectUri: '' }

const provider = await buildIdentityProvider(client)
const identityProvider = await provider.listen({ host: '127.0.0.1', port: port && port + 1 })

const fastify = await build({ identityProvider, client }, { logger: true })
await fastify.listen({ host: 'localhost', port })
const origin = `http://localhost:${fastify.server.address().port}`
client.redirectUri = `${origin}/callback`
console.log(`Open ${origin}`)

// Only the nearest registration decides: these options replace the application's and are not added to them.
import crossOriginProtection from 'fastify-cross-origin-protection'

export default async function partners (fastify) {
  await fastify.register(crossOriginProtection, { allowedOrigins: ['https://partner.example'] })
}

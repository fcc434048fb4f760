// Only for the browsers of the staff: programs cannot change anything here, and other sites cannot load anything, not even to
// find out whether it exists. Over plain HTTP, except on this machine, browsers send too little for that: use HTTPS.
import crossOriginProtection from 'fastify-cross-origin-protection'

export default async function backOffice (fastify) {
  await fastify.register(crossOriginProtection, { allowUnverifiableRequests: false, safeMethods: 'isolate' })
}

// For the staff's browsers: no program changes anything here, and no other site loads what is here, not even to
// see whether it is there. Over plain HTTP beyond this machine browsers say too little for that: use HTTPS.
import crossOriginProtection from 'fastify-cross-origin-protection'

export default async function backOffice (fastify) {
  await fastify.register(crossOriginProtection, { allowUnverifiableRequests: false, safeMethods: 'isolate' })
}

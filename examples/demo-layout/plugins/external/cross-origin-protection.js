import { crossOriginProtection } from 'fastify-cross-origin-protection'

export const autoConfig = { allowedOrigins: ['https://partner.example'] }
export default crossOriginProtection

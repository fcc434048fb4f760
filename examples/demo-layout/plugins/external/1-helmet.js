// "1-", because files are loaded in the order of their names: refusals have helmet's headers only if it comes first.
import helmet from '@fastify/helmet'

export const autoConfig = { frameguard: { action: 'deny' } }
export default helmet

// The sockets of upgrade requests. Node hands the socket of an upgrade to whoever listens for upgrades, and leaves it alone from
// then on: it neither handles the socket's errors nor closes it after the answer.
import type { FastifyReply, FastifyRequest } from 'fastify'

/**
 * Closes the connection of an upgrade request once it is answered, by a refusal or by an error: the listener for upgrades
 * may never learn of that answer. A successful upgrade never emits "finish".
 */
export function closeUpgradeOnceAnswered ({ raw, socket }: FastifyRequest, reply: FastifyReply): void {
  if ((raw as { readonly upgrade?: unknown }).upgrade !== true) return
  if (typeof socket?.destroySoon !== 'function') return // Not a socket of Node's.
  reply.header('connection', 'close')
  // Not every listener for upgrades listens for errors, so a client that hangs up while a function of allowedOrigins is
  // asked would end the process.
  socket.on('error', () => {})
  reply.raw.once('finish', () => { socket.destroySoon() })
}

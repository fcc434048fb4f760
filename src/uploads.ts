// The body of a refused request. A browser that is still uploading does not look at an answer until it has finished, or until
// the connection is reset, when it mostly reports just that. So the body of a refusal is read and dropped for a bounded time
// and number of bytes, as nginx does (lingering_close), and then the connection is closed.
import { finished } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'

/** A body up to this size is left to Node, which reads it to its end so that the connection can be reused. */
const SMALL_BODY_BYTES = 65_536

/** How much of a refused body is read after the answer. */
const MAX_DRAINED_BYTES = 64 * 2 ** 20

/** How long it is read. */
const MAX_DRAIN_MILLISECONDS = 30_000

/** How long the client may send nothing meanwhile. */
const MAX_PAUSE_MILLISECONDS = 5_000

/**
 * Closes the connection of a refused upload once the client had the chance to finish it and read the answer. HTTP/2 has flow
 * control for that, and streams that end by themselves.
 */
export function closeRefusedUpload ({ raw, headers, socket }: FastifyRequest, reply: FastifyReply): void {
  const isLarge = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > SMALL_BODY_BYTES
  if (!isLarge || raw.httpVersionMajor !== 1) return
  reply.header('connection', 'close')
  if (typeof socket?.destroySoon !== 'function') return // Not a socket of Node's.

  // Before Node's own listener, which closes the connection as soon as the answer is written.
  reply.raw.prependOnceListener('finish', () => {
    const { destroySoon } = socket
    const close = () => { destroySoon.call(socket) }
    socket.destroySoon = () => {}
    const timer = setTimeout(close, MAX_DRAIN_MILLISECONDS)
    let left = MAX_DRAINED_BYTES
    raw.on('data', ({ length }) => {
      left -= length
      if (left >= 0) return
      raw.pause()
      close()
    })
    socket.setTimeout(MAX_PAUSE_MILLISECONDS, close)
    socket.once('close', () => { clearTimeout(timer) })
    finished(raw, close)
  })
}

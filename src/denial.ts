// What a denied request gets: a log line, a message on a diagnostics channel, and an answer.
//
// Fastify goes on to the handler when a hook ends with a falsy error, so a thrown `undefined` would let
// the request through. Every way out of here therefore ends in an answer or in a real error.
import { channel } from 'node:diagnostics_channel'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { isWebSocketHandshake, type Decision } from './decision.ts'
import { DeniedError } from './errors.ts'
import { findHint } from './hints.ts'
import type { DenyHandler, Policy } from './policy.ts'

/** A message on the diagnostics channel `fastify-cross-origin-protection:denied`. */
export interface DeniedMessage {
  /** Not yet parsed: `request.body` is undefined. */
  readonly request: FastifyRequest
  /** Why it was denied. */
  readonly decision: Decision
  /** Whether the request was refused; false where the policy only reports. */
  readonly enforced: boolean
}

/** Logs and publishes a denial. */
export function reportDenial (request: FastifyRequest, decision: Decision, { options, allowedOrigins }: Policy): void {
  const { denialLogLevel, reportOnly } = options
  if (denialLogLevel !== 'silent') {
    request.log[denialLogLevel]({
      reason: decision.reason,
      method: request.method,
      get route () { return request.routeOptions.url },
      origin: request.headers.origin,
      secFetchSite: request.headers['sec-fetch-site'],
      host: request.host,
      // Only worked out when somebody writes the line: most of a denial's time would go into it.
      get hint () { return findHint(decision, request, allowedOrigins) }
    }, reportOnly ? 'cross-origin request would be denied' : 'cross-origin request denied')
  }
  denied.publish({ request, decision, enforced: !reportOnly } satisfies DeniedMessage)
}

/** Answers a denied request; `fail` ends it with an error, which Fastify renders. */
export function answerDenied (
  request: FastifyRequest, reply: FastifyReply, decision: Decision, denyHandler: DenyHandler | undefined,
  fail: (error: Error) => void
): void {
  reply.code(403)
  if (hasLargeBody(request)) reply.header('connection', 'close')
  if (denyHandler === undefined) {
    fail(createDeniedError(decision))
  } else {
    answerByHandler(request, reply, decision, denyHandler).catch(fail)
  }
}

/**
 * Whether a request asks for WebSocket, or for any other protocol to which this server may change. Node has handed its
 * socket over to whoever listens for upgrades.
 */
export function asksForUpgrade ({ raw, headers }: FastifyRequest): boolean {
  return (raw as { readonly upgrade?: unknown }).upgrade === true || isWebSocketHandshake(headers)
}

/**
 * Ends the connection of an upgrade once it is answered, by a refusal or by an error. Whoever listens for upgrades may
 * never learn of the answer: nobody else would close it. An upgrade that succeeds is never answered in this sense.
 */
export function endOnceAnswered (request: FastifyRequest, reply: FastifyReply): void {
  reply.header('connection', 'close')
  const { socket } = request
  if (socket === undefined) return // Mocked handshakes have none.
  // Node has left the socket without a listener, and not everyone who listens for upgrades adds one: a client that
  // hangs up while a function of allowedOrigins is asked would end the process. The socket closes by itself. Once is
  // enough: a socket may bring many such requests.
  if (!socket.listeners('error').includes(ignore)) socket.on('error', ignore)
  reply.raw.once('finish', () => { socket.destroySoon() })
}

// ---------------------------------------------------------------------------------------------

const denied = channel('fastify-cross-origin-protection:denied')

function ignore (): void {}

/** As many bytes of a refused body are read, for the sake of the connection. */
const MOST_READ = 65_536

/**
 * Node reads what a handler leaves of a body to its end, so that the connection can be used again. A refused upload is
 * not worth that: it ends with its connection. HTTP/2 has windows for that, and no such header.
 */
function hasLargeBody ({ headers, raw }: FastifyRequest): boolean {
  return raw.httpVersionMajor === 1 && (headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > MOST_READ)
}

function createDeniedError (decision: Decision): Error {
  const error = new DeniedError(`Cross-origin request denied. ${decision.message}`)
  return Object.assign(error, { reason: decision.reason })
}

/** Rejects with what Fastify is to render: the handler's own error, or the default answer when it sent nothing. */
async function answerByHandler (
  request: FastifyRequest, reply: FastifyReply, decision: Decision, denyHandler: DenyHandler
): Promise<void> {
  const hasAnswered = watchAnswer(reply)
  try {
    const answer = await denyHandler(request, reply, decision)
    if (hasAnswered()) return
    if (answer !== undefined) reply.send(answer)
  } catch (error) {
    if (hasAnswered()) return request.log.error({ err: error }, 'denyHandler failed after it had answered')
    throw error || createDeniedError(decision)
  }
  if (!hasAnswered()) throw createDeniedError(decision)
}

/**
 * Tells whether a reply was begun. `reply.sent` alone is false until the last byte of a stream, and
 * until the last asynchronous onSend hook. A send that throws, as for a payload that cannot be sent, has
 * not begun.
 */
function watchAnswer (reply: FastifyReply): () => boolean {
  const { send, callNotFound } = reply
  let begun = false
  reply.send = function (payload?: unknown) {
    send.call(reply, payload)
    begun = true
    return reply
  }
  reply.callNotFound = function () {
    callNotFound.call(reply)
    begun = true
    return reply
  }
  return () => begun || reply.sent || reply.raw.headersSent
}

// The end of a denied request: the functions of allowedOrigins are asked, the denial is logged and published, and the
// request is refused. Also the end of a request whose check failed.
//
// Fastify takes a falsy error for none, and would go on to the handler. Every way out of here therefore ends in an answer or
// in a real error, whatever the application's functions, logger and serializers throw.
import type { FastifyReply, FastifyRequest } from 'fastify'
import { publishDenial, publishException } from './channels.ts'
import { decisions, isFinal, type Decision } from './decision.ts'
import { DeniedError, EmptyRejectionError } from './errors.ts'
import { joinToHead } from './head.ts'
import { findHint } from './hints.ts'
import { isSerialisedOrigin, normaliseOrigin } from './origins.ts'
import type { DenyHandler, Policy, RawRequest } from './policy.ts'
import { closeRefusedUpload } from './uploads.ts'

/**
 * Ends a denied request. `done` is Fastify's: it is called with nothing when the request goes on to its handler after all,
 * with the error to render, or not at all when `denyHandler` has answered.
 */
export function endDenied (denial: Decision, policy: Policy, request: FastifyRequest, reply: FastifyReply, done: Done): void {
  if (policy.allowedOrigins.functions.length === 0) return conclude(denial, policy, request, reply, done)
  askFunctions(denial, policy, request).then(
    decision => { conclude(decision, policy, request, reply, done) },
    error => { endFailed(error, policy, request, reply, done) }
  )
}

/** Ends a request whose check failed because the application's own code threw, with an error that is never falsy. */
export function endFailed (error: unknown, { options }: Policy, request: FastifyRequest, reply: FastifyReply, done: Done): void {
  if (!options.reportOnly) {
    sandbox(reply)
    return done((error || new EmptyRejectionError()) as Error)
  }
  // A policy that only reports never breaks an application, not even one whose database is down or whose logger throws.
  try {
    request.log.error({ err: error }, 'the cross-origin check failed; the request goes on, because of reportOnly')
  } catch {}
  done()
}

/**
 * What becomes of a denial when the functions of allowedOrigins are asked about its origin, one after another: the first
 * `true` allows it. They are never asked about a value that is not a serialised origin. Rejects with what a function throws.
 */
export async function askFunctions (denial: Decision, { allowedOrigins }: Policy, request: FastifyRequest | RawRequest): Promise<Decision> {
  const { origin } = request.headers
  if (isFinal(denial) || !origin || !isSerialisedOrigin(origin)) return denial
  for (const isTrusted of allowedOrigins.functions) {
    if (await isTrusted(normaliseOrigin(origin), request) === true) return decisions['allowed-origin']
  }
  return denial
}

// ---------------------------------------------------------------------------------------------

type Done = (error?: Error) => void

/** Ends a request about which all functions have been asked. */
function conclude (decision: Decision, policy: Policy, request: FastifyRequest, reply: FastifyReply, done: Done): void {
  if (decision.allowed) {
    publishException(decision, request)
    return done()
  }
  let hint: string | undefined
  try {
    hint = findHint(decision, request, policy)
    report(decision, hint, policy, request)
  } catch (error) {
    return endFailed(error, policy, request, reply, done)
  }
  // Fails open because the application chose to: a roll-out wants to see first what would be refused.
  const { reportOnly, denyHandler } = policy.options
  if (reportOnly) return done()

  reply.code(403)
  closeRefusedUpload(request, reply)
  sandbox(reply)
  if (denyHandler === undefined) done(createDeniedError(decision, hint))
  else answerByHandler(request, reply, decision, hint, denyHandler).catch(done)
}

function report (decision: Decision, hint: string | undefined, { options }: Policy, request: FastifyRequest): void {
  const { denialLogLevel, reportOnly } = options
  if (denialLogLevel !== 'silent') {
    const { headers } = request
    request.log[denialLogLevel]({
      reason: decision.reason,
      method: request.method,
      path: pathOf(request.url),
      route: request.routeOptions.url,
      origin: headers.origin,
      secFetchSite: headers['sec-fetch-site'],
      secFetchMode: headers['sec-fetch-mode'],
      secFetchDest: headers['sec-fetch-dest'],
      host: request.host,
      hint
    }, reportOnly ? 'cross-origin request would be denied' : 'cross-origin request denied')
  }
  publishDenial(decision, request, !reportOnly)
}

/**
 * Gives the refusal's document an opaque origin. Otherwise Chromium sends a refused form again, as the application's own, when
 * a script of the application's origin calls location.reload() on that document, from inside or as its opener. Nothing in the
 * second request gives it away.
 *
 * It allows all but `allow-same-origin`. A policy that the application has set stays beside it, or in its place if it has a
 * sandbox directive of its own.
 *
 * @see https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Content-Security-Policy/sandbox
 */
function sandbox (reply: FastifyReply): void {
  joinToHead(reply, 'content-security-policy', policies => {
    if (policies === '') return SANDBOX
    return hasSandbox.test(policies) ? policies : `${policies}, ${SANDBOX}`
  })
}

const hasSandbox = /(?:^|[;,])\s*sandbox(?:[\s;,]|$)/i

const SANDBOX = 'sandbox allow-downloads allow-forms allow-modals allow-popups allow-popups-to-escape-sandbox ' +
  'allow-scripts allow-top-navigation-by-user-activation'

function pathOf (url: string): string {
  const end = url.indexOf('?')
  return end === -1 ? url : url.slice(0, end)
}

function createDeniedError ({ reason, message }: Decision, hint: string | undefined): Error {
  const error = new DeniedError(`${reason === 'unknown-host' ? 'Request denied.' : 'Cross-origin request denied.'} ${message}`)
  return Object.assign(error, { reason, hint })
}

/** Rejects with what Fastify is to render: the handler's own error, or the default answer when it sent nothing. */
async function answerByHandler (
  request: FastifyRequest, reply: FastifyReply, decision: Decision, hint: string | undefined, denyHandler: DenyHandler
): Promise<void> {
  const hasAnswered = watchAnswer(reply)
  try {
    const answer = await denyHandler(request, reply, decision)
    if (hasAnswered()) return
    if (answer !== undefined) reply.send(answer)
  } catch (error) {
    if (hasAnswered()) return request.log.error({ err: error }, 'denyHandler failed after it had answered')
    // Unless the error has a status of its own, which Fastify prefers, it is the application's bug: 500, not the 403 that was set above.
    reply.code(500)
    throw error || new EmptyRejectionError()
  }
  if (!hasAnswered()) throw createDeniedError(decision, hint)
}

/**
 * Tells whether a reply was begun. `reply.sent` alone is false until the last byte of a stream, and until the last
 * asynchronous onSend hook. A send that throws, as for a payload that cannot be sent, has not begun.
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

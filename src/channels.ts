// The diagnostics channels, for metrics: what is denied, and what passes by exception. Where nobody has subscribed, no message is
// made.
import { channel } from 'node:diagnostics_channel'
import type { FastifyRequest } from 'fastify'
import type { Decision, DecisionReason } from './decision.ts'

/** A message on the diagnostics channel `fastify-cross-origin-protection:denied`. */
export interface DeniedMessage {
  /** Not yet parsed: `request.body` is undefined. */
  readonly request: FastifyRequest
  /** Why it was denied. */
  readonly decision: Decision
  /** Whether the request was refused; false where the policy only reports. */
  readonly enforced: boolean
}

/**
 * A message on the diagnostics channel `fastify-cross-origin-protection:allowed`: of a request that passes by exception, with the
 * reason `exempt-path`, `exempt-route`, `allowed-origin` or `unverifiable`.
 */
export interface AllowedMessage {
  /** Not yet parsed: `request.body` is undefined. */
  readonly request: FastifyRequest
  /** Why it was allowed. */
  readonly decision: Decision
}

export function publishDenial (decision: Decision, request: FastifyRequest, enforced: boolean): void {
  denied.publish({ request, decision, enforced } satisfies DeniedMessage)
}

/** Publishes an allowed request, if it passes by exception. */
export function publishException (decision: Decision, request: FastifyRequest): void {
  if (allowed.hasSubscribers && exceptions.has(decision.reason)) allowed.publish({ request, decision } satisfies AllowedMessage)
}

// ---------------------------------------------------------------------------------------------

const denied = channel('fastify-cross-origin-protection:denied')
const allowed = channel('fastify-cross-origin-protection:allowed')

const exceptions: ReadonlySet<DecisionReason> = new Set(['exempt-path', 'exempt-route', 'allowed-origin', 'unverifiable'])

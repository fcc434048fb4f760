/**
 * Cross-origin request protection (CSRF defence) and cross-origin isolation for Fastify.
 *
 * @module
 */
export { crossOriginProtection, crossOriginProtection as default } from './protection.ts'
export type { CrossOriginProtection } from './protection.ts'
export type {
  CrossOriginProtectionOptions,
  CrossOriginProtectionRouteOptions,
  DenyHandler,
  ResolvedCrossOriginProtectionOptions
} from './policy.ts'
export type { Decision, DecisionReason } from './decision.ts'
export type { DeniedMessage } from './denial.ts'

export { crossOriginIsolation } from './isolation.ts'
export type {
  CrossOriginIsolation,
  CrossOriginIsolationOptions,
  CrossOriginIsolationRouteOptions
} from './isolation.ts'

/**
 * Cross-origin request protection (CSRF defence) and cross-origin isolation for Fastify.
 *
 * @module
 */
export { crossOriginProtection, crossOriginProtection as default } from './protection.ts'
export type { CrossOriginProtection } from './protection.ts'
export type {
  AllowedOrigin,
  AllowedOriginFunction,
  CrossOriginProtectionOptions,
  CrossOriginProtectionRouteOptions,
  DenialLogLevel,
  DenyHandler,
  RawRequest,
  ResolvedCrossOriginProtectionOptions
} from './policy.ts'
export type { Decision, DecisionReason, SafeMethods } from './decision.ts'
export type { AllowedMessage, DeniedMessage } from './channels.ts'

export { listRoutes } from './routes.ts'
export type { AnyFastify, ListedRoute } from './routes.ts'

export { crossOriginIsolation } from './isolation.ts'
export type {
  CrossOriginIsolation,
  CrossOriginIsolationOptions,
  CrossOriginIsolationRouteOptions,
  DocumentIsolationPolicy,
  EmbedderPolicy,
  OpenerPolicy,
  ReportOnlyPolicies,
  ResourcePolicy
} from './isolation.ts'

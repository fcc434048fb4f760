// Every error of this package, one line each. A released code is never reused for another meaning.
import createError from '@fastify/error'

/** A wrong option, at registration or in a route's config. The message says what to write instead. */
export const InvalidOptionError = createError<[string]>('FST_CROSS_ORIGIN_INVALID_OPTION', '%s')

/** A Fastify version whose `request.host` could be forged by any client. */
export const UnsupportedFastifyError = createError<[string]>('FST_CROSS_ORIGIN_UNSUPPORTED_FASTIFY', '%s')

/** `listRoutes` was called too late, or its result too early. The message says when to call it. */
export const ListRoutesError = createError<[string]>('FST_CROSS_ORIGIN_LIST_ROUTES', '%s')

/** The application's own code threw or rejected with a falsy value, which Fastify would take for no error. */
export const EmptyRejectionError = createError<[]>(
  'FST_CROSS_ORIGIN_EMPTY_REJECTION',
  'A function of the application (one in allowedOrigins, denyHandler, trustProxy, or the logger) threw or rejected without an error.'
)

/**
 * A request that was refused. No stack trace: it would always point at this package's own hook, and capturing it is the most
 * expensive part of a refusal.
 */
export const DeniedError = createError<[string]>('FST_CROSS_ORIGIN_DENIED', '%s', 403, Error, false)

/**
 * Internal: a value of the right type that its parser rejects. parseEach turns it into an InvalidOptionError; its message
 * completes the sentence "option … is …, ".
 */
export class WrongValue extends Error {}

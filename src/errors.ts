// Every error of this package, one line each. A released code is never reused for another meaning.
import createError from '@fastify/error'

/** A wrong option, at registration or in a route's config. The message says what to write instead. */
export const InvalidOptionError = createError<[string]>('FST_CROSS_ORIGIN_INVALID_OPTION', '%s')

/** A Fastify version whose `request.host` could be forged by any client. */
export const UnsupportedFastifyError = createError<[string]>('FST_CROSS_ORIGIN_UNSUPPORTED_FASTIFY', '%s')

/** A function in `allowedOrigins` that threw or rejected with nothing, which Fastify would take for no error. */
export const EmptyRejectionError = createError<[]>(
  'FST_CROSS_ORIGIN_EMPTY_REJECTION', 'A function in allowedOrigins threw or rejected without an error.'
)

/**
 * A request that was refused. No stack trace: it would name this package's own hook each time, and
 * capturing it is the dearest part of refusing a flood.
 */
export const DeniedError = createError<[string]>('FST_CROSS_ORIGIN_DENIED', '%s', 403, Error, false)

/**
 * A value of the right type that its parser does not accept. It never leaves the package: it is thrown on
 * as an InvalidOptionError whose sentence "option … is …, " the message completes.
 */
export class WrongValue extends Error {}

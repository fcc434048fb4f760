// The JSON Schemas of both plugins' options. `npm run build:validators` compiles them into
// validators.ts, so that no validator library is loaded at run time: compiling them at registration
// would cost about half as much as importing Fastify.
//
// A `description` completes the error message of its option: it says what to write instead.
// `typeof` is this package's own keyword, because JSON Schema has no functions. This file imports
// nothing, so that the compile script can evaluate it on its own.

const allowedOrigins = {
  description: "Write an array of origins, such as ['https://partner.example'].",
  type: 'array',
  items: {
    description: "Write an origin as a string, such as 'https://partner.example'.",
    type: 'string'
  }
} as const

const exemptPaths = {
  description: "Write an array of absolute paths, such as ['/webhooks'].",
  type: 'array',
  items: {
    description: "Write an absolute path as a string, such as '/webhooks'.",
    type: 'string'
  }
} as const

const allowUnverifiableRequests = {
  description: 'Write true or false.',
  type: 'boolean'
} as const

const denyHandler = {
  description: 'Write a function (request, reply, decision) that answers the denied request.',
  typeof: 'function'
} as const

// What Fastify itself reads from the options of a plugin.
const fastifyRegisterOptions = { logLevel: {}, logSerializers: {} } as const

const protectionRouteProperties = { allowedOrigins, allowUnverifiableRequests, denyHandler } as const

export const protectionSchema = {
  description: 'Write an object of options, or nothing at all.',
  type: 'object',
  additionalProperties: false,
  properties: { ...protectionRouteProperties, exemptPaths, ...fastifyRegisterOptions }
} as const

export const protectionRouteSchema = {
  description: "Write false, an object of options, or leave it out to follow the route's scope.",
  type: 'object',
  additionalProperties: false,
  properties: protectionRouteProperties
} as const

/** An option that is one of a header's values, or null to leave the header alone. */
function policyOf<const Values extends readonly string[]> (...values: Values) {
  return {
    description: `Write ${values.map(value => `'${value}'`).join(', ')}, or null to leave the header alone.`,
    enum: [...values, null]
  }
}

const isolationProperties = {
  openerPolicy: policyOf('same-origin', 'same-origin-allow-popups', 'noopener-allow-popups', 'unsafe-none'),
  embedderPolicy: policyOf('require-corp', 'credentialless', 'unsafe-none'),
  resourcePolicy: policyOf('same-origin', 'same-site', 'cross-origin')
}

export const isolationSchema = {
  description: 'Write an object of options, or nothing at all.',
  type: 'object',
  additionalProperties: false,
  properties: { ...isolationProperties, ...fastifyRegisterOptions }
}

export const isolationRouteSchema = {
  description: "Write false, an object of options, or leave it out to follow the route's scope.",
  type: 'object',
  additionalProperties: false,
  properties: isolationProperties
}

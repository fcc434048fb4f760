// The JSON Schemas of both plugins' options. A registration and a route's config share a schema; options.ts knows which
// options a route does not have. `npm run build:validators` compiles them into validators.ts, so that no validator library
// is loaded at run time: compiling them at registration would take about half as long as importing Fastify.
//
// A `description` completes the error message of its option: it says what to write instead. `typeof` is this package's own
// keyword, because JSON Schema has no functions. This file imports nothing, so that the compile script can evaluate it alone.

/** What the error messages need of a schema. */
export interface SchemaNode {
  readonly description: string
  readonly type?: string
  readonly typeof?: string | readonly string[]
  readonly properties?: object
}

/** What Ajv reports of a value that does not match. */
export interface SchemaError {
  readonly keyword: string
  readonly instancePath: string
  readonly schemaPath: string
  readonly params: { readonly additionalProperty?: string }
}

/** A compiled schema. */
export interface Validate {
  (data: unknown): boolean
  errors?: SchemaError[] | null
}

const allowedOrigins = {
  description: "Write an array of origins, such as ['https://partner.example'].",
  type: 'array',
  items: {
    description: "Write an origin such as 'https://partner.example', or a function (origin, request) that tells whether it is trusted.",
    typeof: ['string', 'function']
  }
} as const

const allowedHosts = {
  description: "Write an array of hosts, such as ['app.example', 'localhost:3000'].",
  type: 'array',
  items: {
    description: "Write a host as a string, such as 'app.example'.",
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

const boolean = {
  description: 'Write true or false.',
  type: 'boolean'
} as const

const denyHandler = {
  description: 'Write a function (request, reply, decision) that answers the denied request.',
  typeof: 'function'
} as const

const safeMethods = {
  description: "Write 'allow', 'isolate' or 'check'.",
  enum: ['allow', 'isolate', 'check']
} as const

const denialLogLevel = {
  description: "Write 'fatal', 'error', 'warn', 'info', 'debug', 'trace' or 'silent'.",
  enum: ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']
} as const

// What Fastify itself reads from the options of a plugin.
const fastifyRegisterOptions = { logLevel: {}, logSerializers: {} } as const

export const protectionSchema = {
  description: 'Write an object of options, or nothing at all.',
  type: 'object',
  additionalProperties: false,
  properties: {
    allowedOrigins,
    allowUnverifiableRequests: boolean,
    denyHandler,
    reportOnly: boolean,
    protectWebSockets: boolean,
    safeMethods,
    denialLogLevel,
    allowedHosts,
    exemptPaths,
    ...fastifyRegisterOptions
  }
} as const

/** An option that is one of a header's values, or null to leave the header alone. */
function policyOf<const Values extends readonly string[]> (...values: Values) {
  return {
    description: `Write ${values.map(value => `'${value}'`).join(', ')}, or null to leave the header alone.`,
    enum: [...values, null]
  }
}

const openerPolicy = policyOf('same-origin', 'same-origin-allow-popups', 'noopener-allow-popups', 'unsafe-none')
const embedderPolicy = policyOf('require-corp', 'credentialless', 'unsafe-none')
const documentIsolationPolicy = policyOf('isolate-and-require-corp', 'isolate-and-credentialless', 'none')

export const isolationSchema = {
  description: 'Write an object of options, or nothing at all.',
  type: 'object',
  additionalProperties: false,
  properties: {
    openerPolicy,
    embedderPolicy,
    resourcePolicy: policyOf('same-origin', 'same-site', 'cross-origin'),
    originAgentCluster: {
      description: 'Write true or false, or null to leave the header alone.',
      enum: [true, false, null]
    },
    documentIsolationPolicy,
    reportOnly: {
      description: "Write an object of policies to report on, such as { embedderPolicy: 'require-corp' }, or null for none.",
      type: 'object',
      nullable: true,
      additionalProperties: false,
      properties: { openerPolicy, embedderPolicy, documentIsolationPolicy }
    },
    reportTo: {
      description: "Write the name of an endpoint in your Reporting-Endpoints header, such as 'default': lower-case letters, digits, '_', '-', '.' and '*'; or null for none.",
      type: 'string',
      nullable: true,
      // A key of RFC 8941, so that the quoted name needs no escaping.
      pattern: '^[a-z*][a-z0-9_.*-]*$'
    },
    ...fastifyRegisterOptions
  }
}

// What happens to wrong options: they stop the application from starting, with a message that names the plugin and the
// option, quotes the value, says what is wrong with it and what to write instead.
import { inspect } from 'node:util'
import { InvalidOptionError, WrongValue } from './errors.ts'
import { isolationSchema, protectionSchema, type SchemaError, type SchemaNode } from './schemas.ts'
import { validateIsolation, validateProtection } from './validators.ts'

export type PluginName = 'crossOriginProtection' | 'crossOriginIsolation'

/** Which options are being read: those of a registration, or those in a route's config. */
export interface OptionsPlace {
  readonly plugin: PluginName
  /** Such as `POST /sso`; undefined for a registration. */
  readonly route?: string
}

/** Throws `FST_CROSS_ORIGIN_INVALID_OPTION` unless `options` match the plugin's schema. */
export function assertOptions (options: unknown, place: OptionsPlace): void {
  const { schema, validate } = schemas[place.plugin]
  if (!validate(options)) throw explainSchemaError(options, place, schema, validate.errors![0]!)

  const misplaced = place.route === undefined ? undefined : Object.keys(options as object).find(isForRegistrationsOnly)
  if (misplaced !== undefined) throw unknownOption(place, [misplaced], options, schema)
}

/** The values, parsed one by one. The error for a wrong value names its place in the list; any other error is passed on. */
export function parseEach<Value, Parsed> (
  option: string, values: readonly Value[], parse: (value: Value) => Parsed, place: OptionsPlace
): Parsed[] {
  return values.map((value, index) => {
    try {
      return parse(value)
    } catch (error) {
      if (!(error instanceof WrongValue)) throw error
      throw invalidOption(place, [option, String(index)], value, error.message)
    }
  })
}

// ---------------------------------------------------------------------------------------------

const schemas = {
  crossOriginProtection: { schema: protectionSchema as SchemaNode, validate: validateProtection },
  crossOriginIsolation: { schema: isolationSchema as SchemaNode, validate: validateIsolation }
}

/** Registration and route share a schema; these are what a route does not have. Fastify itself reads the last two. */
function isForRegistrationsOnly (name: string): boolean {
  return ['allowedHosts', 'exemptPaths', 'logLevel', 'logSerializers'].includes(name)
}

function explainSchemaError (options: unknown, place: OptionsPlace, schema: SchemaNode, error: SchemaError): Error {
  const path = error.instancePath.split('/').slice(1)
  const node = follow(schema, error.schemaPath.split('/').slice(1, -1)) as SchemaNode
  if (error.keyword === 'additionalProperties') return unknownOption(place, [...path, error.params.additionalProperty!], options, node)
  const description = path.length === 0 && place.route !== undefined ? WHOLE_ROUTE_CONFIG : node.description
  return invalidOption(place, path, follow(options, path), `${problems[error.keyword]!(node)}. ${description}`)
}

const WHOLE_ROUTE_CONFIG = "Write false, an object of options, or leave it out to follow the route's scope."

const problems: Record<string, (node: SchemaNode) => string> = {
  type: ({ type }) => `which is not ${type === 'array' || type === 'object' ? 'an' : 'a'} ${type}`,
  typeof: node => typeof node.typeof === 'string' ? `which is not a ${node.typeof}` : `which is neither a ${node.typeof!.join(' nor a ')}`,
  enum: () => 'which is not one of its values',
  pattern: () => 'which is not a valid endpoint name'
}

function invalidOption ({ plugin, route }: OptionsPlace, path: string[], value: unknown, problem: string): Error {
  const where = route === undefined ? plugin : `${plugin} in the config of ${route}`
  return new InvalidOptionError(`${where}: ${optionName(path)} is ${quote(value)}, ${problem}`)
}

function unknownOption (place: OptionsPlace, path: string[], options: unknown, node: SchemaNode): Error {
  const value = follow(options, path)
  return invalidOption(place, path, value, explainMisplaced(path, value, place) ?? explainUnknown(path.at(-1)!, knownNames(node, place)))
}

function knownNames (node: SchemaNode, { route }: OptionsPlace): string[] {
  return Object.keys(node.properties!).filter(name => route === undefined || !isForRegistrationsOnly(name))
}

/** For names that mean something in another place. */
function explainMisplaced ([name]: string[], value: unknown, { plugin, route }: OptionsPlace): string | undefined {
  if (name === 'prefix' && route === undefined) {
    return 'which has no effect: a plugin wrapped in fastify-plugin belongs to the scope that registers it and takes no ' +
      `prefix. Register it inside a prefixed scope: fastify.register(async scope => { scope.register(${plugin}) }, ` +
      `{ prefix: ${quote(value)} }).`
  }
  if (plugin === 'crossOriginProtection' && (name === 'exemptPaths' || name === 'allowedHosts')) {
    return 'which belongs to the registration, not to a route. To exempt this route write config: { crossOriginProtection: false }.'
  }
  return undefined
}

/** What other packages call the same. */
const otherNames: ReadonlyMap<string, string> = new Map(Object.entries({
  origin: 'allowedOrigins',
  origins: 'allowedOrigins',
  trustedOrigin: 'allowedOrigins',
  trustedOrigins: 'allowedOrigins',
  allowedActionOrigins: 'allowedOrigins',
  host: 'allowedHosts',
  hosts: 'allowedHosts',
  trustedHosts: 'allowedHosts',
  exclude: 'exemptPaths',
  excludePaths: 'exemptPaths',
  ignorePaths: 'exemptPaths',
  allowedPaths: 'exemptPaths',
  insecureBypassPatterns: 'exemptPaths',
  errorHandler: 'denyHandler',
  onError: 'denyHandler',
  rejectHandler: 'denyHandler',
  dryRun: 'reportOnly',
  crossOriginOpenerPolicy: 'openerPolicy',
  coop: 'openerPolicy',
  crossOriginEmbedderPolicy: 'embedderPolicy',
  coep: 'embedderPolicy',
  crossOriginResourcePolicy: 'resourcePolicy',
  corp: 'resourcePolicy'
}))

function explainUnknown (name: string, known: string[]): string {
  const nearest = known.find(option => option === otherNames.get(name)) ?? nearestName(name, known)
  return `but there is no such option. ${nearest === undefined ? `Write one of ${known.join(', ')}.` : `Did you mean ${nearest}?`}`
}

/** `['allowedOrigins', '0']` becomes `option allowedOrigins[0]`. */
function optionName (path: string[]): string {
  if (path.length === 0) return 'the value'
  return 'option ' + path.map((key, depth) => /^\d+$/.test(key) ? `[${key}]` : depth === 0 ? key : `.${key}`).join('')
}

function follow (value: unknown, path: string[]): unknown {
  return path.reduce((node, key) => (node as Record<string, unknown>)[key], value)
}

function quote (value: unknown): string {
  return inspect(value, { depth: 1, maxArrayLength: 3, maxStringLength: 100, breakLength: Infinity })
}

/** The known name that is fewest single-letter edits away, if it is near enough to be what was meant. */
function nearestName (name: string, known: string[]): string | undefined {
  const near = known
    .map(candidate => ({ candidate, edits: editDistance(name.toLowerCase(), candidate.toLowerCase()) }))
    .sort((a, b) => a.edits - b.edits)[0]!
  return near.edits <= near.candidate.length / 3 ? near.candidate : undefined
}

/** Levenshtein distance, row by row. */
function editDistance (from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column)
  for (const letter of from) {
    const next = [row[0]! + 1]
    for (let column = 1; column <= to.length; column++) {
      const replaced = row[column - 1]! + (letter === to[column - 1] ? 0 : 1)
      next.push(Math.min(replaced, row[column]! + 1, next[column - 1]! + 1))
    }
    row = next
  }
  return row[to.length]!
}

// What happens to wrong options: they stop the application from starting, with a sentence that names
// the plugin and the option, quotes the value, says what is wrong with it and what to write instead.
import { inspect } from 'node:util'
import { InvalidOptionError, type WrongValue } from './errors.ts'
import * as schemas from './schemas.ts'
import * as validators from './validators.ts'

/** Which options are being read: those of a registration, or those in a route's config. */
export interface OptionsPlace {
  readonly plugin: 'crossOriginProtection' | 'crossOriginIsolation'
  /** Such as `POST /sso`; absent for a registration. */
  readonly route?: string
}

/** A compiled schema. */
export interface Validate {
  (data: unknown): boolean
  errors?: Array<{
    keyword: string
    instancePath: string
    schemaPath: string
    params: { additionalProperty?: string }
  }> | null
}

/**
 * Throws `FST_CROSS_ORIGIN_INVALID_OPTION` unless `options` is what the plugin's schema allows.
 */
export function assertOptions (options: unknown, place: OptionsPlace): void {
  const { schema, validate } = validatorFor(place)
  if (validate(options)) return
  const { keyword, instancePath, schemaPath, params } = validate.errors![0]!
  const path = instancePath.split('/').slice(1)
  const value = follow(options, path)
  const node = follow(schema, schemaPath.split('/').slice(1, -1)) as SchemaNode
  if (keyword === 'additionalProperties') throw unknownOption(place, path, params.additionalProperty!, value as object, node)
  throw invalidOption(place, path, value, `${problems[keyword]!(node)}. ${node.description}`)
}

/** The values parsed one by one; what a parser objects to is reported with its place in the list. */
export function parseEach<Value, Parsed> (
  option: string, values: readonly Value[], parse: (value: Value) => Parsed, place: OptionsPlace
): Parsed[] {
  return values.map((value, index) => {
    try {
      return parse(value)
    } catch (error) {
      throw invalidOption(place, [option, String(index)], value, (error as WrongValue).message)
    }
  })
}

// ---------------------------------------------------------------------------------------------

/** What the messages need of a schema. */
interface SchemaNode {
  readonly description: string
  readonly type?: string
  readonly typeof?: string | readonly string[]
  readonly properties?: object
}

function validatorFor ({ plugin, route }: OptionsPlace): { schema: SchemaNode, validate: Validate } {
  const isRoute = route !== undefined
  if (plugin === 'crossOriginIsolation') {
    return isRoute
      ? { schema: schemas.isolationRouteSchema, validate: validators.isolationRouteValidator }
      : { schema: schemas.isolationSchema, validate: validators.isolationValidator }
  }
  return isRoute
    ? { schema: schemas.protectionRouteSchema, validate: validators.protectionRouteValidator }
    : { schema: schemas.protectionSchema, validate: validators.protectionValidator }
}

const problems: Record<string, (node: SchemaNode) => string> = {
  type: ({ type }) => `which is not ${type === 'array' || type === 'object' ? 'an' : 'a'} ${type}`,
  typeof: node => typeof node.typeof === 'string' ? `which is not a ${node.typeof}` : `which is neither a ${node.typeof!.join(' nor a ')}`,
  enum: () => 'which is not one of its values',
  pattern: () => 'which is not such a name'
}

function invalidOption ({ plugin, route }: OptionsPlace, path: string[], value: unknown, problem: string): Error {
  const where = route === undefined ? plugin : `${plugin} in the config of ${route}`
  return new InvalidOptionError(`${where}: ${optionName(path)} is ${quote(value)}, ${problem}`)
}

function unknownOption (place: OptionsPlace, path: string[], name: string, siblings: object, node: SchemaNode): Error {
  const value = (siblings as Record<string, unknown>)[name]
  return invalidOption(place, [...path, name], value, explainMisplaced(path, name, value, place) ?? explainUnknown(name, Object.keys(node.properties!)))
}

/** For names that mean something, in another place. */
function explainMisplaced (path: string[], name: string, value: unknown, { plugin, route }: OptionsPlace): string | undefined {
  if (name === 'prefix' && path.length === 0 && route === undefined) {
    return 'which has no effect: a plugin wrapped in fastify-plugin belongs to the scope that registers it and takes no ' +
      `prefix. Register it inside a prefixed scope: fastify.register(async scope => { scope.register(${plugin}) }, ` +
      `{ prefix: ${quote(value)} }).`
  }
  if (name === 'exemptPaths' && plugin === 'crossOriginProtection') {
    return 'which belongs to the registration, not to a route. To exempt this route write config: { crossOriginProtection: false }.'
  }
  return undefined
}

function explainUnknown (name: string, known: string[]): string {
  const nearest = nearestName(name, known)
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

/** The known name that fewest single-letter edits away, if any is near enough to be what was meant. */
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

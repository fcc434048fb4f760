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
    params: { type?: string, additionalProperty?: string }
  }> | null
}

/**
 * Throws `FST_CROSS_ORIGIN_INVALID_OPTION` unless `options` is what the plugin's schema allows.
 */
export function assertOptions (options: unknown, place: OptionsPlace): void {
  const { schema, validate } = validatorFor(place)
  if (validate(options)) return
  const { keyword, instancePath, schemaPath, params } = validate.errors![0]!
  if (keyword === 'additionalProperties') {
    throw unknownOption(options as Record<string, unknown>, params.additionalProperty!, Object.keys(schema.properties), place)
  }
  const path = instancePath.split('/').slice(1)
  const { description } = follow(schema, schemaPath.split('/').slice(1, -1)) as { description: string }
  throw invalidOption(place, optionName(path), follow(options, path), `${problems[keyword]!(params)}. ${description}`)
}

/** The values parsed one by one; what a parser objects to is reported with its place in the list. */
export function parseEach<Value, Parsed> (
  option: string, values: readonly Value[], parse: (value: Value) => Parsed, place: OptionsPlace
): Parsed[] {
  return values.map((value, index) => {
    try {
      return parse(value)
    } catch (error) {
      throw invalidOption(place, `option ${option}[${index}]`, value, (error as WrongValue).message)
    }
  })
}

// ---------------------------------------------------------------------------------------------

function validatorFor ({ plugin, route }: OptionsPlace): { schema: { properties: object }, validate: Validate } {
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

const problems: Record<string, (params: { type?: string }) => string> = {
  type: ({ type }) => `which is not ${type === 'array' || type === 'object' ? 'an' : 'a'} ${type}`,
  typeof: () => 'which is not a function',
  enum: () => 'which is not one of its values'
}

function invalidOption ({ plugin, route }: OptionsPlace, what: string, value: unknown, problem: string): Error {
  const where = route === undefined ? plugin : `${plugin} in the config of ${route}`
  return new InvalidOptionError(`${where}: ${what} is ${quote(value)}, ${problem}`)
}

function unknownOption (options: Record<string, unknown>, name: string, known: string[], place: OptionsPlace): Error {
  return invalidOption(place, `option ${name}`, options[name], explainUnknown(name, options[name], known, place))
}

function explainUnknown (name: string, value: unknown, known: string[], { plugin, route }: OptionsPlace): string {
  if (name === 'prefix') {
    return 'which has no effect: a plugin wrapped in fastify-plugin belongs to the scope that registers it and takes no ' +
      `prefix. Register it inside a prefixed scope: fastify.register(async scope => { scope.register(${plugin}) }, ` +
      `{ prefix: ${quote(value)} }).`
  }
  if (name === 'exemptPaths' && route !== undefined) {
    return `which belongs to the registration, not to a route. To exempt this route write config: { ${plugin}: false }.`
  }
  const nearest = nearestName(name, known)
  return `but there is no such option. ${nearest === undefined ? `Write one of ${known.join(', ')}.` : `Did you mean ${nearest}?`}`
}

/** `['allowedOrigins', '0']` becomes `option allowedOrigins[0]`. */
function optionName ([option, index]: string[]): string {
  if (option === undefined) return 'the value'
  return index === undefined ? `option ${option}` : `option ${option}[${index}]`
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

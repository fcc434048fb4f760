// Compiles the JSON Schemas of the options with Ajv and this package's own keyword `typeof`.
import { Ajv } from 'ajv'
import { _, or } from 'ajv/dist/compile/codegen/index.js'
import standaloneCode from 'ajv/dist/standalone/index.js'

/** The code of a module that exports a validator for each exported schema, and imports nothing. */
export function compileSchemas (schemas) {
  const ajv = new Ajv({
    messages: false, // options.ts has its own messages, built from the descriptions in the schemas.
    code: { source: true, esm: true, lines: true, optimize: 3 },
    keywords: [{
      keyword: 'typeof',
      schemaType: ['string', 'array'],
      code (context) {
        const types = [context.schema].flat()
        context.fail(_`!(${or(...types.map(type => _`typeof ${context.data} == ${type}`))})`)
      }
    }]
  })
  const names = {}
  for (const [name, schema] of Object.entries(schemas)) {
    ajv.addSchema(withoutDescriptions(schema), name)
    names[name.replace(/^(.)(.*)Schema$/, (_, first, rest) => `validate${first.toUpperCase()}${rest}`)] = name
  }
  const code = standaloneCode.default(ajv, names)
  if (/\brequire\(|\bimport\b/.test(code)) throw new Error('the compiled validators must not load anything')
  return code
}

function withoutDescriptions (schema) {
  return JSON.parse(JSON.stringify(schema, (key, value) => key === 'description' ? undefined : value))
}

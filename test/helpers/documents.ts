// The code blocks of the documents, to be run by tests.
import { readFileSync } from 'node:fs'
import Fastify, { type FastifyInstance } from 'fastify'
import { crossOriginIsolation, crossOriginProtection } from '../../src/index.ts'

export const readDocument = (document: string) => readFileSync(new URL(`../../${document}`, import.meta.url), 'utf8')

/** The blocks of a document in a language. */
export const blocksOf = (document: string, language: string) => (
  [...readDocument(document).matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'))].map(([, code = '']) => code)
)

/** The one block that has a text. */
export function findBlock (document: string, language: string, text: string): string {
  const found = blocksOf(document, language).filter(code => code.includes(text))
  if (found.length !== 1) throw new Error(`${found.length} blocks of ${document} have "${text}"`)
  return found[0]!
}

/** Runs a block as the body of a function: its imports are loaded first, and it may use what the documents do not define. */
export async function runBlock (fastify: FastifyInstance, code: string): Promise<void> {
  const given = {
    fastify,
    Fastify,
    crossOriginProtection,
    crossOriginIsolation,
    isOwnedByTenant: async () => false,
    load: (name: string) => import(name)
  }
  const body = code.replace(/^import (.*) from ('.*')$/gm, (_line, names: string, from: string) => {
    const [, name, members] = /^(\w+)?(?:, )?(?:\{(.*)\})?$/.exec(names)!
    return `const { ${[name && `default: ${name}`, members].filter(Boolean).join(', ')} } = await load(${from})`
  })
  const AsyncFunction = (async () => {}).constructor as new (...words: string[]) => (...values: unknown[]) => Promise<void>
  await new AsyncFunction(...Object.keys(given), `{ ${body} }`)(...Object.values(given))
}

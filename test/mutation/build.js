// Compiles the sources, which contain Stryker's mutants, together with their unit tests, for plain Node.
import { execFileSync } from 'node:child_process'
import { cpSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

execFileSync(process.execPath, [fileURLToPath(import.meta.resolve('typescript/bin/tsc')), '-p', 'test/mutation'], { stdio: 'inherit' })

// validators.ts was compiled from the schemas without mutants. Here each test compiles it again, so that a mutant of a schema
// changes which options are accepted.
writeFileSync('.mutation/compiled/src/validators.js', `
import { compileSchemas } from '../../../scripts/schema-compiler.js'
import * as schemas from './schemas.js'

export const { validateProtection, validateIsolation } =
  await import('data:text/javascript,' + encodeURIComponent(compileSchemas(schemas)))
`)

// Some tests run what the documents say.
cpSync('docs', '.mutation/compiled/docs', { recursive: true })

// Compiles the sources, into which Stryker has written its mutants, with their unit tests, for plain Node.
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

execFileSync(process.execPath, [fileURLToPath(import.meta.resolve('typescript/bin/tsc')), '-p', 'test/mutation'], { stdio: 'inherit' })

// validators.ts was compiled from the schemas without mutants. Compiled anew by each test, a mutant of a schema is one of
// what accepts options.
writeFileSync('.mutation/compiled/src/validators.js', `
import { compileSchemas } from '../../../scripts/schema-compiler.js'
import * as schemas from './schemas.js'

export const { validateProtection, validateIsolation } =
  await import('data:text/javascript,' + encodeURIComponent(compileSchemas(schemas)))
`)

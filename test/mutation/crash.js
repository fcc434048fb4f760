// Loaded before each test: a file that ends in an error before its first assertion has failed, too. Stryker's tap runner
// calls that an error of its own, and would count such a mutant as neither killed nor survived.
import { writeSync } from 'node:fs'

process.on('exit', code => {
  if (code !== 0) writeSync(1, `not ok - the file ended with code ${code}\n`)
})

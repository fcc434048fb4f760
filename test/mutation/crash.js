// Loaded before each test. Makes a file that exits with an error before its first assertion count as a failed test. Stryker's
// tap runner would report an error of the runner, and count the mutant as neither killed nor survived.
import { writeSync } from 'node:fs'

process.on('exit', code => {
  if (code !== 0) writeSync(1, `not ok - the file ended with code ${code}\n`)
})

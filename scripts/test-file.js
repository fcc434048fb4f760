// Loaded before the one test file of `npm run test:file`, in whose process it prints what the tests print under `npm test`.
import Reporter from './reporter.js'

// tap would end the file after 30 seconds, also one that a debugger has stopped.
process.env.TAP_TIMEOUT ??= '0'
process.env.TAP_COMMENTS ??= '1'
const { default: t } = await import('tap')

const reporter = new Reporter()
reporter.pipe(process.stdout)
t.register()
t.pipe(reporter)

// What tap does not see: a process that ends before its tests do, by process.exit() or in an await that nothing settles.
// Node gives the latter its exit code in a listener of its own, which is there by the time nothing is left to do.
process.on('exit', tellOfEarlyEnd)
process.once('beforeExit', () => { process.off('exit', tellOfEarlyEnd).on('exit', tellOfEarlyEnd) })

function tellOfEarlyEnd () {
  if (process.exitCode && reporter.ok) console.log(`FAILED: the file ended with code ${process.exitCode}`)
}

// What the tests print: a line for each file, then each failure with its place and difference, each skipped test with its
// reason, and one line of totals. tap's own reporters draw for a terminal. Without one they print thousands of lines, leave
// out the totals or the reasons, and `base` and `terse` spend a millisecond on each of 33,000 assertions.
import { inspect } from 'node:util'
import { Parser } from 'tap-parser'

/** What tap says of a failure that is no help: the place is in its heading, and the rest is how tap started the file. */
const unhelpful = new Set(['at', 'source', 'diff', 'stack', 'stdio', 'cwd', 'externalID', 'command', 'args'])

/** A stream that tap writes its results to. It writes at once, so that nothing is lost when the process ends. */
export default class Reporter extends Parser {
  #out = process.stdout
  #files = 0
  #passed = 0
  #failed = []
  #skipped = []

  constructor () {
    super()
    this.on('assert', result => { this.#endFile(result) })
    this.on('pass', () => { this.#passed++ })
    this.on('fail', result => { this.#failed.push(result) })
    this.on('skip', result => { this.#skipped.push(result) })
    this.on('todo', result => { this.#skipped.push(result) })
    this.on('extra', text => { this.#out.write(text) }) // What a test itself printed.
    this.on('complete', results => { this.#end(results) })
    if (process.env.TAP_COMMENTS === '1') this.#printComments(this)
  }

  pipe (out) {
    this.#out = out
    return out
  }

  /** Where tap runs files, each is a subtest at the top. */
  #endFile ({ ok, name, time }) {
    if (!/^\S+\.test\.ts$/.test(name)) return
    this.#files++
    this.#print(`${ok ? 'ok    ' : 'FAILED'} ${name}${time === null ? '' : ` ${seconds(time)}`}`)
  }

  #end ({ ok, time }) {
    for (const result of this.#failed) this.#print(`\nFAILED ${heading(result)}\n${indented(details(result.diag ?? {}))}`)
    if (this.#skipped.length > 0) this.#print('')
    for (const { fullname, skip, todo } of this.#skipped) this.#print(`skipped ${fullname}: ${reasonOf(skip || todo)}`)
    const counts = [
      ...(this.#files === 0 ? [] : [`${this.#files} ${this.#files === 1 ? 'file' : 'files'}`]), `${this.#passed} passed`, `${this.#failed.length} failed`, `${this.#skipped.length} skipped`
    ]
    // Too little coverage is no failed test: tap has printed it above, and made it the exit code.
    this.#print(`${ok && !process.exitCode ? 'ok' : 'FAILED'}: ${counts.join(', ')}${time === null ? '' : `, ${seconds(time)}`}`)
  }

  /** As tap's option --comments asks: those of the tests, without tap's own. */
  #printComments (parser) {
    parser.on('comment', text => { if (!/^# (Subtest|time=|{)/.test(text)) this.#print(text.trimEnd()) })
    parser.on('child', child => { this.#printComments(child) })
  }

  #print (text) {
    this.#out.write(`${text}\n`)
  }
}

/** `true` where the test gives none. */
function reasonOf (reason) {
  return typeof reason === 'string' ? reason : 'no reason given'
}

function heading ({ fullname, diag }) {
  const { fileName, lineNumber } = diag?.at ?? {}
  return fileName === undefined ? fullname : `${fileName}:${lineNumber} ${fullname.replace(`${fileName} > `, '')}`
}

function details ({ diff, stack, ...rest }) {
  const others = Object.entries(rest).filter(([name, value]) => !unhelpful.has(name) && value !== null).map(([name, value]) => `${name}: ${shown(value)}`)
  return [diff, ...others, stack].filter(text => text !== undefined).map(text => text.trimEnd()).join('\n')
}

function shown (value) {
  return typeof value === 'string' ? value : inspect(value, { depth: 6 })
}

function indented (text) {
  return text.replace(/^(?=.)/gm, '  ')
}

function seconds (milliseconds) {
  return `${(milliseconds / 1000).toFixed(1)} s`
}

// What `npm run test:file` says and how it ends; and what the reporter, which `npm test` has as well, makes of many files.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'

const root = fileURLToPath(new URL('../../', import.meta.url))
const { scripts } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'))

interface Outcome { readonly status: number | null, readonly lines: readonly string[] }

// tap has every process load a module that sets exit codes. Programs that unset the variable are none of Windows.
const isWindows = process.platform === 'win32'
const [program = '', ...beginning] = isWindows ? [process.execPath] : ['env', '-u', 'NODE_OPTIONS', process.execPath]

function node (words: readonly string[], input?: string): Outcome {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(_?TAP|TS_NODE_)/.test(name)))
  const { status, stdout } = spawnSync(program, [...beginning, ...words], { cwd: root, input, encoding: 'utf8', env })
  return { status, lines: stdout.trimEnd().split('\n') }
}

/** Runs a file of this code by the words of package.json. Its path begins with `<file>`. */
function runFile (t: Test, code: string): Outcome {
  const [program, ...words] = scripts['test:file'].split(' ')
  t.equal(program, 'node')
  const folder = t.testdir({ 'some.test.ts': code })
  const { status, lines } = node([...words, `${folder}/some.test.ts`])
  return { status, lines: lines.map(line => line.replace(/\S*some\.test\.ts/, '<file>')) }
}

t.test('a failure has its place, its names and the difference, and only failures are told', async t => {
  const { status, lines } = runFile(t, `import t from 'tap'
t.test('outer', async t => {
  t.test('inner', async t => {
    t.equal(1, 1, 'this passes')
    t.same({ a: 1 }, { a: 2 }, 'this does not')
  })
  t.test('left out', { skip: 'no nginx here' }, async () => {})
  console.log('printed by the test')
})
`)
  t.equal(status, 1)
  t.same(lines.slice(0, -1).filter(line => !line.startsWith('  Test.<anonymous>')), [
    'printed by the test',
    '',
    'FAILED <file>:5 outer > inner > this does not',
    '  --- expected',
    '  +++ actual',
    '  @@ -1,3 +1,3 @@',
    '   Object {',
    '  -  "a": 2,',
    '  +  "a": 1,',
    '   }',
    '  <file>:2:3',
    '',
    'skipped outer > left out: no nginx here'
  ])
  t.match(lines.at(-1), /^FAILED: 1 passed, 1 failed, 1 skipped, [\d.]+ s$/)
})

t.test('a file that passes ends with 0 and one line, also one whose types are wrong, which npm run lint finds', async t => {
  const { status, lines } = runFile(t, 'import t from \'tap\'\nconst text: string = 1\nt.equal(text, 1)\n')
  t.equal(status, 0)
  t.equal(lines.length, 1)
  t.match(lines[0], /^ok: 1 passed, 0 failed, 0 skipped, [\d.]+ s$/)
})

const broken: Array<[name: string, code: string, status: number, told: RegExp, skip?: string | false]> = [
  ['ends its process', 'import t from \'tap\'\nt.ok(true)\nprocess.exit(3)\n', 3, /^FAILED: the file ended with code 3$/m],
  ['waits for what never comes', 'import t from \'tap\'\nt.ok(true)\nawait new Promise(() => {})\n', 13, /^FAILED: the file ended with code 13$/m, isWindows && 'tap sets the exit code']
]
for (const [name, code, status, told, skip = false] of broken) {
  t.test(`a file that ${name} has failed`, { skip }, async t => {
    const outcome = runFile(t, code)
    t.equal(outcome.status, status)
    t.match(outcome.lines.join('\n'), told)
  })
}

const report = `
  import Reporter from './scripts/reporter.js'
  const reporter = new Reporter()
  reporter.pipe(process.stdout)
  process.stdin.pipe(reporter)`

t.test('of many files, each has a line, failures and totals come last, and nothing is written for terminals', async t => {
  const { lines } = node(['--input-type=module', '--eval', report], `TAP version 14
1..4
# Subtest: test/passes.test.ts
    # Subtest: one
        ok 1 - passes
        ok 2 - passes
        1..2
    ok 1 - one # time=5ms
    # Subtest: two
        ok 1 - passes # SKIP not here
        1..1
    ok 2 - two # time=5ms
    1..2
    # time=1234.5ms
ok 1 - test/passes.test.ts # time=1234.5ms
not ok 2 - test/at-once.test.ts # time=20ms {
    # Subtest: one
        not ok 1 - should be equal
          ---
          compare: ===
          at:
            fileName: test/helpers/app.ts
            lineNumber: 7
          ...
        1..1
    not ok 1 - one # time=5ms
    1..1
}
not ok 3 - test/ends.test.ts # time=30ms
  ---
  command: node
  args:
    - test/ends.test.ts
  exitCode: 5
  signal: null
  ...
not ok 4 - test/hangs.test.ts # time=180000ms
  ---
  timeout: 180000
  ...
# { total: 6, pass: 3, fail: 3 }
# time=181234ms
`)
  t.same(lines, [
    'ok     test/passes.test.ts 1.2 s',
    'FAILED test/at-once.test.ts 0.0 s',
    'FAILED test/ends.test.ts 0.0 s',
    'FAILED test/hangs.test.ts 180.0 s',
    '',
    'FAILED test/helpers/app.ts:7 test/at-once.test.ts > one > should be equal',
    '  compare: ===',
    '',
    'FAILED test/ends.test.ts',
    '  exitCode: 5',
    '',
    'FAILED test/hangs.test.ts',
    '  timeout: 180000',
    '',
    'skipped test/passes.test.ts > two > passes: not here',
    'FAILED: 4 files, 2 passed, 3 failed, 1 skipped, 181.2 s'
  ])
})

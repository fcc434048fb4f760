// Short runs of the stress commands: they work, and they find what they look for.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'

interface Outcome { readonly code: number | null, readonly lines: readonly string[] }

t.setTimeout(300_000)

/** Runs a command in a separate environment, because its coverage does not count for the tests. */
async function run (t: Test, command: string, args: string[], env: Record<string, string> = {}): Promise<Outcome> {
  const { PATH, HOME } = process.env
  const script = fileURLToPath(new URL(`${command}.ts`, import.meta.url))
  const child = spawn(process.execPath, ['--import=@tapjs/typescript/import', script, ...args], { env: { PATH, HOME, ...env } })
  t.teardown(() => { child.kill() })
  let output = ''
  child.stdout.on('data', chunk => { output += chunk })
  child.stderr.on('data', chunk => { output += chunk })
  const [code] = await once(child, 'close')
  return { code, lines: output.trim().split('\n') }
}

/** Types are checked only once, in the run with the plugin. */
const unchecked = { TS_NODE_TRANSPILE_ONLY: '1', TS_NODE_COMPILER_OPTIONS: '{"rootDir":"."}' }

t.test('the fuzzer', async t => {
  const { code, lines } = await run(t, 'fuzz', ['--seconds=2'])
  t.match(lines.at(-1), /^0 violations$/, lines.join('\n'))
  t.match(lines.at(-3), /^[1-9]\d+ conversations of [1-9]\d+ requests, .* [1-9]\d+ requests were decided$/)
  t.equal(code, 0)
})

t.test('the fuzzer fails without the plugin', async t => {
  const { code, lines } = await run(t, 'fuzz', ['--seconds=20', '--without-plugin'], unchecked)
  t.ok(lines.some(line => /^violation: .* expected /.test(line)), lines.join('\n'))
  t.equal(code, 1)

  const script = lines.find(line => line.startsWith('{'))!
  const file = `${t.testdir({ 'script.json': script })}/script.json`
  t.equal((await run(t, 'fuzz', [`--replay=${file}`, '--without-plugin'], unchecked)).code, 1, 'the printed script causes the violation again')
  t.equal((await run(t, 'fuzz', [`--replay=${file}`], unchecked)).code, 0, 'and causes none with the plugin')
})

t.test('the soak', async t => {
  const { code, lines } = await run(t, 'soak', ['--requests=3000', '--upload=10000000'])
  t.match(lines.at(-1), /^0 violations$/, lines.join('\n'))
  t.match(lines.at(-2), /^\d{4,} requests in \d+ s, [1-9]\d+ runs of handlers/)
  t.equal(code, 0)
})

t.test('the soak test fails without the plugin', async t => {
  const { code, lines } = await run(t, 'soak', ['--requests=3000', '--upload=10000000', '--without-plugin'], unchecked)
  t.ok(lines.some(line => /^violation: .*( ran|expected .*)$/.test(line)), lines.join('\n'))
  t.equal(code, 1)
})

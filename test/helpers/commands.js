// What the tests of the package and of the matrix share: projects of their own, outside of this repository.
import { spawn } from 'node:child_process'
import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

export const repository = fileURLToPath(new URL('../../', import.meta.url))

/** A new folder that is gone when this process ends, also by a signal. */
export function temporaryFolder (name) {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), `${name}-`)))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1))
  return folder
}

/** Runs a program to its end, with a Node for what it starts itself; its code is null when a signal ended it. */
export function run (program, words, { cwd, node = process.execPath }) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, { cwd, env: ownEnvironment(node), stdio: ['ignore', 'pipe', 'pipe'] })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', text => { stdout += text })
    child.stderr.setEncoding('utf8').on('data', text => { stderr += text })
    child.on('error', reject)
    child.on('close', code => resolve({ code, stdout, stderr, output: stdout + stderr }))
  })
}

/** Runs a program that must succeed, and gives what it printed. */
export async function runWell (program, words, options) {
  const { code, stdout, output } = await run(program, words, options)
  if (code !== 0) throw new Error(`${program} ${words.join(' ')}\nended with ${code}:\n${output}`)
  return stdout
}

/** The words that run npm: the one that runs this. Its path serves every system, Windows too, where npm is no program. */
export function npm (...words) {
  const { npm_execpath: program } = process.env
  if (program === undefined) throw new Error('This runs npm: start it by npm run.')
  return [process.execPath, [program, '--no-audit', '--no-fund', '--loglevel=error', ...words]]
}

// ---------------------------------------------------------------------------------------------

/** The environment without what `npm run` adds for this repository, and with a Node's program first. */
function ownEnvironment (node) {
  const environment = {}
  for (const [name, value] of Object.entries(process.env)) {
    if (/^(npm_(package|lifecycle|config_local_prefix)|NODE_(PATH|OPTIONS|V8_COVERAGE)$|TAP|_TAPJS|INIT_CWD)/i.test(name)) continue
    environment[name] = name.toUpperCase() === 'PATH' ? pathFrom(value, node) : value
  }
  return environment
}

function pathFrom (value, node) {
  const folders = value.split(delimiter).filter(folder => !folder.includes(`node_modules${sep}.bin`))
  return [dirname(node), ...folders].join(delimiter)
}

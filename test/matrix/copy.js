// A copy of this repository, with what is installed, whose Fastify can be another.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { npm, run, runWell } from '../helpers/commands.js'
import { copyRepository } from '../helpers/copy.js'

/** Copies the repository, and builds the copy. */
export async function createCopy (folder) {
  await copyRepository(folder, { withInstalled: true })
  await runWell(...npm('run', 'build'), { cwd: folder })
}

/** Installs a Fastify, whatever the package's peer range says of it; gives its version. */
export async function installFastify (folder, range) {
  await runWell(...npm('install', '--no-save', '--force', `fastify@${range}`), { cwd: folder })
  return installedFastify(folder)
}

/** The version of the Fastify that is installed. */
export async function installedFastify (folder) {
  return JSON.parse(await readFile(join(folder, 'node_modules/fastify/package.json'), 'utf8')).version
}

/** The test files that .taprc includes. */
export async function listTests (folder) {
  return (await runWell(process.execPath, [await tap(folder), 'list'], { cwd: folder })).trim().split('\n')
}

/** Runs test files, and gives what became of them; what failed as text. */
export async function runTests (folder, node, files) {
  const words = ['--disable-coverage', '--reporter=tap', ...files]
  const { code, stdout, stderr } = await run(node.program, [await tap(folder), ...words], { cwd: folder, node: node.program })
  const result = readTap(stdout)
  return { ...result, ok: code === 0 && result.files.length === files.length, failures: `${failures(stdout)}\n${stderr}` }
}

/** Compiles the type tests against the Fastify in the copy. */
export async function runTypeTests (folder) {
  const { code, output } = await run(...npm('exec', '--offline', '--', 'tstyche'), { cwd: folder })
  return { ok: code === 0, output }
}

/** Starts an application in the copy: what it says, and whether it ended well. */
export async function start (folder, node) {
  const { code, stdout, output } = await run(node.program, [join('test', 'matrix', 'start.js')], { cwd: folder, node: node.program })
  const answer = stdout.trim().split('\n').at(-1)
  return { ok: code === 0, answer: answer.startsWith('{') ? JSON.parse(answer) : { message: output.trim() } }
}

// ---------------------------------------------------------------------------------------------

/** tap's program, of the copy. */
async function tap (folder) {
  const { bin } = JSON.parse(await readFile(join(folder, 'node_modules/tap/package.json'), 'utf8'))
  return join(folder, 'node_modules/tap', bin.tap)
}

function readTap (text) {
  const files = [...text.matchAll(/^(ok|not ok) \d+ - (.*?)(?: # .*)?$/gm)].map(([, outcome, file]) => ({ file, ok: outcome === 'ok' }))
  const skipped = []
  let file = ''
  for (const line of text.split('\n')) {
    // As tap announces a file, and as it names one that ran beside others.
    const [, announced, named] = /^# Subtest: (.*)$|^(?:not )?ok \d+ - (.*?) # time=.* \{$/.exec(line) ?? []
    file = announced ?? named ?? file
    // TAP has two words for what was not run.
    const [, name, reason] = /^ *(?:not )?ok \d+ - (.*?) # (?:SKIP|TODO) ?(.*)$/i.exec(line) ?? []
    if (name !== undefined) skipped.push(`${file}: ${name}: ${reason}`)
  }
  return { files, skipped, assertions: Number(/^# \{ total: (\d+)/m.exec(text)?.[1] ?? 0) }
}

/** Each line that is not ok, with the diagnosis below it. */
function failures (text) {
  return [...text.matchAll(/^ *not ok .*\n(?: *---\n[^]*?^ *\.\.\.$)?/gm)].map(([failure]) => failure).join('\n')
}

// The packages that are too heavy for this repository's own dependencies, beside the packed package, in a temporary project.
// Words after "--" are the test files to run, such as vite.test.js; all by default.
import { cp } from 'node:fs/promises'
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { npm, repository, runWell, temporaryFolder } from '../../helpers/commands.js'
import { pack } from '../../package/tarball.js'

const folder = temporaryFolder('interop')
await cp(fileURLToPath(new URL('.', import.meta.url)), folder, { recursive: true })
await cp(join(repository, 'docs/interop.md'), join(folder, 'interop.md'))

const tarball = await pack(folder)
// Without the scripts of what is installed: nothing here needs them.
await runWell(...npm('install', '--ignore-scripts', '--prefer-offline', '--no-save', tarball.path), { cwd: folder })

// The runner finds *.test.js by itself, unless it is told which.
const child = spawn(process.execPath, ['--test', '--test-reporter=spec', ...process.argv.slice(2)], { cwd: folder, stdio: 'inherit' })
child.on('close', code => { process.exitCode = code ?? 1 })

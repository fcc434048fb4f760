// Projects that use the package: one install, a folder for each module system.
import { cp, readFile, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { npm, run, runWell } from '../helpers/commands.js'

const { version: ownTypeScript } = createRequire(import.meta.url)('typescript/package.json')

/** By the name under which each is installed: the oldest that Fastify's own types compile with, this repository's, the newest. */
const compilers = { 'typescript-5.4': '5.4', 'typescript-own': ownTypeScript, 'typescript-newest': 'latest' }

/** How TypeScript finds and emits modules, in which kind of package; and the build that Node loads then. */
const typescriptProjects = [
  { name: 'nodenext', type: 'module', options: { module: 'nodenext' }, build: 'esm' },
  { name: 'nodenext-commonjs', type: 'commonjs', options: { module: 'nodenext' }, build: 'commonjs' },
  // Resolved as in Node 10 before TypeScript 6, and like bundler since.
  { name: 'commonjs', type: 'commonjs', options: { module: 'commonjs', esModuleInterop: true }, build: 'commonjs' },
  { name: 'bundler', type: 'module', options: { module: 'esnext', moduleResolution: 'bundler' }, build: 'esm' }
]

/** A new project with Fastify alone. */
export async function createProject (folder) {
  await cp(new URL('consumers/', import.meta.url), folder, { recursive: true })
  await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'consumers', private: true }))
  await runWell(...npm('install', 'fastify'), { cwd: folder })
}

/** Installs the tarball; says which packages that added. */
export async function addPackage (folder, tarball) {
  const before = await installed(folder)
  await runWell(...npm('install', '--prefer-offline', tarball), { cwd: folder })
  return (await installed(folder)).filter(path => !before.includes(path)).map(path => path.replace('node_modules/', ''))
}

/** Paths and not names: a second version of a package that was there would lie deeper. */
async function installed (folder) {
  const { packages } = JSON.parse(await readFile(join(folder, 'node_modules/.package-lock.json'), 'utf8'))
  return Object.keys(packages)
}

/** What npm says where the project has a Fastify that the package does not support. */
export async function installBesideOlder (folder, tarball, fastify) {
  await writeFile(join(folder, 'package.json'), JSON.stringify({ private: true, dependencies: { fastify } }))
  return run(...npm('install', '--dry-run', '--prefer-offline', tarball), { cwd: folder })
}

/** Runs every consumer; gives one line each, of which those that failed are long. */
export async function runConsumers (folder) {
  const versions = Object.entries(compilers).map(([name, version]) => `${name}@npm:typescript@${version}`)
  await runWell(...npm('install', '--prefer-offline', 'jest@30', '@types/node@20', ...versions), { cwd: folder })

  const results = [
    { name: 'JavaScript, ESM', ...await runApp(join(folder, 'module')) },
    { name: 'JavaScript, CommonJS', ...await runApp(join(folder, 'commonjs')) },
    { name: 'Jest, CommonJS', ...await node(join(folder, 'node_modules/jest/bin/jest.js'), ['--ci'], join(folder, 'jest')) }
  ]
  for (const project of typescriptProjects) results.push(...await runTypeScript(folder, project))
  return results
}

/** Compiles with every compiler, and runs what this repository's emits. */
async function runTypeScript (folder, { name, type, options, build }) {
  const cwd = join(folder, name)
  await cp(join(folder, 'typescript'), cwd, { recursive: true })
  await writeFile(join(cwd, 'package.json'), JSON.stringify({ type }))
  const compilerOptions = { target: 'es2022', strict: true, skipLibCheck: false, types: ['node'], ...options }
  await writeFile(join(cwd, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['app.ts'] }))

  const results = []
  for (const compiler of Object.keys(compilers)) {
    const package_ = join(folder, 'node_modules', compiler)
    const { version } = JSON.parse(await readFile(join(package_, 'package.json'), 'utf8'))
    const result = await node(join(package_, 'bin/tsc'), compiler === 'typescript-own' ? [] : ['--noEmit'], cwd)
    results.push({ name: `TypeScript ${version}, ${name}`, ...result })
  }
  return [...results, { name: `TypeScript, ${name}, run`, ...await runApp(cwd, build) }]
}

async function runApp (cwd, ...words) {
  const { ok, output } = await node('app.js', words, cwd)
  // The last words, lest an application that ends early passes.
  return { ok: ok && output.endsWith('checked\n'), output }
}

async function node (program, words, cwd) {
  const { code, output } = await run(process.execPath, [program, ...words], { cwd })
  return { ok: code === 0, output }
}

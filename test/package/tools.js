// The package in the hands of others' tools: a bundler, a test runner, a package manager that hoists nothing, and what runs
// TypeScript without a compiler. They are installed into a folder of their own, in the versions of tools/package.json.
import { existsSync } from 'node:fs'
import { cp, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { npm, run, runWell } from '../helpers/commands.js'

/** Runs all of them, with a project that has the package; gives one line each, of which those that failed are long. */
export async function runTools (folder, project, tarball) {
  const tools = join(project, 'tools')
  await cp(new URL('tools/', import.meta.url), tools, { recursive: true })
  await runWell(...npm('install', '--prefer-offline'), { cwd: tools })
  return [
    ...await runEsbuild(tools, join(folder, 'bundles')),
    await runVitest(tools),
    ...await runPnpm(tools, join(folder, 'pnpm'), tarball),
    ...await runTypeScriptFiles(tools, project)
  ]
}

async function runEsbuild (tools, bundles) {
  const { build } = await import(pathToFileURL(join(tools, 'node_modules/esbuild/lib/main.js')))
  await mkdir(bundles)
  const results = []
  for (const [format, extension, banner] of [
    // Modules have no require, which bundled CommonJS needs for Node's own modules.
    ['esm', 'mjs', 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);'],
    ['cjs', 'cjs', '']
  ]) {
    const outfile = join(bundles, `app.${extension}`)
    const options = { entryPoints: [join(tools, 'bundle/app.js')], bundle: true, platform: 'node', format, outfile, banner: { js: banner }, logLevel: 'silent' }
    const result = await build(options).then(({ warnings }) => (
      warnings.length === 0 ? runChecked([outfile], bundles) : { ok: false, output: JSON.stringify(warnings, null, 2) }
    ), error => ({ ok: false, output: error.message }))
    results.push({ name: `esbuild, one file, ${format}`, ...result })
  }
  return results
}

async function runVitest (tools) {
  const cwd = join(tools, 'vitest')
  const { code, output } = await run(process.execPath, [join(tools, 'node_modules/vitest/vitest.mjs'), 'run', '--no-color'], { cwd })
  return { name: 'Vitest', ok: code === 0 && /2 passed/.test(output), output }
}

/** Nothing but what a project names itself can be found from it, nor from a package what that does not name. */
async function runPnpm (tools, folder, tarball) {
  await cp(new URL('consumers/', import.meta.url), folder, { recursive: true })
  await writeFile(join(folder, 'package.json'), JSON.stringify({
    private: true,
    dependencies: { fastify: '^5.0.0', 'fastify-cross-origin-protection': `file:${tarball}` },
    devDependencies: { '@types/node': '20', typescript: '6' }
  }))
  await writeFile(join(folder, 'pnpm-workspace.yaml'), 'hoist: false\nnodeLinker: isolated\n')
  const { code, output } = await run(process.execPath, [join(tools, 'node_modules/pnpm/bin/pnpm.mjs'), 'install', '--ignore-scripts'], { cwd: folder })
  const hoisted = ['fastify-plugin', '.pnpm/node_modules'].filter(name => existsSync(join(folder, 'node_modules', name)))
  if (code !== 0 || hoisted.length > 0) return [{ name: 'pnpm, nothing hoisted', ok: false, output: `${output}\nhoisted: ${hoisted}` }]

  const compiled = join(folder, 'typescript')
  await writeFile(join(compiled, 'package.json'), JSON.stringify({ type: 'module' }))
  await writeFile(join(compiled, 'tsconfig.json'), JSON.stringify({
    compilerOptions: { target: 'es2022', module: 'nodenext', strict: true, skipLibCheck: false, types: ['node'] }, files: ['app.ts']
  }))
  const types = await run(process.execPath, [join(folder, 'node_modules/typescript/bin/tsc')], { cwd: compiled })
  return [
    { name: 'pnpm, nothing hoisted, ESM', ...await runChecked(['app.js'], join(folder, 'module')) },
    { name: 'pnpm, nothing hoisted, CommonJS', ...await runChecked(['app.js'], join(folder, 'commonjs')) },
    { name: 'pnpm, nothing hoisted, TypeScript', ...types.code === 0 ? await runChecked(['app.js', 'esm'], compiled) : { ok: false, output: types.output } }
  ]
}

/** The consumer in TypeScript as it is. */
async function runTypeScriptFiles (tools, project) {
  const builds = { module: 'esm', commonjs: 'commonjs' }
  const runners = [
    { name: 'tsx', types: ['module', 'commonjs'], words: ['--import', pathToFileURL(join(tools, 'node_modules/tsx/dist/loader.mjs')).href] },
    // It makes no require of an import, as CommonJS would need.
    { name: 'Node strips types', types: ['module'], words: [], missing: !process.features.typescript && `Node ${process.versions.node} does not: from 22.18 on it does` }
  ]
  const results = []
  for (const { name, types, words, missing } of runners) {
    for (const type of types) {
      const cwd = join(project, `${name.replaceAll(' ', '-').toLowerCase()}-${type}`)
      await cp(new URL('consumers/typescript/', import.meta.url), cwd, { recursive: true })
      await writeFile(join(cwd, 'package.json'), JSON.stringify({ type }))
      if (missing) results.push({ name: `${name}, ${type}`, ok: true, figure: `skipped: ${missing}` })
      else results.push({ name: `${name}, ${type}`, ...await runChecked([...words, 'app.ts', builds[type]], cwd) })
    }
  }
  return results
}

async function runChecked (words, cwd) {
  const { code, output } = await run(process.execPath, words, { cwd })
  // The last words, lest an application that ends early passes.
  return { ok: code === 0 && output.endsWith('checked\n'), output }
}

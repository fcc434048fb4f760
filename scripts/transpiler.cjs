// How ts-node makes JavaScript of TypeScript: as it would by itself, but each text once. The tests are fifty processes that load
// the same modules, and transpiling those anew would be a third of what most of them cost.
const { createHash } = require('node:crypto')
const { mkdirSync, readFileSync, renameSync, writeFileSync } = require('node:fs')
const { join } = require('node:path')
const ts = require('typescript')

const folder = join(__dirname, '../node_modules/.cache/transpiler')

exports.create = ({ service: { config } }) => {
  // All TypeScript that is run here is in ES modules.
  const compilerOptions = { ...config.options, module: ts.ModuleKind.ES2022, moduleResolution: ts.ModuleResolutionKind.Bundler }
  const circumstances = JSON.stringify([ts.version, compilerOptions])

  return {
    transpile (code, { fileName }) {
      const file = join(folder, createHash('sha256').update(JSON.stringify([circumstances, fileName, code])).digest('hex'))
      return read(file) ?? written(file, ts.transpileModule(code, { fileName, compilerOptions }))
    }
  }
}

function read (file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return undefined
  }
}

/** Under another name first, because other processes may read it at any time. */
function written (file, { outputText, sourceMapText }) {
  const output = { outputText, sourceMapText }
  try {
    mkdirSync(folder, { recursive: true })
    writeFileSync(`${file}.${process.pid}`, JSON.stringify(output))
    renameSync(`${file}.${process.pid}`, file)
  } catch {
    // Where nothing can be written, the next process does the same work.
  }
  return output
}

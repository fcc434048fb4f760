// A copy of this repository, as a clone of it would be: without what is built.
import { cp, readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { repository } from './commands.js'

/** Copies the repository without what git ignores, and with what is installed if asked. */
export async function copyRepository (folder, { withInstalled = false } = {}) {
  const ignored = (await readFile(join(repository, '.gitignore'), 'utf8')).split('\n').filter(line => line !== '').map(line => line.replace(/\/$/, ''))
  const left = new Set([...ignored.filter(name => !withInstalled || name !== 'node_modules'), '.git'])
  await cp(repository, folder, {
    recursive: true,
    verbatimSymlinks: true, // Otherwise the programs in node_modules/.bin would be the repository's.
    filter: source => !left.has(relative(repository, source))
  })
}

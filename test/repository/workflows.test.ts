// The workflow linter finds mistakes, and an inconsistent release is stopped before it is packed.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import t from 'tap'

function script (name: string, words: string[], environment: Record<string, string> = {}): { status: number | null, stderr: string } {
  return spawnSync(process.execPath, [fileURLToPath(new URL(`../../scripts/${name}.js`, import.meta.url)), ...words], {
    encoding: 'utf8', env: { ...process.env, ...environment, _TAPJS_PROCESSINFO_COVERAGE_: '0' }
  })
}

/** A workflow with one step. */
function workflow (step: string, job = 'runs-on: ubuntu-latest'): string {
  return `on: push\njobs:\n  build:\n    ${job}\n    steps:\n      - ${step}\n`
}

const sha = '0123456789abcdef0123456789abcdef01234567'

const mistakes: Array<[name: string, text: string, message: RegExp]> = [
  ['a runner that does not exist', workflow('run: npm test', 'runs-on: ubuntu-lates'), /label "ubuntu-lates" is unknown/],
  ['a context that does not exist', workflow('run: echo $' + '{{ github.evnt }}'), /property "evnt" is not defined/],
  ['untrusted text in a script', workflow('run: echo $' + '{{ github.event.pull_request.title }}'), /potentially untrusted/],
  ['a job that needs a job that does not exist', workflow('run: npm test', 'runs-on: ubuntu-latest\n    needs: lint'), /needs job "lint" which does not exist/],
  ['a permission that does not exist', `permissions:\n  content: read\n${workflow('run: npm test')}`, /unknown permission scope "content"/],
  ['text that is not YAML', 'on: [push', /is it YAML\?/],
  ['an action pinned by a tag, which can be moved', workflow('uses: actions/checkout@v7'), /an action is pinned like this/],
  ['an action pinned by a branch, with a comment', workflow('uses: actions/checkout@main # v7.0.1'), /an action is pinned like this/],
  ['a commit without its version', workflow(`uses: actions/checkout@${sha}`), /an action is pinned like this/],
  ['a shortened commit', workflow(`uses: actions/checkout@${sha.slice(0, 12)} # v7.0.1`), /an action is pinned like this/]
]

t.test('the workflow linter', async t => {
  const right = workflow(`uses: actions/checkout@${sha} # v7.0.1`)
  const files = Object.fromEntries(mistakes.map(([, text], i) => [`mistake-${i}.yml`, text]))
  const { status, stderr } = script('lint-workflows', [t.testdir({ 'right.yml': right, ...files })])
  t.equal(status, 1)
  for (const [i, [name, , message]] of mistakes.entries()) {
    t.match(stderr.split('\n').filter(line => line.startsWith(`mistake-${i}.yml:`)).join('\n'), message, name)
  }
  t.notMatch(stderr, 'right.yml')
  t.equal(script('lint-workflows', [t.testdir({ 'right.yml': right })]).status, 0)
})

t.test('a release', async t => {
  const ours = { url: 'git+https://github.com/someone/plugin.git' }
  const cases: Array<[name: string, tag: string, changelog: string, repository: object | undefined, message: RegExp]> = [
    ['whose tag has another version', 'v1.2.4', '\n## [1.2.3]', ours, /^the tag is v1\.2\.4, but package\.json has version 1\.2\.3\n$/],
    ['whose tag lacks the v', '1.2.3', '\n## [1.2.3]', ours, /^the tag is 1\.2\.3, but/],
    ['that the changelog still lists as unreleased', 'v1.2.3', '\n## [Unreleased]', ours, /^CHANGELOG\.md has no section \[1\.2\.3\]\n$/],
    ['from another repository', 'v1.2.3', '\n## [1.2.3]', { url: 'git+https://github.com/else/plugin.git' }, /^repository\.url in package\.json is .*else/],
    ['of a package that names no repository', 'v1.2.3', '\n## [1.2.3]', undefined, /^repository\.url in package\.json is undefined/],
    ['that is consistent', 'v1.2.3', '\n## [1.2.3]', ours, /^$/]
  ]
  for (const [name, tag, changelog, repository, message] of cases) {
    const folder = t.testdir({ 'package.json': JSON.stringify({ version: '1.2.3', repository }), 'CHANGELOG.md': changelog })
    const { status, stderr } = script('check-release', [folder], { TAG: tag, GITHUB_REPOSITORY: 'someone/plugin' })
    t.equal(status, message.test('') ? 0 : 1, name)
    t.match(stderr, message, name)
  }
})

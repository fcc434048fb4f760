// The verdict on a Stryker run: neither the list of equivalents nor an error hides a mutant that survived.
import { readFileSync } from 'node:fs'
import t from 'tap'
import { documented, percent } from '../mutation/document.ts'
import { judge, type Equivalent, type Report } from '../mutation/report.ts'

const source = `function isNear (a: number) {
  return a > 1 &&
    a < 9
}
const isFar = (a: number) => a > 1
const isFarther = (a: number) => a > 1
`

type Place = [line: number, column: number, endLine: number, endColumn: number]

function reportOf (...mutants: Array<[status: string, place: Place, replacement: string]>): Report {
  return {
    files: {
      'src/b.ts': {
        source,
        mutants: mutants.map(([status, [line, column, endLine, endColumn], replacement]) => (
          { status, replacement, location: { start: { line, column }, end: { line: endLine, column: endColumn } } }
        ))
      },
      'src/a.ts': { source: '', mutants: [] }
    }
  }
}

const twoLines: Place = [2, 10, 3, 10]
const listed: Equivalent = { file: 'src/b.ts', before: 'return a > 1 && a < 9', after: 'return true', reason: 'It is never asked.' }

t.test('a survivor that is not listed is unexplained, whether covered or not', async t => {
  const { unexplained, explained, counts, score } = judge(reportOf(
    ['Survived', [2, 10, 2, 15], 'a >= 1'], ['NoCoverage', [3, 5, 3, 10], 'true'], ['Killed', twoLines, 'false'], ['Timeout', twoLines, '{}']
  ), [listed])
  t.match(unexplained, [
    { file: 'src/b.ts', line: 2, original: 'a > 1', replacement: 'a >= 1', before: 'return a > 1 &&', after: 'return a >= 1 &&' },
    { line: 3, before: 'a < 9', after: 'true' }
  ])
  t.same(explained, [])
  t.same(counts, [{ file: 'src/b.ts', mutants: 4, killed: 2, survived: 2 }])
  t.equal(score, 50)
})

t.test('only a survivor that is listed is explained', async t => {
  const { unexplained, explained, stale } = judge(reportOf(['Survived', twoLines, 'true'], ['Survived', twoLines, 'a === 1']), [listed])
  t.match(explained, [{ original: 'a > 1 && a < 9', replacement: 'true', reason: 'It is never asked.' }])
  t.match(unexplained, [{ replacement: 'a === 1' }])
  t.same(stale, [])

  const far = { file: 'src/b.ts', before: source.split('\n')[4]!, after: 'const isFar = (a: number) => true', reason: 'x' }
  const otherFile = judge(reportOf(['Survived', twoLines, 'true']), [{ ...listed, file: 'src/c.ts' }, far])
  t.equal(otherFile.unexplained.length, 1)
  t.same(otherFile.stale, [far], 'only for files that were mutated')
})

t.test('the same text in another place is another survivor', async t => {
  const twice: Report = { files: { 'src/b.ts': { ...reportOf(['Survived', [1, 1, 1, 6], 'a < 1'], ['Survived', [2, 1, 2, 6], 'a < 1']).files['src/b.ts']!, source: 'a > 1\na > 1\n' } } }
  const entry = { file: 'src/b.ts', before: 'a > 1', after: 'a < 1', reason: 'x' }
  t.match(judge(twice, [entry]), { unexplained: [{ line: 2 }], stale: [] })
  t.match(judge(twice, [entry, { ...entry }]), { unexplained: [], stale: [] })
  t.match(judge(twice, [entry, { ...entry }, { ...entry }]).stale, [entry], 'and must be listed as often')
})

t.test('an entry whose mutant was killed, or is no longer there, is stale', async t => {
  t.same(judge(reportOf(['Killed', twoLines, 'true']), [listed]).stale, [listed])
  t.same(judge(reportOf(), [listed]).stale, [listed])
})

t.test('a mutant that could not be run, or was left out, is neither killed nor explained', async t => {
  for (const status of ['RuntimeError', 'CompileError', 'Ignored', 'Pending']) {
    const verdict = judge(reportOf([status, twoLines, 'true'], ['Killed', twoLines, 'false']), [listed])
    t.match(verdict, { killed: 1, mutants: 2, score: 50, broken: [{ status }], explained: [] })
  }
})

t.test('the figures of a run are written into docs/testing.md', async t => {
  const page = readFileSync(new URL('../../docs/testing.md', import.meta.url), 'utf8')
  const verdict = judge(reportOf(['Survived', twoLines, 'a || `b`'], ['Killed', twoLines, 'false'], ['Killed', twoLines, '{}']), [{ ...listed, after: 'return a || `b`' }])
  const written = documented(page, verdict, new Date(2026, 0, 2))
  t.match(written, '\n| Mutation testing            | `npm run mutate`                | before a release                | 66.6 %: 2 of 3 mutants killed, 1 change nothing    |\n')
  t.match(written, 'On 2 January 2026, 2 of 3 mutants were killed (66.6 %)')
  t.match(written, '\n| `src/b.ts` | 3 | 2 | 1 |\n')
  t.match(written, '\n| `src/b.ts` | `return a > 1 && a < 9` | `a > 1 && a < 9` → `` a \\|\\| `b` `` | It is never asked. |\n')
  t.equal(documented(written, verdict, new Date(2026, 0, 2)), written, 'once')
  t.throws(() => documented(page.replace('<!-- End of', '<!-- Begin of'), verdict, new Date()), { message: /must have this line once/ })
  t.throws(() => documented(page.replace('| Mutation testing', '| Mutations'), verdict, new Date()), { message: /no line of mutation testing/ })
})

t.test('a score is not rounded up', async t => {
  t.equal(percent(94.99), '94.9 %')
  t.equal(percent(100), '100.0 %')
})

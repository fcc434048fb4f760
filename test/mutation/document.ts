// Writes the results of a full run into docs/testing.md: its figures, and every survivor with its reason.
import type { Verdict } from './report.ts'

const begin = '<!-- Written by npm run mutate. -->\n'
const end = '<!-- End of what npm run mutate writes. -->\n'

/** The page, with the figures of this run instead of those of the last one. */
export function documented (page: string, verdict: Verdict, date: Date): string {
  const [before, rest] = split(page, begin)
  const [, after] = split(rest, end)
  return summarised(before, verdict) + begin + section(verdict, date) + end + after
}

/** A percentage, rounded down: it never shows a score that was not reached. */
export function percent (score: number): string {
  return `${(Math.floor(score * 10) / 10).toFixed(1)} %`
}

// ---------------------------------------------------------------------------------------------

/** Replaces the result of mutation testing in the table at the top of the page. */
function summarised (text: string, { score, killed, mutants, explained }: Verdict): string {
  const row = /^(\| Mutation testing +\|.*\|.*\| ).*( \|)$/m
  if (!row.test(text)) throw new Error('docs/testing.md has no line of mutation testing in its table')
  const result = `${percent(score)}: ${killed} of ${mutants} mutants killed, ${explained.length} change nothing`
  return text.replace(row, (_line, head: string, tail: string) => head + result.padEnd(50) + tail)
}

function section ({ counts, score, killed, mutants, timedOut, explained }: Verdict, date: Date): string {
  const rows = counts.map(({ file, mutants, killed, survived }) => [code(file), mutants, killed, survived])
  const survivors = explained.map(({ file, original, replacement, before, reason }) => (
    [code(file), code(before), `${code(original)} → ${code(replacement)}`, reason]
  ))
  return `
On ${day(date)}, ${killed} of ${mutants} mutants were killed (${percent(score)}), ${timedOut.length} of them by a test that did not end
because of an endless loop or a connection that stayed open. The others change nothing.

${table(['File', 'Mutants', 'Killed', 'Survived'], rows)}
${explained.length === 0 ? '' : `\n${table(['File', 'Line', 'Survivor', 'Why it changes nothing'], survivors)}\n`}
`
}

function split (text: string, marker: string): [before: string, after: string] {
  const [before, after, ...more] = text.split(marker)
  if (after === undefined || more.length > 0) throw new Error(`docs/testing.md must have this line once: ${marker}`)
  return [before!, after]
}

function table (columns: readonly string[], rows: ReadonlyArray<ReadonlyArray<string | number>>): string {
  return [columns, columns.map(() => '---'), ...rows].map(cells => `| ${cells.join(' | ')} |`).join('\n')
}

/** Text as code in a table cell: bars are escaped, and text that contains backticks gets two of them around it. */
function code (text: string): string {
  const escaped = text.replaceAll('|', '\\|')
  return escaped.includes('`') ? `\`\` ${escaped} \`\`` : `\`${escaped}\``
}

function day (date: Date): string {
  return date.toLocaleDateString('en-GB', { day: 'numeric', month: 'long', year: 'numeric' })
}

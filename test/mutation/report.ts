// Reads the report of a Stryker run: which mutants survived, and whether each survivor is known and explained.

/** The part of Stryker's JSON report that is read here. */
export interface Report {
  readonly files: Readonly<Record<string, { readonly source: string, readonly mutants: readonly ReportedMutant[] }>>
}

interface ReportedMutant {
  readonly status: string
  readonly replacement?: string
  readonly location: Readonly<Record<'start' | 'end', { readonly line: number, readonly column: number }>>
}

/** A change of the code, identified by its text because lines move: what it replaces, and the whole lines before and after. */
export interface Mutant {
  readonly file: string
  readonly line: number
  readonly original: string
  readonly replacement: string
  readonly before: string
  readonly after: string
  readonly status: string
}

/** A mutant that no test can kill, because it changes nothing. If the same text is in several places, each is listed. */
export interface Equivalent {
  readonly file: string
  readonly before: string
  readonly after: string
  readonly reason: string
}

export interface Verdict {
  /** Per file that has mutants, sorted by name. */
  readonly counts: ReadonlyArray<{ readonly file: string, readonly mutants: number, readonly killed: number, readonly survived: number }>
  readonly mutants: number
  readonly killed: number
  /** A percentage. */
  readonly score: number
  /** Mutants that count as killed because a test did not end. */
  readonly timedOut: readonly Mutant[]
  readonly explained: ReadonlyArray<Mutant & Equivalent>
  readonly unexplained: readonly Mutant[]
  /** Listed for a file that was mutated, but killed now, or no longer there. */
  readonly stale: readonly Equivalent[]
  /** Neither killed nor survived: the mutant was left out, or the tests could not be run. */
  readonly broken: readonly Mutant[]
}

export function judge ({ files }: Report, equivalents: readonly Equivalent[]): Verdict {
  const all = Object.keys(files).sort().flatMap(file => files[file]!.mutants.map(mutant => describe(file, files[file]!.source, mutant)))
  const survivors = all.filter(hasSurvived)
  const reasons = explain(survivors, equivalents)
  const counts = [...new Set(all.map(({ file }) => file))].map(file => count(file, all.filter(mutant => mutant.file === file)))
  const killed = all.filter(isKilled).length
  return {
    counts,
    mutants: all.length,
    killed,
    score: 100 * killed / all.length,
    timedOut: all.filter(({ status }) => status === 'Timeout'),
    explained: survivors.flatMap(mutant => reasons.has(mutant) ? [{ ...mutant, ...reasons.get(mutant)! }] : []),
    unexplained: survivors.filter(mutant => !reasons.has(mutant)),
    stale: equivalents.filter(equivalent => equivalent.file in files && ![...reasons.values()].includes(equivalent)),
    broken: all.filter(mutant => !isKilled(mutant) && !hasSurvived(mutant))
  }
}

// ---------------------------------------------------------------------------------------------

function isKilled ({ status }: Mutant): boolean {
  return status === 'Killed' || status === 'Timeout'
}

function hasSurvived ({ status }: Mutant): boolean {
  return status === 'Survived' || status === 'NoCoverage'
}

function count (file: string, mutants: readonly Mutant[]) {
  return { file, mutants: mutants.length, killed: mutants.filter(isKilled).length, survived: mutants.filter(hasSurvived).length }
}

/** Each entry explains the survivors on one line only, so that it does not hide one with the same text in another place. */
function explain (survivors: readonly Mutant[], equivalents: readonly Equivalent[]): Map<Mutant, Equivalent> {
  const lines = new Map<Equivalent, number>()
  const reasons = new Map<Mutant, Equivalent>()
  for (const mutant of survivors) {
    const equivalent = equivalents.find(equivalent => isSame(equivalent, mutant) && (lines.get(equivalent) ?? mutant.line) === mutant.line)
    if (equivalent === undefined) continue
    lines.set(equivalent, mutant.line)
    reasons.set(mutant, equivalent)
  }
  return reasons
}

function isSame (equivalent: Equivalent, mutant: Mutant): boolean {
  return equivalent.file === mutant.file && equivalent.before === mutant.before && equivalent.after === mutant.after
}

function describe (file: string, source: string, { status, replacement = '', location: { start, end } }: ReportedMutant): Mutant {
  const lines = source.split('\n').slice(start.line - 1, end.line)
  const before = lines.join('\n')
  const from = start.column - 1
  const to = before.length - lines.at(-1)!.length + end.column - 1
  return {
    file,
    line: start.line,
    original: flat(before.slice(from, to)),
    replacement: flat(replacement),
    before: flat(before),
    after: flat(before.slice(0, from) + replacement + before.slice(to)),
    status
  }
}

/** The text on one line, without indentation. */
function flat (text: string): string {
  return text.replace(/\s*\n\s*/g, ' ').trim()
}

// Formats figures, and tables of them.

export function nanoseconds (value) {
  return `${value < 100 ? value.toFixed(1) : Math.round(value)} ns`
}

export function milliseconds (value) {
  return `${value < 10 ? value.toFixed(2) : Math.round(value)} ms`
}

export function bytes (value) {
  return Number.isNaN(value) ? '–' : value < 10_000 ? `${Math.max(0, Math.round(value))} B` : value < 1e6 ? `${Math.round(value / 1000)} kB` : `${(value / 1e6).toFixed(1)} MB`
}

/** A ratio with its spread. */
export function times ({ median, low, high }) {
  return `${short(median)} (${short(low)}–${short(high)})`
}

export function short (value) {
  return value >= 100 ? String(Math.round(value)) : value >= 10 ? value.toFixed(1) : value.toFixed(2)
}

/** @param {string[]} columns @param {string[][]} rows */
export function toTable (columns, rows) {
  const lines = [columns, ...rows].map(row => row.map(String))
  const widths = columns.map((_, column) => Math.max(...lines.map(line => line[column].length)))
  const format = line => `| ${line.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |`
  const [head, ...body] = lines.map(format)
  return [head, `|${widths.map(width => '-'.repeat(width + 2)).join('|')}|`, ...body].join('\n')
}

export function isMet ({ value, bound, limit, exception }) {
  const allowed = exception?.limit ?? limit
  return bound === 'at least' ? value >= allowed : value <= allowed
}

export function budgetTable (budgets) {
  return toTable(['budget', 'measured', 'target', 'met'], budgets.map(budget => {
    const { name, value, bound, limit, unit, exception } = budget
    const isWithin = isMet({ ...budget, exception: undefined })
    const met = isWithin ? 'yes' : exception ? `no; ${bound} ${short(exception.limit)}: ${exception.why}` : 'no'
    return [name, `${short(value)} ${unit}`, `${bound} ${short(limit)}`, met]
  }))
}

// Exempt paths: which entries are accepted, and whether a request's path is exempt.
//
// Matching text against the URL is how guards like this one have been walked around most often: the
// guard read one path and the router another. So an exemption needs a path on which nothing can
// disagree. Whatever a router, a proxy or a file handler might decode, collapse, cut or resolve is
// never exempt; the request is then checked like any other.
import { WrongValue } from './errors.ts'

/** The entries of `exemptPaths`, ready for lookups whose cost grows with the number of their lengths alone. */
export interface ExemptPaths {
  readonly entries: ReadonlySet<string>
  /** Each length that an entry has, once: where a path has no boundary there, nothing is looked up. */
  readonly lengths: readonly number[]
}

export function compileExemptPaths (entries: readonly string[]): ExemptPaths {
  return { entries: new Set(entries), lengths: [...new Set(entries.map(({ length }) => length))] }
}

/** Whether the path of a request target equals an entry, or continues one at a `/`. */
export function isExemptPath ({ entries, lengths }: ExemptPaths, target: string): boolean {
  for (const length of lengths) {
    if (isBoundary(target, length) && entries.has(target.slice(0, length))) return isPlain(target)
  }
  return false
}

/**
 * Parses an entry of `exemptPaths`, which stays as it is.
 *
 * Throws `WrongValue` on an entry that could exempt everything, that would mean something else to the
 * router, or that no request could ever match.
 */
export function parseExemptPath (value: string): string {
  for (const { pattern, problem } of wrongPaths) {
    if (pattern.test(value)) throw new WrongValue(problem)
  }
  return value
}

// ---------------------------------------------------------------------------------------------

const SLASH = 47
const QUESTION_MARK = 63

function isBoundary (target: string, index: number): boolean {
  if (index === target.length) return true
  const code = target.charCodeAt(index)
  return code === SLASH || code === QUESTION_MARK
}

/** Whether every reader finds the same path in a target. The whole of it is looked at first: few have a query, or what is sought. */
function isPlain (target: string): boolean {
  return !ambiguous.test(target) || !ambiguous.test(target.replace(/\?.*/s, ''))
}

/**
 * An empty or dot segment, `\`, `;` or `#`, and a percent-encoded `/ \ . ; %`, of which the last may hide any of them,
 * encoded once more, as may a percent sign that encodes nothing yet. Also what some decoders take for one of those or
 * leave out: bytes that are no UTF-8, control characters, and a space at the end.
 */
const ambiguous = /\/\/|\/\.\.?(?:[/?]|$)|[\\;#]|%(?:2[5ef]|5c|3b|[01][\da-f]|7f|20(?:\?|$)|c[01]|e0%[89]|f0%8|(?![\da-f]{2}))/i

const ROUTE = 'Exempt the route itself: config: { crossOriginProtection: false }.'

const wrongPaths = [
  { pattern: /^(?!\/)/, problem: "which is not an absolute path. Write it with a leading '/', such as '/webhooks'." },
  { pattern: /^\/+\*?$/, problem: 'which would exempt every path. List the paths that need no check.' },
  { pattern: /\/\*$/, problem: "which ends in a wildcard. An entry covers everything below it: leave out the '/*'." },
  { pattern: /\*/, problem: `which has a wildcard, and the router would read it otherwise. ${ROUTE}` },
  { pattern: /:/, problem: `which has a ':', and the router would read a parameter. ${ROUTE}` },
  { pattern: /[?#]/, problem: 'which has a query or a fragment. Write the path alone.' },
  { pattern: /%/, problem: `which has a percent sign, and an encoded path can be read in more than one way. ${ROUTE}` },
  { pattern: /\\/, problem: "which has a backslash. Write '/' between segments." },
  { pattern: /;/, problem: `which has a ';', and the router may cut the path there. ${ROUTE}` },
  { pattern: /\/\//, problem: 'which has an empty segment. Write a single slash.' },
  { pattern: /\/\.\.?(?:\/|$)/, problem: 'which has a dot segment. Write the path that it leads to.' },
  { pattern: /\/$/, problem: "which ends in a slash. An entry covers everything below it: leave out the last '/'." },
  { pattern: /[^\w.~!$&'()+,=@/-]/, problem: `which has a character that clients send percent-encoded. ${ROUTE}` }
]

// Exempt paths: which entries are accepted, and whether a request's path is exempt.
//
// Matching text against the URL is how guards like this one have been bypassed most often: the guard read one path and the
// router another. So only a path that has one possible reading is exempt. A path that a router, a proxy or a file handler
// might decode, collapse, cut or resolve is never exempt; its request is checked like any other.
import { WrongValue } from './errors.ts'

/** The entries of `exemptPaths`, ready for lookups whose cost grows only with the number of different lengths. */
export interface ExemptPaths {
  readonly entries: ReadonlySet<string>
  /** Each length of an entry, once. Nothing is looked up at a length where the path has no segment boundary. */
  readonly lengths: readonly number[]
}

export function compileExemptPaths (entries: readonly string[]): ExemptPaths {
  return { entries: new Set(entries), lengths: [...new Set(entries.map(({ length }) => length))] }
}

/** Whether the path of a request target is plain, and equals an entry or continues one at a `/`. */
export function isExemptPath (paths: ExemptPaths, target: string): boolean {
  return isUnderEntry(paths, target) && isPlain(target)
}

/** Whether a path, compared as text, equals an entry or continues one at a `/`. For the URLs of routes, which the application wrote. */
export function isUnderEntry ({ entries, lengths }: ExemptPaths, target: string): boolean {
  for (const length of lengths) {
    if (isBoundary(target, length) && entries.has(target.slice(0, length))) return true
  }
  return false
}

/**
 * Whether a path that is not plain would be under an entry if it were: for hints only, never for decisions. One that leads up
 * (`..`) is not, because it was meant to mislead.
 */
export function isAlmostExempt (paths: ExemptPaths, target: string): boolean {
  if (target.length > MAX_CHARACTERS || !/[%\\;]|\/[/.]/.test(target)) return false
  const plain = writtenPlainly(target.replace(/\?.*/s, ''))
  return plain !== undefined && isUnderEntry(paths, plain)
}

/**
 * Parses an entry of `exemptPaths`, which stays as it is.
 *
 * Throws `WrongValue` on an entry that could exempt everything, that means something else to the router, or that no request
 * could ever match.
 */
export function parseExemptPath (value: string): string {
  for (const { pattern, problem } of wrongPaths) {
    if (pattern.test(value)) throw new WrongValue(problem)
  }
  return value
}

// ---------------------------------------------------------------------------------------------

/** Longer paths are not written by people, who are who hints are for. */
const MAX_CHARACTERS = 2048

function writtenPlainly (path: string): string | undefined {
  const segments = decoded(path).split(/[\\/]/).map(segment => segment.replace(/;.*/, '').trim())
  if (segments.includes('..')) return undefined
  return `/${segments.filter(segment => segment !== '' && segment !== '.').join('/')}`
}

function decoded (path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}

const SLASH = 47
const QUESTION_MARK = 63

function isBoundary (target: string, index: number): boolean {
  if (index === target.length) return true
  const code = target.charCodeAt(index)
  return code === SLASH || code === QUESTION_MARK
}

/** Whether a target has only one possible path. Tests the whole target first: few targets have a query or anything ambiguous. */
function isPlain (target: string): boolean {
  return !ambiguous.test(target) || !ambiguous.test(target.replace(/\?.*/s, ''))
}

/**
 * An empty segment, one of dots and white space, `\`, `;` or `#`, or a percent-encoded `/ \ . ; %`. An encoded `%` may hide any
 * of these, encoded twice, and so may a percent sign that encodes nothing yet. Also what some decoders read as one of those or
 * leave out: bytes that are not UTF-8, control characters, a space at the end, and what clients percent-encode.
 */
const ambiguous = new RegExp([
  /\/\//,
  // White space as Unicode has it: .. followed by it is a dot segment to whoever trims.
  /\/(?:\.|%20|%c2%(?:85|a0)|%e1%9a%80|%e2%80%(?:8[\da]|a[89f])|%e2%81%9f|%e3%80%80|%ef%bb%bf)+(?:[/?]|$)/,
  /[\\;#]|[^\x21-\x7e]/,
  /%(?:2[5ef]|5c|3b|[01][\da-f]|7f|20(?:\?|$)|c[01]|e0%[89]|f0%8|(?![\da-f]{2}))/
].map(({ source }) => source).join('|'), 'i')

const ROUTE = 'Exempt the route itself: config: { crossOriginProtection: false }.'

const wrongPaths = [
  { pattern: /^(?!\/)/, problem: "which is not an absolute path. Write it with a leading '/', such as '/webhooks'." },
  { pattern: /^\/+\*?$/, problem: 'which would exempt every path. List the paths that need no check.' },
  { pattern: /\/\*$/, problem: "which ends in a wildcard. An entry covers everything below it, so leave out the '/*'." },
  { pattern: /\*/, problem: `which has a wildcard, which the router would read differently. ${ROUTE}` },
  { pattern: /:/, problem: `which has a ':', which the router would read as a parameter. ${ROUTE}` },
  { pattern: /[?#]/, problem: 'which has a query or a fragment. Write only the path.' },
  { pattern: /%/, problem: `which has a percent sign, and an encoded path can be read in more than one way. ${ROUTE}` },
  { pattern: /\\/, problem: "which has a backslash. Write '/' between segments." },
  { pattern: /;/, problem: `which has a ';', where the router may cut the path. ${ROUTE}` },
  { pattern: /\/\//, problem: 'which has an empty segment. Write a single slash.' },
  { pattern: /\/\.+(?:\/|$)/, problem: 'which has a dot segment. Write the path that it resolves to.' },
  { pattern: /\/$/, problem: "which ends in a slash. An entry covers everything below it, so leave out the last '/'." },
  { pattern: /[^\w.~!$&'()+,=@/-]/, problem: `which has a character that clients percent-encode. ${ROUTE}` }
]

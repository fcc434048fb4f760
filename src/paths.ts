// Exempt paths: which entries are accepted, and whether a request's path is exempt.
//
// Matching text against the URL is how guards like this one have been walked around most often: the
// guard read one path and the router another. So an exemption needs a path on which nothing can
// disagree. Whatever a router, a proxy or a file handler might decode, collapse, cut or resolve is
// never exempt; the request is then checked like any other.
import { WrongValue } from './errors.ts'

/** The entries of `exemptPaths`, ready for lookups whose cost does not grow with their number. */
export interface ExemptPaths {
  readonly entries: ReadonlySet<string>
  /** Length of the longest entry: no prefix beyond it is looked up, however long the request's path is. */
  readonly longest: number
}

export function compileExemptPaths (entries: readonly string[]): ExemptPaths {
  return { entries: new Set(entries), longest: entries.reduce((longest, { length }) => Math.max(longest, length), 0) }
}

/** Whether the path of a request target equals an entry, or continues one at a `/`. */
export function isExemptPath ({ entries, longest }: ExemptPaths, target: string): boolean {
  if (longest === 0) return false
  const query = target.indexOf('?')
  const path = query === -1 ? target : target.slice(0, query)
  let end = path.indexOf('/', 1)
  while (end !== -1 && end <= longest) {
    if (entries.has(path.slice(0, end))) return isPlain(path)
    end = path.indexOf('/', end + 1)
  }
  return path.length <= longest && entries.has(path) && isPlain(path)
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

/** No empty or dot segment, no `\`, `;` or `#`, no percent-encoded `/ \ . ;` however often encoded. */
function isPlain (path: string): boolean {
  return !/\/\/|\/\.\.?(?:\/|$)|[\\;#]|%(?:25)*(?:2f|5c|2e|3b)/i.test(path)
}

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

import t from 'tap'
import { compileExemptPaths, isAlmostExempt, isExemptPath, isUnderEntry } from '../src/paths.ts'

t.test('which paths are exempt', async t => {
  const paths = compileExemptPaths(['/hooks', '/api/v1/events', '/a-b'])
  const cases: Array<[target: string, expected: boolean, note?: string]> = [
    ['/', false],
    ['', false],
    ['*', false],
    ['/hook', false],
    ['/hooksmith', false],
    ['/hooks-delete', false],
    ['/Hooks', false, 'letter case never helps'],
    ['/transfer?/hooks', false],
    ['/transfer/hooks', false],
    ['/api/v1', false],
    ['/api/v1/eventsource', false],
    ['hooks', false],
    ['http://evil.example/hooks', false, 'an absolute-form target is not a path'],
    ['//hooks', false, 'empty segment'],
    ['//evil.example/hooks', false],
    ['/hooks//transfer', false],
    ['/hooks/../transfer', false, 'golang/go CVE-2025-47910'],
    ['/hooks/..', false],
    ['/hooks/.', false],
    ['/hooks/..?x=1', false],
    ['/hooks/.?x=1', false],
    ['/hooks/..?/', false],
    ['/hooks/a//b?x=1', false],
    ['/hooks/./x', false],
    ['/foo/../hooks', false],
    ['/hooks/..;/transfer', false, 'Jenkins CVE-2020-2160'],
    ['/hooks;x', false],
    ['/hooks/a;b', false],
    ['/hooks/..\\transfer', false],
    ['/hooks/a\\b', false],
    ['/hooks/#/../transfer', false],
    ['/hooks/a#b', false],
    ['/hooks#', false],
    ['/hooks/..%2Ftransfer', false],
    ['/hooks/a%2fb', false],
    ['/hooks/%2e%2e/transfer', false],
    ['/hooks/%2E/transfer', false],
    ['/hooks/a%5Cb', false],
    ['/hooks/a%3Bb', false],
    ['/hooks/%252e%252e/transfer', false, 'encoded twice'],
    ['/hooks/a%25252525252fb', false, 'encoded any number of times'],
    ['/hooks/%25%32%65%25%32%65/transfer', false, 'an encoded dot, with every character encoded again'],
    ['/hooks/%252%65%252%65/transfer', false, 'an encoded dot, with some characters encoded again'],
    ['/hooks/..%25%32%66..%25%32%66transfer', false],
    ['/hooks/%25%35%63x', false],
    ['/hooks/x%25%33%62', false],
    ['/hooks/%c0%ae%c0%ae/transfer', false, 'overlong UTF-8, which some decoders take for a dot'],
    ['/hooks/%E0%80%AE/transfer', false],
    ['/hooks/.%09./transfer', false, 'URL parsers leave out tabs and line breaks'],
    ['/hooks/.%0A./transfer', false],
    ['/hooks/..%0d/transfer', false],
    ['/hooks/..%00/transfer', false],
    ['/hooks/..%7F', false],
    ['/hooks/..%20', false, 'and a space at the end'],
    ['/hooks/..%20?x=1', false],
    ['/hooks/%f0%80%80%ae/transfer', false],
    ...[
      '%20', '%C2%A0', '%c2%85', '%E1%9A%80', '%E2%80%80', '%E2%80%8A', '%E2%80%A8', '%E2%80%A9', '%E2%80%AF', '%E2%81%9F', '%E3%80%80', '%EF%BB%BF'
    ].flatMap(space => [
      [`/hooks/..${space}/transfer`, false, 'dots and white space are a dot segment to whoever trims'],
      [`/hooks/${space}../transfer`, false], [`/hooks/.${space}./transfer`, false], [`/hooks/..${space}${space}`, false], [`/hooks/${space}/x`, false], [`/hooks/.${space}?x`, false],
      [`/hooks/a${space}b/transfer`, true, 'within a name they are plain']
    ] as Array<[string, boolean, string?]>),
    ['/hooks/.../transfer', false, 'dots only'],
    ['/hooks/.. /transfer', false, 'not encoded'],
    ['/hooks/..\u00c2\u00a0/transfer', false, 'bytes that clients percent-encode'],
    ['/hooks/\u00fc', false],
    ['/hooks/..%E2%80%8B/transfer', true, 'a zero-width space is not white space'],
    ['/hooks/..a/transfer', true],
    ['/hooks/.well-known/x', true],
    ['/hooks/..%25%32ftransfer', false, 'its digits encoded: %2f after one decoding'],
    ['/hooks/..%2%66transfer', false, 'its digits encoded, for lenient decoders'],
    ['/hooks/..%%32ftransfer', false, 'its digits encoded, for lenient decoders'],
    ['/hooks/100%25', false, 'an encoded percent sign may begin anything'],
    ['/%68ooks', false, 'entries are compared as text, and this text differs'],
    ['/hooks', true],
    ['/hooks/', true],
    ['/hooks?x=/../', true, 'the query is not part of the path'],
    ['/hooks/github?next=//evil.example/%2e%2e;x\n#', true],
    ['/hooks/%C3%BC/%e2%82%ac', true, 'letters outside ASCII are plain'],
    ['/hooks/github', true],
    ['/hooks/github/push?x=1', true],
    ['/hooks/a?x=%20', true],
    ['/hooks/a%20b', true, 'other encodings are plain'],
    ['/hooks/a%20', false, 'a space at the end'],
    ['/hooks/a%20?x', false, 'a space at the end'],
    ['/hooks/..a', true, 'dots within a name are plain'],
    ['/hooks/v1.2', true],
    ['/api/v1/events', true],
    ['/a-b', true]
  ]
  for (const [target, expected, note] of cases) t.equal(isExemptPath(paths, target), expected, `${target}${note ? `: ${note}` : ''}`)
})

t.test('an empty list exempts nothing', async t => {
  t.equal(isExemptPath(compileExemptPaths([]), '/'), false)
  t.equal(isExemptPath(compileExemptPaths([]), ''), false)
})

t.test('a path of a thousand segments is looked up once for each entry length', async t => {
  const paths = compileExemptPaths(['/hooks', '/other', '/api/v1/events'])
  let lookups = 0
  const counting = { ...paths, entries: Object.assign(new Set(paths.entries), { has: (path: string) => { lookups++; return paths.entries.has(path) } }) }
  t.equal(isExemptPath(counting, '/a'.repeat(1000)), false)
  t.equal(lookups, 2)
  t.equal(isExemptPath(counting, '/transfer'), false)
  t.equal(lookups, 2, 'and not at all if no segment ends there')
})

t.test('which paths would be exempt if they were written plainly, for hints', async t => {
  const paths = compileExemptPaths(['/hooks', '/api/v1/events'])
  for (const target of [
    '/transfer', '/hooks', '/hooks/x', '/hooks/x?a=1', '/hooksmith', '/hooks/../transfer', '/hooks/..%2Ftransfer', '/hooks/%2e%2e/transfer', '/hooks/..;/transfer', '/%2e%2e/transfer', '/Hooks', '/?/hooks', '/hooks\\..\\transfer', '/x/../hooks', '/x/..%2Fhooks', '/x/%2e%2e/hooks', `//hooks/${'x'.repeat(2041)}`, `/${'/'.repeat(3000)}hooks`
  ]) t.equal(isAlmostExempt(paths, target), false, target)
  for (const target of [
    '//hooks/x', '//hooks?a=1', '//hooks?', `//hooks/${'x'.repeat(2040)}`, '/./hooks', '/hooks/%2E/x', '/hooks%2Fx', '/hooks/a;b', '/hooks;x', '/%68ooks', '/hooks/100%', '/hooks//100%25?x', '/api/v1/events%20', '\\hooks\\x'
  ]) t.equal(isAlmostExempt(paths, target), true, target)
  t.equal(isAlmostExempt(compileExemptPaths([]), '//hooks'), false)
})

t.test('which URLs of routes are under an entry, as text', async t => {
  const paths = compileExemptPaths(['/hooks'])
  for (const url of ['/', '/*', '/hooks*', '/hooks:id', '/hook', '/a/hooks']) t.equal(isUnderEntry(paths, url), false, url)
  for (const url of ['/hooks', '/hooks/', '/hooks/:id', '/hooks/*', '/hooks/:file(^\\d+).png']) t.equal(isUnderEntry(paths, url), true, url)
})

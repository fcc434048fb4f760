import t from 'tap'
import { compileAllowedOrigins, isAllowedOrigin, isOwnHost, isSerialisedOrigin, parseAllowedOrigin } from '../src/origins.ts'

t.test('what is a serialised origin', async t => {
  const cases: Array<[value: string, expected: boolean, note?: string]> = [
    ['', false],
    ['null', false],
    ['app.example', false, 'no scheme'],
    ['//app.example', false, 'no scheme'],
    ['://app.example', false, 'empty scheme'],
    ['1http://app.example', false, 'a scheme begins with a letter'],
    ['ht_tp://app.example', false, 'no underscore in a scheme'],
    ['http:app.example', false],
    ['http:/app.example', false],
    ['http:\\\\app.example', false, 'fast-uri, CVE-2026-18446'],
    ['http://', false, 'vercel/next.js#92703'],
    ['http://[', false],
    ['http://[]', false],
    ['http://[::1', false],
    ['http://[::1]x', false],
    ['http://[::1x', false, 'another character where the bracket must be'],
    ['http://[::1x:80', false],
    ['http://[::g]', false],
    [':::', false],
    ['https://app.example/', false, 'a trailing slash is a path'],
    ['https://app.example/path', false],
    ['https://app.example?query', false],
    ['https://app.example#fragment', false],
    ['https://app.example/8443', false, 'a path that could be a port'],
    ['https://app.example@8443', false, 'a host behind a user name'],
    ['https://app.example,8443', false],
    ['https://app.example\t8443', false],
    ['https://user@app.example', false],
    ['https://user:password@app.example', false],
    ['http://app.example%40evil.example', false, 'fast-uri, CVE-2026-6322'],
    ['https://app.example\\evil.example', false],
    ['https://app.example evil.example', false],
    [' https://app.example', false],
    ['https://app.example\t', false],
    ['https://app.example,https://evil.example', false],
    ['https://app.example, https://evil.example', false],
    ['https://*.app.example', false, 'a wildcard is for options only'],
    ['https://b\u00fccher.example', false, 'browsers send punycode'],
    ['https://app.example:', false],
    ['https://app.example:port', false],
    ['https://app.example:80 ', false],
    ['https://app.example:0443', false, 'browsers write no leading zero'],
    ['https://app.example:0', false],
    ['https://app.example:65536', false],
    ['https://app.example:123456', false],
    ['https://app.example:' + '1'.repeat(1000), false],
    ['https://app.example:80:80', false],
    ['https://' + 'a'.repeat(8000) + '/', false, 'long and wrong'],
    ['https://' + 'a'.repeat(8000), true, 'long and right'],
    ['https://app.example', true],
    ['http://app.example', true],
    ['HTTPS://APP.EXAMPLE', true],
    ['https://app.example:8443', true],
    ['https://app.example:65535', true],
    ['https://xn--bcher-kva.example', true],
    ['https://under_score.example', true],
    ['http://127.0.0.1:3000', true],
    ['http://[::1]', true],
    ['http://[2001:db8::1]:8080', true],
    ['http://[::ffff:127.0.0.1]', true],
    ['capacitor://localhost', true],
    ['chrome-extension://abcdefghijklmnopabcdefghijklmnop', true],
    ['web+app.x-1://host', true]
  ]
  for (const [value, expected, note] of cases) t.equal(isSerialisedOrigin(value), expected, note ?? value)
})

t.test('what is the own host', async t => {
  const cases: Array<[origin: string, host: string, expected: boolean, note?: string]> = [
    ['https://app.example', '', false, 'an empty host equals nothing'],
    ['https://app.example', 'evil.example', false],
    ['https://app.example:8443', 'app.example', false, 'ports count'],
    ['https://app.example', 'app.example:8443', false, 'ports count'],
    ['https://app.example:8443', 'app.example:8444', false],
    ['https://app.example', 'app.example:80', false, '80 is not the default port of https'],
    ['http://app.example', 'app.example:443', false, '443 is not the default port of http'],
    ['https://app.example', 'user@app.example', false],
    ['https://app.example', 'app.example.', false, 'a trailing dot is another origin'],
    ['https://app.example', 'app.example/', false],
    ['https://app.example', ':443', false],
    ['https://', '', false],
    ['http://', '', false],
    ['https://user@app.example', 'user@app.example', false, 'equal, and no origin'],
    ['https://app.example, https://app.example', 'app.example, https://app.example', false],
    ['https://app.example:0', 'app.example:0', false],
    ['https://app.example/8443', 'app.example/8443', false, 'equal, and no origin'],
    ['https://[::1', '[::1', false],
    ['https:\\\\app.example', 'app.example', false],
    ['http$$$app.example', 'app.example', false],
    ['null', 'null', false],
    ['capacitor://localhost', 'localhost', false, 'another scheme is never the own host'],
    ['ftp://app.example', 'app.example', false],
    ['httpsx://app.example', 'app.example', false],
    ['https://app.example', 'app.example', true],
    ['http://app.example', 'app.example', true, 'blind to http against https'],
    ['HTTPS://App.Example', 'aPP.eXAMPLE', true, 'letter case'],
    ['https://app.example', 'app.example:443', true, 'the default port of https'],
    ['https://app.example:443', 'app.example', true],
    ['http://app.example', 'app.example:80', true, 'the default port of http'],
    ['http://app.example:80', 'APP.example', true],
    ['https://app.example:8443', 'app.example:8443', true],
    ['http://[::1]:3000', '[::1]:3000', true],
    ['http://[::1]', '[::1]:80', true]
  ]
  for (const [origin, host, expected, note] of cases) {
    t.equal(isOwnHost(origin, host), expected, `${origin} and ${host}${note ? `: ${note}` : ''}`)
  }
})

t.test('the own host as browsers write it is recognised without a new string', async t => {
  const written = (origin: string) => Object.assign(new String(origin), { toLowerCase: () => { throw new Error('a new string') } }) as unknown as string // eslint-disable-line no-new-wrappers -- only an object has a method of its own to watch
  for (const host of ['app.example', 'app.example:8443', '[::1]:3000']) {
    for (const scheme of ['https', 'http']) t.equal(isOwnHost(written(`${scheme}://${host}`), host), true, `${scheme}://${host}`)
  }
  t.throws(() => isOwnHost(written('https://app.example'), 'APP.example'), { message: 'a new string' }, 'in other letter case it is compared in lower case')
})

t.test('Host and Origin agree on the same authority, whatever the host', async t => {
  for (const host of ['app.example', 'APP.example', 'localhost', '127.0.0.1', '[::1]', 'xn--bcher-kva.example', 'a_b.example', 'app.example.']) {
    for (const port of ['', ':1', ':80', ':443', ':8080', ':65535']) {
      for (const scheme of ['http', 'https', 'HTTP']) {
        t.ok(isOwnHost(`${scheme}://${host}${port}`, `${host}${port}`), `${scheme}://${host}${port}`)
      }
    }
  }
})

t.test('entries are stored as browsers send them', async t => {
  const cases: Array<[value: string, stored: string]> = [
    ['https://partner.example', 'https://partner.example'],
    ['HTTPS://Partner.EXAMPLE', 'https://partner.example'],
    ['https://partner.example:443', 'https://partner.example'],
    ['http://partner.example:80', 'http://partner.example'],
    ['http://partner.example:443', 'http://partner.example:443'],
    ['https://partner.example:8443', 'https://partner.example:8443'],
    ['http://localhost:3000', 'http://localhost:3000'],
    ['https://b\u00fccher.example', 'https://xn--bcher-kva.example'],
    ['https://B\u00dcCHER.example:8443', 'https://xn--bcher-kva.example:8443'],
    ['http://[0:0:0:0:0:0:0:1]:3000', 'http://[::1]:3000'],
    ['capacitor://localhost', 'capacitor://localhost'],
    ['tauri://localhost', 'tauri://localhost'],
    ['https://*.Partner.example:443', 'https://*.partner.example'],
    ['http://*.a.b.c.example:8080', 'http://*.a.b.c.example:8080'],
    ['https://*.b\u00fccher.example', 'https://*.xn--bcher-kva.example'],
    ['app://*.shop.example', 'app://*.shop.example'],
    ['chrome-extension://abcdefghijklmnopabcdefghijklmnop', 'chrome-extension://abcdefghijklmnopabcdefghijklmnop'],
    // Names that have in them what is refused elsewhere.
    ['https://null', 'https://null'],
    ['null-editor://localhost', 'null-editor://localhost'],
    ['news://reader', 'news://reader'],
    ['https://*.4sale.example', 'https://*.4sale.example'],
    ['https://*.shop.4sale', 'https://*.shop.4sale'],
    ['app://1.2.3.4', 'app://1.2.3.4']
  ]
  for (const [value, stored] of cases) t.equal(parseAllowedOrigin(value), stored, value)
})

t.test('what is in the list', async t => {
  const list = compileAllowedOrigins(['https://partner.example', 'capacitor://localhost'])
  const cases: Array<[origin: string, expected: boolean]> = [
    ['null', false],
    ['https://partner.example.evil.example', false],
    ['https://evilpartner.example', false],
    ['https://sub.partner.example', false],
    ['http://partner.example', false],
    ['https://partner.example:8443', false],
    ['https://partner.example/', false],
    ['tauri://localhost', false],
    ['http://localhost', false],
    ['https://partner.example', true],
    ['https://PARTNER.example:443', true],
    ['capacitor://localhost', true]
  ]
  for (const [origin, expected] of cases) t.equal(isAllowedOrigin(list, origin), expected, origin)
})

t.test('what a wildcard covers', async t => {
  const list = compileAllowedOrigins(['https://*.partner.example', 'http://*.dev.partner.example:8080', 'https://*.partner.example:65535', 'https://foo.example.com', 'https://bar.example.com'])
  const long = 'a.'.repeat(130)
  const longest = `${'a.'.repeat(119)}partner.example`
  const cases: Array<[origin: string, expected: boolean, note?: string]> = [
    ['https://partner.example', false, 'never the host itself'],
    ['https://evilpartner.example', false],
    ['https://partner.example.evil.example', false],
    ['https://a.partner.example.evil.example', false],
    ['https://.partner.example', false, 'an empty label'],
    ['https://a..partner.example', false, 'an empty label'],
    ['https://a.partner.example.', false, 'a trailing dot is another origin'],
    ['http://a.partner.example', false, 'another scheme'],
    ['https://a.partner.example:8443', false, 'another port'],
    ['http://a.dev.partner.example', false, 'another port'],
    ['https://a.dev.partner.example:8080', false, 'another scheme'],
    ['https://*.partner.example', false, 'a star is no host'],
    ['https://a.partner.example@evil.example', false],
    ['https://a.partner.example/', false],
    [`https://${long}partner.example`, false, 'longer than any name'],
    [`https://a${longest}:65535`, false, 'longer than any name, by a character'],
    ['https://bar.foo.example.com', false, 'entries do not merge'],
    ['https://barfoo.example.com', false, 'entries do not merge'],
    ['https://a.partner.example', true],
    ['https://a.b.c.partner.example', true, 'any depth'],
    ['https://A.Partner.Example:443', true],
    ['https://xn--bcher-kva.partner.example', true],
    ['http://a.dev.partner.example:8080', true],
    [`https://${longest}:65535`, true, 'of 253 characters'],
    ['https://foo.example.com', true]
  ]
  for (const [origin, expected, note] of cases) t.equal(isAllowedOrigin(list, origin), expected, `${origin}${note ? `: ${note}` : ''}`)
})

t.test('a lookup asks once for an origin and once for each of its parents, however long the list', async t => {
  const list = compileAllowedOrigins(Array.from({ length: 1000 }, (_, i) => `https://*.tenant-${i}.example`))
  let lookups = 0
  const counting = (set: ReadonlySet<string>) => Object.assign(new Set(set), { has: (origin: string) => { lookups++; return set.has(origin) } })
  const { origins, wildcards } = list
  t.equal(isAllowedOrigin({ ...list, origins: counting(origins), wildcards: counting(wildcards) }, 'https://a.b.tenant-1000.example'), false)
  t.equal(lookups, 5, 'as it came, normalised, and three parents')
  t.equal(isAllowedOrigin({ ...list, origins: counting(new Set()), wildcards: counting(new Set()) }, 'https://a.b.tenant-1000.example'), false)
  t.equal(lookups, 5, 'an empty list is not asked')
  t.equal(isAllowedOrigin({ ...list, origins: counting(new Set(['https://partner.example'])), wildcards: counting(new Set()) }, 'https://a.b.tenant-1000.example'), false)
  t.equal(lookups, 7, 'nor are wildcards of a list that has none')
})

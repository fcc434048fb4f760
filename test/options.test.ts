// Every wrong option, with the message that a user reads.
import Fastify from 'fastify'
import t from 'tap'
import { crossOriginIsolation, crossOriginProtection } from '../src/index.ts'
import { parseEach } from '../src/options.ts'

type Plugin = typeof crossOriginProtection | typeof crossOriginIsolation

async function rejection (plugin: Plugin, options: unknown): Promise<unknown> {
  const app = Fastify()
  try {
    await app.register(plugin as typeof crossOriginProtection, options as object)
  } catch (error) {
    return error
  } finally {
    await app.close()
  }
}

/** Options are wrong; the message must match each pattern. */
function wrong (group: string, plugin: Plugin, rows: Array<[options: unknown, ...patterns: RegExp[]]>): void {
  t.test(group, async t => {
    for (const [options, ...patterns] of rows) {
      const error = await rejection(plugin, options) as Error & { code: string }
      t.equal(error?.code, 'FST_CROSS_ORIGIN_INVALID_OPTION', JSON.stringify(options) ?? 'undefined')
      for (const pattern of patterns) t.match(error?.message, pattern)
    }
  })
}

const origins = (...allowedOrigins: unknown[]) => ({ allowedOrigins })
const hosts = (...allowedHosts: unknown[]) => ({ allowedHosts })
const paths = (...exemptPaths: unknown[]) => ({ exemptPaths })

t.test('a whole message', async t => {
  t.match(await rejection(crossOriginProtection, origins('https://a.example', 'https://b.example/')), {
    message: "crossOriginProtection: option allowedOrigins[1] is 'https://b.example/', which has something after the host. Write 'https://b.example'."
  })
  t.match(await rejection(crossOriginIsolation, { openerPolicy: 'same-orign' }), {
    message: "crossOriginIsolation: option openerPolicy is 'same-orign', which is not one of its values. " +
      "Write 'same-origin', 'same-origin-allow-popups', 'noopener-allow-popups', 'unsafe-none', or null to leave the header alone."
  })
})

wrong('names', crossOriginProtection, [
  [{ allowedOrigin: ['https://a.example'] }, /option allowedOrigin is \[ 'https:\/\/a\.example' \], but there is no such option\. Did you mean allowedOrigins\?/],
  [{ ALLOWEDORIGINS: [] }, /Did you mean allowedOrigins\?/],
  [{ exemptPath: [] }, /Did you mean exemptPaths\?/],
  [{ denyhandler: () => {} }, /Did you mean denyHandler\?/],
  [{ whitelist: [] }, /but there is no such option\. Write one of allowedOrigins, /],
  ...([
    ['origin', 'allowedOrigins'], ['origins', 'allowedOrigins'], ['trustedOrigins', 'allowedOrigins'], ['allowedActionOrigins', 'allowedOrigins'], ['trustedHosts', 'allowedHosts'],
    ['host', 'allowedHosts'], ['hosts', 'allowedHosts'], ['exclude', 'exemptPaths'], ['excludePaths', 'exemptPaths'], ['ignorePaths', 'exemptPaths'], ['allowedPaths', 'exemptPaths'],
    ['insecureBypassPatterns', 'exemptPaths'], ['errorHandler', 'denyHandler'], ['onError', 'denyHandler'], ['rejectHandler', 'denyHandler'], ['dryRun', 'reportOnly'],
    ['trustedOrigin', 'allowedOrigins'], ['allowOrigins', 'allowedOrigins']
  ].map(([name, ours]) => [{ [name!]: [] }, new RegExp(`option ${name} is \\[\\], but there is no such option\\. Did you mean ${ours}\\?$`)] as [unknown, RegExp])),
  [{ toString: 1 }, /option toString is 1, but there is no such option\. Write one of/],
  [{ openerPolicy: 'same-origin' }, /but there is no such option\. Write one of/],
  [{ prefix: '/api' }, /option prefix is '\/api', which has no effect/, /inside a prefixed scope/, /scope\.register\(crossOriginProtection\)/, /, \{ prefix: '\/api' \}\)\.$/],
  [{ '2fa': true }, /option 2fa is true, but there is no such option/],
  [{ level2: true }, /option level2 is true, but there is no such option/]
])

wrong('types', crossOriginProtection, [
  ['options', /the value is 'options', which is not an object\. Write an object of options/],
  [[], /the value is \[\], which is not an object/],
  [origins(1), /option allowedOrigins\[0\] is 1, which is neither a string nor a function\. Write an origin such as 'https:\/\/partner\.example', or a function/],
  [origins(/example/), /allowedOrigins\[0\] is \/example\/, which is neither a string nor a function/],
  [origins(null), /allowedOrigins\[0\] is null, which is neither a string nor a function/],
  [origins(...Array.from({ length: 12 }, () => 'https://a.example'), 1), /option allowedOrigins\[12\] is 1/],
  [{ allowedOrigins: 'https://a.example' }, /allowedOrigins is 'https:\/\/a\.example', which is not an array\. Write an array of origins/],
  [{ allowedOrigins: new Set(['https://a.example']) }, /allowedOrigins is Set\(1\)/],
  [{ exemptPaths: '/hooks' }, /exemptPaths is '\/hooks', which is not an array\. Write an array of absolute paths/],
  [paths(/hooks/), /exemptPaths\[0\] is \/hooks\/, which is not a string/],
  [{ allowUnverifiableRequests: 'false' }, /allowUnverifiableRequests is 'false', which is not a boolean\. Write true or false/],
  [{ allowUnverifiableRequests: 0 }, /is 0, which is not a boolean/],
  [{ reportOnly: 'true' }, /reportOnly is 'true', which is not a boolean/],
  [{ protectWebSockets: null }, /protectWebSockets is null, which is not a boolean/],
  [{ safeMethods: true }, /safeMethods is true, which is not one of its values\. Write 'allow', 'isolate' or 'check'/],
  [{ safeMethods: ['GET'] }, /safeMethods is \[ 'GET' \], which is not one of its values/],
  [{ denialLogLevel: 'warning' }, /denialLogLevel is 'warning', which is not one of its values\. Write 'fatal', 'error', 'warn'/],
  [{ denyHandler: { status: 403 } }, /denyHandler is \{ status: 403 \}, which is not a function\. Write a function/]
])

wrong('origins', crossOriginProtection, [
  [origins(''), /is '', which is empty\. Write scheme:\/\/host/],
  [origins('null'), /is 'null', which any sandboxed frame/],
  [origins('*'), /is '\*', which would trust every site/],
  [origins('https://*'), /which would trust every site/],
  [origins('*://*'), /which would trust every site/],
  [origins('*://'), /which would trust every site/],
  [origins('://*'), /which would trust every site/],
  [origins('://'), /which has no host/],
  [origins('https://partner.example/file:'), /which has something after the host/],
  [origins('1chrome-extension://*'), /which would trust every site/],
  [origins('x*://partner.example'), /which has a wildcard that is not its first label/],
  [origins('*.partner*.example'), /which has a wildcard that is not its first label/],
  [origins('https://partner.example:*8'), /which has a wildcard for a part of a label/],
  [origins('a:https://x*'), /which has a wildcard that is not its first label/],
  [origins('a:https://*x'), /which has a wildcard that is not its first label/],
  [origins('https://https://*'), /which has a wildcard that is not its first label/],
  [origins('https://*.example'), /whose wildcard covers domains of more than one owner\. Write at least two labels after the \*/],
  [origins('https://*.example.'), /whose wildcard covers domains of more than one owner/],
  [origins('https://*.1.2.3.4'), /whose wildcard covers/],
  [origins('https://*.10.0.0.12'), /whose wildcard covers/],
  [origins('app://*.10.0.0.12.'), /whose wildcard covers/],
  [origins('https://*.[::1]'), /whose wildcard covers/],
  [origins('https://*.'), /whose host is not one/],
  [origins('https://app*.partner.example'), /which has a wildcard for a part of a label, and anyone may be able to get a name that fits\. Write 'https:\/\/\*\.partner\.example' for every subdomain of a host\. Or write a function\.$/],
  [origins('https://preview-*.vercel.app'), /which has a wildcard for a part of a label/],
  [origins('https://*app.partner.example'), /which has a wildcard for a part of a label/],
  [origins('https://*.*.partner.example'), /which has a wildcard that is not its first label/],
  [origins('https://app.*.example'), /which has a wildcard that is not its first label\. Write 'https:\/\/\*\.partner\.example'/],
  [origins('https://**.partner.example'), /which has a wildcard that is not its first label/],
  [origins('*://*.partner.example'), /which has a wildcard for its scheme\. List the origin with each scheme/],
  [origins('https://partner.example:*'), /which has a wildcard for its port\. List the origin with each port in its own entry, or write a function/],
  [origins('http://localhost:*'), /which has a wildcard for its port/],
  [origins('moz-extension://*'), /which would trust every browser extension\. List the origin of yours/],
  [origins('chrome-extension://*.x.y'), /which would trust every browser extension/],
  [origins('file://'), /which all files on all machines share, so they cannot be told apart/],
  [origins('file:///index.html'), /which all files on all machines share/],
  [origins('*.partner.example'), /which has no scheme\. Write 'https:\/\/\*\.partner\.example' for every subdomain/],
  [origins('*.partner.example:8443'), /which has no scheme/],
  [origins('https://*.partner.example/'), /which has something after the host\. Write 'https:\/\/\*\.partner\.example'/],
  [origins('partner.example'), /which has no scheme\. Write scheme:\/\/host/],
  [origins('//partner.example'), /which has no scheme/],
  [origins('https:partner.example'), /which has no scheme/],
  [origins('1https://partner.example'), /which has no scheme/],
  [origins('ws://partner.example'), /but browsers send the origin of the page/],
  [origins('wss://partner.example'), /but browsers send the origin of the page with a WebSocket handshake\. Write https:\/\//],
  [origins('https://'), /which has no host/],
  [origins('https://:443'), /which has no host/],
  [origins('https:///path'), /which has no host/],
  [origins('file:///home'), /which all files on all machines share/],
  [origins('https://partner.example/'), /which has something after the host\. Write 'https:\/\/partner\.example'\./],
  [origins('https://partner.example/path'), /which has something after the host\. Write 'https:\/\/partner\.example'\./],
  [origins('https://partner.example?q=1'), /which has something after the host/],
  [origins('https://partner.example#f'), /which has something after the host/],
  [origins('https://partner.example/://'), /which has something after the host/],
  [origins('https://partner.example/x://y@z'), /which has something after the host/],
  [origins('https://app?.example'), /which has something after the host/],
  [origins('https://user@partner.example'), /which has a user name/],
  [origins('https://partner.example '), /which has white space or a comma\. Put each origin in its own entry/],
  [origins('https://a.example https://b.example'), /white space or a comma/],
  [origins('https://a.example,https://b.example'), /white space or a comma/],
  [origins('https://a.example\u0001'), /white space or a comma/],
  [origins('https:\\\\partner.example'), /which has a backslash/],
  [origins('https://partner.example:bogus'), /whose port is not a number from 1 to 65535/],
  [origins('https://partner.example:'), /whose port/],
  [origins('https://partner.example:0'), /whose port/],
  [origins('https://partner.example:65536'), /whose port/],
  [origins('https://[::1'), /whose host is not one that a browser could send/],
  [origins('https://[::1]]'), /which has something after the host\. Write 'https:\/\/\[::1\]'/],
  [origins('https://999.1.1.1'), /whose host/],
  [origins('https://ex%61mple.com'), /whose host/],
  [origins('https://a|b.example'), /whose host/],
  [origins('capacitor://b\u00fccher'), /whose host/],
  [origins('web+http://b\u00fccher.example'), /whose host/],
  [origins('httpx://b\u00fccher.example'), /whose host/]
])

wrong('paths', crossOriginProtection, [
  [paths(''), /exemptPaths\[0\] is '', which is not an absolute path\. Write it with a leading '\/'/],
  [paths('hooks'), /which is not an absolute path/],
  [paths('https://app.example/hooks'), /which is not an absolute path/],
  [paths('/'), /which would exempt every path/],
  [paths('//'), /which would exempt every path/],
  [paths('/*'), /which would exempt every path/],
  [paths('/ok', '/hooks/*'), /exemptPaths\[1\] is '\/hooks\/\*', which ends in a wildcard\..* leave out the '\/\*'/],
  [paths('/*/hooks'), /which has a wildcard/],
  [paths('/hooks/:name'), /which has a ':', which the router would read as a parameter\. Exempt the route itself: config: \{ crossOriginProtection: false \}/],
  [paths('/hooks?x'), /which has a query or a fragment/],
  [paths('/hooks#x'), /which has a query or a fragment/],
  [paths('/ho%6Fks'), /which has a percent sign/],
  [paths('/hooks\\x'), /which has a backslash/],
  [paths('/hooks;x'), /which has a ';'/],
  [paths('/hooks//x'), /which has an empty segment/],
  [paths('//hooks'), /which has an empty segment/],
  [paths('/hooks/../x'), /which has a dot segment/],
  [paths('/hooks/.'), /which has a dot segment/],
  [paths('/hooks/.../x'), /which has a dot segment/],
  [paths('/./hooks'), /which has a dot segment/],
  [paths('/hooks/'), /which ends in a slash\. .* leave out the last '\/'/],
  [paths('/caf\u00e9'), /which has a character that clients percent-encode/],
  [paths('/a b'), /which has a character that clients percent-encode/],
  [paths('/{id}'), /which has a character that clients percent-encode/]
])

wrong('origins over domains of strangers', crossOriginProtection, [
  [origins('https://*.vercel.app'), /is 'https:\/\/\*\.vercel\.app', whose wildcard covers strangers: anyone can get a subdomain of vercel\.app\. List each origin, such as 'https:\/\/my-app\.vercel\.app', or write a function/],
  [origins('https://*.VERCEL.app.:8443'), /anyone can get a subdomain of vercel\.app/],
  [origins('http://*.github.io'), /anyone can get a subdomain of github\.io/],
  [origins('https://*.railway.app'), /anyone can get a subdomain of railway\.app/],
  [origins('https://*.us-central1.run.app'), /anyone can get a subdomain/],
  [origins('https://*.co.uk'), /anyone can get a subdomain of co\.uk/],
  [origins('https://*.com.au:8443'), /anyone can get a subdomain of com\.au/],
  [origins('capacitor://*.netlify.app'), /anyone can get a subdomain/]
])

wrong('hosts', crossOriginProtection, [
  [{ allowedHosts: 'app.example' }, /allowedHosts is 'app\.example', which is not an array\. Write an array of hosts, such as \['app\.example', 'localhost:3000'\]/],
  [hosts(/app/), /allowedHosts\[0\] is \/app\/, which is not a string\. Write a host as a string/],
  [hosts(() => true), /which is not a string/],
  [hosts(''), /is '', which is empty\. Write host or host:port, such as 'app\.example' or 'localhost:3000'/],
  [hosts('app.example', 'https://app.example'), /allowedHosts\[1\] is 'https:\/\/app\.example', which has a scheme\. Write the host alone, 'app\.example'\.$/],
  [hosts('https://app.example:8443/path?x'), /which has a scheme\. Write the host alone, 'app\.example:8443'/],
  [hosts('https://'), /which has a scheme\. Write the host alone, 'app\.example'/],
  [hosts('app.example/http://x'), /which has something after the host\. Write the host alone, 'app\.example'/],
  [hosts('//app.example'), /which has a scheme|which has something after the host/],
  [hosts('app.example/'), /which has something after the host\. Write the host alone, 'app\.example'/],
  [hosts('app.example?x'), /which has something after the host/],
  [hosts('app.example#x'), /which has something after the host/],
  [hosts('app.example\\x'), /which has something after the host/],
  [hosts('user@app.example'), /which has a user name\. Write the host alone, 'app\.example'/],
  [hosts('app.example, b.example'), /which has white space or a comma\. Put each host in its own entry/],
  [hosts('app.example '), /which has white space or a comma/],
  [hosts('*'), /which would allow every host\. List each host under which the application is served, or leave the option out/],
  [hosts('*:3000'), /which would allow every host/],
  [hosts('*.*'), /which would allow every host/],
  [hosts('app*.example'), /which has a wildcard that is not its first label\. Write '\*\.app\.example' for every subdomain/],
  [hosts('app.*'), /which has a wildcard that is not its first label/],
  [hosts('*.*.app.example'), /which has a wildcard that is not its first label/],
  [hosts('app.example:*'), /which has a wildcard that is not its first label/],
  [hosts('*.example'), /whose wildcard covers domains of more than one owner\. Write at least two labels after the \*/],
  [hosts('*.co.uk'), /whose wildcard covers strangers: anyone can get a subdomain of co\.uk\. List each host/],
  [hosts('*.duckdns.org:3000'), /anyone can get a subdomain of duckdns\.org/],
  [hosts('*.10.0.0.1'), /whose wildcard covers domains of more than one owner/],
  [hosts('*.[::1]'), /whose wildcard covers domains of more than one owner/],
  [hosts('*.'), /which is not a host/],
  [hosts('::1'), /which is an IPv6 address\. Write it in brackets, '\[::1\]'/],
  [hosts('fe80::12'), /which is an IPv6 address\. Write it in brackets, '\[fe80::12\]'/],
  [hosts('ab:cd:host'), /whose port is not a number/],
  [hosts('2001:db8::1'), /Write it in brackets, '\[2001:db8::1\]'/],
  [hosts('[::1]evil.example'), /whose port is not a number/],
  [hosts('[::1'), /which is not a host|whose port is not a number/],
  [hosts('[]'), /which is not a host/],
  [hosts(':3000'), /which has no host/],
  [hosts('app.example:'), /whose port is not a number from 1 to 65535/],
  [hosts('app.example:0'), /whose port is not a number/],
  [hosts('app.example:65536'), /whose port is not a number/],
  [hosts('app.example:http'), /whose port is not a number/],
  [hosts('app.example:3000:3000'), /whose port is not a number/],
  [hosts('3000'), /which browsers read as 0\.0\.11\.184\. Write the host in full/],
  [hosts('127.1'), /which browsers read as 127\.0\.0\.1\. Write the host in full, such as '127\.0\.0\.1'/],
  [hosts('app%2eexample'), /which is not a host/],
  [hosts('app.example..'), /which is not a host/],
  [hosts('a..example'), /which is not a host/],
  [hosts('.example'), /which is not a host/],
  [hosts('null', '.'), /allowedHosts\[1\] is '\.', which is not a host/],
  [{ allowedHost: ['app.example'] }, /Did you mean allowedHosts\?/]
])

t.test('wildcards below one\'s own name, and of this machine, are fine', async t => {
  for (const allowedOrigins of [['https://my-app.vercel.app'], ['https://*.my-app.vercel.app'], ['https://*.example.co.uk'], ['https://*.localhost'], ['http://*.localhost:3000'], ['https://*.vercel.app.example']]) {
    t.equal(await rejection(crossOriginProtection, { allowedOrigins }), undefined, allowedOrigins.join())
  }
  for (const allowedHosts of [['*.localhost'], ['*.localhost:3000'], ['*.my-app.vercel.app'], ['*.example.co.uk']]) {
    t.equal(await rejection(crossOriginProtection, { allowedHosts }), undefined, allowedHosts.join())
  }
})

wrong('names of other packages for the headers', crossOriginIsolation, [
  [{ crossOriginOpenerPolicy: false }, /Did you mean openerPolicy\?/],
  [{ coop: 'same-origin' }, /Did you mean openerPolicy\?/],
  [{ coep: 'require-corp' }, /Did you mean embedderPolicy\?/],
  [{ crossOriginEmbedderPolicy: true }, /Did you mean embedderPolicy\?/],
  [{ corp: 'same-site' }, /Did you mean resourcePolicy\?/],
  [{ crossOriginResourcePolicy: { policy: 'same-site' } }, /Did you mean resourcePolicy\?/]
])

wrong('isolation', crossOriginIsolation, [
  [{ openerPolicies: null }, /crossOriginIsolation: option openerPolicies is null, but there is no such option\. Did you mean openerPolicy\?/],
  [{ prefix: '/api' }, /scope\.register\(crossOriginIsolation\)/],
  [{ policy: 'same-origin' }, /Write one of openerPolicy, embedderPolicy, resourcePolicy/],
  [{ openPolicies: null }, /Write one of openerPolicy/],
  [{ openedPolicies: null }, /Did you mean openerPolicy\?/],
  [{ openerPolicy: 'Same-Origin' }, /is 'Same-Origin', which is not one of its values/],
  [{ openerPolicy: false }, /is false, which is not one of its values\. .* or null to leave the header alone/],
  [{ embedderPolicy: 'require_corp' }, /Write 'require-corp', 'credentialless', 'unsafe-none', or null/],
  [{ resourcePolicy: { policy: 'same-site' } }, /resourcePolicy is \{ policy: 'same-site' \}, .*Write 'same-origin', 'same-site', 'cross-origin', or null/],
  [{ originAgentCluster: '?1' }, /originAgentCluster is '\?1', which is not one of its values\. Write true or false, or null/],
  [{ documentIsolationPolicy: 'require-corp' }, /Write 'isolate-and-require-corp', 'isolate-and-credentialless', 'none', or null/],
  [{ reportOnly: true }, /reportOnly is true, which is not an object\. Write an object of policies to report on/],
  [{ reportOnly: { embedderPolicy: 'require_corp' } }, /option reportOnly\.embedderPolicy is 'require_corp', which is not one of its values/],
  [{ reportOnly: { resourcePolicy: 'same-site' } }, /option reportOnly\.resourcePolicy is 'same-site', but there is no such option\. Write one of openerPolicy, embedderPolicy, documentIsolationPolicy/],
  [{ reportOnly: { prefix: '/x' } }, /option reportOnly\.prefix is '\/x', but there is no such option/],
  [{ exemptPaths: ['/x'] }, /option exemptPaths is \[ '\/x' \], but there is no such option/],
  [{ reportOnly: { openerPolici: null } }, /option reportOnly\.openerPolici is null, .*Did you mean openerPolicy\?/],
  [{ reportTo: 1 }, /reportTo is 1, which is not a string\. Write the name of an endpoint/],
  [{ reportTo: '' }, /reportTo is '', which is not a valid endpoint name\. Write the name of an endpoint/],
  [{ reportTo: 'x"; injected' }, /which is not a valid endpoint name/],
  [{ reportTo: 'x\r\ny' }, /which is not a valid endpoint name/],
  [{ reportTo: 'Default' }, /which is not a valid endpoint name/],
  [true, /the value is true, which is not an object\. Write an object of options, or nothing at all/]
])

t.test('a long value is shortened in the message', async t => {
  const { message } = await rejection(crossOriginProtection, origins('https://' + 'a'.repeat(5000) + '/')) as Error
  t.ok(message.length < 6000)
  t.match(message, /more characters/)
})

t.test('Fastify\'s own register options pass', async t => {
  t.equal(await rejection(crossOriginProtection, { logLevel: 'warn', logSerializers: {} }), undefined)
  t.equal(await rejection(crossOriginIsolation, { logLevel: 'warn', logSerializers: {} }), undefined)
})

t.test('an option that is undefined is left out', async t => {
  t.equal(await rejection(crossOriginProtection, {
    allowedOrigins: undefined,
    exemptPaths: undefined,
    allowUnverifiableRequests: undefined,
    denyHandler: undefined,
    reportOnly: undefined,
    protectWebSockets: undefined,
    safeMethods: undefined,
    denialLogLevel: undefined
  }), undefined)
  t.equal(await rejection(crossOriginIsolation, { openerPolicy: undefined, embedderPolicy: undefined, resourcePolicy: undefined }), undefined)
})

t.test('the caller\'s objects are never changed', async t => {
  const options = Object.freeze({ allowedOrigins: Object.freeze(['HTTPS://Partner.example:443']), exemptPaths: Object.freeze(['/hooks']) })
  t.equal(await rejection(crossOriginProtection, options), undefined)
  t.same(options, { allowedOrigins: ['HTTPS://Partner.example:443'], exemptPaths: ['/hooks'] })
})

t.test('an error that is not about the value is passed on as it is', async t => {
  const bug = new TypeError('a bug in a parser')
  t.throws(() => parseEach('exemptPaths', ['/x'], () => { throw bug }, { plugin: 'crossOriginProtection' }), bug)
})

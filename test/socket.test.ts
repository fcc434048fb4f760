// The same decisions over real sockets, for requests that app.inject and HTTP clients would clean up.
import t, { type Test } from 'tap'
import crossOriginProtection from '../src/index.ts'
import { countAll, emptyApp, protectedApp, type CountingApp } from './helpers/app.ts'
import { listen, sendRaw } from './helpers/socket.ts'

type Case = [name: string, head: string[], status: number]

/** Sends each head to the application. Its handler must run if the status is 200, and only then. */
async function sendAll (t: Test, app: CountingApp, cases: Case[]): Promise<void> {
  const port = await listen(app)
  for (const [name, head, status] of cases) {
    app.ran = 0
    const response = await sendRaw(port, head)
    t.equal(response.status, status, name)
    t.equal(app.ran, status === 200 ? 1 : 0, `${name}: the handler ${status === 200 ? 'ran' : 'did not run'}`)
  }
}

t.test('headers as bytes', async t => {
  const post = (...lines: string[]) => ['POST /transfer HTTP/1.1', ...lines]
  const host = 'Host: app.example'
  await sendAll(t, await protectedApp(t), [
    ['cross-site', post(host, 'Sec-Fetch-Site: cross-site'), 403],
    ['same-origin', post(host, 'Sec-Fetch-Site: same-origin'), 200],
    ['header names in capitals', post('HOST: app.example', 'SEC-FETCH-SITE: cross-site'), 403],
    ['white space around a value', post(host, 'Sec-Fetch-Site:  \t same-origin \t '), 200],
    ['white space within a value', post(host, 'Sec-Fetch-Site: same -origin'), 403],
    ['two Sec-Fetch-Site lines', post(host, 'Sec-Fetch-Site: same-origin', 'Sec-Fetch-Site: cross-site'), 403],
    ['two equal Sec-Fetch-Site lines', post(host, 'Sec-Fetch-Site: same-origin', 'Sec-Fetch-Site: same-origin'), 403],
    ['an empty Sec-Fetch-Site, then Origin decides', post(host, 'Sec-Fetch-Site:', 'Origin: https://evil.example'), 403],
    ['an empty Sec-Fetch-Site and our own Origin', post(host, 'Sec-Fetch-Site:', 'Origin: https://app.example'), 200],
    ['two Origin lines', post(host, 'Origin: https://app.example', 'Origin: https://evil.example'), 403],
    ['two equal Origin lines', post(host, 'Origin: https://app.example', 'Origin: https://app.example'), 403],
    ['an empty Origin', post(host, 'Origin:'), 200],
    ['bytes outside ASCII in Origin', post(host, 'Origin: https://app.example\xff'), 403],
    ['bytes outside ASCII in Sec-Fetch-Site', post(host, 'Sec-Fetch-Site: same-origin\xa0'), 403],
    ['a long Origin', post(host, `Origin: https://${'a'.repeat(8000)}.example`), 403],
    ['Origin with a user name', post(host, 'Origin: https://app.example@evil.example'), 403],
    ['Host with a user name, and the same in Origin', post('Host: user@app.example', 'Origin: https://user@app.example'), 403],
    ['Host with a path, and the same in Origin', post('Host: app.example/x', 'Origin: https://app.example/x'), 403],
    ['two Host lines: Node keeps the first', post(host, 'Host: evil.example', 'Origin: https://evil.example'), 403],
    ['an empty Host equals nothing', post('Host:', 'Origin: https://evil.example'), 403],
    ['no Host, in HTTP/1.0', ['POST /transfer HTTP/1.0', 'Origin: https://evil.example'], 403],
    ['no Host and no Origin, in HTTP/1.0', ['POST /transfer HTTP/1.0'], 200],
    ['Host with the default port', post('Host: app.example:443', 'Origin: https://app.example'), 200],
    ['Host in capitals', post('Host: APP.EXAMPLE', 'Origin: https://app.example'), 200],
    ['an IPv6 Host', post('Host: [::1]:3000', 'Origin: http://[::1]:3000'), 200],
    ['X-Forwarded-Host is ignored', post(host, 'X-Forwarded-Host: evil.example', 'Origin: https://evil.example'), 403]
  ])
})

t.test('methods as bytes', async t => {
  const line = (method: string) => [`${method} /transfer HTTP/1.1`, 'Host: app.example', 'Sec-Fetch-Site: cross-site']
  await sendAll(t, await protectedApp(t), [
    ['TRACE', line('TRACE'), 403],
    ['DELETE', line('DELETE'), 403],
    ['GET', line('GET'), 200],
    ['get, which Node rejects', line('get'), 400],
    ['a method without a route', line('PROPFIND'), 403],
    ['QUERY', line('QUERY'), 403]
  ])
})

t.test('paths as bytes', async t => {
  const app = emptyApp(t)
  await app.register(crossOriginProtection, { exemptPaths: ['/hooks'] })
  countAll(app)
  const post = (path: string) => [`POST ${path} HTTP/1.1`, 'Host: app.example', 'Sec-Fetch-Site: cross-site']
  await sendAll(t, app, [
    ['a path that only begins like the entry', post('/hooksmith'), 403],
    ['dot segments', post('/hooks/../transfer'), 403],
    ['dot segments that lead to the entry', post('/transfer/../hooks'), 403],
    ['encoded dot segments', post('/hooks/%2e%2e/transfer'), 403],
    ['an encoded slash', post('/hooks/..%2Ftransfer'), 403],
    ['a semicolon', post('/hooks/..;/transfer'), 403],
    ['a backslash', post('/hooks\\..\\transfer'), 403],
    ['two slashes', post('//hooks'), 403],
    ['an encoded letter', post('/%68ooks'), 403],
    ['an absolute-form target', post('http://app.example/hooks'), 403],
    ['the entry', post('/hooks'), 200],
    ['below the entry, with a query', post('/hooks/github?next=/../x'), 200]
  ])
})

t.test('a denyHandler that closes the connection', async t => {
  const app = await protectedApp(t, { denyHandler: (_request, reply) => { reply.raw.destroy() } })
  const port = await listen(app)
  t.equal((await sendRaw(port, ['POST / HTTP/1.1', 'Host: app.example', 'Sec-Fetch-Site: cross-site'])).status, 0)
  t.equal((await sendRaw(port, ['POST / HTTP/1.1', 'Host: app.example', 'Sec-Fetch-Site: same-origin'])).status, 200, 'the server still runs')
  t.equal(app.ran, 1)
})

t.test('rewriteUrl: the path that the router sees is the path that may be exempt', async t => {
  const app = emptyApp(t, { rewriteUrl: request => request.url!.replace('/old', '/hooks').replace('/hooks/gone', '/transfer') })
  await app.register(crossOriginProtection, { exemptPaths: ['/hooks'] })
  countAll(app)
  const post = (path: string) => [`POST ${path} HTTP/1.1`, 'Host: app.example', 'Sec-Fetch-Site: cross-site']
  await sendAll(t, app, [
    ['rewritten away from the entry', post('/hooks/gone'), 403],
    ['rewritten to the entry', post('/old/x'), 200]
  ])
})

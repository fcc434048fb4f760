// Guards that decide by the content type or by anything else about the body. This plugin reads none of it: whatever the type,
// the same request is refused from another site and served from our own page.
import fastifyFormbody from '@fastify/formbody'
import fastifyMultipart from '@fastify/multipart'
import mercurius from 'mercurius'
import t, { type Test } from 'tap'
import crossOriginProtection from '../../src/index.ts'
import { emptyApp, type CountingApp } from '../helpers/app.ts'
import { evil, evilOrigin, own, ownOrigin, portOf, post, refuses, serves, suiteOf, type Attempt } from '../helpers/bypasses.ts'
import { sendRaw } from '../helpers/socket.ts'

const { bypass, isComplete } = suiteOf('content-type')

/** An application that accepts any body. If a parser even looks at the body, that counts as a handler that ran. */
async function bodyApp (t: Test): Promise<CountingApp> {
  const app = emptyApp(t)
  await app.register(crossOriginProtection)
  await app.register(fastifyFormbody)
  await app.register(fastifyMultipart)
  app.addHook('preParsing', async () => { app.ran++ })
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => { done(null, body) })
  app.all('/*', async () => { app.ran = 1; return 'ran' })
  return app
}

/** The request with each content type, or `undefined` for none. */
const typed = (lines: string[], types: Array<string | undefined>, body: string): Attempt[] => types.map(type => [
  `Content-Type: ${type}`, post('/', ...lines, ...(type === undefined ? [] : [`Content-Type: ${type}`])), { body }
])

/** `types` fit the body. For `oddTypes`, Fastify may answer as it likes, once the plugin has allowed our own page. */
async function readsNoContentType (t: Test, types: Array<string | undefined>, body = 'a=1', oddTypes: string[] = []): Promise<void> {
  const app = await bodyApp(t)
  await refuses(t, app, [...typed(evil, [...types, ...oddTypes], body), ...typed(evilOrigin, [...types, ...oddTypes], body)])
  await serves(t, app, [...typed(own, types, body), ...typed(ownOrigin, types, body)])
  for (const [name, head] of typed(own, oddTypes, body)) {
    const { status } = await sendRaw(await portOf(app), [...head], body)
    t.ok([200, 400, 415].includes(status), `${name} from our own page: ${status}`)
  }
}

bypass('CVE-2024-48913, GHSA-2234-fmw7-43wr', async t => {
  const app = await bodyApp(t)
  await refuses(t, app, [
    ['no body, no type', post('/', ...evil)],
    ['a body without a type, such as a Blob', post('/', ...evil), { body: 'a=1' }],
    ['an empty type', post('/', ...evil, 'Content-Type:'), { body: 'a=1' }]
  ])
  await serves(t, app, [['no body, no type, from our own page', post('/', ...own)]])
})

bypass('CVE-2024-56140, GHSA-c4pw-33h3-35xw', t => readsNoContentType(t, [
  'application/x-www-form-urlencoded', 'application/x-www-form-urlencoded;charset=utf-8', 'application/x-www-form-urlencoded ; charset=utf-8', undefined
], 'a=1', ['application/x-www-form-urlencoded; abc']))

bypass('CVE-2023-29008, GHSA-gv7g-x59x-wf8f', t => readsNoContentType(t, [
  'TEXT/PLAIN', 'Text/Plain', 'text/plain', 'APPLICATION/X-WWW-FORM-URLENCODED', 'Application/X-Www-Form-Urlencoded', 'text/PLAIN;CHARSET=UTF-8'
]))

bypass('sveltejs/kit#16347', t => readsNoContentType(t, [undefined]))

bypass('CVE-2026-25151, GHSA-r666-8gjf-4v5f', async t => {
  const app = await bodyApp(t)
  const types = ['application/json, multipart/form-data', 'application/json, multipart/form-data; boundary=x', 'multipart/form-data, application/json']
  const twice = ['Content-Type: application/json', 'Content-Type: application/x-www-form-urlencoded'] // Node keeps the first.
  await refuses(t, app, [
    ...typed(evil, types, '{}'), ...typed(evilOrigin, types, '{}'),
    ['two lines', post('/', ...evil, ...twice), { body: '{}' }],
    ['two lines, the other way round', post('/', ...evil, ...[...twice].reverse()), { body: 'a=1' }]
  ])
  await serves(t, app, [
    ['two lines from our own page', post('/', ...own, ...twice), { body: '{}' }],
    ['one type from our own page', post('/', ...own, 'Content-Type: application/json'), { body: '{}' }]
  ])
})

bypass('CVE-2020-12480, GHSA-cf8j-64h9-6q58', t => readsNoContentType(t, ['text/plain', undefined], 'a=1', ['text/plain; =', 'text/plain; a', 'text/plain; "', 'text', '/', ';']))

bypass('CVE-2025-64166, GHSA-v66j-6wwf-jc57', async t => {
  const app = emptyApp(t)
  await app.register(crossOriginProtection)
  await app.register(fastifyFormbody) // It turns the fields of a form into a body that mercurius could execute.
  await app.register(mercurius, {
    schema: 'type Query { balance: Int } type Mutation { transfer: Int }',
    resolvers: { Query: { balance: () => { app.ran++; return 1 } }, Mutation: { transfer: () => { app.ran++; return 1 } } }
  })
  const json = { body: '{"query":"mutation { transfer }"}' }
  const form = { body: 'query=mutation%20%7B%20transfer%20%7D' }
  await refuses(t, app, [
    ['a form', post('/graphql', ...evil, 'Content-Type: application/x-www-form-urlencoded'), form],
    ['a form without Fetch Metadata', post('/graphql', ...evilOrigin, 'Content-Type: application/x-www-form-urlencoded'), form],
    ['text', post('/graphql', ...evil, 'Content-Type: text/plain'), json],
    ['JSON', post('/graphql', ...evil, 'Content-Type: application/json'), json],
    ['GraphQL', post('/graphql', ...evil, 'Content-Type: application/graphql'), { body: 'mutation { transfer }' }],
    // A GET is not checked. That it cannot mutate is a rule of mercurius.
    ['a mutation by GET', ['GET /graphql?query=mutation%7Btransfer%7D HTTP/1.1', 'Host: app.example', ...evil], { status: 405 }]
  ])
  await serves(t, app, [
    ['a mutation from our own page', post('/graphql', ...own, 'Content-Type: application/json'), json],
    ['a query by GET', ['GET /graphql?query=%7Bbalance%7D HTTP/1.1', 'Host: app.example', ...evil]]
  ])
})

bypass('CVE-2026-25223, CVE-2026-3419, CVE-2026-33806, CVE-2025-32442', t => readsNoContentType(t, [
  'application/json', ' application/json', '\tapplication/json', 'Application/JSON', 'application/json ;charset=utf-8'
], '{}', ['application/json\tgarbage', 'application/json garbage', 'application/ json']))

isComplete()

t.test('nothing else that has been used to bypass a guard decides either', async t => {
  const app = await bodyApp(t)
  const lines = [
    'Cookie: session=1', 'Authorization: Bearer token', 'X-Requested-With: XMLHttpRequest', 'Accept: application/json', 'X-CSRF-Token: 1', 'X-HTTP-Method-Override: GET', 'X-Method-Override: GET',
    'Sec-Fetch-Mode: same-origin', 'Sec-Fetch-Mode: navigate', 'Sec-Fetch-Dest: document', 'Sec-Fetch-User: ?1', 'Referer: https://app.example/', 'User-Agent: curl/8', 'DNT: 1', 'Range: bytes=0-', 'Purpose: prefetch', 'X-Forwarded-For: 127.0.0.1',
    'X-Original-URL: /hooks', 'X-Rewrite-URL: /hooks', 'Via: 1.1 proxy', 'Access-Control-Request-Method: POST', 'Content-Encoding: gzip', 'Transfer-Encoding: chunked'
  ]
  await refuses(t, app, lines.flatMap(line => [[line, post('/?_method=GET', ...evil, line)], [`${line}, without Fetch Metadata`, post('/?_method=GET', ...evilOrigin, line)]] as Attempt[]))
  await serves(t, app, [...lines.filter(line => !line.startsWith('Transfer')).map(line => [line, post('/', ...own, line)] as Attempt)])
})

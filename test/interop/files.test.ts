// Plugins that serve files: @fastify/static, and @fastify/swagger with its UI.
import fastifyStatic from '@fastify/static'
import fastifySwagger from '@fastify/swagger'
import fastifySwaggerUi from '@fastify/swagger-ui'
import t from 'tap'
import { crossOriginIsolation, crossOriginProtection } from '../../src/index.ts'
import { browserRequest } from '../../src/testing.ts'
import { emptyApp } from '../helpers/app.ts'
import { isolationDefaults, isolationHeaders } from '../helpers/headers.ts'
import { inBothOrders } from '../helpers/orders.ts'

inBothOrders(t, '@fastify/static', async (t, { register }) => {
  const app = emptyApp(t)
  await register(
    () => app.register(crossOriginIsolation),
    () => app.register(fastifyStatic, {
      root: t.testdir({ 'page.html': '<p>page</p>', 'shared.js': '"shared"', folder: { 'index.html': 'index' } }),
      prefix: '/files/',
      redirect: true,
      setHeaders (response, path) {
        if (path.endsWith('shared.js')) response.header('Cross-Origin-Resource-Policy', 'cross-origin')
      }
    })
  )
  app.get('/sent', (_request, reply) => reply.sendFile('page.html'))
  app.get('/download', (_request, reply) => reply.download('page.html', 'mine.html'))
  app.get('/framed', { config: { crossOriginIsolation: { resourcePolicy: 'cross-origin' } } }, (_request, reply) => reply.sendFile('page.html'))

  const { headers: { etag, 'last-modified': modified } } = await app.inject('/files/page.html')
  const cases: Array<[name: string, url: string, status: number, headers?: Record<string, string>, method?: 'GET' | 'HEAD']> = [
    ['a file', '/files/page.html', 200],
    ['a file\'s head', '/files/page.html', 200, {}, 'HEAD'],
    ['a file that has not changed, by tag', '/files/page.html', 304, { 'if-none-match': String(etag) }],
    ['a file that has not changed, by time', '/files/page.html', 304, { 'if-modified-since': String(modified) }],
    ['a range', '/files/page.html', 206, { range: 'bytes=0-2' }],
    ['a range beyond the end of the file', '/files/page.html', 416, { range: 'bytes=999-' }],
    ['a precondition that failed', '/files/page.html', 412, { 'if-match': '"other"' }],
    ['a redirect to a folder', '/files/folder', 301],
    ['an index', '/files/folder/', 200],
    ['a file that does not exist', '/files/none.html', 404],
    ['a path that is not allowed', '/files//page.html', 403],
    ['sendFile', '/sent', 200],
    ['sendFile, unchanged', '/sent', 304, { 'if-none-match': String(etag) }],
    ['download', '/download', 200]
  ]
  for (const [name, url, status, headers = {}, method = 'GET'] of cases) {
    const response = await app.inject({ method, url, headers })
    t.equal(response.statusCode, status, name)
    t.same(isolationHeaders(response), isolationDefaults, name)
  }
  const shared = { ...isolationDefaults, 'cross-origin-resource-policy': 'cross-origin' }
  t.same(isolationHeaders(await app.inject('/files/shared.js')), shared, 'setHeaders wins')
  t.same(isolationHeaders(await app.inject('/framed')), shared, 'a route\'s config reaches sendFile')
})

inBothOrders(t, '@fastify/static reads no file for a refused request', async (t, { register }) => {
  const app = emptyApp(t)
  let read = 0
  await register(
    () => app.register(crossOriginProtection, { safeMethods: 'isolate' }),
    () => app.register(fastifyStatic, { root: t.testdir({ 'photo.png': 'photo' }), setHeaders () { read++ } })
  )
  for (const method of ['GET', 'HEAD'] as const) {
    const refused = await app.inject({ url: '/photo.png', ...browserRequest({ from: 'cross-site', by: 'image' }), method })
    t.equal(refused.statusCode, 403, `an image on a page on another site, ${method}`)
    t.equal(refused.headers.etag, undefined)
  }
  t.equal(read, 0)

  for (const by of ['link', 'frame'] as const) {
    t.equal((await app.inject({ url: '/photo.png', ...browserRequest({ from: 'cross-site', by }) })).payload, 'photo', by)
  }
  t.equal((await app.inject({ url: '/photo.png', ...browserRequest({ from: 'same-origin', by: 'image' }) })).payload, 'photo')
  t.equal(read, 3)
})

inBothOrders(t, '@fastify/swagger-ui', async (t, { register }) => {
  const app = emptyApp(t)
  await register(
    async () => {
      await app.register(crossOriginIsolation)
      await app.register(crossOriginProtection, { safeMethods: 'isolate' })
    },
    async () => {
      await app.register(fastifySwagger)
      await app.register(fastifySwaggerUi, { routePrefix: '/docs' })
    }
  )
  app.post('/transfer', { schema: { body: { type: 'object', properties: { amount: { type: 'number' } } } } }, async () => { app.ran++ })
  const tryItOut = (from: 'same-origin' | 'same-site' | 'cross-site') => app.inject({
    url: '/transfer',
    payload: { amount: 100 },
    ...browserRequest({ from, by: 'fetch-cors', headers: { 'content-type': 'application/json', referer: 'https://localhost/docs' } })
  })

  t.equal((await tryItOut('cross-site')).statusCode, 403)
  t.equal((await tryItOut('same-site')).statusCode, 403, 'a UI on another port, for example on its own server')
  t.equal(app.ran, 0)
  t.equal((await tryItOut('same-origin')).statusCode, 200, 'the UI\'s own "try it out"')
  t.equal(app.ran, 1)

  // Nothing from another origin, which `require-corp` would block.
  const load = async (url: string, by: 'link' | 'script') => {
    const response = await app.inject({ url, ...browserRequest({ from: 'same-origin', by }) })
    t.equal(response.statusCode, 200, url)
    t.same(isolationHeaders(response), isolationDefaults, url)
    return response.payload
  }
  const page = await load('/docs', 'link')
  const assets = [...page.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, url = '']) => url)
  t.equal(assets.length, 7)
  for (const url of assets) {
    t.match(url, /^\/docs\/static\//)
    await load(url, 'script')
  }
  t.match(await load('/docs/static/swagger-initializer.js', 'script'), /validatorUrl: null/, 'no badge from another site')
  t.equal((await app.inject({ url: '/docs/json', ...browserRequest({ from: 'same-origin', by: 'fetch-get' }) })).json().paths['/transfer'].post.responses['200'].description, 'Default Response')
})

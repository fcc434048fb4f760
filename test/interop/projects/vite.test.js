// Vite's development server in front of an application, and @fastify/vite within one.
import assert from 'node:assert/strict'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import fastifyVite from '@fastify/vite'
import fastifyWebsocket from '@fastify/websocket'
import Fastify from 'fastify'
import { crossOriginIsolation, crossOriginProtection } from 'fastify-cross-origin-protection'
import { createServer } from 'vite'
import { handshake, listen, send } from './helpers.js'

/** Without Fetch Metadata, which browsers send over plain HTTP only to loopback addresses. */
const onNetwork = origin => ({ method: 'POST', headers: { origin, 'sec-fetch-site': '', 'sec-fetch-mode': '', 'sec-fetch-dest': '' } })

test('Vite\'s development server as a proxy', async t => {
  const app = Fastify()
  let ran = 0
  let connected = 0
  await app.register(crossOriginProtection)
  await app.register(fastifyWebsocket)
  for (const path of ['/passed', '/changed', '/both']) {
    app.post(path, async ({ host }) => { ran++; return { host } })
    app.get(`${path}/chat`, { websocket: true }, () => { connected++ })
  }
  const target = (await listen(t, app)).replace('localhost', '127.0.0.1')
  const vite = await createServer({
    configFile: false,
    logLevel: 'silent',
    root: await emptyFolder(),
    server: {
      host: '127.0.0.1',
      port: 0,
      allowedHosts: true,
      proxy: {
        '/passed': { target, ws: true },
        '/changed': { target, ws: true, changeOrigin: true },
        '/both': { target, ws: true, changeOrigin: true, rewriteWsOrigin: true }
      }
    }
  })
  t.after(() => vite.close())
  await vite.listen()
  const origin = `http://localhost:${vite.httpServer.address().port}`

  const backend = new URL(target).host
  const rows = [
    // path, the host that the application sees; who passes without Fetch Metadata; who opens a socket as Chromium does.
    { path: '/passed', host: new URL(origin).host, own: 200, other: 403, ownSocket: 101, otherSocket: 403 },
    { path: '/changed', host: backend, own: 403, other: 403, ownSocket: 403, otherSocket: 403 },
    { path: '/both', host: backend, own: 403, other: 403, ownSocket: 101, otherSocket: 101 }
  ]
  for (const { path, host, own, other, ownSocket, otherSocket } of rows) {
    await t.test(path, async () => {
      ran = connected = 0
      for (const from of ['cross-site', 'same-site', 'sandboxed-frame']) {
        assert.equal((await send(origin + path, { from, by: 'fetch-cors' })).status, 403, `${from}, with Fetch Metadata`)
      }
      assert.equal(ran, 0)
      const answer = await send(origin + path, { from: 'same-origin', by: 'fetch-cors' })
      assert.deepEqual([answer.status, JSON.parse(answer.body)], [200, { host }])
      assert.equal((await send(origin + path, { from: 'cross-site', by: 'fetch-cors' }, onNetwork('http://evil.example'))).status, other, 'another site, without Fetch Metadata')
      assert.equal((await send(origin + path, { from: 'same-origin', by: 'fetch-cors' }, onNetwork(origin))).status, own, 'the own page, without Fetch Metadata')

      const chat = `${origin.replace('http', 'ws')}${path}/chat`
      assert.equal(await handshake(chat, { from: 'cross-site', engine: 'firefox', to: origin }), 403, 'a socket of another site, with Fetch Metadata')
      assert.equal(connected, 0)
      assert.equal(await handshake(chat, { from: 'cross-site', to: origin }), otherSocket, 'a socket of another site, without')
      assert.equal(await handshake(chat, { from: 'same-origin', to: origin }), ownSocket, 'a socket of the own page, without')
      assert.equal(await handshake(chat, { from: 'same-origin', engine: 'firefox', to: origin }), 101, 'a socket of the own page, with Fetch Metadata')
    })
  }
})

for (const oursFirst of [true, false]) {
  test(`@fastify/vite in development, ${oursFirst ? 'after' : 'before'} this plugin`, async t => {
    const root = await emptyFolder()
    await writeFile(join(root, 'package.json'), '{"type":"module"}')
    await writeFile(join(root, 'vite.config.js'), 'import viteFastify from \'@fastify/vite/plugin\'\nexport default { root: import.meta.dirname, logLevel: \'silent\', plugins: [viteFastify({ spa: true })] }')
    await writeFile(join(root, 'index.html'), '<!doctype html><script type="module" src="/main.js"></script>')
    await writeFile(join(root, 'main.js'), 'document.title = "ready"')

    const app = Fastify()
    let ran = 0
    const ours = async () => {
      await app.register(crossOriginIsolation)
      await app.register(crossOriginProtection)
    }
    const theirs = () => app.register(fastifyVite, { root, dev: true, spa: true })
    for (const register of oursFirst ? [ours, theirs] : [theirs, ours]) await register()
    app.get('/', (_request, reply) => reply.html())
    app.post('/transfer', async () => { ran++; return 'ran' })
    await app.vite.ready()
    const origin = await listen(t, app)

    const page = await send(`${origin}/`, { from: 'cross-site', by: 'link' })
    assert.deepEqual([page.status, page.headers['cross-origin-opener-policy']], [200, 'same-origin'])
    assert.match(page.body, /main\.js/)
    const script = await send(`${origin}/main.js`, { from: 'same-origin', by: 'script' })
    assert.match(script.body, /document\.title/)
    assert.equal(script.headers['cross-origin-resource-policy'], undefined, 'Vite answers its files itself, without isolation headers')

    for (const by of ['form', 'fetch-cors', 'beacon']) {
      assert.equal((await send(`${origin}/transfer`, { from: 'cross-site', by })).status, 403, by)
    }
    // A path that Vite answers itself.
    assert.equal((await send(`${origin}/main.js`, { from: 'cross-site', by: 'form' })).status, 403)
    assert.equal(ran, 0)
    assert.equal((await send(`${origin}/transfer`, { from: 'same-origin', by: 'fetch-cors' }, { headers: { 'content-type': 'application/json' }, body: '{}' })).status, 200)
    assert.equal(ran, 1)
  })
}

/** It goes with the project. */
function emptyFolder () {
  return mkdtemp(join(import.meta.dirname, 'vite-'))
}

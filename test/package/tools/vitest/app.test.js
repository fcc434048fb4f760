// As an application's own tests, in Vitest: with app.inject, and over a socket.
import Fastify from 'fastify'
import byDefault, { crossOriginIsolation, crossOriginProtection } from 'fastify-cross-origin-protection'
import { browserRequest } from 'fastify-cross-origin-protection/testing'
import { expect, test } from 'vitest'
import { checkPlugins } from '../../requests.cjs'

test('both plugins refuse, pass and add headers', () => (
  checkPlugins({ Fastify, plugins: { byDefault, crossOriginProtection }, isolation: crossOriginIsolation, browserRequest })
))

test('app.inject', async () => {
  const app = Fastify()
  await app.register(crossOriginProtection)
  let ran = 0
  app.post('/transfer', async () => { ran++; return 'ran' })
  const send = from => app.inject({ url: '/transfer', payload: 'amount=100', ...browserRequest({ from, by: 'fetch-cors' }) })
  expect((await send('cross-site')).statusCode).toBe(403)
  expect(ran).toBe(0)
  expect((await send('same-origin')).payload).toBe('ran')
  await app.close()
})

import t from 'tap'
import { createRouteSettings } from '../src/routes.ts'

t.test('the settings of a route', async t => {
  const compiled: string[] = []
  const settingsOf = createRouteSettings('scope', 'off', ({ name }: { name: string }, route) => {
    compiled.push(route)
    return name
  })
  const route = { method: 'POST', url: '/x' }

  t.equal(settingsOf(undefined, route), 'scope')
  t.equal(settingsOf(false, route), 'off')
  t.same(compiled, [])

  const config = { name: 'own' }
  t.equal(settingsOf(config, route), 'own')
  t.equal(settingsOf(config, { method: ['GET', 'HEAD'], url: '/y' }), 'own')
  t.same(compiled, ['POST /x'], 'a config is compiled once, however many routes share it')

  settingsOf({ name: 'own' }, { method: ['GET', 'HEAD'], url: '/y' })
  settingsOf({ name: 'own' }, {})
  t.same(compiled, ['POST /x', 'GET,HEAD /y', 'the not-found handler'])
})

t.test('a config that is wrong is wrong each time', async t => {
  const settingsOf = createRouteSettings('scope', 'off', () => { throw new Error('wrong') })
  const config = {}
  for (let i = 0; i < 2; i++) t.throws(() => settingsOf(config, {}), { message: 'wrong' })
})

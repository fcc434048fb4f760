import t from 'tap'
import { createRouteSettings, createScopes } from '../src/scopes.ts'

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

t.test('hooks of the outermost registration serve those inside it', async t => {
  const scopes = createScopes<object, string>()
  const [outer, inner, innermost, early, insideEarly, other] = [{}, {}, {}, {}, {}, {}]
  t.equal(scopes.add(outer, undefined, 'outer'), true)
  t.equal(scopes.add(inner, outer, 'inner'), false)
  t.equal(scopes.add(innermost, inner, 'innermost'), false)
  t.equal(scopes.add(early, undefined, 'early'), true, 'one that loaded before an outer one')
  t.equal(scopes.add(insideEarly, early, 'inside early'), false)

  t.equal(scopes.find(outer, outer), 'outer')
  t.equal(scopes.find(inner, outer), 'inner')
  t.equal(scopes.find(innermost, outer), 'innermost')
  t.equal(scopes.find(early, outer), undefined, 'has hooks of its own')
  t.equal(scopes.find(insideEarly, outer), undefined)
  t.equal(scopes.find(early, early), 'early')
  t.equal(scopes.find(insideEarly, early), 'inside early')
  t.equal(scopes.find(other, outer), undefined, 'of another copy of this package')
  t.equal(scopes.add({}, other, 'inside another copy'), true)
})

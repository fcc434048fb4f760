// The examples that need compiling, with their own tsconfig.json and the command in the README.
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'
import type { BrowserRequestOptions } from '../../../src/testing.ts'
import { runExample } from '../../helpers/example.ts'

const evil = 'https://evil.example'
const partner = 'https://partner.example'

t.test('typescript', async t => {
  const app = await runExample(t, 'typescript')
  const votes = async () => Number(/Votes: (\d+)/.exec((await app.call('GET', '/')).body)?.[1])
  const vote = (request: BrowserRequestOptions, accept: string) => app.send('/votes', { ...request, headers: { accept } })
  const attack: BrowserRequestOptions = { from: 'cross-site', by: 'form', origin: evil }

  const page = await vote(attack, 'text/html,*/*')
  t.equal(page.status, 403, 'a form on another site is refused')
  t.match(page.body, 'Another site tried', 'people get a page')
  t.notMatch(page.body, 'evil', 'which repeats nothing from the request')
  const json = await vote(attack, '*/*')
  t.same([json.status, JSON.parse(json.body).reason], [403, 'cross-site'], 'programs get JSON')
  t.equal(await votes(), 0, 'nothing ran')

  t.equal((await vote({ from: 'same-origin', by: 'form', to: app.origin }, 'text/html')).status, 303, 'our own page')
  t.equal((await vote({ from: 'cross-site', by: 'form', origin: partner }, 'text/html')).status, 303, 'the partner')
  t.equal(await votes(), 2)

  for (const by of ['image', 'link', 'frame', 'fetch-get'] as const) {
    t.equal((await app.send('/votes/withdraw', { from: 'cross-site', by, origin: evil })).status, 403, `${by} on another site to a GET that changes state`)
  }
  t.equal((await app.send('/votes/withdraw', { from: 'cross-site', by: 'fetch-get', origin: partner })).status, 403, 'the partner, to a route that trusts nobody')
  t.equal(await votes(), 2, 'nothing ran')
  t.equal((await app.send('/votes/withdraw', { from: 'same-origin', by: 'link', to: app.origin })).status, 303, 'a link on our own page')
  t.equal(await votes(), 0)
})

t.test('nestjs', async t => {
  const app = await runExample(t, 'nestjs')
  const orders = async () => JSON.parse((await app.call('GET', '/orders')).body).orders
  const formOf = (origin: string): BrowserRequestOptions => ({ from: 'cross-site', by: 'form', origin })

  const attack = await app.send('/orders', formOf(evil), 'a=1')
  t.equal(attack.status, 403, 'a form on another site is refused')
  t.same(JSON.parse(attack.body), { message: 'This request came from another site.', reason: 'cross-site' }, 'the exception filter renders it')
  t.equal((await app.send('/orders', formOf(partner), 'a=1')).status, 403, 'the partner, where it is not trusted')
  t.equal((await app.send('/orders/from-partner', formOf(evil), 'a=1')).status, 403, 'another site, where the partner is trusted')
  t.equal((await app.send('/nowhere', formOf(evil), 'a=1')).status, 403, 'another site, to an unknown route')
  t.equal(await orders(), 0, 'nothing ran')

  t.equal((await app.send('/orders', { from: 'same-origin', by: 'form', to: app.origin }, 'a=1')).status, 201, 'our own page')
  t.equal((await app.send('/orders/from-partner', formOf(partner), 'a=1')).status, 201, 'the partner, where it is trusted')
  t.equal(await orders(), 2)

  const missing = await app.send('/nowhere', { from: 'same-origin', by: 'form', to: app.origin }, 'a=1')
  t.match(JSON.parse(missing.body), { statusCode: 404, message: 'Cannot POST /nowhere' }, 'the exception filter leaves other errors alone')

  await t.test('no middleware of Nest runs for a request that is refused', async t => {
    // In a separate process, because tap's loader does not find all modules of Nest.
    const program = `
      import { build } from './examples/nestjs/dist/app.js'
      const app = await build()
      let ran = 0
      app.use((request, response, next) => { ran++; next() })
      await app.init()
      for (const headers of [{ 'sec-fetch-site': 'cross-site' }, { 'sec-fetch-site': 'same-origin' }]) {
        const { statusCode } = await app.inject({ method: 'POST', url: '/orders', headers })
        console.error(statusCode, ran)
      }
      await app.close()`
    const { stderr } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program], {
      cwd: fileURLToPath(new URL('../../../', import.meta.url)), env: { ...process.env, _TAPJS_PROCESSINFO_COVERAGE_: '0' }
    })
    t.equal(stderr, '403 0\n201 1\n')
  })
})

// The examples in JavaScript, each started by its command and attacked over a socket.
import { readdirSync } from 'node:fs'
import { io } from 'socket.io-client'
import t from 'tap'
import type { BrowserRequestOptions } from '../../../src/testing.ts'
import { commands, runExample } from '../../helpers/example.ts'

const evil = 'https://evil.example'
const partner = 'https://partner.example'

t.test('every example is in the README, with its command', async t => {
  const folders = readdirSync(new URL('../../../examples', import.meta.url), { withFileTypes: true })
  t.same(Object.keys(commands).sort(), folders.filter(entry => entry.isDirectory()).map(({ name }) => name).sort())
})

t.test('javascript', async t => {
  const app = await runExample(t, 'javascript')
  const balance = async () => Number(/Balance: (\d+)/.exec((await app.call('GET', '/')).body)?.[1])

  const rows: Array<{ name: string, path: string, from: BrowserRequestOptions, status: number, balance: number }> = [
    { name: 'a form on another site is refused', path: '/transfer', from: { from: 'cross-site', by: 'form', origin: evil }, status: 403, balance: 1000 },
    { name: 'a script on another site is refused', path: '/transfer', from: { from: 'cross-site', by: 'fetch-no-cors-credentials', origin: evil }, status: 403, balance: 1000 },
    { name: 'a form on a subdomain is refused', path: '/transfer', from: { from: 'same-site', by: 'form' }, status: 403, balance: 1000 },
    { name: 'a form on the partner\'s page is refused where it is not trusted', path: '/transfer', from: { from: 'cross-site', by: 'form', origin: partner }, status: 403, balance: 1000 },
    { name: 'a form on another site is refused where the partner is trusted', path: '/donations', from: { from: 'cross-site', by: 'form', origin: evil }, status: 403, balance: 1000 },
    { name: 'a name that begins like the partner\'s is refused', path: '/donations', from: { from: 'cross-site', by: 'form', origin: `${partner}.evil.example` }, status: 403, balance: 1000 },
    { name: 'a form on our own page passes', path: '/transfer', from: { from: 'same-origin', by: 'form', to: app.origin }, status: 303, balance: 990 },
    { name: 'a form on the partner\'s page passes where it is trusted', path: '/donations', from: { from: 'cross-site', by: 'form', origin: partner }, status: 200, balance: 1000 }
  ]
  for (const row of rows) {
    t.equal((await app.send(row.path, row.from, 'amount=10')).status, row.status, row.name)
    t.equal(await balance(), row.balance, `${row.name}: balance`)
  }
})

t.test('autoload', async t => {
  const app = await runExample(t, 'autoload')
  const counts = async () => {
    const paths = ['/account', '/partners', '/partners/reports', '/back-office']
    const bodies = await Promise.all(paths.map(async path => (await app.call('GET', path, { 'sec-fetch-site': 'same-origin' })).body))
    return bodies.map(body => Object.values(JSON.parse(body))[0])
  }
  const scriptOf = (origin: string): BrowserRequestOptions => ({ from: 'cross-site', by: 'fetch-cors-credentials', origin })
  const ownScript: BrowserRequestOptions = { from: 'same-origin', by: 'fetch-cors-credentials', to: app.origin }

  for (const path of ['/account', '/partners', '/partners/reports', '/back-office', '/a-folder-of-tomorrow']) {
    t.equal((await app.send(path, scriptOf(evil))).status, 403, `another site, ${path}`)
  }
  for (const path of ['/account', '/back-office']) {
    t.equal((await app.send(path, scriptOf(partner))).status, 403, `the partner, ${path}`)
  }
  const anImage: BrowserRequestOptions = { from: 'cross-site', by: 'image', origin: evil }
  t.equal((await app.send('/back-office', anImage)).status, 403, 'another site cannot load the back office as an image')
  t.equal((await app.call('POST', '/back-office')).status, 403, 'nor can programs change anything there')
  t.same(await counts(), [0, 0, 0, 0], 'nothing ran')

  t.equal((await app.send('/account', anImage)).status, 200, 'anyone may read the account')
  for (const path of ['/partners', '/partners/reports']) {
    t.equal((await app.send(path, scriptOf(partner))).status, 200, `the partner, ${path}`)
  }
  for (const path of ['/account', '/partners', '/partners/reports', '/back-office']) {
    t.equal((await app.send(path, ownScript)).status, 200, `our own page, ${path}`)
  }
  t.same(await counts(), [1, 2, 2, 1])
})

t.test('demo-layout', async t => {
  const app = await runExample(t, 'demo-layout')
  const orders = async () => JSON.parse((await app.call('GET', '/orders')).body).orders
  const formOf = (origin: string): BrowserRequestOptions => ({ from: 'cross-site', by: 'form', origin })

  for (const path of ['/orders', '/a-path-of-tomorrow']) {
    const refused = await app.send(path, formOf(evil))
    t.equal(refused.status, 403, `another site, ${path}`)
    t.equal(refused.headers['x-frame-options'], 'DENY', 'helmet comes first')
  }
  t.equal(await orders(), 0, 'nothing ran')
  const script: BrowserRequestOptions = { from: 'cross-site', by: 'fetch-cors', origin: partner }
  t.equal((await app.send('/orders', script)).status, 200, 'the partner of autoConfig')
  t.equal((await app.send('/orders', { from: 'same-origin', by: 'fetch-cors', to: app.origin })).status, 200, 'the own page')
  t.equal(await orders(), 2)
})

t.test('tenants', async t => {
  const app = await runExample(t, 'tenants')
  const counts = () => Promise.all(['acme', 'bolt'].map(async tenant => JSON.parse((await app.call('GET', `/tenants/${tenant}/orders`)).body).orders))
  const formOf = (origin: string): BrowserRequestOptions => ({ from: 'cross-site', by: 'form', origin })
  const acme = 'https://shop.acme.example'

  const refused = [
    { name: 'another site', path: '/tenants/acme/orders', origin: evil },
    { name: 'another tenant', path: '/tenants/acme/orders', origin: 'https://bolt.example' },
    { name: 'a domain that no tenant has proved to be theirs', path: '/tenants/bolt/orders', origin: 'https://www.bank.example' },
    { name: 'a domain with the name of the tenant', path: '/tenants/acme/orders', origin: 'https://acme.example' },
    { name: 'a subdomain of the tenant\'s domain', path: '/tenants/acme/orders', origin: 'https://old.shop.acme.example' },
    { name: 'a tenant, on a route that belongs to no tenant', path: '/invitations', origin: acme },
    { name: 'another site, for a tenant that does not exist', path: '/tenants/nobody/orders', origin: evil },
    { name: 'a tenant, for a name that every object has', path: '/tenants/__proto__/orders', origin: acme }
  ]
  for (const { name, path, origin } of refused) {
    t.equal((await app.send(path, formOf(origin))).status, 403, name)
  }
  t.equal((await app.send('/tenants/acme/orders', { ...formOf(acme), referrerPolicy: 'no-referrer' })).status, 403, 'a form that hides its origin')
  t.same(await counts(), [0, 0], 'nothing ran')

  t.equal((await app.send('/tenants/acme/orders', formOf(acme))).status, 200, 'a tenant')
  t.equal((await app.send('/tenants/acme/orders', { from: 'same-origin', by: 'form' })).status, 200, 'our own page')
  t.same(await counts(), [2, 0])
  const invited = await app.send('/invitations', { from: 'same-origin', by: 'form' })
  t.equal(invited.body, '{"invitations":1}', 'our own page, where nothing is a tenant\'s')
})

t.test('neither a new domain of a tenant nor a lost one needs a restart', async t => {
  const load = (file: string) => import(new URL(`../../../examples/tenants/${file}`, import.meta.url).href)
  const { domains } = await load('domains.js')
  const app = await (await load('app.js')).build()
  t.teardown(() => app.close())
  const post = async (tenant: string) => (await app.inject({
    method: 'POST', url: `/tenants/${tenant}/orders`, headers: { origin: 'https://new.example', 'sec-fetch-site': 'cross-site' }
  })).statusCode

  t.equal(await post('acme'), 403)
  domains.set('https://new.example', { tenant: 'acme', verified: true })
  t.equal(await post('acme'), 200)
  t.equal(await post('bolt'), 403)
  domains.set('https://new.example', { tenant: 'gone', verified: true })
  t.equal(await post('gone'), 404, 'a domain of a tenant that does not exist')
  domains.delete('https://new.example')
  t.equal(await post('acme'), 403)
})

t.test('socket.io', async t => {
  const { origin } = await runExample(t, 'socket.io')

  const connect = (transport: 'websocket' | 'polling', headers: Record<string, string>) => new Promise<string>(resolve => {
    const socket = io(origin, { transports: [transport], extraHeaders: headers, reconnection: false, forceNew: true })
    const end = (outcome: string) => { socket.close(); resolve(outcome) }
    socket.on('welcome', () => end('welcome'))
    socket.on('connect_error', () => end('refused'))
  })

  for (const transport of ['websocket', 'polling'] as const) {
    t.equal(await connect(transport, { origin: evil }), 'refused', `${transport} of another site`)
    t.equal(await connect(transport, { origin: evil, 'sec-fetch-site': 'cross-site' }), 'refused', `${transport} of another site, with Fetch Metadata`)
    t.equal(await connect(transport, { origin }), 'welcome', `${transport} from our own page`)
    t.equal(await connect(transport, {}), 'welcome', `${transport} of a program`)
  }
})

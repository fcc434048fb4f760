// What a decision costs, compared with the same decision in peers and with the floor: the shortest line that would get the
// same request right by looking at one of its headers.
import { cop } from '@remix-run/cop-middleware'
import fetchMetadata from 'fetch-metadata'
import { Context } from 'hono'
import { csrf } from 'hono/csrf'
import { RequestContext } from '@remix-run/fetch-router'
import { decide } from './.build/decision.js'
import { createPolicy, exemptPolicy, overridePolicy } from './.build/policy.js'
import { createSettingsOf } from './.build/scopes.js'
import { measure, median, ratio } from './measure.js'
import { nanoseconds, times } from './report.js'
import { captureRequests, host } from './requests.js'

const own = `https://${host}`
const partner = 'https://partner.example'
const evil = 'https://evil.example'
const trusted = new Set([partner])

const post = headers => ({ method: 'POST', path: '/transfer', headers })
const isSameOrigin = request => request.headers['sec-fetch-site'] === 'same-origin'
const isTrusted = request => trusted.has(request.headers.origin)

// How users of the peers would set up each of them; null if the peer has no such feature.
const partnerSetUp = { options: { allowedOrigins: [partner] }, remix: { trustedOrigins: [partner] }, hono: { origin: [own, partner] }, fetchMetadata: null }
const rows = [
  { name: 'GET', request: { method: 'GET', path: '/account', headers: { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'navigate' } }, floor: isSameOrigin },
  { name: 'POST, same-origin', request: post({ 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors', origin: own }), floor: isSameOrigin },
  { name: 'POST, Origin only', request: post({ origin: own }), floor: request => request.headers.origin === 'https://' + request.headers.host },
  { name: 'POST, listed partner', request: post({ 'sec-fetch-site': 'cross-site', origin: partner }), floor: isTrusted, ...partnerSetUp },
  { name: 'POST, denied', request: post({ 'sec-fetch-site': 'cross-site', origin: evil }), floor: isSameOrigin },
  { name: 'POST, denied, partners listed', request: post({ 'sec-fetch-site': 'cross-site', origin: evil }), floor: isTrusted, ...partnerSetUp },
  {
    name: 'POST, exempt path',
    request: { ...post({ 'sec-fetch-site': 'cross-site', origin: evil }), path: '/webhooks/payment' },
    floor: request => request.url.startsWith('/webhooks/'),
    options: { exemptPaths: ['/webhooks'] },
    remix: { insecureBypassPatterns: ['/webhooks/'] },
    hono: null,
    fetchMetadata: { allowedPaths: ['/webhooks/*'] }
  },
  { name: 'POST, route override', request: post({ 'sec-fetch-site': 'cross-site', origin: partner }), floor: isTrusted, route: { allowedOrigins: [partner] }, remix: null, hono: null, fetchMetadata: null }
]

// The budgets that cannot be met, the limit they get instead, and why.
const ONLY_THE_METHOD = 'the peer only looks at the method, and half of the time is the call itself'
const A_LOOKUP = 'looking up a newly received string requires hashing it'
const exceptions = {
  'GET: Remix': { limit: 5, why: ONLY_THE_METHOD },
  'GET: Hono': { limit: 8, why: ONLY_THE_METHOD },
  'POST, same-origin: floor': { limit: 3, why: 'the method and a second header are read as well' },
  'POST, Origin only: Remix': { limit: 8, why: 'every character of Origin is checked against the grammar before it is compared' },
  'POST, Origin only: Hono': { limit: 8, why: 'for the same reason; Hono only compares the text' },
  'POST, Origin only: fetch-metadata': { limit: 0.3, why: 'fetch-metadata lets these requests through unchecked' },
  'POST, listed partner: floor': { limit: 4, why: A_LOOKUP },
  'POST, listed partner: Hono': { limit: 12, why: 'a list of two, which Hono searches from the start' },
  'POST, denied: floor': { limit: 5, why: 'a floor that denies looks at no list; this package also finds the reason' },
  'POST, denied, partners listed: floor': { limit: 20, why: 'an origin that is not listed is looked up twice: as received and, once its grammar is checked, in normal form' },
  'POST, exempt path: floor': { limit: 5, why: A_LOOKUP + ', and the rest of the path is searched for ambiguous characters' },
  'POST, exempt path: Remix': { limit: 7, why: 'for the same reasons; Remix compares segments' },
  'POST, route override: floor': { limit: 4, why: A_LOOKUP + '; the route has its own policy' }
}

export async function run ({ rounds }) {
  const table = []
  const budgets = []
  for (const row of rows) {
    const result = await measure(await subjectsFor(row), { rounds })
    const { floor, ours, ...peers } = result
    const toFloor = ratio(ours, floor)
    budgets.push(budget(`${row.name}: floor`, toFloor.median, 'at most', 2))
    const cells = ['Remix', 'Hono', 'fetch-metadata'].map(name => {
      if (!peers[name]) return '–'
      const { median, ...spread } = ratio(peers[name], ours)
      budgets.push(budget(`${row.name}: ${name}`, median, 'at least', name === 'fetch-metadata' ? 1 : 20))
      return times({ median, ...spread })
    })
    table.push([row.name, nanoseconds(median(floor)), nanoseconds(median(ours)), times(toFloor), ...cells])
  }
  return {
    title: 'Decision',
    text: `Nanoseconds per decision, on requests as Fastify hands them to a hook. The floor is the shortest line that gets the same
request right by looking at one of its headers. Peers are called with the context that their routers create: a new one for each
request, as in a server, created outside the measured time. Calls of asynchronous peers are awaited. The columns of the peers
say how many times as long as this package each one takes: the median of ${rounds} rounds, and the quartiles.`,
    columns: ['request', 'floor', 'this package', 'relative to floor', 'Remix cop-middleware', 'Hono csrf', 'fetch-metadata'],
    rows: table,
    budgets
  }
}

function budget (name, value, bound, limit) {
  return { name, value, bound, limit, unit: 'times', ...(exceptions[name] && { exception: exceptions[name] }) }
}

async function subjectsFor ({ request, options = {}, route, floor, remix = {}, hono = {}, fetchMetadata: fm = {} }) {
  const requests = await captureRequests(request)
  const policy = createPolicy(options)
  const policyOf = createSettingsOf('crossOriginProtection', { scope: policy, off: exemptPolicy(policy), compile: (config, name) => overridePolicy(policy, config, name) })
  const where = { method: request.method, url: request.path, config: { crossOriginProtection: route } }
  const newRequest = () => new Request(own + request.path, { method: request.method, headers: { ...request.headers, 'content-type': 'application/x-www-form-urlencoded' } })
  const many = make => count => Array.from({ length: count }, make)
  return {
    floor: { call: floor, inputs: requests },
    ours: { call: route ? request => decide(policyOf(where), request) : request => decide(policy, request), inputs: requests },
    ...(remix && { Remix: { call: remixCall(cop(remix)), inputs: many(() => new RequestContext(newRequest())), isAsync: true } }),
    ...(hono && { Hono: { call: honoCall(csrf(hono)), inputs: many(() => new Context(newRequest(), {})), isAsync: true } }),
    ...(fm && { 'fetch-metadata': { call: connectCall(fetchMetadata(fm)), inputs: requests.map(({ raw }) => raw) } })
  }
}

async function goOn () {}

function remixCall (middleware) {
  return context => middleware(context, goOn)
}

function honoCall (middleware) {
  return context => middleware(context, goOn).catch(keep) // A refusal is thrown; Hono catches it.
}

function keep (error) {
  return error
}

function connectCall (middleware) {
  const response = { statusCode: 200, end () {} }
  const next = () => {}
  return request => middleware(request, response, next)
}

// How options become a policy: defaults, and a route's config over its scope's options, one by one.
import t from 'tap'
import type { CrossOriginProtectionOptions, CrossOriginProtectionRouteOptions } from '../src/index.ts'
import { createPolicy, exemptPolicy, overridePolicy } from '../src/policy.ts'

/** Every option with two values that are not its default. */
const values: { [Name in keyof CrossOriginProtectionRouteOptions]-?: [of: CrossOriginProtectionRouteOptions[Name], other: CrossOriginProtectionRouteOptions[Name]] } = {
  allowedOrigins: [['https://scope.example', 'https://*.scope.example', () => false], ['https://route.example']],
  allowUnverifiableRequests: [false, true],
  denyHandler: [() => 'scope', () => 'route'],
  reportOnly: [true, false],
  protectWebSockets: [false, true],
  safeMethods: ['check', 'isolate'],
  denialLogLevel: ['error', 'silent']
}

const names = Object.keys(values) as Array<keyof CrossOriginProtectionRouteOptions>
const scopeOptions: CrossOriginProtectionOptions = {
  exemptPaths: ['/hooks'], allowedHosts: ['scope.example'], ...Object.fromEntries(names.map(name => [name, values[name][0]]))
}

t.test('a route overrides one option, and every other stays as the scope has it', async t => {
  const scope = createPolicy(scopeOptions)
  for (const name of names) {
    const route = overridePolicy(scope, { [name]: values[name][1] }, 'POST /x')
    t.same(route.options, { ...scope.options, [name]: values[name][1] }, name)
    t.equal(route.exemptPaths, scope.exemptPaths, 'exempt paths are the scope\'s')
    t.equal(route.allowedHosts, scope.allowedHosts, 'allowed hosts are the scope\'s')
    if (name !== 'allowedOrigins') t.equal(route.allowedOrigins, scope.allowedOrigins, 'compiled once')
    t.ok(Object.isFrozen(route) && Object.isFrozen(route.options))
  }
})

t.test('the compiled lists follow the options', async t => {
  const scope = createPolicy(scopeOptions)
  t.same(scope.allowedOrigins.origins, new Set(['https://scope.example']))
  t.same(scope.allowedOrigins.wildcards, new Set(['https://*.scope.example']))
  t.equal(scope.allowedOrigins.functions.length, 1)
  t.same(scope.exemptPaths.entries, new Set(['/hooks']))
  t.same(scope.allowedHosts, { asSent: new Set(['scope.example']), entries: new Set(['scope.example']) })
  const route = overridePolicy(scope, { allowedOrigins: ['https://route.example'] }, 'POST /x')
  t.same(route.allowedOrigins.origins, new Set(['https://route.example']), 'a list is replaced, not extended')
  t.same(route.allowedOrigins.wildcards, new Set())
  t.equal(route.allowedOrigins.functions.length, 0)
  t.equal(overridePolicy(scope, { allowedOrigins: [] }, 'POST /x').allowedOrigins.origins.size, 0, 'an empty list trusts nobody')
})

t.test('without options nobody is trusted, and nothing is exempt', async t => {
  const { allowedOrigins, allowedHosts, exemptPaths, isExemptRoute } = createPolicy({})
  t.same(allowedOrigins, { origins: new Set(), wildcards: new Set(), hosts: new Set(), functions: [] })
  t.same(allowedHosts, { asSent: new Set(), entries: new Set() })
  t.same(exemptPaths, { entries: new Set(), lengths: [] })
  t.equal(isExemptRoute, false)
})

t.test('an option that is undefined is left out', async t => {
  const scope = createPolicy(scopeOptions)
  const nothing = Object.fromEntries(names.map(name => [name, undefined]))
  t.same(createPolicy({ ...nothing, exemptPaths: undefined, allowedHosts: undefined }).options, createPolicy({}).options)
  t.same(overridePolicy(scope, nothing, 'POST /x').options, scope.options)
})

t.test('an exempt route is the scope\'s policy but for the exemption', async t => {
  const scope = createPolicy(scopeOptions)
  t.notOk(scope.isExemptRoute)
  t.same(exemptPolicy(scope), { ...scope, isExemptRoute: true })
})

t.test('wrong options name their place', async t => {
  t.throws(() => createPolicy({ safeMethods: 'deny' as 'check' }), { message: /^crossOriginProtection: option safeMethods/ })
  t.throws(() => overridePolicy(createPolicy({}), { safeMethods: 'deny' as 'check' }, 'POST /x'),
    { message: /^crossOriginProtection in the config of POST \/x: option safeMethods/ })
})

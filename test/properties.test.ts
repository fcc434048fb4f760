// What holds of every request and every policy, tried on generated ones. PROPERTY_RUNS sets their number. A failure
// prints its seed and the smallest case that fails; PROPERTY_SEED runs that seed again.
import type { IncomingHttpHeaders } from 'node:http'
import type { FastifyRequest } from 'fastify'
import fc from 'fast-check'
import t from 'tap'
import { decide, reasons, type DecidableRequest, type Decision } from '../src/decision.ts'
import { askFunctions } from '../src/denial.ts'
import { WrongValue } from '../src/errors.ts'
import { findHint } from '../src/hints.ts'
import { compileAllowedHosts, isAllowedHost, parseAllowedHost } from '../src/hosts.ts'
import { compileAllowedOrigins, isAllowedOrigin, isOwnHost, isSerialisedOrigin, parseAllowedOrigin } from '../src/origins.ts'
import { compileExemptPaths, isExemptPath, parseExemptPath } from '../src/paths.ts'
import { createPolicy, exemptPolicy, type Policy, type RawRequest } from '../src/policy.ts'
import { judge, type ModelRequest } from './helpers/model.ts'
import {
  hostTexts, modelPolicy, originTexts, otherHeaders, pathTexts, pluginOptions, requests, rightEntries, rightHosts, rightPaths, someOptions,
  type GeneratedOptions
} from './helpers/requests.ts'

const numRuns = Number(process.env.PROPERTY_RUNS ?? 100_000)
const fewerRuns = { numRuns: Math.ceil(numRuns / 5) }
if (process.env.PROPERTY_SEED !== undefined) fc.configureGlobal({ seed: Number(process.env.PROPERTY_SEED) })

/** Every verdict there is. Each must come up, or the properties would say nothing of it. */
const verdicts = [
  'safe-method: allowed', 'exempt-path: allowed', 'exempt-route: allowed', 'same-origin: allowed', 'user-initiated: allowed',
  'user-initiated: denied', 'referer-mismatch: denied', 'unknown-host: denied',
  'same-site: denied', 'same-site: allowed', 'cross-site: denied', 'navigation: allowed', 'unrecognized-fetch-site: denied',
  'null-origin: denied', 'malformed-origin: denied', 'same-host: allowed', 'host-mismatch: denied', 'unverifiable: allowed',
  'unverifiable: denied', 'allowed-origin: allowed'
]

const isExempted = fc.integer({ min: 1, max: 12 }).map(number => number === 7)

function policyOf (options: GeneratedOptions, isExemptRoute = false): Policy {
  const policy = createPolicy(pluginOptions(options))
  return isExemptRoute ? exemptPolicy(policy) : policy
}

/** The whole decision, with the functions of the list. */
async function decideFully (policy: Policy, request: DecidableRequest): Promise<Decision> {
  const decision = decide(policy, request)
  return decision.allowed ? decision : askFunctions(decision, policy, request as RawRequest)
}

function verdictOf ({ reason, allowed }: { reason: string, allowed: boolean }): string {
  return `${reason}: ${allowed ? 'allowed' : 'denied'}`
}

t.test('the decision agrees with the model', async t => {
  const seen = new Map(verdicts.map(verdict => [verdict, 0]))
  await fc.assert(fc.asyncProperty(someOptions, isExempted, requests, async (options, isExempted, request) => {
    const expected = verdictOf(judge(modelPolicy(options, isExempted), request))
    seen.set(expected, seen.get(expected)! + 1)
    const decided = verdictOf(await decideFully(policyOf(options, isExempted), request))
    if (decided !== expected) throw new Error(`decided ${decided}, expected ${expected}`)
  }), { numRuns })

  t.same([...new Set(verdicts.map(verdict => verdict.split(':')[0]))].sort(), [...reasons].sort(), 'these are all reasons')
  t.same([...seen.keys()], verdicts, 'no verdict beyond them')
  for (const [verdict, times] of seen) {
    t.comment(`${verdict} ${times} times`)
    t.ok(times >= Math.floor(numRuns / 500), `${verdict}, often enough`)
  }
})

t.test('a decision never throws, and is one of the known ones, whatever a server gives as headers', async t => {
  const known = new Map<string, Decision>()
  const asList = (value: string | undefined) => value?.split(',')
  fc.assert(fc.property(someOptions, requests, fc.subarray(['sec-fetch-site', 'origin', 'upgrade', 'sec-fetch-mode', 'host', 'referer', 'accept', 'service-worker-navigation-preload']), (options, request, lists) => {
    const headers = { ...request.headers, ...Object.fromEntries(lists.map(name => [name, asList(request.headers[name])])) }
    const policy = policyOf(options)
    const decision = decide(policy, { ...request, headers: headers as IncomingHttpHeaders })
    const first = known.get(verdictOf(decision)) ?? decision
    known.set(verdictOf(decision), first)
    if (decision !== first || !Object.isFrozen(decision)) throw new Error('a decision of its own')
    findHint(decision, request as unknown as FastifyRequest, policy)
  }), fewerRuns)
  t.ok([...known.keys()].every(verdict => verdicts.includes(verdict)))
})

t.test('adding an allowed origin, an exempt path or an exempt route never denies more', async t => {
  let denials = 0
  await fc.assert(fc.asyncProperty(someOptions, requests, rightEntries, rightPaths, async (options, request, entry, path) => {
    const decision = await decideFully(policyOf(options), request)
    if (!decision.allowed) denials++
    for (const more of [
      { ...options, entries: [...options.entries, entry] },
      { ...options, entries: [entry, ...options.entries] },
      { ...options, trust: 'everybody' as const },
      { ...options, exemptPaths: [...options.exemptPaths, path] }
    ]) {
      const { allowed } = await decideFully(policyOf(more), request)
      if (decision.allowed && !allowed) throw new Error('was allowed')
    }
    if (!decide(policyOf(options, true), request).allowed) throw new Error('exempt, but denied')
  }), fewerRuns)
  t.ok(denials > fewerRuns.numRuns / 10 && denials < fewerRuns.numRuns * 9 / 10, `${denials} of ${fewerRuns.numRuns} were denied before`)
})

t.test('the letter case of headers and default ports never change a verdict', async t => {
  let changes = 0
  await fc.assert(fc.asyncProperty(someOptions, requests, fc.nat(), fc.boolean(), async (options, request, letters, ports) => {
    const other = otherPorts(otherCase(request, letters), ports)
    if (JSON.stringify(other) !== JSON.stringify(request)) changes++
    const policy = policyOf(options)
    const [before, after] = [await decideFully(policy, request), await decideFully(policy, other)]
    if (before !== after) throw new Error(`${verdictOf(before)} became ${verdictOf(after)} with ${JSON.stringify(other)}`)
  }), fewerRuns)
  t.ok(changes > fewerRuns.numRuns / 2, `${changes} of ${fewerRuns.numRuns} requests were changed`)
})

/** ASCII letters in the other case, wherever a bit of `letters` says so; `null` is a word and no origin. */
function otherCase (request: ModelRequest, letters: number): ModelRequest {
  const flip = (text: string) => text.replace(/[a-z]/gi, (letter, at: number) => (
    (letters >> (at % 31)) % 2 === 0 ? letter : letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase()
  ))
  const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value = '']) => (
    [name, ['sec-fetch-site', 'origin', 'upgrade'].includes(name) && !/^null$/i.test(value) ? flip(value) : value]
  )))
  return { ...request, host: flip(request.host), headers }
}

/** The default port, added where an origin or its host has none, or taken away where it has. */
function otherPorts (request: ModelRequest, isAdding: boolean): ModelRequest {
  const { origin = '' } = request.headers
  const port = /^https:/i.test(origin) ? ':443' : /^http:/i.test(origin) ? ':80' : undefined
  if (port === undefined) return request
  const change = (authority: string) => (
    isAdding
      ? authority.replace(/^([\w.~-]+|\[[\da-f:.]+\])$/i, `$1${port}`)
      : authority.replace(new RegExp(`^([\\w.~-]+|\\[[\\da-f:.]+\\])${port}$`, 'i'), '$1')
  )
  const [scheme = '', ...rest] = origin.split('://')
  return { ...request, host: change(request.host), headers: { ...request.headers, origin: `${scheme}://${change(rest.join('://'))}` } }
}

t.test('a denied request stays denied, whatever other headers it gets', async t => {
  let denials = 0
  await fc.assert(fc.asyncProperty(someOptions, requests, otherHeaders, async (options, request, others) => {
    const policy = policyOf(options)
    const [before, after] = [
      await decideFully(policy, request), await decideFully(policy, { ...request, headers: { ...others, ...request.headers } })
    ]
    if (!before.allowed) denials++
    if (before !== after) throw new Error(`${verdictOf(before)} became ${verdictOf(after)}`)
  }), fewerRuns)
  t.ok(denials > fewerRuns.numRuns / 10, `${denials} of ${fewerRuns.numRuns} were denied`)
})

t.test('parsers take any text', async t => {
  /** What `parse` makes of a text, or undefined where it says that the text is wrong. Anything else is thrown on. */
  const attempt = (parse: (text: string) => string, text: string): string | undefined => {
    try {
      return parse(text)
    } catch (error) {
      if (error instanceof WrongValue) return undefined
      throw error
    }
  }

  let origins = 0
  fc.assert(fc.property(originTexts, originTexts, (text, other) => {
    isOwnHost(text, other)
    isAllowedOrigin(compileAllowedOrigins([text]), other)
    const parsed = attempt(parseAllowedOrigin, text)
    if (parsed === undefined) return
    origins++
    if (parseAllowedOrigin(parsed) !== parsed) throw new Error(`${parsed} is not in its final form`)
    const instance = parsed.replace('*', 'a')
    if (!isSerialisedOrigin(instance) || !isAllowedOrigin(compileAllowedOrigins([parsed]), instance)) throw new Error(`${parsed} does not allow ${instance}`)
    if (parsed !== instance && isAllowedOrigin(compileAllowedOrigins([parsed]), parsed.replace('*.', ''))) throw new Error(`${parsed} allows its own host`)
  }), fewerRuns)
  t.ok(origins > fewerRuns.numRuns / 10 && origins < fewerRuns.numRuns * 9 / 10, `${origins} of ${fewerRuns.numRuns} texts are entries of allowedOrigins`)

  let hosts = 0
  fc.assert(fc.property(hostTexts, hostTexts, (text, other) => {
    const parsed = attempt(parseAllowedHost, text)
    if (parsed === undefined) return
    hosts++
    if (parseAllowedHost(parsed) !== parsed) throw new Error(`${parsed} is not in its final form`)
    const compiled = compileAllowedHosts([parsed])
    isAllowedHost(compiled, other)
    if (!isAllowedHost(compiled, parsed.replace('*', 'a'))) throw new Error(`${parsed} does not allow what it names`)
    if (parsed.startsWith('*.') && (isAllowedHost(compiled, parsed) || isAllowedHost(compiled, parsed.slice(2)))) throw new Error(`${parsed} allows its own host`)
  }), fewerRuns)
  t.ok(hosts > fewerRuns.numRuns / 10 && hosts < fewerRuns.numRuns * 9 / 10, `${hosts} of ${fewerRuns.numRuns} texts are entries of allowedHosts`)

  let paths = 0
  fc.assert(fc.property(pathTexts, pathTexts, (text, other) => {
    isExemptPath(compileExemptPaths([text]), other)
    const parsed = attempt(parseExemptPath, text)
    if (parsed === undefined) return
    paths++
    const compiled = compileExemptPaths([parsed])
    if (parsed !== text || !isExemptPath(compiled, text) || !isExemptPath(compiled, `${text}/x?y`)) throw new Error(`${text} does not exempt itself`)
    if (isExemptPath(compiled, `${text}x`) || isExemptPath(compiled, `/before${text}`) || isExemptPath(compiled, `${text}/../x`)) throw new Error(`${text} exempts others`)
  }), fewerRuns)
  t.ok(paths > fewerRuns.numRuns / 10 && paths < fewerRuns.numRuns * 9 / 10, `${paths} of ${fewerRuns.numRuns} texts are entries of exemptPaths`)
})

t.test('an allowed host is one of the entries by letter; letter case, a trailing dot and default ports never change a verdict', async t => {
  let allowed = 0
  fc.assert(fc.property(rightHosts, hostTexts, fc.nat(), (entries, host, letters) => {
    const hosts = compileAllowedHosts(entries.map(parseAllowedHost))
    const verdict = isAllowedHost(hosts, host)
    const [, name = '', port = ''] = /^(\[.*\]|[^:]*)(.*)$/s.exec(host)!
    if (verdict) {
      allowed++
      const plain = name.toLowerCase().replace(/\.$/, '')
      const isNamed = entries.some(entry => {
        const [, listed = ''] = /^(\[.*\]|[^:]*)/.exec(entry.toLowerCase())!
        return listed.startsWith('*.') ? plain.endsWith(listed.slice(1)) && plain.length > listed.length - 1 : plain === listed
      })
      if (!isNamed || !/^(?::[1-9]\d{0,4})?$/.test(port)) throw new Error(`${host} is not named by ${entries.join()}`)
    }
    const flipped = otherCase({ method: '', url: '', host, headers: {} }, letters).host
    const others = [flipped, name.startsWith('[') || name === '' || name.endsWith('.') ? host : `${name}.${port}`]
    if (port === '') others.push(`${name}:80`, `${name}:443`)
    for (const other of others) {
      if (isAllowedHost(hosts, other) !== verdict) throw new Error(`${host} is ${verdict ? 'allowed' : 'refused'}, ${other} is not, by ${entries.join()}`)
    }
  }), fewerRuns)
  t.ok(allowed > fewerRuns.numRuns / 20, `${allowed} of ${fewerRuns.numRuns} hosts were allowed`)
})

t.test('a policy is made of any texts, or refused with the code for wrong options', async t => {
  let refused = 0
  fc.assert(fc.property(fc.array(originTexts, { maxLength: 2 }), fc.array(pathTexts, { maxLength: 2 }), (allowedOrigins, exemptPaths) => {
    try {
      createPolicy({ allowedOrigins, exemptPaths })
    } catch (error) {
      if ((error as { code?: string }).code !== 'FST_CROSS_ORIGIN_INVALID_OPTION') throw error
      refused++
    }
  }), fewerRuns)
  t.ok(refused > fewerRuns.numRuns / 10 && refused < fewerRuns.numRuns * 9 / 10, `${refused} of ${fewerRuns.numRuns} were refused`)
})

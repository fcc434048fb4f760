// The mutants that change nothing, each with the reason. Everything else that survives is a test that is missing.
import type { Equivalent } from './report.ts'

export const equivalents: readonly Equivalent[] = [
  {
    file: 'src/decision.ts',
    before: 'return upgrade !== undefined && /websocket/i.test(upgrade)',
    after: 'return true && /websocket/i.test(upgrade)',
    reason: 'A shortcut for requests without `Upgrade`: the pattern does not find itself in `undefined`, either.'
  },
  {
    file: 'src/hints.ts',
    before: "if (reason === 'host-mismatch' && isOwnHost(origin, String(headers['x-forwarded-host'] ?? ''))) return hints.rewrittenHost",
    after: "if (reason === 'host-mismatch' && isOwnHost(origin, String(headers['x-forwarded-host'] ?? \"Stryker was here!\"))) return hints.rewrittenHost",
    reason: 'No origin names a host with spaces in it, as none names an empty one.'
  },
  {
    file: 'src/origins.ts',
    before: 'return schemeEnd > 0 && LETTER[value.charCodeAt(0)] === 1 && skip(SCHEME, value, 1) === schemeEnd && isHostAndPort(value, schemeEnd + 3)',
    after: 'return schemeEnd >= 0 && LETTER[value.charCodeAt(0)] === 1 && skip(SCHEME, value, 1) === schemeEnd && isHostAndPort(value, schemeEnd + 3)',
    reason: 'What begins with `://` does not begin with a letter.'
  },
  {
    file: 'src/origins.ts',
    before: 'while (index < value.length && table[value.charCodeAt(index)] === 1) index++',
    after: 'while (true && table[value.charCodeAt(index)] === 1) index++',
    reason: 'Beyond the end of the text is no character that a table could have: the loop ends there, but later, as the compiler has to leave its fast path.'
  },
  {
    file: 'src/origins.ts',
    before: 'while (index < value.length && table[value.charCodeAt(index)] === 1) index++',
    after: 'while (index <= value.length && table[value.charCodeAt(index)] === 1) index++',
    reason: 'The same.'
  },
  {
    file: 'src/protection.ts',
    before: 'if (functions.length === 0) return refuse(denial, policy, request, reply, done)',
    after: 'if (false) return refuse(denial, policy, request, reply, done)',
    reason: 'A shortcut: of no functions none allows the request, and the same refusal follows a promise later.'
  }
]

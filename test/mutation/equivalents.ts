// The mutants that change nothing, each with the reason. Any other mutant that survives means a missing test.
import type { Equivalent } from './report.ts'

export const equivalents: readonly Equivalent[] = [
  {
    file: 'src/decision.ts',
    before: 'return upgrade !== undefined && /websocket/i.test(upgrade)',
    after: 'return true && /websocket/i.test(upgrade)',
    reason: 'A shortcut for requests without `Upgrade`: the pattern does not match `undefined` either.'
  },
  {
    file: 'src/decision.ts',
    before: 'return accept !== undefined && /^text\\/html/.test(accept)',
    after: 'return true && /^text\\/html/.test(accept)',
    reason: 'A shortcut for requests without `Accept`: the pattern does not match `undefined` either.'
  },
  {
    file: 'src/decision.ts',
    before: 'return referer !== undefined && /^[^?#]*\\.[cm]?[jt]s(?:[?#]|$)/i.test(referer)',
    after: 'return true && /^[^?#]*\\.[cm]?[jt]s(?:[?#]|$)/i.test(referer)',
    reason: 'A shortcut for requests without `Referer`: the pattern does not match `undefined` either.'
  },
  {
    file: 'src/decision.ts',
    before: "if (origin === 'null') return decisions['null-origin']",
    after: "if (origin === 'null') return decisions[\"\"]",
    reason: 'Without a decision here, step 4 decides by `Origin`, which is `null`, and makes the same one.'
  },
  {
    file: 'src/origins.ts',
    before: 'return schemeEnd > 0 && LETTER[value.charCodeAt(0)] === 1 && skip(SCHEME, value, 1) === schemeEnd && isHostAndPort(value, schemeEnd + 3)',
    after: 'return schemeEnd >= 0 && LETTER[value.charCodeAt(0)] === 1 && skip(SCHEME, value, 1) === schemeEnd && isHostAndPort(value, schemeEnd + 3)',
    reason: 'A value that begins with `://` does not begin with a letter.'
  },
  {
    file: 'src/hints.ts',
    before: 'if (hosts.size === 0) return undefined',
    after: 'if (false) return undefined',
    reason: 'A shortcut where nothing is listed: nothing is found in an empty list either.'
  },
  {
    file: 'src/hints.ts',
    before: "return explainSender(denial) ?? (isSerialised || origin === '' || origin === 'null' ? explanations[reason]?.(denial) : explainGrammar(origin))",
    after: "return explainSender(denial) ?? (isSerialised || origin === '' || origin === 'null' ? explanations[reason](denial) : explainGrammar(origin))",
    reason: 'Every reason for which a request is denied with such an `Origin` has its explanation. The type has the reasons of allowed requests too.'
  },
  {
    file: 'src/hosts.ts',
    before: 'while (index < value.length && table[value.charCodeAt(index)] === 1) index++',
    after: 'while (true && table[value.charCodeAt(index)] === 1) index++',
    reason: 'Beyond the end of the text there is no character, so none is in the table. The loop still ends there; it is only slower, because the compiler has to leave its fast path.'
  },
  {
    file: 'src/hosts.ts',
    before: 'while (index < value.length && table[value.charCodeAt(index)] === 1) index++',
    after: 'while (index <= value.length && table[value.charCodeAt(index)] === 1) index++',
    reason: 'The same.'
  },
  {
    file: 'src/denial.ts',
    before: 'if (policy.allowedOrigins.functions.length === 0) return conclude(denial, policy, request, reply, done)',
    after: 'if (false) return conclude(denial, policy, request, reply, done)',
    reason: 'A shortcut: without functions nobody is asked, and the same denial follows a turn later.'
  },
  {
    file: 'src/isolation.ts',
    before: 'if (isNearestTo(this)) settingsOf(request.routeOptions)',
    after: 'if (true) settingsOf(request.routeOptions)',
    reason: 'A config of these options is as wrong in an outer scope as in this one, and a right one would only be compiled for nothing.'
  },
  {
    file: 'src/uploads.ts',
    before: 'if (left >= 0) return',
    after: 'if (left > 0) return',
    reason: 'Whether an endless body is cut off at 64 MiB or one byte later makes no difference to anybody.'
  }
]

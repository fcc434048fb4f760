// The policies of the application that `npm run fuzz` attacks, in the form that the model takes. application.ts has the same
// policies as options.
import type { ModelPolicy } from '../helpers/model.ts'

/** A policy in the form that the model takes, and whatever else decides what happens to a request. */
export interface Place extends ModelPolicy {
  readonly isReportOnly: boolean
}

/** Thrown by the functions of `allowedOrigins`, here and in the model. */
export class BrokenLookup extends Error {}

/** Functions of `allowedOrigins`, by the origin that they handle. */
export const functions: Record<string, () => boolean | Promise<boolean>> = {
  'https://sync.example': () => true,
  'https://late.example': () => new Promise(resolve => { setImmediate(resolve, true) }),
  'https://late-no.example': () => new Promise(resolve => { setImmediate(resolve, false) }),
  'https://broken.example': () => { throw new BrokenLookup('sync') },
  'https://broken-late.example': () => new Promise((_resolve, reject) => { setImmediate(reject, new BrokenLookup('late')) })
}

export const strings = ['https://partner.example', 'https://*.tenants.example', 'http://*.dev.tenants.example:8080', 'capacitor://localhost']

export const outer: Place = {
  allowedOrigins: strings,
  isTrusted: origin => {
    if (origin === 'https://broken.example' || origin === 'https://broken-late.example') throw new BrokenLookup('model')
    return origin === 'https://sync.example' || origin === 'https://late.example'
  },
  allowedHosts: [],
  exemptPaths: ['/hooks', '/api/v1/events'],
  isExemptRoute: false,
  allowUnverifiableRequests: true,
  protectWebSockets: true,
  safeMethods: 'allow',
  isReportOnly: false
}
const nobody = { allowedOrigins: [], isTrusted: () => false, exemptPaths: [] }
export const strict: Place = { ...outer, ...nobody, exemptPaths: ['/strict/hooks'], allowUnverifiableRequests: false, safeMethods: 'check' }
const isolated: Place = { ...outer, ...nobody, protectWebSockets: false, safeMethods: 'isolate' }
export const hosted: Place = { ...outer, ...nobody, allowedHosts: ['app.example', '*.app.example:8443', 'localhost:443', '[::1]'] }
const reported: Place = { ...outer, exemptPaths: [], isReportOnly: true }

/** By name, as in the configs of the routes. Unknown routes belong to the outer scope. */
export const places: Readonly<Record<string, Place>> = {
  outer,
  sso: { ...outer, allowedOrigins: ['https://idp.example'], isTrusted: () => false },
  logout: { ...outer, safeMethods: 'check' },
  webhook: { ...outer, isExemptRoute: true },
  strict,
  isolated,
  hosted,
  reported,
  enforced: { ...reported, isReportOnly: false }
}

/** Where the routes of each place are. The rest of a path is the number of the request. */
export const prefixes: Readonly<Record<string, readonly string[]>> = {
  outer: ['/transfer', '/hooks', '/api/v1/events', '/api/v1', '/hooksmith', '/chat'],
  sso: ['/sso'],
  logout: ['/logout', '/leave'],
  webhook: ['/webhook'],
  strict: ['/strict/transfer', '/strict/hooks'],
  isolated: ['/isolated/transfer', '/isolated/page', '/isolated/image', '/isolated/script'],
  hosted: ['/hosted/transfer', '/hosted/page'],
  reported: ['/reported/transfer'],
  enforced: ['/reported/enforced']
}

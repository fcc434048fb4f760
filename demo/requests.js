// Requests as browsers and other clients send them, and what the protected bank must decide on each.

/**
 * @param {{ bank: string, sameSite: string, crossSite: string }} origins
 */
export function cannedRequests ({ bank, sameSite, crossSite }) {
  const form = headers => ({ method: 'POST', path: '/transfer', headers })
  return [
    { name: 'the bank\'s own form', ...form({ 'sec-fetch-site': 'same-origin', origin: bank }), allowed: true, reason: 'same-origin' },
    { name: 'the bank\'s own form, plain HTTP or an old browser', ...form({ origin: bank }), allowed: true, reason: 'same-host' },
    { name: 'a link on another site', method: 'GET', path: '/', headers: { 'sec-fetch-site': 'cross-site' }, allowed: true, reason: 'safe-method' },
    { name: 'a form that the user reloads', ...form({ 'sec-fetch-site': 'none' }), allowed: true, reason: 'user-initiated' },
    { name: 'a form on a partner\'s site', ...form({ 'sec-fetch-site': 'cross-site', origin: 'https://partner.example' }), allowed: true, reason: 'allowed-origin' },
    { name: 'a program, not a browser', ...form({}), allowed: true, reason: 'unverifiable' },
    { name: 'a webhook under an exempt path', method: 'POST', path: '/webhooks/payment', headers: { 'sec-fetch-site': 'cross-site', origin: crossSite }, allowed: true, reason: 'exempt-path' },
    { name: 'a sign-in on an exempt route', method: 'POST', path: '/sso', headers: { 'sec-fetch-site': 'cross-site', origin: crossSite }, allowed: true, reason: 'exempt-route' },
    { name: 'a form on another site', ...form({ 'sec-fetch-site': 'cross-site', origin: crossSite }), allowed: false, reason: 'cross-site' },
    { name: 'a form on another port of the same site', ...form({ 'sec-fetch-site': 'same-site', origin: sameSite }), allowed: false, reason: 'same-site' },
    { name: 'a form on another site, plain HTTP or an old browser', ...form({ origin: crossSite }), allowed: false, reason: 'host-mismatch' },
    { name: 'a form in a sandboxed frame', ...form({ origin: 'null' }), allowed: false, reason: 'null-origin' },
    { name: 'a form with two Sec-Fetch-Site headers', ...form({ 'sec-fetch-site': ['same-origin', 'cross-site'], origin: crossSite }), allowed: false, reason: 'unrecognized-fetch-site' },
    { name: 'a form whose Origin is made up', ...form({ origin: `${bank}@evil.example` }), allowed: false, reason: 'malformed-origin' }
  ]
}

// Requests as browsers and other clients send them, and what the protected bank must decide on each: one for each reason that
// a decision can have.

/**
 * @param {{ bank: string, sameSite: string, crossSite: string }} origins
 */
export function cannedRequests ({ bank, sameSite, crossSite }) {
  const own = { 'sec-fetch-site': 'same-origin', origin: bank }
  const foreign = { 'sec-fetch-site': 'cross-site', origin: crossSite }
  const rebound = { 'sec-fetch-site': 'same-origin', host: 'attacker.example', origin: 'http://attacker.example' }
  const get = (path, headers) => ({ method: 'GET', path, headers })
  const post = (path, headers) => ({ method: 'POST', path, headers })
  const form = headers => post('/transfer', headers)
  const allowed = (reason, name, request) => ({ name, ...request, allowed: true, reason })
  const denied = (reason, name, request) => ({ name, ...request, allowed: false, reason })
  return [
    allowed('same-origin', 'the bank\'s own form', form(own)),
    allowed('same-host', 'the same over plain HTTP, or in an old browser', form({ origin: bank })),
    allowed('unverifiable', 'a program, not a browser', form({})),
    allowed('allowed-origin', 'a form on a partner\'s site', form({ ...foreign, origin: 'https://partner.example' })),
    allowed('exempt-path', 'a webhook on an exempt path', post('/webhooks/payment', foreign)),
    allowed('exempt-route', 'a sign-in on an exempt route', post('/sso', foreign)),
    allowed('safe-method', 'a script on another site that reads public rates', get('/rates', foreign)),
    allowed('navigation', 'a link on another site to an isolated page', get('/', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' })),
    denied('cross-site', 'a form on another site', form(foreign)),
    denied('host-mismatch', 'the same over plain HTTP, or in an old browser', form({ origin: crossSite })),
    denied('referer-mismatch', 'the same, re-sent by the bank\'s service worker', form({ ...own, 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'empty', referer: `${crossSite}/` })),
    denied('same-site', 'a form on another port of the same host', form({ 'sec-fetch-site': 'same-site', origin: sameSite })),
    denied('null-origin', 'a form in a sandboxed frame, plain HTTP', form({ origin: 'null' })),
    denied('user-initiated', 'a typed address of a checked GET route', get('/pay?amount=10', { 'sec-fetch-site': 'none' })),
    denied('unknown-host', 'a script after DNS rebinding', post('/office', rebound)),
    denied('unrecognized-fetch-site', 'a form with two Sec-Fetch-Site headers', form({ ...foreign, 'sec-fetch-site': ['same-origin', 'cross-site'] })),
    denied('malformed-origin', 'a form whose Origin is made up', form({ origin: `${bank}@attacker.example` }))
  ]
}

// A stand-in for the table of the tenants' domains. A row counts once its tenant has proved that the domain is
// theirs, such as by a DNS record that you asked for; look again from time to time, because domains change hands.

/** By origin, which a table would have as its key: two tenants never share one. */
export const domains = new Map([
  ['https://shop.acme.example', { tenant: 'acme', verified: true }],
  ['https://bolt.example', { tenant: 'bolt', verified: true }],
  ['https://www.bank.example', { tenant: 'bolt', verified: false }]
])

/**
 * Whose origin it is. In SQL: SELECT tenant FROM domains WHERE origin = $1 AND verified, with a timeout, because
 * the request waits for it, and whoever sends one may choose the origin.
 *
 * @param {string} origin
 * @returns {Promise<string | null>}
 */
export async function findTenant (origin) {
  const domain = domains.get(origin)
  return domain?.verified ? domain.tenant : null
}

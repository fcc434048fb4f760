// A stand-in for the table of the tenants' domains. A row counts only once its tenant has proved ownership of the domain, for
// example with a DNS record that you asked for. Verify it again from time to time, because domains change hands.

/** Keyed by origin, like the table: two tenants never share one. */
export const domains = new Map([
  ['https://shop.acme.example', { tenant: 'acme', verified: true }],
  ['https://bolt.example', { tenant: 'bolt', verified: true }],
  ['https://www.bank.example', { tenant: 'bolt', verified: false }]
])

/**
 * The tenant that the origin belongs to, or null. In SQL: SELECT tenant FROM domains WHERE origin = $1 AND verified. Give the
 * query a timeout, because the request waits for it, and whoever sends the request can choose the origin.
 *
 * @param {string} origin
 * @returns {Promise<string | null>}
 */
export async function findTenant (origin) {
  const domain = domains.get(origin)
  return domain?.verified ? domain.tenant : null
}

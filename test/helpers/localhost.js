// For `node --import`: gives localhost the addresses that the environment variable LOCALHOST names, as a line for
// each in the hosts file would.
import dns from 'node:dns'
import { syncBuiltinESMExports } from 'node:module'
import { isIP } from 'node:net'

const addresses = process.env.LOCALHOST.split(',').map(address => ({ address, family: isIP(address) }))
const { lookup, promises: { lookup: lookupAsync } } = dns

dns.lookup = (host, options, callback = options) => {
  if (host !== 'localhost') return lookup(host, options, callback)
  process.nextTick(() => options.all ? callback(null, addresses) : callback(null, addresses[0].address, addresses[0].family))
}
dns.promises.lookup = async (host, options) => {
  if (host !== 'localhost') return lookupAsync(host, options)
  return options?.all ? addresses : addresses[0]
}
syncBuiltinESMExports()

// Bundled with everything that it needs into one file, for either module system, and run where nothing is installed.
import Fastify from 'fastify'
import byDefault, { crossOriginIsolation, crossOriginProtection } from 'fastify-cross-origin-protection'
import { browserRequest } from 'fastify-cross-origin-protection/testing'
import { checkPlugins } from '../../requests.cjs'

checkPlugins({ Fastify, plugins: { byDefault, crossOriginProtection }, isolation: crossOriginIsolation, browserRequest })
  .then(() => console.log('checked'))

// What every consumer does with what it loaded in its own way: a real server, and real requests.
const assert = require('node:assert/strict')
const { checkPlugins } = require('./requests.cjs')

/** Both plugins by every export, and that the exports are those of the build that this module system should get. */
exports.check = async function check (loaded, build) {
  await checkPlugins(loaded)

  const { crossOriginProtection } = require('fastify-cross-origin-protection')
  assert.equal(crossOriginProtection === loaded.plugins.crossOriginProtection, build === 'commonjs', `${build} is loaded`)
  for (const file of [require.resolve('fastify-cross-origin-protection'), ...Object.keys(require.cache)]) {
    assert.ok(file.startsWith(__dirname), `${file} is not of this project`)
  }
  console.log('checked')
}

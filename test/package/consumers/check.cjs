// What every consumer does with what it loaded in its own way: a real server, and real requests.
const assert = require('node:assert/strict')
const { request } = require('node:http')

/** Both plugins by every export, and that the exports are those of the build that this module system should get. */
exports.check = async function check ({ Fastify, plugins, isolation, browserRequest }, build) {
  for (const [name, plugin] of Object.entries(plugins)) await checkRequests(Fastify, plugin, isolation, browserRequest, name)

  const { crossOriginProtection } = require('fastify-cross-origin-protection')
  assert.equal(crossOriginProtection === plugins.crossOriginProtection, build === 'commonjs', `${build} is loaded`)
  for (const file of [require.resolve('fastify-cross-origin-protection'), ...Object.keys(require.cache)]) {
    assert.ok(file.startsWith(__dirname), `${file} is not of this project`)
  }
  console.log('checked')
}

async function checkRequests (Fastify, plugin, isolation, browserRequest, name) {
  const app = Fastify()
  try {
    let ran = 0
    await app.register(plugin)
    await app.register(isolation)
    app.post('/transfer', async () => { ran++; return 'ran' })
    await app.listen({ host: '127.0.0.1', port: 0 })
    const to = `http://127.0.0.1:${app.server.address().port}`
    const send = from => sendTo(`${to}/transfer`, browserRequest({ from, by: 'fetch-cors', to }))

    const refused = await send('cross-site')
    assert.deepEqual([refused.statusCode, JSON.parse(refused.body).code, ran], [403, 'FST_CROSS_ORIGIN_DENIED', 0], name)
    const passed = await send('same-origin')
    assert.deepEqual([passed.statusCode, passed.body, ran], [200, 'ran', 1], name)
    assert.equal(passed.headers['cross-origin-opener-policy'], 'same-origin', name)
  } finally {
    await app.close()
  }
}

function sendTo (url, { method, headers }) {
  return new Promise((resolve, reject) => {
    request(url, { method, headers, agent: false }, response => {
      const { statusCode, headers } = response
      let body = ''
      response.on('data', chunk => { body += chunk })
      response.on('end', () => resolve({ statusCode, headers, body }))
    }).on('error', reject).end()
  })
}

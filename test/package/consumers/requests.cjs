// Requests to a real server. Nothing here asks where it was loaded from, which a bundle has forgotten.
const assert = require('node:assert/strict')
const { request } = require('node:http')

/** Sends them to an application for each of the plugins. */
exports.checkPlugins = async function checkPlugins ({ Fastify, plugins, isolation, browserRequest }) {
  for (const [name, plugin] of Object.entries(plugins)) await checkRequests(Fastify, plugin, isolation, browserRequest, name)
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

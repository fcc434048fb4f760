// Bun and Deno, from the packages that carry them in npm, and what they do with the built package: it is imported, listens,
// refuses and lets pass, over raw sockets, as on Node.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { npm, repository, run, runWell } from '../helpers/commands.js'

const words = { bun: ['run'], deno: ['run', '--allow-all'] }

/** Their programs in their packages, for every system: what is in .bin is a script on Windows. */
const programs = { bun: 'bun/bin/bun.exe', deno: `deno/deno${process.platform === 'win32' ? '.exe' : ''}` }

/** The runtimes in their pinned versions; one whose binary npm does not have for this machine says so, and has no program. */
export async function installRuntimes (folder) {
  await mkdir(folder, { recursive: true })
  await cp(new URL('runtimes/package.json', import.meta.url), join(folder, 'package.json'))
  await runWell(...npm('install'), { cwd: folder })
  const { dependencies } = JSON.parse(await readFile(join(repository, 'test/matrix/runtimes/package.json'), 'utf8'))
  return Promise.all(Object.keys(dependencies).map(async name => {
    const program = join(folder, 'node_modules', programs[name])
    const { code, output } = await run(program, ['--version'], { cwd: folder }).catch(error => ({ code: 1, output: error.message }))
    if (code === 0) return { name, version: `${name} ${/\d+\.\d+\.\d+/.exec(output)[0]}`, program }
    return { name, version: `${name} ${dependencies[name]}`, missing: `its package has no program for this machine: ${output.trim().split('\n')[0]}` }
  }))
}

/** Runs the application in the copy, and sends it everything; gives what differs from Node. */
export async function testRuntime (copy, { name, program }) {
  const server = spawn(program, [...words[name], join('test', 'matrix', 'runtime-server.js')], {
    cwd: copy, env: { ...process.env, NO_COLOR: '1' }, stdio: ['pipe', 'pipe', 'pipe']
  })
  let errors = ''
  server.stderr.setEncoding('utf8').on('data', text => { errors += text })
  try {
    const lines = createInterface({ input: server.stdout })[Symbol.asyncIterator]()
    const { value: first } = await Promise.race([lines.next(), once(server, 'exit').then(() => ({})), sleep(60_000, {}, { ref: false })])
    if (first === undefined) return { count: 0, problems: [`it does not start: ${errors}`] }
    return await sendAll(JSON.parse(first), lines, () => server.exitCode === null ? undefined : `it ended: ${errors}`)
  } finally {
    server.stdin.end()
    server.kill()
  }
}

// ---------------------------------------------------------------------------------------------

const post = (path, ...lines) => [`POST ${path} HTTP/1.1`, ...lines]
const get = (path, ...lines) => [`GET ${path} HTTP/1.1`, ...lines]
const handshake = (path, ...lines) => get(path, 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', ...lines)

/** Each refused near miss before what passes. Origins and hosts are those of `host`; `ran` is the handler that runs. */
function rows (host) {
  const own = `Origin: http://${host}`
  const evil = 'Origin: https://evil.example'
  const many = Array.from({ length: 2_500 }, (_, i) => `X-${i}: y`)
  return [
    { name: 'a label of another site', lines: post('/transfer', 'Sec-Fetch-Site: cross-site'), status: 403 },
    { name: 'the same in capitals', lines: post('/transfer', 'SEC-FETCH-SITE: CROSS-SITE'), status: 403 },
    { name: 'a label of the same site', lines: post('/transfer', 'Sec-Fetch-Site: same-site', own), status: 403 },
    { name: 'an unknown label', lines: post('/transfer', 'Sec-Fetch-Site: own', own), status: 403 },
    { name: 'two labels', lines: post('/transfer', 'Sec-Fetch-Site: same-origin', 'Sec-Fetch-Site: cross-site'), status: 403 },
    { name: 'two labels, the other way round', lines: post('/transfer', 'Sec-Fetch-Site: cross-site', 'Sec-Fetch-Site: same-origin'), status: 403 },
    { name: 'another origin', lines: post('/transfer', evil), status: 403 },
    { name: 'another port', lines: post('/transfer', 'Origin: http://127.0.0.1:1'), status: 403 },
    { name: 'null', lines: post('/transfer', 'Origin: null'), status: 403 },
    { name: 'two origins', lines: post('/transfer', own, evil), status: 403 },
    { name: 'two origins, the other way round', lines: post('/transfer', evil, own), status: 403 },
    { name: 'an origin that continues', lines: post('/transfer', `${own}.evil.example`), status: 403 },
    { name: 'a forwarded host', lines: post('/transfer', 'X-Forwarded-Host: evil.example', evil), status: 403 },
    { name: 'a target that names another host', lines: post('http://evil.example/transfer', evil), status: [400, 403, 404] },
    { name: 'so many lines that some may be lost', lines: post('/transfer', ...many, 'Sec-Fetch-Site: cross-site', evil), status: [403, 431] },
    { name: 'an unknown path', lines: post('/nowhere', evil), status: 403 },
    { name: 'an unknown method', lines: ['PURGE /transfer HTTP/1.1', evil], status: [400, 403, 405] },
    { name: 'an upload of which nothing is read', lines: post('/transfer', evil, 'Content-Length: 10000000'), status: 403 },
    { name: 'a body in chunks', lines: post('/transfer', evil, 'Transfer-Encoding: chunked'), body: '5\r\nhello\r\n0\r\n\r\n', status: 403 },
    { name: 'a GET that is checked', lines: get('/checked', 'Sec-Fetch-Site: cross-site'), status: 403 },
    { name: 'a WebSocket of another site', lines: handshake('/chat', evil), status: 403 },
    { name: 'a WebSocket with a label', lines: handshake('/chat', 'Sec-Fetch-Site: cross-site', evil), status: 403 },
    { name: 'an upgrade of another site, where check() is asked', to: 'own', lines: handshake('/', evil), status: 403 },

    { name: 'the own page', lines: post('/transfer', 'Sec-Fetch-Site: same-origin', own), status: 200, ran: '/transfer' },
    { name: 'the own page, without a label', lines: post('/transfer', own), status: 200, ran: '/transfer' },
    { name: 'a program', lines: post('/transfer'), status: 200, ran: '/transfer' },
    { name: 'a partner', lines: post('/transfer', 'Sec-Fetch-Site: cross-site', 'Origin: https://partner.example'), status: 200, ran: '/transfer' },
    { name: 'a partner that a function knows', lines: post('/transfer', 'Sec-Fetch-Site: cross-site', 'Origin: https://asked.example'), status: 200, ran: '/transfer' },
    { name: 'an exempt route', lines: post('/exempt', evil), status: 200, ran: '/exempt' },
    { name: 'a GET of another site, with isolation headers', lines: get('/page', 'Sec-Fetch-Site: cross-site'), status: 200, ran: '/page', isolated: true },
    { name: 'a GET that is checked, of the own page', lines: get('/checked', 'Sec-Fetch-Site: same-origin'), status: 200, ran: '/checked' },
    { name: 'a WebSocket of the own page', lines: handshake('/chat', own), status: 101, ran: '/chat' },
    { name: 'an upgrade of the own page, where check() is asked', to: 'own', lines: handshake('/'), originOf: 'own', status: 101, ran: 'upgrade' }
  ]
}

async function sendAll (ports, output, ended) {
  const problems = []
  const expected = []
  const all = rows(`127.0.0.1:${ports.port}`)
  for (const { name, lines, to = 'port', originOf, body, status, ran, isolated } of all) {
    const port = ports[to]
    const head = originOf === undefined ? lines : [...lines, `Origin: http://127.0.0.1:${ports[originOf]}`]
    const answer = await sendRaw(port, [head[0], `Host: 127.0.0.1:${port}`, ...head.slice(1)], body)
    if (![status].flat().includes(answer.status)) problems.push(`${name}: ${answer.status || 'no answer'} instead of ${status}`)
    if (isolated && !/^cross-origin-opener-policy: same-origin\r?$/mi.test(answer.head)) problems.push(`${name}: no isolation headers`)
    if (ran !== undefined) expected.push(`ran ${ran}`)
    if (ended() !== undefined) return { count: all.length, problems: [...problems, `${name}: ${ended()}`] }
  }
  for (const path of ['/chat', '/transfer']) await hangUp(ports.port, path)
  const { status } = await sendRaw(ports.port, post('/transfer', `Host: 127.0.0.1:${ports.port}`))
  if (status !== 200) problems.push(`after clients that hung up: ${ended() ?? status}`)
  expected.push('ran /transfer')

  // Handlers say in turn that they ran, so a line too many is one of a refused request.
  const ran = []
  for (let i = 0; i < expected.length; i++) {
    const { value } = await Promise.race([output.next(), sleep(10_000, {}, { ref: false })])
    ran.push(value)
  }
  if (ran.join() !== expected.join()) problems.push(`handlers that ran: ${ran.join(', ')}`)
  return { count: all.length + 1, problems }
}

/** Clients that leave while a function is asked about them. */
async function hangUp (port, path) {
  const lines = [...(path === '/chat' ? handshake(path) : post(path, 'Content-Length: 100')), `Host: 127.0.0.1:${port}`, 'Origin: https://slow.example']
  await Promise.all(Array.from({ length: 20 }, async () => {
    const socket = connect(port, '127.0.0.1').on('error', () => {})
    await once(socket, 'connect')
    socket.write([...lines, '', ''].join('\r\n'))
    await sleep(50)
    socket.resetAndDestroy()
  }))
  await sleep(500) // Beyond the function's answer.
}

/** Sends a head and a body byte for byte; gives the status of the answer, 0 where none came, and its head. */
function sendRaw (port, head, body = '') {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1')
    let text = ''
    const end = () => {
      socket.destroy()
      resolve({ status: Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1] ?? 0), head: text.split('\r\n\r\n')[0] })
    }
    socket.setTimeout(10_000, end)
    socket.on('error', () => {}) // A refused upload may end its connection by a reset; what came before is what counts.
    socket.on('close', end)
    socket.setEncoding('latin1').on('data', chunk => {
      text += chunk
      if (text.includes('\r\n\r\n')) end()
    })
    const lines = head.some(line => line.startsWith('Connection:')) ? head : [...head, 'Connection: close']
    const length = /^POST/.test(head[0]) && !head.some(line => /^(Content-Length|Transfer-Encoding)/.test(line)) ? ['Content-Length: 0'] : []
    socket.write([...lines, ...length, '', body].join('\r\n'))
  })
}

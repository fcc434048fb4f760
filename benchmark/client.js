// A load generator in a separate process, so that the CPU time of the server's process is only the server's. It takes orders
// from its parent, `{ port, request, count }`, sends that many requests over a few connections, one after another on each,
// and reports the status of the last answer.
import { connect } from 'node:net'

const CONNECTIONS = 4

process.on('message', async ({ port, request, count }) => {
  const sockets = await connectionsTo(port)
  let left = count
  let status
  await Promise.all(sockets.map(socket => new Promise((resolve, reject) => {
    socket.onAnswer = answered => {
      status = answered
      if (left-- > 0) socket.write(request)
      else resolve()
    }
    socket.onBroken = reject
    if (left-- > 0) socket.write(request)
    else resolve()
  })))
  process.send({ status })
})

const open = new Map()

async function connectionsTo (port) {
  if (!open.has(port)) open.set(port, await Promise.all(Array.from({ length: CONNECTIONS }, () => openConnection(port))))
  return open.get(port)
}

function openConnection (port) {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => resolve(socket))
    let text = ''
    socket.setNoDelay().setEncoding('latin1')
    socket.on('error', reject)
    socket.on('close', () => socket.onBroken?.(new Error('the server closed a connection')))
    socket.on('data', chunk => {
      text += chunk
      const head = text.indexOf('\r\n\r\n')
      if (head === -1) return
      const length = Number(/\r\ncontent-length: (\d+)/i.exec(text)?.[1] ?? 0)
      if (text.length < head + 4 + length) return
      const status = Number(text.slice(9, 12))
      text = ''
      socket.onAnswer(status)
    })
  })
}

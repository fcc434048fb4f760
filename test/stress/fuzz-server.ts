// The process that `npm run fuzz` attacks. `--without-plugin` leaves the plugin out, and the fuzzer must then fail.
import type { AddressInfo, Socket } from 'node:net'
import { createApplication, type servers } from './application.ts'
import { takeLastSample, takeSample, type Sample, type ToServer } from './child.ts'
import { idOf, type Oracle, type Violation } from './oracle.ts'

export type FromServer =
  | { readonly type: 'ready', readonly ports: Readonly<Record<keyof typeof servers, number>> }
  | { readonly type: 'violation', readonly violation: Violation }
  | { readonly type: 'sample', readonly sample: Sample }
  | { readonly type: 'finished', readonly verdicts: Array<[verdict: string, times: number]>, readonly runs: number, readonly sample: Sample }

const send = (message: FromServer) => { process.send!(message) }

const oracle: Oracle = {
  onViolation: violation => { send({ type: 'violation', violation }) },
  verdicts: new Map(),
  runs: 0
}

for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
  process.on(event, (error: Error) => { oracle.onViolation({ what: `${event}: ${error?.stack ?? error}` }) })
}
process.on('warning', warning => { oracle.onViolation({ what: `a warning from Node: ${warning}` }) })

const isProtected = !process.argv.includes('--without-plugin')
const apps = {
  plain: await createApplication('plain', oracle, isProtected),
  loose: await createApplication('loose', oracle, isProtected)
}
const sockets = new Map<Socket, number | undefined>() // With the number of the last request.
for (const { server } of Object.values(apps)) {
  server.on('connection', socket => {
    sockets.set(socket, undefined)
    socket.once('close', () => { sockets.delete(socket) })
  })
  server.prependListener('request', request => { sockets.set(request.socket, idOf(request)) })
  if (server.listenerCount('upgrade') > 0) server.prependListener('upgrade', request => { sockets.set(request.socket, idOf(request)) })
}
const port = (name: keyof typeof apps) => (apps[name].server.address() as AddressInfo).port

process.on('message', async ({ type }: ToServer) => {
  if (type === 'sample') return send({ type, sample: takeSample() })
  const sample = await takeLastSample() // Before close() destroys the sockets that are still open.
  for (const [socket, id] of sockets) {
    oracle.onViolation({ what: `a socket stayed open, ${socket.bytesRead} bytes read, ${socket.bytesWritten} written`, id, port: socket.remotePort })
    socket.destroy()
  }
  await Promise.all(Object.values(apps).map(app => app.close()))
  send({ type: 'finished', verdicts: [...oracle.verdicts], runs: oracle.runs, sample })
  process.disconnect()
})
process.on('disconnect', () => { process.exit() })

send({ type: 'ready', ports: { plain: port('plain'), loose: port('loose') } })

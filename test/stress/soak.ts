// npm run soak: a million requests from every kind of client over sockets, to a server in a separate process, whose memory,
// handles and answers are watched. See docs/testing.md.
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { ended, heapGrowth, megabytes, startServer, tell, type Sample } from './child.ts'
import { clients, uploadTo } from './load.ts'
import type { FromSoakServer } from './soak-server.ts'

const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '1000000' },
    seconds: { type: 'string', default: '1800' },
    upload: { type: 'string', default: String(2 ** 30) },
    'without-plugin': { type: 'boolean', default: false }
  }
})
const wanted = Number(values.requests)
const upload = Number(values.upload)
const LANES = 64
const SAMPLES = 30
const HEAP_GROWTH = 8e6
/** The 64 MiB of a refused body that are read and dropped, and what the kernel and Node read ahead. */
const MOST_READ = 72e6

const violations: string[] = []
const samples: Sample[] = []
const sent = new Map(Object.keys(clients).map(name => [name, 0]))
let total = 0
let finished: Extract<FromSoakServer, { type: 'finished' }> | undefined
let readOfUpload: number | undefined
let setPort: (port: number) => void
const listening = new Promise<number>(resolve => { setPort = resolve })

const server = startServer<FromSoakServer>('soak-server.ts', values['without-plugin'] ? ['--without-plugin'] : [], message => {
  switch (message.type) {
    case 'ready': return setPort(message.port)
    case 'sample': samples.push(message.sample); return
    case 'uploaded': readOfUpload = message.bytes; return
    case 'finished': finished = message; return
    case 'violation': return addViolation(message.what)
  }
})
server.on('exit', code => { if (finished === undefined) addViolation(`the server exited with code ${code}`) })

const port = await listening
tell(server, { type: 'sample' })
const started = Date.now()
const end = started + Number(values.seconds) * 1000
await Promise.all(Array.from({ length: LANES }, run))
const seconds = (Date.now() - started) / 1000
const uploaded = await uploadTo(port, '/refused/upload', upload)
if (uploaded.status !== 403) addViolation(`the upload was answered with ${uploaded.status}`)
await sleep(1000) // Until the last lookups have answered.
tell(server, { type: 'finish' })
await ended(server)
report()

/** One client after another, until the number of requests is reached. */
async function run (): Promise<void> {
  while (total < wanted && Date.now() < end && violations.length === 0 && server.exitCode === null) {
    const name = pickClient()
    try {
      const requests = await clients[name]!.run(port)
      sent.set(name, sent.get(name)! + requests)
      const before = total
      total += requests
      // Samples at even intervals, whatever the number of requests.
      if (Math.floor(before / wanted * SAMPLES) < Math.floor(total / wanted * SAMPLES)) tell(server, { type: 'sample' })
    } catch (error) {
      addViolation(`${name}: ${(error as Error).message}`)
    }
  }
}

function pickClient (): string {
  const sum = Object.values(clients).reduce((sum, { weight }) => sum + weight, 0)
  let at = Math.random() * sum
  return Object.keys(clients).find(name => (at -= clients[name]!.weight) < 0)!
}

function addViolation (what: string): void {
  violations.push(what)
  if (violations.length <= 20) console.log(`violation: ${what}`)
}

function report (): void {
  if (total < wanted && violations.length === 0) addViolation(`only ${total} of ${wanted} requests were sent in time`)
  const [first, ...rest] = samples
  const growth = heapGrowth(rest)
  if (!(readOfUpload! < MOST_READ)) addViolation(`${readOfUpload} bytes of a refused upload were read`)
  if (growth > HEAP_GROWTH) addViolation(`the heap grew by ${megabytes(growth)}`)
  if (finished !== undefined && first !== undefined) {
    if (finished.sample.sockets > 0) addViolation(`${finished.sample.sockets} sockets stayed open`)
    if (finished.sample.handles > first.handles) addViolation(`${finished.sample.handles} handles at the end, ${first.handles} at the beginning`)
  }
  for (const [name, requests] of sent) {
    console.log(`${name}: ${requests} requests`)
    if (requests === 0 && wanted >= 50_000) addViolation(`no client of the kind "${name}"`)
  }
  console.log(`heap after garbage collection: ${rest.map(({ heap }) => (heap / 1e6).toFixed(1)).join(' ')} MB`)
  console.log(`of an upload of ${megabytes(upload)} that was refused, ${megabytes(uploaded.sent)} were sent and ${megabytes(readOfUpload ?? NaN)} read`)
  console.log(`${total} requests in ${seconds.toFixed(0)} s, ${finished?.runs} runs of handlers, heap grown by ${megabytes(growth)}`)
  console.log(`${violations.length} violations`)
  process.exitCode = violations.length === 0 ? 0 : 1
}

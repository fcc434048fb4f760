// npm run fuzz: sends hostile bytes over sockets to a running server with every option enabled, for a given time. See
// docs/testing.md. A violation is printed with the script that caused it; `--replay=FILE` sends such a script again.
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import fc from 'fast-check'
import { conversations, type Conversation } from './bytes.ts'
import { ended, heapGrowth, megabytes, startServer, tell, type Sample } from './child.ts'
import type { FromServer } from './fuzz-server.ts'
import { talk, writeScript, type Script } from './talk.ts'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
    replay: { type: 'string' },
    'without-plugin': { type: 'boolean', default: false }
  }
})
const seconds = Number(values.seconds)
const seed = Number(values.seed)
const CONNECTIONS = 48
const BATCH = 50
const HEAP_GROWTH = 8e6
const VERDICTS = 21 // The twenty of the model, and a function of allowedOrigins that fails.

const violations: string[] = []
const samples: Sample[] = []
const scripts = new Map<number, Script>() // By local port, for requests whose number was lost. Kept until the port is used again.
const open = new Set<Script>()
let finished: Extract<FromServer, { type: 'finished' }> | undefined
let setReady: (ports: Extract<FromServer, { type: 'ready' }>['ports']) => void
const ready = new Promise<Parameters<typeof setReady>[0]>(resolve => { setReady = resolve })
let sent = { conversations: 0, requests: 0, bytes: 0 }

const server = startServer<FromServer>('fuzz-server.ts', values['without-plugin'] ? ['--without-plugin'] : [], message => {
  switch (message.type) {
    case 'ready': return setReady(message.ports)
    case 'sample': samples.push(message.sample); return
    case 'finished': finished = message; return
    case 'violation': {
      const { what, id, port } = message.violation
      return addViolation(what, id === undefined ? scripts.get(port ?? -1) : scriptOf(id))
    }
  }
})
server.on('exit', code => {
  if (finished === undefined) addViolation(`the server exited with code ${code}; the last scripts were`, ...open)
})

const ports = await ready
const end = Date.now() + seconds * 1000
const sampling = setInterval(() => { tell(server, { type: 'sample' }) }, Math.max(250, seconds * 1000 / 30))

if (values.replay === undefined) await Promise.all(Array.from({ length: CONNECTIONS }, (_, lane) => fuzz(lane)))
else await send(JSON.parse(readFileSync(values.replay, 'utf8')))

clearInterval(sampling)
tell(server, { type: 'finish' })
await ended(server)
report()

/** Sends one conversation after another. The seed and the number of the lane determine the conversations. */
async function fuzz (lane: number): Promise<void> {
  for (let batch = 0; Date.now() < end && isUnharmed(); batch++) {
    const number = lane + batch * CONNECTIONS
    for (const [index, conversation] of batchOf(number).entries()) {
      if (Date.now() > end || !isUnharmed()) return
      sent.conversations++
      sent.requests += conversation.pieces.length
      await send(writeScript(conversation, firstId(number * BATCH + index)))
    }
  }
}

function batchOf (number: number): Conversation[] {
  return fc.sample(conversations, { seed: seed + number, numRuns: BATCH })
}

/** The first number for a conversation's requests and for the requests inside their bodies. */
function firstId (conversation: number): number {
  return conversation * 100 + 1
}

/** The script that a request was part of. */
function scriptOf (id: number): Script | undefined {
  const number = Math.floor(id / 100)
  const conversation = batchOf(Math.floor(number / BATCH))[number % BATCH]
  return conversation && writeScript(conversation, firstId(number))
}

async function send (script: Script): Promise<void> {
  open.add(script)
  const wrong = await talk(ports[script.server], script, port => { scripts.set(port, script) })
  open.delete(script)
  sent = { ...sent, bytes: sent.bytes + script.chunks.join('').length }
  if (wrong !== undefined) addViolation(wrong, script)
}

function isUnharmed (): boolean {
  return violations.length === 0 && server.exitCode === null
}

function addViolation (what: string, ...scripts: Array<Script | undefined>): void {
  violations.push(what)
  if (violations.length > 5) return
  console.log(`violation: ${what}`)
  for (const script of scripts) if (script !== undefined) console.log(JSON.stringify(script))
}

function report (): void {
  const growth = heapGrowth(samples)
  if (growth > HEAP_GROWTH) addViolation(`the heap grew by ${megabytes(growth)}`)
  const verdicts = finished?.verdicts.sort() ?? []
  const decided = verdicts.reduce((sum, [, times]) => sum + times, 0)
  if (decided > 5000 && verdicts.length < VERDICTS) addViolation('a verdict never came up')
  for (const [verdict, times] of verdicts) console.log(`${verdict} ${times} times`)
  console.log(`seed ${seed}, ${seconds} s`)
  console.log(`${sent.conversations} conversations of ${sent.requests} requests, ${megabytes(sent.bytes)}; ${decided} requests were decided`)
  console.log(`${finished?.runs} runs of handlers, heap ${megabytes(samples.at(-1)?.heap ?? 0)}, grown by ${megabytes(growth)}, memory ${megabytes(samples.at(-1)?.rss ?? 0)}`)
  console.log(`${violations.length} violations`)
  process.exitCode = violations.length === 0 ? 0 : 1
}

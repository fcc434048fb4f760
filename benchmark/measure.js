// Compares functions on a noisy machine. They run in short blocks in strict alternation, so that whatever slows the machine
// slows all of them alike. Ratios are taken between neighbouring blocks, so that changes over the run cancel out.

/** The last result, kept so that no call is optimised away. */
export const sink = { value: undefined }

/** Nanoseconds that a block should take: long compared with the clock's resolution, short compared with other work on the machine. */
const BLOCK = 1e6

/** Calls per block if inputs are used only once. A power of two. */
const FRESH_CALLS = 512

/**
 * Measures functions side by side.
 *
 * A subject is `{ call, inputs }`. `inputs` is an array whose length is a power of two and whose elements take turns, or a
 * function that makes new ones for each block, outside the measured time. With `isAsync`, each call is awaited.
 *
 * @param {Record<string, { call: Function, inputs: unknown[] | ((count: number) => unknown[]), isAsync?: boolean }>} subjects
 * @returns {Promise<Record<string, number[]>>} nanoseconds per call, round by round
 */
export async function measure (subjects, { rounds = 200 } = {}) {
  const names = Object.keys(subjects)
  const calls = {}
  for (const name of names) calls[name] = await callsPerBlock(subjects[name])

  const times = Object.fromEntries(names.map(name => [name, []]))
  for (let round = 0; round < rounds; round++) {
    // Each round begins with a different subject, so that none always follows the same neighbour.
    for (let i = 0; i < names.length; i++) {
      const name = names[(i + round) % names.length]
      times[name].push(await timeBlock(subjects[name], calls[name]) / calls[name])
    }
  }
  return times
}

/** Finds the number of calls, and warms up until the compiler has optimised the code. */
async function callsPerBlock (subject) {
  const isFresh = typeof subject.inputs === 'function'
  let calls = isFresh ? FRESH_CALLS : 1000
  for (let i = 0; i < 30; i++) {
    const took = await timeBlock(subject, calls)
    if (!isFresh) calls = Math.max(100, Math.round(calls * BLOCK / took))
  }
  return calls
}

async function timeBlock ({ call, inputs, isAsync }, calls) {
  const list = typeof inputs === 'function' ? inputs(calls) : inputs
  const start = process.hrtime.bigint()
  if (isAsync) await awaitCalls(call, list, calls)
  else runCalls(call, list, calls)
  return Number(process.hrtime.bigint() - start)
}

function runCalls (call, inputs, calls) {
  const last = inputs.length - 1
  let result
  for (let i = 0; i < calls; i++) result = call(inputs[i & last])
  sink.value = result
}

async function awaitCalls (call, inputs, calls) {
  const last = inputs.length - 1
  let result
  for (let i = 0; i < calls; i++) result = await call(inputs[i & last])
  sink.value = result
}

// ---------------------------------------------------------------------------------------------

export function median (values) {
  return quantile(values, 0.5)
}

/** The ratio of two series, round by round: its median, and its quartiles. */
export function ratio (values, base) {
  const ratios = values.map((value, round) => value / base[round])
  return { median: median(ratios), low: quantile(ratios, 0.25), high: quantile(ratios, 0.75) }
}

function quantile (values, share) {
  const sorted = [...values].sort((a, b) => a - b)
  const place = (sorted.length - 1) * share
  const below = Math.floor(place)
  return sorted[below] + (sorted[Math.ceil(place)] - sorted[below]) * (place - below)
}

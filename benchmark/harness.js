// Compares calls on a noisy machine: short blocks in strict alternation, so that whatever slows the machine slows all
// alike, and ratios of neighbouring blocks, so that what changes over the run cancels out.

/** Keeps results alive, so that no call is optimised away. */
export const sink = { value: 0 }

/** Nanoseconds that a block of calls should take: long against the clock's resolution, short against noise. */
const BLOCK = 1e6

/**
 * Measures functions side by side.
 *
 * @param {Record<string, (input: any) => any>} subjects by name
 * @param {Record<string, any[]>} inputs of each subject, as many as fit a cache line or two; they take turns
 * @returns for each subject the nanoseconds per call of each round
 */
export async function measure (subjects, inputs, { rounds = 300, isAsync = () => false } = {}) {
  const names = Object.keys(subjects)
  const blocks = Object.fromEntries(names.map(name => [name, isAsync(name) ? awaitCalls : call]))
  const calls = {}
  for (const name of names) calls[name] = await callsPerBlock(blocks[name], subjects[name], inputs[name])

  const times = Object.fromEntries(names.map(name => [name, []]))
  for (let round = 0; round < rounds; round++) {
    // Each round begins with another subject, so that none is always behind the same neighbour.
    for (let i = 0; i < names.length; i++) {
      const name = names[(i + round) % names.length]
      const start = process.hrtime.bigint()
      await blocks[name](subjects[name], inputs[name], calls[name])
      times[name].push(Number(process.hrtime.bigint() - start) / calls[name])
    }
  }
  return times
}

function call (subject, inputs, calls) {
  const last = inputs.length - 1 // A power of two, less one.
  let result
  for (let i = 0; i < calls; i++) result = subject(inputs[i & last])
  sink.value = result
}

async function awaitCalls (subject, inputs, calls) {
  const last = inputs.length - 1
  let result
  for (let i = 0; i < calls; i++) result = await subject(inputs[i & last])
  sink.value = result
}

/** Also warms up: until the compiler has seen enough of it. */
async function callsPerBlock (block, subject, inputs) {
  let calls = 1000
  for (let i = 0; i < 30; i++) {
    const start = process.hrtime.bigint()
    await block(subject, inputs, calls)
    const took = Number(process.hrtime.bigint() - start)
    calls = Math.max(100, Math.round(calls * BLOCK / took))
  }
  return calls
}

export function median (values) {
  return quantile(values, 0.5)
}

export function quantile (values, share) {
  const sorted = [...values].sort((a, b) => a - b)
  const place = (sorted.length - 1) * share
  const below = Math.floor(place)
  return sorted[below] + (sorted[Math.ceil(place)] - sorted[below]) * (place - below)
}

/** The ratio of two series, round by round: its median, and the quartiles as its spread. */
export function ratio (times, base) {
  const ratios = times.map((time, round) => time / base[round])
  return { median: median(ratios), low: quantile(ratios, 0.25), high: quantile(ratios, 0.75) }
}

// Every plugin of the ecosystem is tested registered before and after this package's own.
import type { Test } from 'tap'

type Registration = () => PromiseLike<unknown>

/** One of the two orders. */
export interface Order {
  /** Whether this package's plugin comes first. */
  readonly oursFirst: boolean
  /** Registers both in this order, the second when the first has loaded. */
  readonly register: (ours: Registration, theirs: Registration) => Promise<void>
}

/** Runs a test once for each order. */
export function inBothOrders (t: Test, name: string, test: (t: Test, order: Order) => Promise<void>): void {
  for (const oursFirst of [true, false]) {
    const order: Order = {
      oursFirst,
      async register (ours, theirs) {
        for (const registration of oursFirst ? [ours, theirs] : [theirs, ours]) await registration()
      }
    }
    t.test(`${name}, registered ${oursFirst ? 'after' : 'before'} this plugin`, t => test(t, order))
  }
}

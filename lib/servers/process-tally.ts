// Counts that a server and its child processes share: memory that a fork does not copy.
import { mmap } from '../posix/sys-mman.js'
import type { ByteTally } from './connection.js'

const NAMES = ['accepted', 'active', 'rejected', 'errors', 'bytesIn', 'bytesOut', 'exhaustions'] as const
export type Count = (typeof NAMES)[number]

/** Atomic counters, seen alike by this process and by all that it forks. */
export class ProcessTally implements ByteTally {
  readonly #cells = new BigInt64Array(mmap(null, NAMES.length * BigInt64Array.BYTES_PER_ELEMENT))

  add(count: Count, by = 1): void {
    Atomics.add(this.#cells, NAMES.indexOf(count), BigInt(by))
  }

  get(count: Count): number {
    return Number(Atomics.load(this.#cells, NAMES.indexOf(count)))
  }

  received(bytes: number): void {
    Atomics.add(this.#cells, 4, BigInt(bytes))
  }

  sent(bytes: number): void {
    Atomics.add(this.#cells, 5, BigInt(bytes))
  }

  all(): Record<Count, number> {
    return Object.fromEntries(NAMES.map((name) => [name, this.get(name)])) as Record<Count, number>
  }
}

// Counts that a server shares with its child processes, in memory that a fork does not copy, or with its isolates.
import { mmap } from '../../posix/sys-mman.js'
import type { ByteTally } from '../connection.js'

const NAMES = ['accepted', 'active', 'rejected', 'errors', 'bytesIn', 'bytesOut', 'exhaustions'] as const
export type Count = (typeof NAMES)[number]

/** Bytes. */
export const COUNTERS_SIZE = NAMES.length * BigInt64Array.BYTES_PER_ELEMENT

const MOST = BigInt(Number.MAX_SAFE_INTEGER)

/** A shared number as it is read: another process can have written anything, and what is no count is 0, or the most that one can be. */
export function countAt(cells: BigInt64Array, index: number): number {
  const value = Atomics.load(cells, index)
  return value < 0n ? 0 : Number(value > MOST ? MOST : value)
}

/** Atomic counters, seen alike by this process and by all that have the memory. */
export class Counters implements ByteTally {
  readonly #cells: BigInt64Array

  /** @param memory where they are, from `offset` on (default: memory shared with all children that are forked from here on) */
  constructor(memory: ArrayBuffer | SharedArrayBuffer = mmap(null, COUNTERS_SIZE), offset = 0) {
    this.#cells = new BigInt64Array(memory, offset, NAMES.length)
  }

  /** Of this process alone. */
  static private(): Counters {
    return new Counters(new ArrayBuffer(COUNTERS_SIZE))
  }

  /** Memory for the tally of a server with isolates. */
  static sharedMemory(): SharedArrayBuffer {
    return new SharedArrayBuffer(COUNTERS_SIZE)
  }

  add(count: Count, by = 1): void {
    Atomics.add(this.#cells, NAMES.indexOf(count), BigInt(by))
  }

  /** The memory of one count, for those who add to it natively. */
  cellsOf(count: Count): BigInt64Array {
    const at = NAMES.indexOf(count)
    return this.#cells.subarray(at, at + 1)
  }

  get(count: Count): number {
    return countAt(this.#cells, NAMES.indexOf(count))
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

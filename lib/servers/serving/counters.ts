// Counts that a server shares with its child processes, in memory that a fork does not copy, or with its isolates.
import { mmap } from '../../posix/sys-mman.js'
import type { ByteTally } from '../connection.js'

const NAMES = ['accepted', 'active', 'rejected', 'errors', 'bytesIn', 'bytesOut', 'exhaustions'] as const
export type Count = (typeof NAMES)[number]

const SIZE = NAMES.length * BigInt64Array.BYTES_PER_ELEMENT

/** Atomic counters, seen alike by this process and by all that it forks; with `memory`, by all threads that have it. */
export class Counters implements ByteTally {
  readonly #cells: BigInt64Array

  constructor(memory: ArrayBuffer | SharedArrayBuffer = mmap(null, SIZE)) {
    this.#cells = new BigInt64Array(memory)
  }

  /** Memory for the tally of a server with isolates. */
  static sharedMemory(): SharedArrayBuffer {
    return new SharedArrayBuffer(SIZE)
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

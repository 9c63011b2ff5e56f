// What a master and its workers know of each other without a message: a few numbers in memory that they share.
import { hrtime } from 'node:process'
import { mmap, munmap } from '../posix/sys-mman.js'

/** Named whole numbers, seen alike by this process and by those it forks later; 0 at first, and after `release`. */
export class SharedNumbers<Name extends string> {
  readonly #names: readonly Name[]
  readonly #memory: ArrayBuffer
  readonly #cells: BigInt64Array

  constructor(names: readonly Name[]) {
    this.#names = names
    this.#memory = mmap(null, names.length * BigInt64Array.BYTES_PER_ELEMENT)
    this.#cells = new BigInt64Array(this.#memory)
  }

  get(name: Name): number {
    return this.#cells.length === 0 ? 0 : Number(Atomics.load(this.#cells, this.#names.indexOf(name)))
  }

  set(name: Name, value: number): void {
    Atomics.store(this.#cells, this.#names.indexOf(name), BigInt(value))
  }

  add(name: Name, by = 1): void {
    Atomics.add(this.#cells, this.#names.indexOf(name), BigInt(by))
  }

  /** Gives the memory back. Idempotent. */
  release(): void {
    if (this.#cells.length > 0) munmap(this.#memory)
  }
}

/**
 * Written by a worker: since when its oldest request is in work (0: idle), its connections, and the requests it has done; by its master:
 * that it is to stop.
 */
export type WorkerCell = SharedNumbers<'busySince' | 'active' | 'requests' | 'stop'>
export const workerCell = (): WorkerCell => new SharedNumbers(['busySince', 'active', 'requests', 'stop'])

/** Written by the master: whether the whole server ends, and whether it wants to hear of each connection. */
export type MasterCell = SharedNumbers<'closing' | 'wantsConnections'>
export const masterCell = (): MasterCell => new SharedNumbers(['closing', 'wantsConnections'])

/** Milliseconds of the clock that all processes share, and that nobody sets. */
export const now = (): number => Number(hrtime.bigint() / 1_000_000n)

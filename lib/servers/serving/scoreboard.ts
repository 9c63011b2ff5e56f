// What a master and its workers know of each other without a message: a few numbers in memory that they share.
import { hrtime } from 'node:process'
import { mmap, munmap } from '../../posix/sys-mman.js'

/** Named whole numbers in memory that processes share; 0 at first. */
export class SharedNumbers<Name extends string> {
  readonly #names: readonly Name[]
  readonly #cells: BigInt64Array

  constructor(names: readonly Name[], cells: BigInt64Array) {
    this.#names = names
    this.#cells = cells
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

  clear(): void {
    this.#cells.fill(0n)
  }
}

/**
 * Written by a worker: since when its oldest request is in work (0: idle), its connections, and the requests it has done; by its master:
 * what it is to do when it has done what it has begun (see Told).
 */
export type ScoreboardEntry = SharedNumbers<'busySince' | 'active' | 'requests' | 'told'>
/** Written by the master: whether the whole server ends, and whether it wants to hear of each connection. */
export type MasterCell = SharedNumbers<'closing' | 'wantsConnections'>

/** What a master has told a worker: to serve on, to leave, or to serve no more and be what others are forked from. */
export const Told = { serve: 0, leave: 1, mold: 2 } as const

// Numbers of a cell: as many as a line of the processor's cache has room for, so that workers do not take it from each other.
const SIZE = 8

/** All cells of a server, in one piece of memory that is there before the first fork: each worker has the numbers of each other's. */
export class Scoreboard {
  readonly #memory: ArrayBuffer
  readonly #free: number[] = []
  #used = 1

  /** @param most workers at once, those included that are about to leave */
  constructor(most: number) {
    this.#memory = mmap(null, (most + 1) * SIZE * BigInt64Array.BYTES_PER_ELEMENT)
  }

  #cells(index: number): BigInt64Array {
    return new BigInt64Array(this.#memory, index * SIZE * BigInt64Array.BYTES_PER_ELEMENT, SIZE)
  }

  get master(): MasterCell {
    return new SharedNumbers(['closing', 'wantsConnections'], this.#cells(0))
  }

  /** The number of a cell that nobody has. */
  take(): number {
    return this.#free.pop() ?? this.#used++
  }

  worker(index: number): ScoreboardEntry {
    return new SharedNumbers(['busySince', 'active', 'requests', 'told'], this.#cells(index))
  }

  /** When its worker has ended. */
  giveBack(index: number): void {
    this.worker(index).clear()
    this.#free.push(index)
  }

  /** Gives the memory back: all numbers are 0 from here on. Idempotent. */
  release(): void {
    munmap(this.#memory)
  }
}

/** Milliseconds of the clock that all processes share, and that nobody sets. */
export const now = (): number => Number(hrtime.bigint() / 1_000_000n)

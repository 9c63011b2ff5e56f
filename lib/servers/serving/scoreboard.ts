// What a master and its workers know of each other without a message: a few numbers in memory. Each worker has an entry of its own, which it
// shares with its master and with no other worker: what a worker writes it writes about itself, and the master reads it within bounds.
import { hrtime } from 'node:process'
import { mapSealed, sealedMemfd, unmapSealed } from '../../posix/internal/sealed-memory.js'
import { mmap, munmap } from '../../posix/sys-mman.js'
import { close } from '../../posix/unistd.js'
import { keepInParent, keepMemoryInParent, release, releaseMemory } from '../../fork/only-here.js'
import { countAt, Counters, COUNTERS_SIZE, type Count } from './counters.js'

/** Named whole numbers in memory that processes share; 0 at first, and never below when they are read. */
export class SharedNumbers<Name extends string> {
  readonly #names: readonly Name[]
  readonly #cells: BigInt64Array

  constructor(names: readonly Name[], cells: BigInt64Array) {
    this.#names = names
    this.#cells = cells
  }

  get(name: Name): number {
    return this.#cells.length === 0 ? 0 : countAt(this.#cells, this.#names.indexOf(name))
  }

  set(name: Name, value: number): void {
    Atomics.store(this.#cells, this.#names.indexOf(name), BigInt(value))
  }

  add(name: Name, by = 1): void {
    Atomics.add(this.#cells, this.#names.indexOf(name), BigInt(by))
  }
}

const LIFE = ['busySince', 'requests', 'told'] as const
const ENTRY_SIZE = COUNTERS_SIZE + LIFE.length * BigInt64Array.BYTES_PER_ELEMENT

/** What a master has told a worker: to serve on, to leave, or to serve no more and be what others are forked from. */
export const Told = { serve: 0, leave: 1, mold: 2 } as const

/** What one worker and its master know of it. */
export class ScoreboardEntry {
  readonly #memory: ArrayBuffer
  readonly counters: Counters
  /** Written by the worker: since when its oldest request is in work (0: idle), and the requests it has done; by its master: see Told. */
  readonly life: SharedNumbers<(typeof LIFE)[number]>

  /** @param fd of the memory, borrowed */
  constructor(fd: number) {
    this.#memory = mapSealed(fd, ENTRY_SIZE)
    keepMemoryInParent(this.#memory)
    this.counters = new Counters(this.#memory)
    this.life = new SharedNumbers(LIFE, new BigInt64Array(this.#memory, COUNTERS_SIZE, LIFE.length))
  }

  /** In the worker, before it gives up what is not its. */
  keep(): void {
    releaseMemory(this.#memory)
  }

  /** In the worker, afterwards: its own children are not to have it. */
  hold(): void {
    keepMemoryInParent(this.#memory)
  }

  /** In the master: gives the memory back. */
  release(): void {
    releaseMemory(this.#memory)
    unmapSealed(this.#memory)
  }
}

/** Written by the master: whether the whole server ends, and whether it wants to hear of each connection; by all: connections of all workers. */
export type CommonNumbers = SharedNumbers<'closing' | 'wantsConnections' | 'active'>

/** The entries of all workers of a server, seen from the master; and what all of them share. */
export class Scoreboard {
  readonly #memory = mmap(null, 3 * BigInt64Array.BYTES_PER_ELEMENT)
  readonly #entries = new Set<ScoreboardEntry>()
  // Of workers that have ended.
  readonly #past = Counters.private()
  readonly common: CommonNumbers = new SharedNumbers(
    ['closing', 'wantsConnections', 'active'],
    new BigInt64Array(this.#memory),
  )

  constructor() {
    keepMemoryInParent(this.#memory)
  }

  /** A worker's entry, and the descriptor of its memory, which the caller owns. @throws ErrnoError EMFILE, ENFILE, ENOMEM */
  open(): { entry: ScoreboardEntry; fd: number } {
    const fd = sealedMemfd(ENTRY_SIZE)
    try {
      const entry = new ScoreboardEntry(fd)
      this.#entries.add(entry)
      keepInParent(fd)
      return { entry, fd }
    } catch (error) {
      close(fd)
      throw error
    }
  }

  /** When the worker has it, or will not. */
  closeDescriptor(fd: number): void {
    release(fd)
    close(fd)
  }

  /** In a worker, before it gives up what is not its: it has its own entry, and what is common to all. */
  keepOnly(own: ScoreboardEntry): void {
    own.keep()
    releaseMemory(this.#memory)
  }

  /** When its worker has ended: what it has counted stays. */
  retire(entry: ScoreboardEntry): void {
    const { active, ...counts } = entry.counters.all()
    for (const [name, count] of Object.entries(counts)) this.#past.add(name as Count, count)
    this.common.add('active', -Math.min(active, this.common.get('active')))
    this.#entries.delete(entry)
    entry.release()
  }

  /** Connections of workers that ended badly. */
  addErrors(count: number): void {
    this.#past.add('errors', count)
  }

  /** What all workers have counted, those included that have ended. */
  totals(): Record<Count, number> {
    const totals = this.#past.all()
    for (const { counters } of this.#entries) {
      for (const [name, count] of Object.entries(counters.all())) totals[name as Count] += count
    }
    return totals
  }

  /** Gives the common memory back: its numbers are 0 from here on. Idempotent. */
  release(): void {
    releaseMemory(this.#memory)
    munmap(this.#memory)
  }
}

/** Milliseconds of the clock that all processes share, and that nobody sets. */
export const now = (): number => Number(hrtime.bigint() / 1_000_000n)

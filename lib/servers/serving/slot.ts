// A worker's place: who has it, and how often those who had it crashed.
import type { PreforkWorker } from '../prefork/worker.js'

// More crashes than this, in so many milliseconds, and replacing waits.
const CRASHES = 5
const WINDOW = 10_000
const REST = 1000
// A fork that failed is tried again after a while, longer each time. Milliseconds.
const FIRST_RETRY = 50
const LONGEST_RETRY = 2000

export class Slot<Occupant = PreforkWorker> {
  readonly id: number
  worker: Occupant | undefined
  /** A worker for it is being made. */
  filling = false
  timer: NodeJS.Timeout | undefined
  #crashes: number[] = []
  #retry = FIRST_RETRY
  #told = false

  constructor(id: number) {
    this.id = id
  }

  /** Its worker crashed. Gives the milliseconds after which another may take its place. */
  crashed(): number {
    const time = performance.now()
    this.#crashes = [...this.#crashes.filter((at) => time - at < WINDOW), time]
    if (this.#crashes.length > CRASHES) return REST
    this.#told = false
    return 0
  }

  /** Whether this is the first crash of a series that is too many. */
  tellOnce(): boolean {
    const first = !this.#told
    this.#told = true
    return first
  }

  forkFailed(): number {
    const delay = this.#retry
    this.#retry = Math.min(2 * delay, LONGEST_RETRY)
    return delay
  }

  forked(): void {
    this.#retry = FIRST_RETRY
  }
}

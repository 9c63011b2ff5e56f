// One task of a pool: waiting, at work, over; and what is told of how long that took.
import { performance } from 'node:perf_hooks'
import type { Outcome } from './pool-protocol.js'

export class PoolTask {
  readonly promise: Promise<unknown>
  readonly value: unknown
  readonly #signal: AbortSignal | undefined
  readonly #abort: () => void
  readonly #queuedAt = performance.now()
  #startedAt = 0
  #resolve!: (value: unknown) => void
  #reject!: (error: unknown) => void
  #isOver = false

  /** @param aborted called when the signal aborts, unless it is over */
  constructor(value: unknown, signal: AbortSignal | undefined, aborted: (task: PoolTask, reason: unknown) => void) {
    this.value = value
    this.#signal = signal
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    this.#abort = () => aborted(this, signal!.reason)
    signal?.addEventListener('abort', this.#abort, { once: true })
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /** It is a worker's from now on. Gives how many milliseconds it has waited. */
  start(): number {
    this.#startedAt = performance.now()
    return this.#startedAt - this.#queuedAt
  }

  /** Gives how many milliseconds it was at work. */
  settle(outcome: Outcome): number {
    this.#isOver = true
    this.#signal?.removeEventListener('abort', this.#abort)
    if ('error' in outcome) this.#reject(outcome.error)
    else this.#resolve(outcome.value)
    return performance.now() - this.#startedAt
  }
}

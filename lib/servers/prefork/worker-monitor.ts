// Looks at prefork workers from time to time, by the numbers that they share with their master: whose request takes too long, and who has
// served enough to be what others are forked from.
import type { WorkerPool } from './worker-pool.js'
import type { WorkerSettings } from './prefork-options.js'
import { setInterval } from '../../posix/internal/own-timers.js'

// How often, at least, in milliseconds.
const INTERVAL = 250

export class WorkerMonitor {
  readonly #pool: WorkerPool
  readonly #settings: WorkerSettings
  readonly #refork: () => Promise<void>
  readonly #timer: NodeJS.Timeout | undefined
  #reforks = 0
  #reforking = false

  /** @param refork is called when a worker has served as many as `reforkAfter` says */
  constructor(pool: WorkerPool, settings: WorkerSettings, refork: () => Promise<void>) {
    this.#pool = pool
    this.#settings = settings
    this.#refork = refork
    const { timeout, reforkAfter } = settings
    if (timeout === 0 && reforkAfter.length === 0) return
    const every = timeout === 0 ? INTERVAL : Math.min(timeout / 4, INTERVAL)
    this.#timer = setInterval(() => this.#look(), Math.max(1, every)).unref()
  }

  close(): void {
    clearInterval(this.#timer)
  }

  #look(): void {
    if (this.#settings.timeout > 0) this.#endTheLate()
    if (this.#isWarm()) void this.#reforkOnce()
  }

  #endTheLate(): void {
    const { timeout, cleanupTimeout } = this.#settings
    for (const worker of this.#pool.alive) {
      if (worker.busyFor() <= timeout) continue
      this.#pool.hooks.tell('afterWorkerTimeout', worker)
      worker.abort(cleanupTimeout)
    }
  }

  // The last number of `reforkAfter` holds for all reforks that follow.
  #isWarm(): boolean {
    const { reforkAfter } = this.#settings
    const enough = reforkAfter[Math.min(this.#reforks, reforkAfter.length - 1)] ?? Infinity
    return (
      !this.#reforking && this.#pool.fills && this.#pool.workers.some(({ requestsCount }) => requestsCount >= enough)
    )
  }

  async #reforkOnce(): Promise<void> {
    this.#reforking = true
    this.#reforks++
    await this.#refork()
    this.#reforking = false
  }
}

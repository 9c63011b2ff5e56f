// What a prefork worker has done, told to its master as it goes, and whether it is enough.
import type { Accepted } from '../../posix/sys-socket.js'
import { close } from '../../posix/unistd.js'
import { clientOf } from '../model.js'
import type { RequestObserver } from '../serving/http-connections.js'
import { processMemory } from '../serving/process-memory.js'
import type { Client } from '../model.js'
import { now } from '../serving/scoreboard.js'
import type { WorkerContext } from './worker-context.js'

// How often at most a worker looks at its own memory, in milliseconds.
const MEMORY_INTERVAL = 100

export class WorkerQuota implements RequestObserver {
  readonly #setup: WorkerContext
  readonly #mostRequests: number
  readonly #timed: boolean
  // When those requests began that are in work, the oldest first.
  readonly #begun = new Set<{ at: number }>()
  #requests = 0
  #lookedAt = 0
  #told = false

  constructor(setup: WorkerContext) {
    this.#setup = setup
    const { maxRequests, maxRequestsJitter, timeout } = setup.settings
    this.#timed = timeout > 0
    this.#mostRequests = maxRequests + Math.floor(Math.random() * (maxRequestsJitter + 1))
  }

  /** A connection was accepted. Gives what must be called at its end. */
  connected(client: Client): () => void {
    const { cells, reports, tally } = this.#setup
    tally.add('accepted')
    tally.add('active')
    cells.common.add('active')
    if (cells.common.get('wantsConnections')) reports.connection(client)
    return () => {
      tally.add('active', -1)
      cells.common.add('active', -1)
    }
  }

  /** Whether all workers together have as many connections as there may be. */
  isFull(): boolean {
    const { cells, host } = this.#setup
    return cells.common.get('active') >= host.maxConnections
  }

  /** A connection was accepted that is one too many: closes it. */
  refuse({ fd, address }: Accepted): void {
    const { reports, tally } = this.#setup
    tally.add('accepted')
    tally.add('rejected')
    close(fd)
    reports.dropped(clientOf({ address }))
  }

  /** A connection failed. */
  failed(client: Client, error: Error): void {
    this.#setup.tally.add('errors')
    this.#setup.reports.failed(client, error)
  }

  /** A request begins: a whole connection, unless the handler is HTTP's. Gives what must be called at its end. */
  begin(): () => void | Promise<void> {
    const over = this.#timed ? this.#time() : undefined
    return () => {
      over?.()
      this.#setup.entry.life.set('requests', ++this.#requests)
      return this.#setup.settings.hooks.afterRequestComplete?.(this.#setup.info)
    }
  }

  // The master looks at when the oldest began.
  #time(): () => void {
    const request = { at: now() }
    this.#begun.add(request)
    this.#tellSince()
    return () => {
      this.#begun.delete(request)
      this.#tellSince()
    }
  }

  #tellSince(): void {
    const [oldest] = this.#begun
    this.#setup.entry.life.set('busySince', oldest?.at ?? 0)
  }

  /** Whether the worker is to make room for a fresh one, for which it asks once. */
  isDone(): boolean {
    if (this.#requests < this.#mostRequests && !this.#isTooLarge()) return false
    if (!this.#told) this.#setup.reports.reached('leaving')
    this.#told = true
    return true
  }

  #isTooLarge(): boolean {
    const { maxMemory } = this.#setup.settings
    if (maxMemory === Infinity || now() - this.#lookedAt < MEMORY_INTERVAL) return false
    this.#lookedAt = now()
    return processMemory().private > maxMemory
  }
}

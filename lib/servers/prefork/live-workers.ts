// All workers of a prefork server that live, with those that are about to leave: forked, heard, and waited for.
import type { Child, ExitStatus } from '../../fork/child.js'
import { callSafely } from '../../posix/event-loop/epoll-registry.js'
import type { ChildReports, WorkerReport } from '../serving/child-reports.js'
import type { Counters } from '../serving/counters.js'
import type { ServerHost } from '../model.js'
import type { Scoreboard } from '../serving/scoreboard.js'
import type { MasterHooks } from './worker-hooks.js'
import type { Slot } from '../serving/slot.js'
import { PreforkWorker } from './worker.js'

/** Where workers come from, at the time. */
export interface Origin {
  readonly generation: number
  /** @param control the worker's end of the socket to its master */
  fork(worker: PreforkWorker, control: number): Promise<Child>
}

/** What a live has of its server. */
export interface LiveWorkersContext {
  readonly host: ServerHost
  readonly hooks: MasterHooks
  readonly cells: Scoreboard
  readonly tally: Counters
  readonly reports: ChildReports
  readonly origin: Origin
  /** A worker, or what was one, has ended. */
  ended(worker: PreforkWorker): void
}

export interface RosterEvents {
  /** A worker serves. */
  serves(worker: PreforkWorker): void
  /** It asks for a successor, and goes on meanwhile with what it has begun. */
  leaves(worker: PreforkWorker): void
  /** It has ended, and was told of. */
  ended(slot: Slot, worker: PreforkWorker, leaves: boolean): void
}

export class LiveWorkers {
  readonly #server: LiveWorkersContext
  readonly #events: RosterEvents
  // All that were forked, or are about to be, and have not ended.
  readonly #alive = new Map<number, PreforkWorker>()

  constructor(server: LiveWorkersContext, events: RosterEvents) {
    this.#server = server
    this.#events = events
  }

  get alive(): Iterable<PreforkWorker> {
    return this.#alive.values()
  }

  get isEmpty(): boolean {
    return this.#alive.size === 0
  }

  /** A worker that is forked and not ready yet. @throws (rejects) as fork does, and with nothing left of it */
  async launch(slot: Slot): Promise<PreforkWorker> {
    const { cells, hooks, host, origin } = this.#server
    const worker = new PreforkWorker(slot.id, origin.generation, cells)
    this.#alive.set(worker.key, worker)
    try {
      const child = await worker.launch((control) => {
        hooks.tell('beforeFork', worker)
        return origin.fork(worker, control)
      })
      void child.ended.then((status) => this.#ended(slot, worker, status))
    } catch (error) {
      this.#remove(worker)
      throw error
    }
    host.emit('fork', worker)
    host.emit('afterWorkerFork', worker)
    return worker
  }

  #remove(worker: PreforkWorker): void {
    this.#alive.delete(worker.key)
    this.#server.ended(worker)
  }

  /** A worker reports. One that a mold has forked may be heard before the mold is. */
  told(report: WorkerReport): void {
    const worker = this.#alive.get(report.worker)
    if (!worker) return
    if (worker.pid === 0) setImmediate(() => this.told(report))
    else this.#heard(worker, report)
  }

  #heard(worker: PreforkWorker, report: WorkerReport): void {
    worker.report(report)
    if (report.failure || report.mold) return
    if (report.leaving) this.#events.leaves(worker)
    else this.#events.serves(worker)
  }

  #ended(slot: Slot, worker: PreforkWorker, status: ExitStatus): void {
    const { hooks, host, reports, tally } = this.#server
    reports.receive()
    const { cut, leaves } = worker
    const active = worker.over(status)
    tally.add('active', -active)
    if (!cut && (!leaves || status.signal)) tally.add('errors', active)
    callSafely(() => hooks.tell('afterWorkerExit', worker, status))
    callSafely(() => host.emit('exit', worker, status.code, status.signal))
    this.#events.ended(slot, worker, leaves)
    this.#remove(worker)
  }

  /** All leave when they have done what they have begun, in `grace` milliseconds at the latest. */
  stop(grace: number): void {
    for (const worker of this.#alive.values()) worker.stop(grace)
  }

  /** Ends all at once. */
  kill(): void {
    for (const worker of this.#alive.values()) worker.kill()
  }
}

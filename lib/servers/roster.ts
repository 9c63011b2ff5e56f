// All workers of a prefork server that live, with those that are about to leave: forked, heard, and waited for.
import type { Child, ExitStatus } from '../fork/child.js'
import { callSafely } from '../posix/registrations.js'
import type { ProcessReports, WorkerReport } from './process-reports.js'
import type { ProcessTally } from './process-tally.js'
import type { ServerHost } from './server.js'
import type { SharedCells } from './worker-cell.js'
import type { MasterHooks } from './worker-hooks.js'
import type { Slot } from './worker-slot.js'
import { Worker } from './worker.js'

/** Where workers come from, at the time. */
export interface Origin {
  readonly generation: number
  /** @param control the worker's end of the socket to its master */
  fork(worker: Worker, control: number): Promise<Child>
}

/** What a roster has of its server. */
export interface RosterServer {
  readonly host: ServerHost
  readonly hooks: MasterHooks
  readonly cells: SharedCells
  readonly tally: ProcessTally
  readonly reports: ProcessReports
  readonly origin: Origin
  /** A worker, or what was one, has ended. */
  ended(worker: Worker): void
}

export interface RosterEvents {
  /** A worker serves. */
  serves(worker: Worker): void
  /** It asks for a successor, and goes on meanwhile with what it has begun. */
  leaves(worker: Worker): void
  /** It has ended, and was told of. */
  ended(slot: Slot, worker: Worker, leaves: boolean): void
}

export class Roster {
  readonly #server: RosterServer
  readonly #events: RosterEvents
  // All that were forked, or are about to be, and have not ended.
  readonly #alive = new Map<number, Worker>()

  constructor(server: RosterServer, events: RosterEvents) {
    this.#server = server
    this.#events = events
  }

  get alive(): Iterable<Worker> {
    return this.#alive.values()
  }

  get isEmpty(): boolean {
    return this.#alive.size === 0
  }

  /** A worker that is forked and not ready yet. @throws (rejects) as fork does, and with nothing left of it */
  async launch(slot: Slot): Promise<Worker> {
    const { cells, hooks, host, origin } = this.#server
    const worker = new Worker(slot.id, origin.generation, cells)
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

  #remove(worker: Worker): void {
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

  #heard(worker: Worker, report: WorkerReport): void {
    worker.report(report)
    if (report.failure || report.mold) return
    if (report.leaving) this.#events.leaves(worker)
    else this.#events.serves(worker)
  }

  #ended(slot: Slot, worker: Worker, status: ExitStatus): void {
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

// All workers of a prefork server that live, with those that are about to leave: forked, heard, and waited for.
import { codedError } from '../../errors.js'
import type { Child, ExitStatus } from '../../fork/child.js'
import { callSafely } from '../../posix/event-loop/epoll-registry.js'
import { notAReport } from '../../fork/not-a-report.js'
import {
  asWorkerReport,
  tellOfClient,
  type LifeReport,
  type UnforkedReport,
  type WorkerReport,
} from '../serving/child-reports.js'
import type { ServerHost } from '../model.js'
import type { Scoreboard } from '../serving/scoreboard.js'
import type { MasterHooks } from './worker-hooks.js'
import type { Slot } from '../serving/slot.js'
import { PreforkWorker, type WorkerEnds } from './worker.js'

/** Where workers come from, at the time. */
export interface Origin {
  readonly generation: number
  fork(worker: PreforkWorker, ends: WorkerEnds): Promise<Child>
  /** A worker that others are forked from could not fork one. False where none are forked from it. */
  unforked(worker: PreforkWorker, report: UnforkedReport): boolean
}

/** What they have of its server. */
export interface LiveWorkersContext {
  readonly host: ServerHost
  readonly hooks: MasterHooks
  readonly cells: Scoreboard
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

// Clients that were lost with one worker and that are told of, at most.
const MOST_TOLD = 1000

// Of whom a worker that is ended for its reports was serving, nothing is known.
export const unknownClient = { remoteAddress: undefined, remotePort: undefined }

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
      const child = await worker.launch(
        (ends) => {
          hooks.tell('beforeFork', worker)
          return origin.fork(worker, ends)
        },
        {
          parse: asWorkerReport,
          told: (report) => this.#told(worker, report),
          broken: (error) => this.#expel(worker, error),
        },
      )
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

  // What has the form of a report may still be none that this worker can send now.
  #told(worker: PreforkWorker, report: WorkerReport): void {
    const { host, origin } = this.#server
    switch (report.is) {
      case 'connection':
      case 'drop':
      case 'error':
        if (worker.hasStarted) return tellOfClient(host, report)
        break
      case 'unforked':
        if (origin.unforked(worker, report)) return
        break
      default:
        if (worker.told(report)) return this.#reached(worker, report)
    }
    this.#expel(worker, notAReport(`"${report.is}" out of turn`))
  }

  #reached(worker: PreforkWorker, { is }: LifeReport): void {
    if (is === 'leaving') this.#events.leaves(worker)
    else if (is === 'ready') this.#events.serves(worker)
  }

  #expel(worker: PreforkWorker, error: Error): void {
    this.#server.host.clientError(worker.expel(error), unknownClient)
  }

  #ended(slot: Slot, worker: PreforkWorker, status: ExitStatus): void {
    const { hooks, host } = this.#server
    worker.drain()
    const { cut, leaves } = worker
    const active = worker.over(status)
    if (!cut && (!leaves || status.signal)) this.#lost(worker, status, worker.isExpelled ? active - 1 : active)
    callSafely(() => hooks.tell('afterWorkerExit', worker, status))
    callSafely(() => host.emit('exit', worker, status.code, status.signal))
    this.#events.ended(slot, worker, leaves)
    this.#remove(worker)
  }

  // Who they were, nothing tells; of a number that a hostile worker has made up not all are told.
  #lost({ id, pid }: PreforkWorker, { code, signal }: ExitStatus, active: number): void {
    const { host, cells } = this.#server
    cells.addErrors(Math.max(active, 0))
    const how = signal ? `was killed by ${signal}` : `exited with code ${code}`
    const message = `worker ${id} (pid ${pid}) ${how} while it served this client`
    for (let i = 0; i < Math.min(active, MOST_TOLD); i++) {
      host.clientError(codedError(Error, 'ERR_POSIX_ASYNC_WORKER', message), unknownClient)
    }
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

// The places of a prefork server's workers: who has which, who is forked for an empty one, and how soon after a crash.
import type { Child, ExitStatus } from '../fork/child.js'
import type { ProcessReports, WorkerReport } from './process-reports.js'
import type { ProcessTally } from './process-tally.js'
import type { ServerHost } from './server.js'
import type { SharedCells } from './worker-cell.js'
import type { HookName, WorkerSettings } from './worker-options.js'
import { Slot } from './worker-slot.js'
import { Worker } from './worker.js'

/** Where workers come from, at the time. */
export interface Origin {
  readonly generation: number
  /** @param control the worker's end of the socket to its master */
  fork(worker: Worker, control: number): Promise<Child>
}

/** What a crew has of its server. */
export interface CrewServer {
  readonly host: ServerHost
  readonly settings: WorkerSettings
  readonly cells: SharedCells
  readonly tally: ProcessTally
  readonly reports: ProcessReports
  readonly origin: Origin
  /** A worker, or what was one, has ended. */
  ended(worker: Worker): void
}

export class Crew {
  readonly #server: CrewServer
  readonly #settings: WorkerSettings
  readonly #host: ServerHost
  readonly #slots: Slot[] = []
  // All that were forked, or are about to be, and have not ended.
  readonly #alive = new Map<number, Worker>()
  #spawnErrors = 0
  /** Workers forked in the place of others that had ended. */
  restarts = 0
  /** Whether places are filled: not at the start, where a failure is the start's, nor when all are to go. */
  fills = false

  constructor(server: CrewServer) {
    this.#server = server
    this.#settings = server.settings
    this.#host = server.host
  }

  /** Those that serve or begin to. */
  get workers(): Worker[] {
    return this.#slots.flatMap(({ worker }) => worker ?? [])
  }

  get isEmpty(): boolean {
    return this.#alive.size === 0
  }

  /** All that live, with those that are about to leave. */
  get alive(): Iterable<Worker> {
    return this.#alive.values()
  }

  get places(): readonly Slot[] {
    return this.#slots
  }

  /** Fills all places. @throws (rejects) what kept one from serving */
  async start(): Promise<void> {
    const fresh: Worker[] = []
    for (let id = 0; id < this.#settings.workers; id++) {
      const slot = this.#addSlot()
      fresh.push((slot.worker = await this.launch(slot)))
    }
    await Promise.all(fresh.map((worker) => worker.ready(this.#settings.spawnTimeout)))
    this.fill()
  }

  #addSlot(): Slot {
    const slot = new Slot(this.#slots.length)
    this.#slots.push(slot)
    return slot
  }

  /** From now on empty places are filled. */
  fill(): void {
    this.fills = true
    for (const slot of this.#slots) this.#refill(slot)
  }

  /** A worker that is forked and not ready yet. */
  async launch(slot: Slot): Promise<Worker> {
    const { cells, origin } = this.#server
    const worker = new Worker(slot.id, origin.generation, cells)
    this.#alive.set(worker.key, worker)
    try {
      const child = await worker.launch((control) => {
        this.tell('beforeFork', worker)
        return origin.fork(worker, control)
      })
      void child.ended.then((status) => this.#ended(slot, worker, status))
    } catch (error) {
      this.#remove(worker)
      throw error
    }
    this.#host.emit('fork', worker)
    this.#host.emit('afterWorkerFork', worker)
    return worker
  }

  #remove(worker: Worker): void {
    this.#alive.delete(worker.key)
    this.#server.ended(worker)
  }

  /** Calls the hook of that name, and emits the event. */
  tell(hook: HookName, ...args: unknown[]): void {
    const call = this.#settings.hooks[hook] as ((...args: unknown[]) => void) | undefined
    call?.(...args)
    this.#host.emit(hook, ...args)
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
    if (report.leaving) return this.#succeed(worker)
    this.#spawnErrors = 0
    this.#host.emit('online', worker)
    this.#host.emit('afterWorkerReady', worker)
    this.changed()
  }

  // It asks for a successor, and goes on meanwhile with what it has begun.
  #succeed(worker: Worker): void {
    worker.stop(this.#settings.gracefulTimeout)
    this.vacate(worker)
  }

  /** Its place is another's from now on. */
  vacate(worker: Worker): void {
    const slot = this.#slots.find((one) => one.worker === worker)
    if (!slot) return
    slot.worker = undefined
    this.#refill(slot)
  }

  #ended(slot: Slot, worker: Worker, status: ExitStatus): void {
    const { reports, tally } = this.#server
    reports.receive()
    const { leaves } = worker
    const active = worker.over(status)
    tally.add('active', -active)
    if (!leaves || status.signal) tally.add('errors', active)
    this.tell('afterWorkerExit', worker, status)
    this.#host.emit('exit', worker, status.code, status.signal)
    if (slot.worker === worker) this.#empty(slot, leaves)
    this.changed()
    this.#remove(worker)
  }

  #empty(slot: Slot, leaves: boolean): void {
    slot.worker = undefined
    const delay = leaves ? 0 : slot.crashed()
    if (!this.fills) return
    if (delay > 0 && slot.tellOnce()) this.#host.emit('crashloop', slot.id)
    this.#refill(slot, delay)
  }

  // A worker for an empty slot, at once or after a while.
  #refill(slot: Slot, delay = 0): void {
    if (delay > 0) {
      slot.timer = setTimeout(() => this.#refill(slot), delay)
      return
    }
    if (!this.fills || slot.worker || slot.filling || !this.#slots.includes(slot)) return
    void this.#replace(slot)
  }

  async #replace(slot: Slot): Promise<void> {
    slot.filling = true
    let worker: Worker
    try {
      worker = await this.launch(slot)
    } catch (error) {
      return this.#spawnFailed(error as Error, () => this.#refill(slot, slot.forkFailed()))
    } finally {
      slot.filling = false
    }
    this.restarts++
    slot.forked()
    this.seat(slot, worker)
    await worker.ready(this.#settings.spawnTimeout).catch((error: Error) => this.#spawnFailed(error))
  }

  #spawnFailed(error: Error, again: () => void = () => {}): void {
    if (!this.fills) return
    this.#host.emit('spawnError', error)
    if (++this.#spawnErrors >= this.#settings.maxConsecutiveSpawnErrors) return this.#host.failed(error)
    again()
  }

  /** Gives it the place; who had it leaves. It may have ended before it could be given one, and its place may be gone. */
  seat(slot: Slot, worker: Worker): void {
    const before = slot.worker
    if (worker.status === 'dead') return before ? undefined : this.#empty(slot, worker.leaves)
    if (!this.#slots.includes(slot) || !this.fills) return worker.stop(this.#settings.gracefulTimeout)
    slot.worker = worker
    before?.stop(this.#settings.gracefulTimeout)
  }

  /** The count of workers may be another one. */
  changed(): void {
    this.tell('workersChanged', this.workers.length)
  }

  /** One place more. Resolves when its worker serves; rejects with what kept it from that. */
  async add(): Promise<void> {
    const slot = this.#addSlot()
    if (!this.fills) return
    try {
      const worker = await this.launch(slot)
      this.seat(slot, worker)
      await worker.ready(this.#settings.spawnTimeout)
    } catch (error) {
      this.#removeSlot(slot)
      throw error
    }
  }

  #removeSlot(slot: Slot): void {
    const at = this.#slots.indexOf(slot)
    if (at >= 0) this.#slots.splice(at, 1)
    this.#leave(slot)
  }

  /** One place fewer, but never none: false. */
  removeLast(): boolean {
    if (this.#slots.length <= 1) return false
    this.#removeSlot(this.#slots.at(-1)!)
    this.changed()
    return true
  }

  /** All workers leave, and their places stay empty. */
  rest(): void {
    this.fills = false
    for (const slot of this.#slots) this.#leave(slot)
    this.changed()
  }

  #leave(slot: Slot): void {
    clearTimeout(slot.timer)
    slot.worker?.stop(this.#settings.gracefulTimeout)
    slot.worker = undefined
  }

  /** All that live leave when they have done what they have begun. */
  stop(): void {
    this.fills = false
    for (const { timer } of this.#slots) clearTimeout(timer)
    for (const worker of this.#alive.values()) worker.stop(this.#settings.gracefulTimeout)
  }

  /** Ends all that live, at once. */
  kill(): void {
    for (const worker of this.#alive.values()) worker.kill()
  }
}

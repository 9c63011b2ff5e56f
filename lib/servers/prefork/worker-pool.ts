// The places of a prefork server's workers: who has which, who is forked for an empty one, and how soon after a crash.
import { LiveWorkers, type LiveWorkersContext } from './live-workers.js'
import type { ServerHost } from '../model.js'
import type { WorkerSettings } from './prefork-options.js'
import type { MasterHooks } from './worker-hooks.js'
import { Slot } from '../serving/slot.js'
import type { PreforkWorker } from './worker.js'
import { setTimeout } from '../../posix/internal/own-timers.js'

/** What a pool has of its server. */
export interface WorkerPoolContext extends LiveWorkersContext {
  readonly settings: WorkerSettings
}

export class WorkerPool {
  readonly #settings: WorkerSettings
  readonly #host: ServerHost
  readonly #live: LiveWorkers
  readonly #slots: Slot[] = []
  readonly hooks: MasterHooks
  #spawnErrors = 0
  /** Workers forked in the place of others that had ended. */
  restarts = 0
  /** Whether places are filled: not at the start, where a failure is the start's, nor when all are to go. */
  fills = false

  constructor(server: WorkerPoolContext) {
    this.#settings = server.settings
    this.#host = server.host
    this.hooks = server.hooks
    this.#live = new LiveWorkers(server, {
      serves: (worker) => this.#serves(worker),
      leaves: (worker) => this.#succeed(worker),
      ended: (slot, worker, leaves) => this.#ended(slot, worker, leaves),
    })
  }

  /** Those that serve or begin to. */
  get workers(): PreforkWorker[] {
    return this.#slots.flatMap(({ worker }) => worker ?? [])
  }

  get isEmpty(): boolean {
    return this.#live.isEmpty
  }

  /** All that live, with those that are about to leave. */
  get alive(): Iterable<PreforkWorker> {
    return this.#live.alive
  }

  get places(): readonly Slot[] {
    return this.#slots
  }

  /** Fills all places. @throws (rejects) what kept one from serving */
  async start(): Promise<void> {
    const fresh: PreforkWorker[] = []
    for (let id = 0; id < this.#settings.workers; id++) {
      const slot = this.#addSlot()
      fresh.push((slot.worker = await this.launch(slot)))
    }
    await Promise.all(fresh.map((worker) => worker.ready(this.#settings.spawnTimeout)))
    this.fill()
  }

  // With the first number that nobody has: in between, where a place could not be filled and was given up.
  #addSlot(): Slot {
    const gap = this.#slots.findIndex(({ id }, at) => id !== at)
    const id = gap < 0 ? this.#slots.length : gap
    const slot = new Slot(id)
    this.#slots.splice(id, 0, slot)
    return slot
  }

  /** From now on empty places are filled. */
  fill(): void {
    this.fills = true
    for (const slot of this.#slots) this.#refill(slot)
  }

  /** A worker that is forked and not ready yet, nor seated. @throws (rejects) as fork does */
  launch(slot: Slot): Promise<PreforkWorker> {
    return this.#live.launch(slot)
  }

  #serves(worker: PreforkWorker): void {
    this.#spawnErrors = 0
    this.#host.emit('online', worker)
    this.#host.emit('afterWorkerReady', worker)
    this.changed()
  }

  // It asks for a successor, and goes on meanwhile with what it has begun.
  #succeed(worker: PreforkWorker): void {
    worker.stop(this.#settings.gracefulTimeout)
    this.vacate(worker)
  }

  /** Its place is another's from now on. */
  vacate(worker: PreforkWorker): void {
    const slot = this.#slots.find((one) => one.worker === worker)
    if (!slot) return
    slot.worker = undefined
    this.#refill(slot)
  }

  #ended(slot: Slot, worker: PreforkWorker, leaves: boolean): void {
    if (slot.worker === worker) this.#empty(slot, leaves)
    this.changed()
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
    let worker: PreforkWorker
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
  seat(slot: Slot, worker: PreforkWorker): void {
    const before = slot.worker
    if (worker.status === 'dead') return before ? undefined : this.#empty(slot, worker.leaves)
    if (!this.#slots.includes(slot) || !this.fills) return worker.stop(this.#settings.gracefulTimeout)
    slot.worker = worker
    before?.stop(this.#settings.gracefulTimeout)
  }

  /** The count of workers may be another one. */
  changed(): void {
    this.hooks.tell('workersChanged', this.workers.length)
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
    this.#live.stop(this.#settings.gracefulTimeout)
  }

  /** Ends all that live, at once. */
  kill(): void {
    this.#live.kill()
  }
}

// Prefork: the master keeps a number of workers that share its listener; it replaces who dies, and all of them on a reload.
import { codedError } from '../errors.js'
import type { ExitStatus } from '../fork/child.js'
import { settleHeap } from '../fork/settle-heap.js'
import { SHUT_RDWR, shutdown } from '../posix/sys-socket.js'
import { Deferred } from './deferred.js'
import { processMemory } from './process-memory.js'
import { ProcessReports, type WorkerReport } from './process-reports.js'
import { ProcessTally } from './process-tally.js'
import type { Model, ServerHost, ServerStats } from './server.js'
import { processServer, type ProcessHandler, type ProcessServer } from './serve-in-process.js'
import { masterCell, type MasterCell } from './worker-cell.js'
import { workerProcess } from './worker-process.js'
import { Worker } from './worker.js'
import { Slot } from './worker-slot.js'
import { MOST_WORKERS, type WorkerSettings } from './worker-options.js'

// How often the time of requests is looked at, at most, in milliseconds.
const TIMEOUT_INTERVAL = 250

const LONG = 2 ** 30

interface App {
  readonly handler: ProcessHandler
  readonly server: ProcessServer
  readonly generation: number
}

export class Supervisor implements Model {
  readonly name = 'fork'
  // This very process, also when a child asks.
  readonly #pid = process.pid
  readonly #settings: WorkerSettings
  readonly #tally = new ProcessTally()
  readonly #slots: Slot[] = []
  // All that were forked and have not ended.
  readonly #alive = new Map<number, Worker>()
  readonly #first: ProcessHandler
  #launching = 0
  #app!: App
  #host!: ServerHost
  #reports: ProcessReports | undefined
  #master: MasterCell | undefined
  #reloading: Promise<void> = Promise.resolve()
  #watchdog: NodeJS.Timeout | undefined
  #rest: NodeJS.Timeout | undefined
  #restarts = 0
  #spawnErrors = 0
  #state: 'starting' | 'running' | 'resting' | 'stopped' = 'starting'
  readonly #drained = new Deferred()

  constructor(handler: ProcessHandler, settings: WorkerSettings) {
    this.#first = handler
    this.#settings = settings
  }

  async start(host: ServerHost): Promise<void> {
    this.#host = host
    this.#app = { handler: this.#first, server: processServer(this.#first), generation: 1 }
    try {
      this.#reports = new ProcessReports(host, this.#tally, (report) => this.#told(report))
      this.#master = masterCell()
      if (host.wantsConnections) this.wantConnections()
      host.listener.setNonBlocking(true)
      settleHeap()
      await this.#startAll()
    } catch (error) {
      await this.#giveUp()
      throw error
    }
  }

  async #startAll(): Promise<void> {
    for (let id = 0; id < this.#settings.workers; id++) {
      const slot = this.#addSlot()
      slot.worker = await this.#launch(slot)
    }
    await Promise.all(this.#slots.map(({ worker }) => worker!.ready(this.#settings.spawnTimeout)))
    this.#state = 'running'
    this.#watch()
    for (const slot of this.#slots) if (!slot.worker) this.#refill(slot)
  }

  async #giveUp(): Promise<void> {
    this.#state = 'stopped'
    for (const worker of this.#alive.values()) worker.kill()
    this.#settle()
    await this.#drained.promise
  }

  #addSlot(): Slot {
    const slot = new Slot(this.#slots.length)
    this.#slots.push(slot)
    return slot
  }

  // A worker that was forked and is not ready yet.
  async #launch(slot: Slot): Promise<Worker> {
    const worker = new Worker(slot.id, this.#app.generation)
    this.#launching++
    try {
      this.#settings.hooks.beforeFork?.(worker)
      const { handler, server } = this.#app
      const child = await worker.launch((stop) => workerProcess(this.#setup(worker, handler, server, stop)))
      this.#alive.set(worker.key, worker)
      void child.ended.then((status) => this.#ended(slot, worker, status))
    } finally {
      this.#launching--
      this.#settle()
    }
    if (this.#state === 'stopped') worker.stop(this.#settings.gracefulTimeout)
    this.#host.emit('fork', worker)
    return worker
  }

  #setup(worker: Worker, handler: ProcessHandler, server: ProcessServer, stop: number) {
    const { key, id, generation, cell } = worker
    const [host, reports, master] = [this.#host, this.#reports!, this.#master!]
    const info = { id, generation }
    return {
      key,
      parent: this.#pid,
      info,
      host,
      handler,
      server,
      reports,
      tally: this.#tally,
      cell,
      stop,
      settings: this.#settings,
      master,
    }
  }

  #told(report: WorkerReport): void {
    const worker = this.#alive.get(report.worker)
    worker?.report(report)
    if (!worker || report.failure) return
    if (report.leaving) return this.#replace(worker)
    this.#spawnErrors = 0
    this.#host.emit('online', worker)
    this.#changed()
  }

  // It asks for a successor, and goes on meanwhile with what it has begun.
  #replace(worker: Worker): void {
    const slot = this.#slots.find((one) => one.worker === worker)
    worker.stop(this.#settings.gracefulTimeout)
    if (!slot) return
    slot.worker = undefined
    this.#refill(slot)
  }

  #ended(slot: Slot, worker: Worker, status: ExitStatus): void {
    this.#reports!.receive()
    const { leaves } = worker
    const active = worker.over(status)
    this.#alive.delete(worker.key)
    this.#tally.add('active', -active)
    if (!leaves || status.signal) this.#tally.add('errors', active)
    this.#settings.hooks.afterWorkerExit?.(worker, status)
    this.#host.emit('exit', worker, status.code, status.signal)
    this.#changed()
    if (slot.worker === worker) this.#vacate(slot, leaves)
    this.#settle()
  }

  #vacate(slot: Slot, leaves: boolean): void {
    slot.worker = undefined
    const delay = leaves ? 0 : slot.crashed()
    if (this.#state !== 'running') return
    if (delay > 0 && slot.tellOnce()) this.#host.emit('crashloop', slot.id)
    this.#refill(slot, delay)
  }

  // A worker for an empty slot, at once or after a while.
  #refill(slot: Slot, delay = 0): void {
    if (delay > 0) {
      slot.timer = setTimeout(() => this.#refill(slot), delay)
      return
    }
    if (this.#state !== 'running' || slot.worker || slot.filling || !this.#slots.includes(slot)) return
    void this.#fill(slot)
  }

  async #fill(slot: Slot): Promise<void> {
    slot.filling = true
    let worker: Worker
    try {
      worker = await this.#launch(slot)
    } catch (error) {
      return this.#spawnFailed(error as Error, () => this.#refill(slot, slot.forkFailed()))
    } finally {
      slot.filling = false
    }
    this.#restarts++
    slot.forked()
    this.#seat(slot, worker)
    await worker.ready(this.#settings.spawnTimeout).catch((error: Error) => this.#spawnFailed(error))
  }

  // It may have ended before anybody knew of it, and its place may be gone or taken.
  #seat(slot: Slot, worker: Worker): void {
    const before = slot.worker
    if (!this.#slots.includes(slot)) return worker.stop(this.#settings.gracefulTimeout)
    slot.worker = worker
    before?.stop(this.#settings.gracefulTimeout)
  }

  #spawnFailed(error: Error, again: () => void = () => {}): void {
    if (this.#state === 'stopped') return
    this.#host.emit('spawnError', error)
    if (++this.#spawnErrors >= this.#settings.maxConsecutiveSpawnErrors) return this.#host.failed(error)
    again()
  }

  #changed(): void {
    this.#host.emit('workersChanged', this.workers.length)
  }

  /** Those that serve or begin to. */
  get workers(): Worker[] {
    return this.#slots.flatMap(({ worker }) => worker ?? [])
  }

  #watch(): void {
    const { timeout } = this.#settings
    if (timeout === 0) return
    this.#watchdog = setInterval(() => this.#endTheLate(), Math.max(1, Math.min(timeout / 4, TIMEOUT_INTERVAL))).unref()
  }

  #endTheLate(): void {
    const { timeout, cleanupTimeout, hooks } = this.#settings
    for (const worker of this.#alive.values()) {
      if (worker.busyFor() <= timeout) continue
      hooks.afterWorkerTimeout?.(worker)
      worker.abort(cleanupTimeout)
    }
  }

  /** One worker more. Resolves when it serves. @throws (rejects) as the start does */
  async addWorker(): Promise<void> {
    if (this.#slots.length >= MOST_WORKERS) throw new RangeError(`a server has ${MOST_WORKERS} workers at most`)
    const slot = this.#addSlot()
    if (this.#state === 'resting') return
    try {
      slot.worker = await this.#launch(slot)
      await slot.worker.ready(this.#settings.spawnTimeout)
    } catch (error) {
      this.#removeSlot(slot)
      throw error
    }
  }

  #removeSlot(slot: Slot): void {
    const at = this.#slots.indexOf(slot)
    if (at >= 0) this.#slots.splice(at, 1)
    clearTimeout(slot.timer)
    slot.worker?.stop(this.#settings.gracefulTimeout)
    slot.worker = undefined
  }

  /** One worker fewer, but never none: false. */
  removeWorker(): boolean {
    if (this.#slots.length <= 1) return false
    this.#removeSlot(this.#slots.at(-1)!)
    this.#changed()
    return true
  }

  /** No worker serves until the next reload; clients wait in the listener's queue. */
  rest(): void {
    if (this.#state !== 'running') return
    this.#state = 'resting'
    this.#rest = setInterval(() => {}, LONG) // with no worker to wait for, the process would end
    for (const slot of this.#slots) {
      clearTimeout(slot.timer)
      slot.worker?.stop(this.#settings.gracefulTimeout)
      slot.worker = undefined
    }
    this.#changed()
  }

  /** See PreforkServer.reload. */
  reload(handler?: ProcessHandler): Promise<void> {
    const reload = this.#reloading.then(() => this.#reload(handler))
    this.#reloading = reload.catch(() => {})
    return reload
  }

  async #reload(handler: ProcessHandler = this.#app.handler): Promise<void> {
    if (this.#state === 'stopped') throw codedError(Error, 'ERR_SERVER_NOT_RUNNING', 'Server is not running.')
    const before = this.#app
    const server = handler === before.handler ? before.server : processServer(handler)
    this.#app = { handler, server, generation: before.generation + 1 }
    if (this.#state === 'resting') this.#state = 'running'
    clearInterval(this.#rest)
    try {
      await this.#exchangeAll()
    } catch (error) {
      if (server !== before.server) server.stop()
      this.#app = { ...before, generation: this.#app.generation }
      throw error
    }
    if (server !== before.server) before.server.stop()
  }

  // Fork first: the old one leaves when its successor serves.
  async #exchangeAll(): Promise<void> {
    for (const slot of [...this.#slots]) {
      if (this.#state !== 'running') return
      const fresh = await this.#launch(slot)
      await fresh.ready(this.#settings.spawnTimeout)
      this.#seat(slot, fresh)
    }
  }

  /** Workers tell of each connection from now on. */
  wantConnections(): void {
    this.#master?.set('wantsConnections', 1)
  }

  stop(): void {
    if (this.#state === 'stopped') return
    this.#state = 'stopped'
    clearInterval(this.#watchdog)
    clearInterval(this.#rest)
    this.#master!.set('closing', 1)
    for (const { timer } of this.#slots) clearTimeout(timer)
    for (const worker of this.#alive.values()) worker.stop(this.#settings.gracefulTimeout)
    if (!this.#host.listener.inherited) shutdown(this.#host.listener.fd, SHUT_RDWR)
    this.#settle()
  }

  #settle(): void {
    if (this.#state !== 'stopped' || this.#alive.size > 0 || this.#launching > 0) return
    this.#reports?.close()
    this.#app.server.stop()
    this.#master?.release()
    this.#drained.resolve()
  }

  drained(): Promise<void> {
    return this.#drained.promise
  }

  destroy(): void {
    for (const worker of this.#alive.values()) worker.kill()
  }

  stats(): ServerStats {
    const memory = this.workers.map(({ pid }) => processMemory(pid))
    return {
      ...this.#tally.all(),
      workers: this.workers.filter(({ status }) => status === 'online').length,
      restarts: this.#restarts,
      privateBytes: memory.reduce((sum, one) => sum + one.private, 0),
      sharedBytes: memory.reduce((sum, one) => sum + one.shared, 0),
    }
  }
}

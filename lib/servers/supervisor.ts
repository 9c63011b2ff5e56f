// Prefork: the master keeps a number of workers that share its listener; it replaces who dies, and all of them on a reload.
import { codedError } from '../errors.js'
import { settleHeap } from '../fork/settle-heap.js'
import { SHUT_RDWR, shutdown } from '../posix/sys-socket.js'
import { eventfd } from '../posix/sys-eventfd.js'
import { close } from '../posix/unistd.js'
import { Crew } from './crew.js'
import { Deferred } from './deferred.js'
import { Generations, warmest } from './generations.js'
import { processMemory } from './process-memory.js'
import { ProcessReports } from './process-reports.js'
import { ProcessTally } from './process-tally.js'
import type { Model, ServerHost, ServerStats } from './server.js'
import type { ProcessHandler } from './serve-in-process.js'
import { SharedCells } from './worker-cell.js'
import { MOST_WORKERS, type WorkerSettings } from './worker-options.js'
import { MasterHooks } from './worker-hooks.js'
import { WorkerWatch } from './worker-watch.js'
import type { Worker } from './worker.js'

const LONG = 2 ** 30

export class Supervisor implements Model {
  readonly name = 'fork'
  readonly #handler: ProcessHandler
  readonly #settings: WorkerSettings
  readonly #tally = new ProcessTally()
  #host!: ServerHost
  #cells: SharedCells | undefined
  #line: number | undefined
  #reports: ProcessReports | undefined
  #generations: Generations | undefined
  #crew!: Crew
  #watch: WorkerWatch | undefined
  // With no worker to wait for the process would end; set while all rest.
  #rest: NodeJS.Timeout | undefined
  // Exchanges of all workers, one after the other.
  #exchanges: Promise<void> = Promise.resolve()
  #stopped = false
  readonly #drained = new Deferred()

  constructor(handler: ProcessHandler, settings: WorkerSettings) {
    this.#handler = handler
    this.#settings = settings
  }

  async start(host: ServerHost): Promise<void> {
    this.#host = host
    try {
      this.#prepare()
      host.listener.setNonBlocking(true)
      settleHeap()
      await this.#crew.start()
      this.#watch = new WorkerWatch(this.#crew, this.#settings, () => this.#reforkUnasked())
    } catch (error) {
      await this.#giveUp()
      throw error
    }
  }

  #prepare(): void {
    const [host, settings, tally] = [this.#host, this.#settings, this.#tally]
    const cells = (this.#cells = new SharedCells(4 * MOST_WORKERS))
    const reports = (this.#reports = new ProcessReports(host, tally, {
      worker: (report) => this.#crew.told(report),
      forked: (report) => this.#generations?.told(report),
    }))
    const line = (this.#line = eventfd())
    const share = { parent: process.pid, host, reports, tally, cells, settings, line }
    const origin = (this.#generations = new Generations(this.#handler, share))
    const ended = (worker: Worker): void => this.#ended(worker)
    const hooks = new MasterHooks(settings.hooks, host)
    this.#crew = new Crew({ host, hooks, settings, cells, tally, reports, origin, ended })
    if (host.wantsConnections) this.wantConnections()
  }

  async #giveUp(): Promise<void> {
    this.#stopped = true
    this.#crew?.kill()
    this.#settle()
    await this.#drained.promise
  }

  #ended(worker: Worker): void {
    this.#generations!.ended(worker)
    this.#settle()
  }

  /** Those that serve or begin to. */
  get workers(): Worker[] {
    return this.#crew.workers
  }

  /** See PreforkServer.addWorker. */
  async addWorker(): Promise<void> {
    if (this.#crew.places.length >= MOST_WORKERS) throw new RangeError(`a server has ${MOST_WORKERS} workers at most`)
    await this.#crew.add()
  }

  /** See PreforkServer.removeWorker. */
  removeWorker(): boolean {
    return this.#crew.removeLast()
  }

  /** See PreforkServer.stopWorkers. */
  rest(): void {
    if (this.#stopped || this.#rest) return
    this.#rest = setInterval(() => {}, LONG)
    this.#crew.rest()
  }

  #wake(): void {
    clearInterval(this.#rest)
    this.#rest = undefined
    this.#crew.fills = true
  }

  /** See PreforkServer.reload. */
  reload(handler?: ProcessHandler): Promise<void> {
    return this.#afterOthers(async () => {
      this.#crew.hooks.tell('onReload')
      await this.#awake(() => this.#generations!.reload(this.#crew, handler))
    })
  }

  // Those who rested rest on where the exchange fails.
  async #awake(exchange: () => Promise<void>): Promise<void> {
    const rested = this.#rest !== undefined
    this.#wake()
    try {
      await exchange()
    } catch (error) {
      if (rested) this.rest()
      throw error
    }
  }

  /** See PreforkServer.refork. */
  refork(): Promise<void> {
    return this.#afterOthers(() => this.#generations!.refork(this.#crew, warmest(this.workers)))
  }

  async #reforkUnasked(): Promise<void> {
    await this.refork().catch((error: Error) => {
      if (!this.#stopped) this.#host.emit('spawnError', error)
    })
  }

  #afterOthers(exchange: () => Promise<void>): Promise<void> {
    const done = this.#exchanges.then(() => {
      if (this.#stopped) throw codedError(Error, 'ERR_SERVER_NOT_RUNNING', 'Server is not running.')
      return exchange()
    })
    this.#exchanges = done.catch(() => {})
    return done
  }

  /** Workers tell of each connection from now on. */
  wantConnections(): void {
    if (!this.#stopped) this.#cells?.master.set('wantsConnections', 1)
  }

  stop(): void {
    if (this.#stopped) return
    this.#stopped = true
    this.#watch?.close()
    clearInterval(this.#rest)
    this.#cells!.master.set('closing', 1)
    this.#crew.stop()
    if (!this.#host.listener.inherited) shutdown(this.#host.listener.fd, SHUT_RDWR)
    this.#settle()
  }

  #settle(): void {
    if (!this.#stopped || this.#crew?.isEmpty === false) return
    this.#reports?.close()
    this.#generations?.release()
    this.#cells?.release()
    if (this.#line !== undefined) close(this.#line)
    this.#line = undefined
    this.#drained.resolve()
  }

  drained(): Promise<void> {
    return this.#drained.promise
  }

  destroy(): void {
    this.#crew.kill()
  }

  stats(): ServerStats {
    const memory = this.workers.map(({ pid }) => processMemory(pid))
    return {
      ...this.#tally.all(),
      workers: this.workers.filter(({ status }) => status === 'online').length,
      restarts: this.#crew.restarts,
      privateBytes: memory.reduce((sum, one) => sum + one.private, 0),
      sharedBytes: memory.reduce((sum, one) => sum + one.shared, 0),
    }
  }
}

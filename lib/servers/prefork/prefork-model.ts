// Prefork: the master keeps a number of workers that share its listener; it replaces who dies, and all of them on a reload.
import { codedError } from '../../errors.js'
import { compactHeap } from '../../fork/compact-heap.js'
import { SHUT_RDWR, shutdown } from '../../posix/sys-socket.js'
import { eventfd } from '../../posix/sys-eventfd.js'
import { close } from '../../posix/unistd.js'
import { WorkerPool } from './worker-pool.js'
import { Deferred } from '../deferred.js'
import { Generations, warmest } from './generations.js'
import { processMemory } from '../serving/process-memory.js'
import type { Model, RunningModel, ServerHost, ServerStats } from '../model.js'
import { processServer, type ProcessHandler, type ProcessServer } from '../serving/process-handler.js'
import { warmUpServing } from '../serving/warm-up.js'
import { Scoreboard } from '../serving/scoreboard.js'
import { MOST_WORKERS, type WorkerSettings } from './prefork-options.js'
import { MasterHooks } from './worker-hooks.js'
import { WorkerMonitor } from './worker-monitor.js'
import type { PreforkWorker } from './worker.js'
import { setInterval } from '../../posix/internal/own-timers.js'

const LONG = 2 ** 30

/** A fixed number of processes that share the listener. */
export const preforkModel =
  (handler: ProcessHandler, settings: WorkerSettings): Model<PreforkModel> =>
  async (host) => {
    await warmUpServing()
    const model = new PreforkModel(host, settings, openParts(handler))
    await model.begin()
    return model
  }

interface Parts {
  readonly handler: ProcessHandler
  readonly server: ProcessServer
  readonly cells: Scoreboard
  readonly waitersEventFd: number
}

function openParts(handler: ProcessHandler): Parts {
  const server = processServer(handler)
  let cells: Scoreboard | undefined
  try {
    cells = new Scoreboard()
    return { handler, server, cells, waitersEventFd: eventfd() }
  } catch (error) {
    cells?.release()
    server.stop()
    throw error
  }
}

export class PreforkModel implements RunningModel {
  readonly name = 'fork'
  readonly #host: ServerHost
  readonly #settings: WorkerSettings
  readonly #cells: Scoreboard
  readonly #waitersEventFd: number
  readonly #generations: Generations
  readonly #pool: WorkerPool
  #monitor: WorkerMonitor | undefined
  // With no worker to wait for the process would end; set while all rest.
  #rest: NodeJS.Timeout | undefined
  // Exchanges of all workers, one after the other.
  #exchanges: Promise<void> = Promise.resolve()
  #stopped = false
  #released = false
  readonly #drained = new Deferred()

  constructor(host: ServerHost, settings: WorkerSettings, { handler, server, cells, waitersEventFd }: Parts) {
    this.#host = host
    this.#settings = settings
    this.#cells = cells
    this.#waitersEventFd = waitersEventFd
    const context = { parent: process.pid, host, cells, settings, waitersEventFd }
    const origin = (this.#generations = new Generations({ handler, server }, context))
    const hooks = new MasterHooks(settings.hooks, host)
    this.#pool = new WorkerPool({ host, hooks, settings, cells, origin, ended: (worker) => this.#ended(worker) })
    host.onListener((event) => {
      if (event === 'connection') this.#wantConnections()
    })
  }

  /** Forks the workers. @throws (rejects) what kept one from serving */
  async begin(): Promise<void> {
    try {
      if (this.#host.wantsConnections) this.#wantConnections()
      this.#host.listener.setNonBlocking(true)
      compactHeap()
      await this.#pool.start()
      this.#monitor = new WorkerMonitor(this.#pool, this.#settings, () => this.#reforkUnasked())
    } catch (error) {
      await this.#giveUp()
      throw error
    }
  }

  async #giveUp(): Promise<void> {
    this.#stopped = true
    this.#pool.kill()
    this.#settle()
    await this.#drained.promise
  }

  #ended(worker: PreforkWorker): void {
    this.#generations.ended(worker)
    this.#settle()
  }

  /** Those that serve or begin to. */
  get workers(): PreforkWorker[] {
    return this.#pool.workers
  }

  /** See PreforkServer.addWorker. */
  async addWorker(): Promise<void> {
    if (this.#pool.places.length >= MOST_WORKERS) throw new RangeError(`a server has ${MOST_WORKERS} workers at most`)
    await this.#pool.add()
  }

  /** See PreforkServer.removeWorker. */
  removeWorker(): boolean {
    return this.#pool.removeLast()
  }

  /** See PreforkServer.stopWorkers. */
  rest(): void {
    if (this.#stopped || this.#rest) return
    this.#rest = setInterval(() => {}, LONG)
    this.#pool.rest()
  }

  #wake(): void {
    clearInterval(this.#rest)
    this.#rest = undefined
    this.#pool.fills = true
  }

  /** See PreforkServer.reload. */
  reload(handler?: ProcessHandler): Promise<void> {
    return this.#afterOthers(async () => {
      this.#pool.hooks.tell('onReload')
      await this.#awake(() => this.#generations.reload(this.#pool, handler))
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
    return this.#afterOthers(() => this.#generations.refork(this.#pool, warmest(this.workers)))
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

  // Workers tell of each connection from now on.
  #wantConnections(): void {
    if (!this.#stopped) this.#cells.common.set('wantsConnections', 1)
  }

  stop(): void {
    if (this.#stopped) return
    this.#stopped = true
    this.#monitor?.close()
    clearInterval(this.#rest)
    this.#cells.common.set('closing', 1)
    this.#pool.stop()
    if (!this.#host.listener.isShared) shutdown(this.#host.listener.fd, SHUT_RDWR)
    this.#settle()
  }

  #settle(): void {
    if (!this.#stopped || this.#released || !this.#pool.isEmpty) return
    this.#released = true
    this.#generations.release()
    this.#cells.release()
    close(this.#waitersEventFd)
    this.#drained.resolve()
  }

  drained(): Promise<void> {
    return this.#drained.promise
  }

  destroy(): void {
    this.#pool.kill()
  }

  stats(): ServerStats {
    const memory = this.workers.map(({ pid }) => processMemory(pid))
    return {
      ...this.#cells.totals(),
      workers: this.workers.filter(({ status }) => status === 'online').length,
      restarts: this.#pool.restarts,
      privateBytes: memory.reduce((sum, one) => sum + one.private, 0),
      sharedBytes: memory.reduce((sum, one) => sum + one.shared, 0),
    }
  }
}

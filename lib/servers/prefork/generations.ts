// What prefork workers are forked from: their master, with the handler that it has, or a mold; and the exchange of all workers when that
// changes.
import { codedError } from '../../errors.js'
import { runInChild, type Child } from '../../fork/child.js'
import { takeOverNow, type TakeOver } from '../../posix/after-fork/repair-runtime.js'
import type { WorkerPool } from './worker-pool.js'
import { Mold } from './mold.js'
import type { UnforkedReport } from '../serving/child-reports.js'
import { isNotAReport } from '../../fork/not-a-report.js'
import { unknownClient, type Origin } from './live-workers.js'
import { processServer, type ProcessHandler, type ProcessServer } from '../serving/process-handler.js'
import { workerProcess } from './worker-process.js'
import { fdsOf, setupOf, type PreforkContext } from './worker-context.js'
import type { Slot } from '../serving/slot.js'
import type { PreforkWorker, WorkerEnds } from './worker.js'

// Of one handler; `mold` where workers are not forked from the master.
interface App {
  readonly handler: ProcessHandler
  readonly server: ProcessServer
  readonly mold?: Mold
}

export class Generations implements Origin {
  readonly #share: Omit<PreforkContext, 'handler' | 'server'>
  #app: App
  // What workers that the master forks go on with.
  #takeOver: TakeOver
  generation = 1

  constructor(app: Omit<App, 'mold'>, share: Omit<PreforkContext, 'handler' | 'server'>) {
    this.#share = share
    this.#app = app
    this.#takeOver = share.settings.takeOver
  }

  fork(worker: PreforkWorker, ends: WorkerEnds): Promise<Child> {
    const { handler, server, mold } = this.#app
    if (mold) return this.#forkFrom(mold, worker, ends)
    const share = { ...this.#share, handler, server }
    const main = (): Promise<void> => workerProcess(setupOf(share, worker, ends.its, ends.entry))
    return runInChild(main, undefined, fdsOf(share, ends.its), this.#takeOver)
  }

  // A mold that presents another process than a worker is hostile.
  async #forkFrom(mold: Mold, worker: PreforkWorker, ends: WorkerEnds): Promise<Child> {
    try {
      return await mold.fork(worker, ends)
    } catch (error) {
      if (isNotAReport(error)) this.#share.host.clientError(mold.worker.expel(error), unknownClient)
      throw error
    }
  }

  /** See Origin. */
  unforked(worker: PreforkWorker, report: UnforkedReport): boolean {
    if (worker.status !== 'mold') return false
    const { mold } = this.#app
    if (mold?.worker === worker) mold.unforked(report)
    return true
  }

  /** A worker has ended: where it was the mold, those to come are forked from the master. */
  ended(worker: PreforkWorker): void {
    const { mold, ...app } = this.#app
    if (mold?.worker !== worker) return
    this.#app = app
    mold.ended()
  }

  release(): void {
    this.#app.server.stop()
  }

  /** Replaces all workers, one after the other, by such as are forked from the master. @throws (rejects) what keeps a new one from serving */
  async reload(pool: WorkerPool, handler: ProcessHandler = this.#app.handler): Promise<void> {
    const before = this.#app
    const server = handler === before.handler ? before.server : processServer(handler)
    if (handler !== before.handler) this.#takeOver = takeOverNow(this.#takeOver) // with what that has set up
    await this.#become({ handler, server }, pool, 1)
    if (server !== before.server) before.server.stop()
  }

  /** Makes a mold of the worker, and replaces all others, so many at once. @throws (rejects) as reload; the worker is gone then */
  async refork(pool: WorkerPool, warm: PreforkWorker): Promise<void> {
    const { gracefulTimeout, spawnTimeout, reforkMaxUnavailable } = this.#share.settings
    warm.becomeMold()
    pool.vacate(warm)
    await warm.ready(gracefulTimeout)
    await this.#become({ ...this.#app, mold: new Mold(warm, spawnTimeout) }, pool, reforkMaxUnavailable)
  }

  async #become(app: App, pool: WorkerPool, atOnce: number): Promise<void> {
    const before = this.#app
    this.#app = app
    this.generation++
    try {
      await this.#exchange(pool, pool.places, atOnce)
    } catch (error) {
      await this.#goBack(before, pool)
      throw error
    }
    this.#retire(before.mold)
  }

  // Those that were exchanged before one failed are exchanged again.
  async #goBack(before: App, pool: WorkerPool): Promise<void> {
    const { mold, server } = this.#app
    const { generation } = this
    this.#app = before
    this.generation++
    this.#retire(mold)
    if (server !== before.server) server.stop()
    const late = pool.places.filter(({ worker }) => worker?.generation === generation)
    await this.#exchange(pool, late, 1).catch(() => {}) // those that can't be go on as they are
  }

  #retire(mold: Mold | undefined): void {
    mold?.worker.stop(this.#share.settings.gracefulTimeout)
  }

  // Fork first: an old one leaves when its successor serves.
  async #exchange(pool: WorkerPool, places: readonly Slot[], atOnce: number): Promise<void> {
    const left = [...places]
    const lane = async (): Promise<void> => {
      for (let slot = left.shift(); slot && pool.fills; slot = left.shift()) {
        const fresh = await pool.launch(slot)
        await fresh.ready(this.#share.settings.spawnTimeout)
        pool.seat(slot, fresh)
      }
    }
    const giveUp = (error: unknown): never => {
      left.length = 0
      throw error
    }
    const lanes = Array.from({ length: Math.min(atOnce, left.length) }, () => lane().catch(giveUp))
    const failed = (await Promise.allSettled(lanes)).find((end) => end.status === 'rejected')
    if (failed) throw failed.reason
  }
}

/** @returns the one that has served most. @throws ERR_POSIX_ASYNC_WORKER where none serves */
export function warmest(workers: readonly PreforkWorker[]): PreforkWorker {
  const [first] = workers
    .filter(({ status }) => status === 'online')
    .sort((one, other) => other.requestsCount - one.requestsCount)
  if (first) return first
  throw codedError(Error, 'ERR_POSIX_ASYNC_WORKER', 'no worker serves that others could be forked from')
}

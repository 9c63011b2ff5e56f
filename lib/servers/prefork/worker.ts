// A prefork worker, seen from its master.
import { codedError } from '../../errors.js'
import { errorOf } from '../../fork/channel.js'
import type { Child, ExitStatus } from '../../fork/child.js'
import { keepInParent, release } from '../../fork/only-here.js'
import { AF_UNIX } from '../../posix/socket/socket-address.js'
import { send, SOCK_SEQPACKET, socketpair } from '../../posix/sys-socket.js'
import { close } from '../../posix/unistd.js'
import { Deferred } from '../deferred.js'
import type { WorkerReport } from '../serving/child-reports.js'
import { now, Told, type Scoreboard, type ScoreboardEntry } from '../serving/scoreboard.js'
import type { WorkerInfo } from './worker-hooks.js'

export type WorkerStatus = 'starting' | 'online' | 'stopping' | 'mold' | 'dead'

let keys = 0

/** One worker process of a prefork server. */
export class PreforkWorker implements WorkerInfo {
  /** The number of its place among the workers, from 0; its successor has the same. */
  readonly id: number
  /** How often the server had been reloaded or reforked when it was forked, plus 1. */
  readonly generation: number
  readonly startedAt = new Date()
  /** @internal Its number among all workers that this process ever had. */
  readonly key = ++keys
  /** @internal The number of its cell. */
  readonly at: number
  /** @internal It was killed on purpose, or leaves because it has done its share: no crash. */
  leaves = false
  /** @internal Its connections were cut off on purpose: no errors. */
  cut = false
  readonly #cells: Scoreboard
  readonly #cell: ScoreboardEntry
  #status: WorkerStatus = 'starting'
  #requests = 0
  #child: Child | undefined
  // The master's end of the socket whose end of file ends the worker; -1 when closed.
  #control = -1
  #killer: NodeJS.Timeout | undefined
  #ready = new Deferred()
  #failure: Error | undefined

  constructor(id: number, generation: number, cells: Scoreboard) {
    this.id = id
    this.generation = generation
    this.#cells = cells
    this.at = cells.take()
    this.#cell = cells.worker(this.at)
  }

  get pid(): number {
    return this.#child?.pid ?? 0
  }

  get status(): WorkerStatus {
    return this.#status
  }

  /** Connections (of HTTP: requests) that it has served. */
  get requestsCount(): number {
    return this.#status === 'dead' ? this.#requests : this.#cell.get('requests')
  }

  /** @internal The master's end of the socket to it. */
  get control(): number {
    return this.#control
  }

  /**
   * @internal Forks it.
   * @param fork is given the worker's end of the socket
   * @throws (rejects) as fork does, and with nothing left of it
   */
  async launch(fork: (control: number) => Promise<Child>): Promise<Child> {
    const [own, its] = socketpair(AF_UNIX, SOCK_SEQPACKET)
    this.#control = own
    keepInParent(own)
    keepInParent(its)
    try {
      return (this.#child = await fork(its))
    } catch (error) {
      this.#release()
      throw error
    } finally {
      release(its)
      close(its)
    }
  }

  /** @internal What it has told. */
  report({ failure, leaving, mold }: WorkerReport): void {
    if (failure) this.#failure = notReady(this, `could not start: ${failure.message}`, errorOf(failure))
    else if (leaving) this.leaves = true
    else this.#reached(mold ? 'mold' : 'online')
  }

  #reached(status: 'mold' | 'online'): void {
    if (this.#status === 'starting' || status === 'mold') this.#status = status
    this.#ready.resolve()
  }

  /**
   * @internal Resolves when it can serve; after `becomeMold`, when others can be forked from it.
   * @throws (rejects) ERR_POSIX_ASYNC_WORKER where it could not start (its `cause` says why), died, or took longer than `timeout` milliseconds
   */
  async ready(timeout: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    let over = false
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(() => {
        over = true
        resolve()
      }, timeout)
    })
    await Promise.race([this.#ready.promise, late])
    clearTimeout(timer)
    if (!over && this.#status !== 'dead') return
    this.kill()
    throw this.#failure ?? notReady(this, `was not ready within ${timeout} ms`)
  }

  /** @internal For how many milliseconds its oldest request has been in work. */
  busyFor(): number {
    const since = this.leaves ? 0 : this.#cell.get('busySince')
    return since === 0 ? 0 : now() - since
  }

  /** @internal It takes no more and leaves when what it has begun is done, in `grace` milliseconds at the latest. */
  stop(grace: number): void {
    if (this.#control < 0) return
    if (this.#status === 'online') this.#status = 'stopping'
    this.leaves = true
    this.#cell.set('told', Told.leave)
    this.#closeControl()
    this.#killer ??= setTimeout(() => this.kill(), grace)
  }

  /** @internal It takes no more, and when what it has begun is done others can be forked from it. Wait with `ready`. */
  becomeMold(): void {
    this.#status = 'stopping'
    this.leaves = true
    this.#ready = new Deferred()
    this.#cell.set('told', Told.mold)
    send(this.#control, 'mold') // which wakes it
  }

  /** @internal */
  kill(): void {
    this.leaves = true
    this.cut = true
    this.#child?.kill('SIGKILL')
  }

  /** @internal SIGABRT, and SIGKILL after `grace` milliseconds. */
  abort(grace: number): void {
    this.leaves = true
    this.#child?.kill('SIGABRT')
    clearTimeout(this.#killer)
    this.#killer = setTimeout(() => this.#child?.kill('SIGKILL'), grace)
  }

  /** @internal It has ended and was reaped. Gives how many connections it had. */
  over(status: ExitStatus): number {
    const active = this.#cell.get('active')
    this.#failure ??= diedWith(this, status)
    this.#release()
    this.#ready.resolve()
    return active
  }

  #release(): void {
    this.#requests = this.#cell.get('requests')
    this.#status = 'dead'
    clearTimeout(this.#killer)
    this.#closeControl()
    this.#cells.giveBack(this.at)
  }

  #closeControl(): void {
    if (this.#control < 0) return
    release(this.#control)
    close(this.#control)
    this.#control = -1
  }
}

function notReady({ id }: PreforkWorker, why: string, cause?: Error): Error {
  const error = codedError(Error, 'ERR_POSIX_ASYNC_WORKER', `worker ${id} ${why}`)
  return cause ? Object.assign(error, { cause }) : error
}

function diedWith(worker: PreforkWorker, { code, signal }: ExitStatus): Error {
  return notReady(worker, `${signal ? `was killed by ${signal}` : `exited with code ${code}`} before it was ready`)
}

// A prefork worker, seen from its master.
import { codedError } from '../errors.js'
import { errorOf } from '../fork/channel.js'
import { runInChild, type Child, type ExitStatus } from '../fork/child.js'
import { close, pipe } from '../posix/unistd.js'
import { Deferred } from './deferred.js'
import { keepHere, letGo } from '../fork/only-here.js'
import type { WorkerReport } from './process-reports.js'
import { now, workerCell } from './worker-cell.js'
import type { WorkerInfo } from './worker-options.js'

export type WorkerStatus = 'starting' | 'online' | 'stopping' | 'dead'

let keys = 0

/** One worker process of a prefork server. */
export class Worker implements WorkerInfo {
  /** The number of its place among the workers, from 0; its successor has the same. */
  readonly id: number
  /** How often the server had been reloaded when it was forked, plus 1. */
  readonly generation: number
  readonly startedAt = new Date()
  /** @internal Its number among all workers that this process ever had. */
  readonly key = ++keys
  /** @internal */
  readonly cell = workerCell()
  /** @internal It was killed on purpose, or leaves because it has done its share: no crash. */
  leaves = false
  #status: WorkerStatus = 'starting'
  #requests = 0
  #child: Child | undefined
  // The writing end of the pipe whose end of file ends the worker; -1 when closed.
  #stop = -1
  #killer: NodeJS.Timeout | undefined
  readonly #ready = new Deferred()
  #failure: Error | undefined

  constructor(id: number, generation: number) {
    this.id = id
    this.generation = generation
  }

  get pid(): number {
    return this.#child?.pid ?? 0
  }

  get status(): WorkerStatus {
    return this.#status
  }

  /** Connections (of HTTP: requests) that it has served. */
  get requestsCount(): number {
    return this.#status === 'dead' ? this.#requests : this.cell.get('requests')
  }

  /** @internal Forks it. @throws (rejects) as runInChild, and with nothing left of it */
  async launch(main: (stop: number) => Promise<void>): Promise<Child> {
    const [reading, writing] = pipe()
    this.#stop = writing
    keepHere(reading)
    keepHere(writing)
    try {
      return (this.#child = await runInChild(() => main(reading)))
    } catch (error) {
      this.#release()
      throw error
    } finally {
      letGo(reading)
      close(reading)
    }
  }

  /** @internal What it has told. */
  report({ failure, leaving }: WorkerReport): void {
    if (failure) this.#failure = notReady(this, `could not start: ${failure.message}`, errorOf(failure))
    else if (leaving) this.leaves = true
    else this.#online()
  }

  #online(): void {
    if (this.#status === 'starting') this.#status = 'online'
    this.#ready.resolve()
  }

  /**
   * @internal Resolves when it can serve.
   * @throws (rejects) ERR_POSIX_ASYNC_WORKER where it could not start (its `cause` says why), died, or took longer than `timeout` milliseconds
   */
  async ready(timeout: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, timeout)))
    await Promise.race([this.#ready.promise, late])
    clearTimeout(timer)
    if (this.#status === 'online' || this.#status === 'stopping') return
    if (this.#status === 'starting') this.kill()
    throw this.#failure ?? notReady(this, `was not ready within ${timeout} ms`)
  }

  /** @internal For how many milliseconds its oldest request has been in work. */
  busyFor(): number {
    const since = this.cell.get('busySince')
    return since === 0 || this.leaves ? 0 : now() - since
  }

  /** @internal It takes no more and leaves when what it has begun is done, in `grace` milliseconds at the latest. */
  stop(grace: number): void {
    if (this.#stop < 0) return
    if (this.#status === 'online') this.#status = 'stopping'
    this.leaves = true
    this.cell.set('stop', 1)
    this.#closeStop()
    this.#killer ??= setTimeout(() => this.#child?.kill('SIGKILL'), grace)
  }

  /** @internal */
  kill(): void {
    this.leaves = true
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
    const active = this.cell.get('active')
    this.#failure ??= diedWith(this, status)
    this.#release()
    this.#ready.resolve()
    return active
  }

  #release(): void {
    this.#requests = this.cell.get('requests')
    this.#status = 'dead'
    clearTimeout(this.#killer)
    this.#closeStop()
    this.cell.release()
  }

  #closeStop(): void {
    if (this.#stop < 0) return
    letGo(this.#stop)
    close(this.#stop)
    this.#stop = -1
  }
}

function notReady({ id }: Worker, why: string, cause?: Error): Error {
  const error = codedError(Error, 'ERR_POSIX_ASYNC_WORKER', `worker ${id} ${why}`)
  return cause ? Object.assign(error, { cause }) : error
}

function diedWith(worker: Worker, { code, signal }: ExitStatus): Error {
  return notReady(worker, `${signal ? `was killed by ${signal}` : `exited with code ${code}`} before it was ready`)
}

// forkedPool: workers over data that was there at the fork, with the shape of piscina's pools.
import { EventEmitter } from 'node:events'
import { availableParallelism } from 'node:os'
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks'
import { namesOf, refuseUnknown } from '../../posix/internal/known-options.js'
import { codedError, invalidArgType } from '../../errors.js'
import { asInteger, INT_MAX } from '../../posix/internal/arguments.js'
import { asTask } from '../child-task.js'
import type { ForkedWorkerOptions } from '../worker/forked-worker.js'
import type { Outcome } from './pool-protocol.js'
import { PoolTask } from './pool-task.js'
import { PoolWorker } from './pool-worker.js'
import { setInterval } from '../../posix/internal/own-timers.js'

/** Options of forkedPool(). */
export interface ForkedPoolOptions extends Pick<ForkedWorkerOptions, 'limits' | 'maxMessage'> {
  /** How many workers there are (default: os.availableParallelism()). */
  workers?: number | undefined
  /** Tasks that one worker is at, at once (default 1). */
  concurrency?: number | undefined
  /** Tasks that may wait; more are refused (default Infinity). */
  maxQueue?: number | undefined
  /** Milliseconds after which the workers are forked anew by themselves, again and again; 0 (default): only by `refork()`. */
  refork?: number | undefined
}

const POOL_OPTIONS = namesOf<ForkedPoolOptions>({
  ...{ workers: true, concurrency: true, maxQueue: true, refork: true, limits: true, maxMessage: true },
})

/** Options of ForkedPool.run(). */
export interface ForkedPoolRunOptions {
  /** The promise rejects with its reason when it aborts. A worker that is at the task is killed, and replaced. */
  signal?: AbortSignal | undefined
}

/** Events of a ForkedPool. */
export interface ForkedPoolEvents {
  /** No task waits or is at work any more. */
  drain: []
  /** A worker was forked. */
  fork: [pid: number]
  /** A worker has ended: why, where nobody had asked for it. Its tasks were told the same. */
  exit: [pid: number | undefined, error: Error | undefined]
}

interface Checked {
  readonly workers: number
  readonly concurrency: number
  readonly maxQueue: number
  readonly refork: number
  readonly worker: ForkedWorkerOptions
}

function asOptions(options: unknown): Checked {
  if (typeof options !== 'object' || options === null) throw invalidArgType('options', 'of type object', options)
  refuseUnknown(options, POOL_OPTIONS)
  const {
    workers = availableParallelism(),
    concurrency = 1,
    maxQueue = Infinity,
    refork = 0,
    limits,
    maxMessage,
  } = options as ForkedPoolOptions
  return {
    workers: asInteger('options.workers', workers, 1, 10_000),
    concurrency: asInteger('options.concurrency', concurrency, 1, 1_000_000),
    maxQueue: maxQueue === Infinity ? Infinity : asInteger('options.maxQueue', maxQueue, 0),
    refork: asInteger('options.refork', refork, 0, INT_MAX),
    worker: { limits, maxMessage },
  }
}

const destroyed = (): Error => codedError(Error, 'ERR_INVALID_STATE', 'Invalid state: the pool was destroyed')

// What is recorded is microseconds, of which a histogram takes no fewer than one.
const record = (histogram: RecordableHistogram, milliseconds: number): void =>
  histogram.record(Math.max(1, Math.round(milliseconds * 1000)))

/** A pool that forkedPool() has begun. */
export class ForkedPool<Task, Result> extends EventEmitter<ForkedPoolEvents> {
  /** Microseconds that tasks have waited for a worker, and that workers were at them. */
  readonly histogram = { waitTime: createHistogram(), runTime: createHistogram() }
  readonly #fn: (task: never) => unknown
  readonly #options: Checked
  readonly #queue = new Set<PoolTask>()
  #workers = new Set<PoolWorker>()
  #retired = new Set<PoolWorker>()
  #completed = 0
  #reforking: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  #isClosed = false

  /** Made by forkedPool(). @internal */
  constructor(fn: (task: never) => unknown, options: Checked) {
    super()
    this.#fn = fn
    this.#options = options
    for (let i = 0; i < options.workers; i++) this.#workers.add(this.#fork())
    if (options.refork > 0) {
      this.#timer = setInterval(() => void this.refork().catch(() => {}), options.refork).unref()
    }
  }

  /** Tasks that wait for a worker. */
  get queueSize(): number {
    return this.#queue.size
  }

  /** Tasks that have ended, well or badly. */
  get completed(): number {
    return this.#completed
  }

  /** The numbers of the workers' processes that take tasks. */
  get pids(): number[] {
    return [...this.#workers].flatMap(({ worker: { pid } }) => (pid === undefined ? [] : [pid]))
  }

  /**
   * Has a worker do a task: the pool's function is called there with a clone of it.
   *
   * @param task what structured clone takes
   * @param options `signal` gives it up
   * @returns what the function returns
   * @throws (rejects) what the function throws; ERR_POSIX_ASYNC_CHILD where the worker died at it, ERR_POSIX_ASYNC_REPORT where it sent what
   *   is no answer; the signal's reason; ERR_OUT_OF_RANGE (more than `maxQueue` wait); ERR_INVALID_STATE (destroyed); a DOMException
   *   'DataCloneError'; why no worker could be forked
   */
  async run(task: Task, options: ForkedPoolRunOptions = {}): Promise<Awaited<Result>> {
    const { signal } = options
    if (signal !== undefined && !(signal instanceof AbortSignal)) {
      throw invalidArgType('options.signal', 'an instance of AbortSignal', signal)
    }
    if (this.#isClosed) throw destroyed()
    signal?.throwIfAborted()
    const queued = new PoolTask(task, signal, (one, reason) => this.#aborted(one, reason))
    this.#queue.add(queued)
    this.#assign()
    if (this.#queue.size > this.#options.maxQueue) this.#giveUp(queued, this.#isFull())
    return (await queued.promise) as Awaited<Result>
  }

  #isFull(): Error {
    return codedError(
      RangeError,
      'ERR_OUT_OF_RANGE',
      `no more than ${this.#options.maxQueue} tasks may wait (maxQueue)`,
    )
  }

  #fork(): PoolWorker {
    const worker = new PoolWorker(this.#fn, this.#options.worker, {
      done: (_, task, outcome) => this.#done(task, outcome),
      ended: (one, error) => this.#ended(one, error),
    })
    worker.worker.once('spawn', () => this.emit('fork', worker.worker.pid!))
    return worker
  }

  // The one with the fewest tasks, of those that may have one more.
  #free(): PoolWorker | undefined {
    let free: PoolWorker | undefined
    for (const worker of this.#workers) {
      if (!worker.isActive || worker.tasks.size >= this.#options.concurrency) continue
      if (!free || worker.tasks.size < free.tasks.size) free = worker
    }
    return free
  }

  #assign(): void {
    this.#fill()
    for (let worker; this.#queue.size > 0 && (worker = this.#free());) {
      const [task] = this.#queue as Iterable<PoolTask> as [PoolTask]
      this.#queue.delete(task)
      this.#give(worker, task)
    }
  }

  #give(worker: PoolWorker, task: PoolTask): void {
    try {
      worker.give(task)
      record(this.histogram.waitTime, task.start())
    } catch (error) {
      this.#giveUp(task, error)
    }
  }

  // Only where tasks wait: what can't be forked is not tried again and again for nobody.
  #fill(): void {
    if (this.#queue.size === 0 || this.#isClosed) return
    while (this.#workers.size < this.#options.workers) this.#workers.add(this.#fork())
  }

  #done(task: PoolTask, outcome: Outcome): void {
    this.#completed++
    if (!task.isOver) record(this.histogram.runTime, task.settle(outcome))
    this.#assign()
    this.#tellDrained()
  }

  #tellDrained(): void {
    if (this.#queue.size === 0 && this.#running === 0) this.emit('drain')
  }

  get #running(): number {
    return [...this.#workers, ...this.#retired].reduce((sum, { tasks }) => sum + tasks.size, 0)
  }

  #ended(worker: PoolWorker, error: unknown): void {
    this.#workers.delete(worker)
    this.#retired.delete(worker)
    const first = worker.hasServed || worker.worker.pid !== undefined ? undefined : this.#queue.values().next().value
    // It was never there: one task is told why, so that who cannot be forked is not tried for ever.
    if (first) this.#giveUp(first, error)
    this.emit('exit', worker.worker.pid, error as Error | undefined)
    this.#assign()
  }

  #giveUp(task: PoolTask, error: unknown): void {
    this.#queue.delete(task)
    task.settle({ error })
    this.#completed++
    this.#tellDrained()
  }

  #aborted(task: PoolTask, reason: unknown): void {
    if (this.#queue.has(task)) return this.#giveUp(task, reason)
    const worker = [...this.#workers, ...this.#retired].find(({ tasks }) => [...tasks.values()].includes(task))
    task.settle({ error: reason })
    worker?.kill(codedError(Error, 'ERR_POSIX_ASYNC_CHILD', 'the worker was killed: another of its tasks was given up'))
  }

  /**
   * Forks the workers anew, over the data as it is at the end of this turn. Tasks that are given from then on see it; those that are at work are
   * finished by the old workers, which end then. None is lost. Calls while one is under way give the same promise.
   *
   * @returns resolves when the new ones have taken over
   * @throws (rejects) why they could not be forked: the old ones stay then; ERR_INVALID_STATE (destroyed)
   */
  async refork(): Promise<void> {
    if (this.#isClosed) throw destroyed()
    await (this.#reforking ??= this.#replace().finally(() => (this.#reforking = undefined)))
  }

  async #replace(): Promise<void> {
    const next = Array.from({ length: this.#options.workers }, () => this.#fork())
    try {
      await Promise.all(next.map((worker) => worker.spawned()))
      if (this.#isClosed) throw destroyed()
    } catch (error) {
      for (const worker of next) worker.kill(error)
      throw error
    }
    const old = this.#workers
    this.#workers = new Set(next)
    for (const worker of old) {
      this.#retired.add(worker)
      worker.retire()
    }
    this.#assign()
  }

  /** Resolves when no task waits or is at work; then the workers end, and no task is taken any more. Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true
    clearInterval(this.#timer)
    await this.#reforking?.catch(() => {})
    while (this.#queue.size > 0 || this.#running > 0) await new Promise<void>((resolve) => this.once('drain', resolve))
    await this.#end((worker) => worker.retire())
  }

  /** Ends the workers at once. What waits, or is at work, rejects with ERR_INVALID_STATE. Idempotent. */
  async destroy(): Promise<void> {
    this.#isClosed = true
    clearInterval(this.#timer)
    for (const task of [...this.#queue]) this.#giveUp(task, destroyed())
    await this.#reforking?.catch(() => {})
    await this.#end((worker) => worker.kill(destroyed()))
  }

  async #end(stop: (worker: PoolWorker) => void): Promise<void> {
    const all = [...this.#workers, ...this.#retired]
    all.forEach(stop)
    for (const { worker } of all) worker.ref()
    await Promise.all(all.map(({ worker }) => worker.ended.catch(() => {})))
  }

  /** The same as `destroy`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.destroy()
  }
}

/**
 * Forks workers at the end of this turn of the event loop, which do tasks: `fn` is called in one of them for each `run(task)`. They have what
 * was on the heap at the fork without a copy; what one changes, it changes for itself. `refork()` gives them what is there by then. A worker
 * that dies rejects its task and is replaced, from the heap as it is by then, when there is a task for it. Idle workers do not keep the
 * process alive.
 *
 * @param fn runs in the workers only; may be asynchronous
 * @param options see ForkedPoolOptions
 * @throws ErrnoError EMFILE, ENFILE; ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE, ERR_OUT_OF_RANGE. Main thread; elsewhere tasks reject with ENOTSUP.
 * @see man 2 fork
 */
export function forkedPool<Task, Result>(
  fn: (task: Task) => Result,
  options: ForkedPoolOptions = {},
): ForkedPool<Task, Result> {
  return new ForkedPool<Task, Result>(asTask(fn) as (task: never) => unknown, asOptions(options))
}

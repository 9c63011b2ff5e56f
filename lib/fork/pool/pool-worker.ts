// One worker of a pool, and the tasks that it is at.
import { codedError } from '../../errors.js'
import type { ForkedWorkerOptions } from '../worker/forked-worker.js'
import { forkedWorker, type ForkedWorker } from '../worker/forked-worker.js'
import { asReply, serveTasks, type Order, type Outcome, type Reply } from './pool-protocol.js'
import type { PoolTask } from './pool-task.js'
import { notAReport } from '../not-a-report.js'

export interface PoolWorkerEvents {
  /** One of its tasks is over. */
  done(worker: PoolWorker, task: PoolTask, outcome: Outcome): void
  /** It has ended, with `error` where nobody had asked for that. Its tasks are over. */
  ended(worker: PoolWorker, error: unknown): void
}

export class PoolWorker {
  readonly worker: ForkedWorker<Reply, Order>
  readonly tasks = new Map<number, PoolTask>()
  readonly #events: PoolWorkerEvents
  #lastId = 0
  #isRetired = false
  #hasServed = false
  #reason: { error: unknown } | undefined

  constructor(fn: (task: never) => unknown, options: ForkedWorkerOptions, events: PoolWorkerEvents) {
    this.#events = events
    this.worker = forkedWorker<Order, Reply>((port) => serveTasks(port, fn), options)
    this.worker.unref()
    this.worker.on('message', (reply: unknown) => this.#heard(reply))
    void this.worker.ended.then(
      () => this.#ended(codedError(Error, 'ERR_POSIX_ASYNC_CHILD', `worker ${this.worker.pid} has ended`)),
      (error: unknown) => this.#ended(error),
    )
  }

  /** Whether it takes tasks. */
  get isActive(): boolean {
    return !this.#isRetired && !this.#reason
  }

  /** Whether it has been given a task, and so was once there. */
  get hasServed(): boolean {
    return this.#hasServed
  }

  /** Resolves when it is there. @throws (rejects) why it could not be forked */
  async spawned(): Promise<void> {
    if (this.worker.pid !== undefined) return
    await Promise.race([new Promise<void>((resolve) => this.worker.once('spawn', () => resolve())), this.worker.ended])
  }

  /** @throws DOMException 'DataCloneError' */
  give(task: PoolTask): void {
    const id = ++this.#lastId
    this.worker.send({ id, task: task.value })
    this.tasks.set(id, task)
    this.#hasServed = true
    this.worker.ref()
  }

  // A worker that answers what was not asked was taken over.
  #heard(value: unknown): void {
    try {
      const { id, outcome } = asReply(value)
      const task = this.tasks.get(id)
      if (!task) throw notAReport('an answer to no task of its own')
      this.#close(id, task, outcome)
    } catch (error) {
      this.kill(error)
    }
  }

  #close(id: number, task: PoolTask, outcome: Outcome): void {
    this.tasks.delete(id)
    if (this.tasks.size === 0) {
      this.worker.unref()
      if (this.#isRetired) this.worker.disconnect()
    }
    this.#events.done(this, task, outcome)
  }

  /** Takes no more tasks, and ends when those that it is at are over. */
  retire(): void {
    this.#isRetired = true
    if (this.tasks.size === 0) this.worker.disconnect()
  }

  /** Kills it. Its tasks reject with `error`. */
  kill(error: unknown): void {
    this.#reason ??= { error }
    this.worker.kill('SIGKILL')
  }

  #ended(why: unknown): void {
    const { error } = this.#reason ?? { error: why }
    this.#reason ??= { error }
    for (const [id, task] of this.tasks) {
      this.tasks.delete(id)
      this.#events.done(this, task, { error })
    }
    this.#events.ended(this, this.#isRetired ? undefined : error)
  }
}

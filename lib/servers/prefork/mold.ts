// A mold, seen from the master: a warm worker that serves no more and from which the others are forked. They are the master's
// children all the same (CLONE_PARENT), who gives each an end of a socket and waits for it. See: man 2 clone; man 7 unix for SCM_RIGHTS.
import { codedError } from '../../errors.js'
import { errorOf } from '../../fork/channel.js'
import { Child } from '../../fork/child.js'
import { sendmsg } from '../../posix/socket/socket-messages.js'
import type { ForkReport } from '../serving/child-reports.js'
import type { WorkerTask } from './worker-context.js'
import type { PreforkWorker } from './worker.js'

interface Wait {
  resolve(child: Child): void
  reject(error: Error): void
}

export class Mold {
  readonly worker: PreforkWorker
  readonly #timeout: number
  // By the number of the worker that was asked for.
  readonly #asked = new Map<number, Wait>()

  /** @param timeout milliseconds that a fork may take */
  constructor(worker: PreforkWorker, timeout: number) {
    this.worker = worker
    this.#timeout = timeout
  }

  /** Forks a worker. @throws (rejects) as fork, ERR_POSIX_ASYNC_WORKER where the mold dies, or is killed for not answering in time */
  async fork(task: WorkerTask, control: number): Promise<Child> {
    const late = setTimeout(() => this.worker.kill(), this.#timeout)
    try {
      return await new Promise<Child>((resolve, reject) => {
        this.#asked.set(task.key, { resolve, reject })
        const { key, at, id, generation } = task
        sendmsg(this.worker.control, { data: JSON.stringify({ key, at, id, generation }), fds: [control] })
      })
    } finally {
      clearTimeout(late)
      this.#asked.delete(task.key)
    }
  }

  /** It tells of a fork. */
  told({ forked, pid, failure }: ForkReport): void {
    const wait = this.#asked.get(forked)
    if (failure) wait?.reject(errorOf(failure))
    else if (pid !== undefined) wait?.resolve(new Child(pid))
  }

  /** It has ended, whoever wanted that. */
  ended(): void {
    const error = codedError(
      Error,
      'ERR_POSIX_ASYNC_WORKER',
      `the mold of generation ${this.worker.generation} has ended`,
    )
    for (const { reject } of this.#asked.values()) reject(error)
  }
}

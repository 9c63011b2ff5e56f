// A mold, seen from the master: a warm worker that serves no more and from which the others are forked. They are the master's
// children all the same (CLONE_PARENT), which gives each an end of a socket and the memory of its entry, learns from the kernel which process each
// is, and waits for it. See: man 2 clone; man 7 unix for SCM_RIGHTS.
import { codedError } from '../../errors.js'
import type { Child } from '../../fork/child.js'
import { sendmsg } from '../../posix/socket/socket-messages.js'
import { MSG_DONTWAIT } from '../../posix/sys-socket.js'
import type { UnforkedReport } from '../serving/child-reports.js'
import { expectIntroduction, introduced } from './introduction.js'
import type { WorkerTask } from './worker-context.js'
import type { PreforkWorker, WorkerEnds } from './worker.js'
import { setTimeout } from '../../posix/internal/own-timers.js'

export class Mold {
  readonly worker: PreforkWorker
  readonly #timeout: number
  // By the number of the worker that was asked for: gives the fork up.
  readonly #asked = new Map<number, AbortController>()

  /** @param timeout milliseconds that a fork may take */
  constructor(worker: PreforkWorker, timeout: number) {
    this.worker = worker
    this.#timeout = timeout
  }

  /**
   * Forks a worker.
   * @throws (rejects) as fork; ERR_POSIX_ASYNC_WORKER where the mold dies, or is killed for not answering in time; ERR_POSIX_ASYNC_REPORT where what
   *   introduces itself is none
   */
  async fork(task: WorkerTask, ends: WorkerEnds): Promise<Child> {
    const stop = new AbortController()
    const late = setTimeout(() => this.worker.kill(), this.#timeout)
    this.#asked.set(task.key, stop)
    try {
      expectIntroduction(ends.own)
      this.#ask(task, ends)
      return await introduced(ends.own, stop.signal)
    } finally {
      clearTimeout(late)
      this.#asked.delete(task.key)
    }
  }

  // A mold that does not read what it is asked is of no use, and is not waited for.
  #ask({ key, id, generation }: WorkerTask, { its, memory }: WorkerEnds): void {
    const data = JSON.stringify({ key, id, generation })
    if (sendmsg(this.worker.control, { data, fds: [its, memory] }, MSG_DONTWAIT) !== null) return
    this.worker.kill()
    throw this.#hasEnded()
  }

  /** It could not fork. */
  unforked({ key, error }: UnforkedReport): void {
    this.#asked.get(key)?.abort(error)
  }

  /** It has ended, by itself or by a signal. */
  ended(): void {
    for (const stop of this.#asked.values()) stop.abort(this.#hasEnded())
  }

  #hasEnded(): Error {
    const message = `the mold of generation ${this.worker.generation} has ended`
    return codedError(Error, 'ERR_POSIX_ASYNC_WORKER', message)
  }
}

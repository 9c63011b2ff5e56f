// The accept loop of a process that does nothing but serve, one client after another: syncServer's child and prefork's workers.
// See: man 2 accept, man 2 epoll_ctl for EPOLLEXCLUSIVE.
import { poll, POLLIN } from '../posix/poll.js'
import { EPOLL_CTL_ADD, epoll_create1, epoll_ctl, epoll_wait, EPOLLEXCLUSIVE, EPOLLIN } from '../posix/sys-epoll.js'
import { accept4, type Accepted } from '../posix/sys-socket.js'
import { acceptFailure, EXHAUSTED_PAUSE } from './accept-errors.js'
import type { Listener } from './listener.js'
import type { ProcessTally } from './process-tally.js'

/**
 * Accepts, blocking this process. It ends when the listener is shut down; where that must not be, because others go on with the
 * listener, when the pipe says so (or whoever would has died).
 */
export class AcceptLoop {
  readonly #listener: number
  readonly #stop: number
  readonly #tally: ProcessTally
  // Of the listener and the pipe; undefined where accept4 itself waits.
  readonly #epoll: number | undefined

  /**
   * @param stop reading end of a pipe; its end of file stops the loop
   * @param waits whether accept4 does not block and the loop waits for listener and pipe
   */
  constructor(listener: Listener, stop: number, tally: ProcessTally, waits: boolean) {
    this.#listener = listener.fd
    this.#stop = stop
    this.#tally = tally
    this.#epoll = waits ? this.#watchBoth() : undefined
  }

  // A connection wakes one of those who wait for it, and not all.
  #watchBoth(): number {
    const epfd = epoll_create1()
    epoll_ctl(epfd, EPOLL_CTL_ADD, this.#listener, { events: EPOLLIN | EPOLLEXCLUSIVE })
    epoll_ctl(epfd, EPOLL_CTL_ADD, this.#stop, { events: EPOLLIN })
    return epfd
  }

  /** The next client, or null when there are to be no more. */
  next(): Accepted | null {
    for (;;) {
      if (this.#hasStopped()) return null
      try {
        const accepted = accept4(this.#listener)
        if (accepted) return accepted
      } catch (error) {
        const failure = acceptFailure(error)
        if (failure === 'stopped') return null
        if (failure === 'failed') throw error
        if (failure === 'exhausted' && this.#restUnlessStopped()) return null
      }
    }
  }

  #hasStopped(): boolean {
    if (this.#epoll === undefined) return false
    return epoll_wait(this.#epoll, 2, -1).some(({ data }) => data === this.#stop)
  }

  #restUnlessStopped(): boolean {
    this.#tally.add('exhaustions')
    return poll([{ fd: this.#stop, events: POLLIN, revents: 0 }], EXHAUSTED_PAUSE) !== 0
  }
}

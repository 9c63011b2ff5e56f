// The accept loop of a process that does nothing but serve, one client after another: syncServer's child and prefork's workers.
// See: man 2 accept, man 2 epoll_ctl for EPOLLEXCLUSIVE.
import { poll, POLLIN } from '../posix/poll.js'
import {
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  epoll_create1,
  epoll_ctl,
  epoll_wait,
  EPOLLEXCLUSIVE,
  EPOLLIN,
} from '../posix/sys-epoll.js'
import { accept4, type Accepted } from '../posix/sys-socket.js'
import { acceptFailure, EXHAUSTED_PAUSE } from './accept-errors.js'
import { close } from '../posix/unistd.js'
import type { Listener } from './listener.js'
import type { ProcessTally } from './process-tally.js'

/** How an accept loop comes to its end where the listener itself goes on, with others. */
export interface AcceptStop {
  /** A descriptor that is readable when the loop is to look. */
  readonly fd: number
  /** Asked before each accept: a loop that is never idle does not look at the descriptor. */
  asked(): boolean
}

/** Accepts, blocking this process, until the listener is shut down or, where others go on with it, until it is told to stop. */
export class AcceptLoop {
  readonly #listener: number
  readonly #stop: AcceptStop
  readonly #tally: ProcessTally
  // Of the listener and `stop`; undefined where accept4 itself waits.
  readonly #epoll: number | undefined
  #inLine = false

  /** @param waits whether accept4 does not block and the loop waits for listener and `stop` */
  constructor(listener: Listener, stop: AcceptStop, tally: ProcessTally, waits: boolean) {
    this.#listener = listener.fd
    this.#stop = stop
    this.#tally = tally
    this.#epoll = waits ? epoll_create1() : undefined
    if (this.#epoll !== undefined) epoll_ctl(this.#epoll, EPOLL_CTL_ADD, stop.fd, { events: EPOLLIN })
  }

  /** The next client, or null when there are to be no more. */
  next(): Accepted | null {
    while (!this.#stop.asked()) {
      try {
        const accepted = accept4(this.#listener)
        if (accepted) return accepted
        if (this.#epoll !== undefined) this.#wait(this.#epoll)
      } catch (error) {
        const failure = acceptFailure(error)
        if (failure === 'stopped') return null
        if (failure === 'failed') throw error
        if (failure === 'exhausted' && this.#restUnlessStopped()) return null
      }
    }
    return null
  }

  /** Waits no more in the line. */
  close(): void {
    if (this.#epoll !== undefined) close(this.#epoll)
  }

  // A connection wakes the one that has waited longest, and no other: whoever waits again goes to the end of the line.
  #wait(epfd: number): void {
    if (this.#inLine) epoll_ctl(epfd, EPOLL_CTL_DEL, this.#listener)
    this.#inLine = false
    epoll_ctl(epfd, EPOLL_CTL_ADD, this.#listener, { events: EPOLLIN | EPOLLEXCLUSIVE })
    this.#inLine = true
    epoll_wait(epfd, 2, -1)
  }

  #restUnlessStopped(): boolean {
    this.#tally.add('exhaustions')
    return poll([{ fd: this.#stop.fd, events: POLLIN, revents: 0 }], EXHAUSTED_PAUSE) !== 0
  }
}

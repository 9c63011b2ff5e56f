// The accept loop of a process or an isolate that does nothing but serve, one client after another: syncServer's child, prefork's
// workers, threadServer's isolates.
// See: man 2 accept, man 2 epoll_ctl for EPOLLEXCLUSIVE.
import { poll, POLLIN } from '../../posix/poll.js'
import {
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  epoll_create1,
  epoll_ctl,
  epoll_wait,
  EPOLLET,
  EPOLLEXCLUSIVE,
  EPOLLIN,
} from '../../posix/sys-epoll.js'
import { eventfd_write } from '../../posix/sys-eventfd.js'
import { accept4, type Accepted } from '../../posix/sys-socket.js'
import { acceptFailure, EXHAUSTED_PAUSE } from '../accept/accept-errors.js'
import { close } from '../../posix/unistd.js'
import type { Listener } from '../accept/listener.js'
import type { Counters } from './counters.js'

/** How an accept loop comes to its end where the listener itself goes on, with others. */
export interface AcceptStop {
  /** A descriptor that is readable when the loop is to look. */
  readonly fd: number
  /** Asked before each accept: a loop that is never idle does not look at the descriptor. */
  asked(): boolean
}

/** Accepts, blocking this thread, until the listener is shut down or, where others go on with it, until it is told to stop. */
export class AcceptLoop {
  readonly #listener: number
  readonly #stop: AcceptStop
  readonly #turns: number | undefined
  readonly #line: number | undefined
  readonly #tally: Counters
  // Of the listener and `stop`; undefined where accept4 itself waits.
  readonly #epoll: number | undefined
  #inLine = false

  /**
   * @param waits whether accept4 does not block and the loop waits for listener and `stop`
   * @param turns a descriptor that is readable while something else is to be done here first
   * @param line an eventfd that all who wait in the line have, and that wakes them when one leaves it
   */
  constructor(
    listener: Pick<Listener, 'fd'>,
    stop: AcceptStop,
    tally: Counters,
    waits: boolean,
    turns?: number,
    line?: number,
  ) {
    this.#listener = listener.fd
    this.#stop = stop
    this.#turns = turns
    this.#line = line
    this.#tally = tally
    this.#epoll = waits ? epoll_create1() : undefined
    if (this.#epoll === undefined) return
    epoll_ctl(this.#epoll, EPOLL_CTL_ADD, stop.fd, { events: EPOLLIN })
    if (line !== undefined) epoll_ctl(this.#epoll, EPOLL_CTL_ADD, line, { events: EPOLLIN | EPOLLET })
    if (turns !== undefined) epoll_ctl(this.#epoll, EPOLL_CTL_ADD, turns, { events: EPOLLIN })
  }

  /**
   * The next client, or null when there are to be no more; undefined where `turns` is readable, or nobody is there and this is not to wait.
   */
  next(wait = true): Accepted | null | undefined {
    while (!this.#stop.asked()) {
      try {
        const accepted = accept4(this.#listener)
        if (accepted) return accepted
        if (!wait || (this.#epoll !== undefined && this.#wait(this.#epoll))) return undefined
      } catch (error) {
        const failure = acceptFailure(error)
        if (failure === 'stopped') return null
        if (failure === 'failed') throw error
        if (failure === 'exhausted' && this.#restUnlessStopped()) return null
      }
    }
    return null
  }

  /** What it waits with: closed by the parent that outlives it, or with the process; -1 where accept4 itself waits. */
  get descriptor(): number {
    return this.#epoll ?? -1
  }

  /** Waits no more in the line. It may have been woken for a client as it was told to stop, and nobody else for that one: the others look. */
  close(): void {
    if (this.#epoll !== undefined) close(this.#epoll)
    if (this.#line !== undefined) eventfd_write(this.#line, 1n)
  }

  // A connection wakes the one that has waited longest, and no other: a loop that waits again goes to the end of the line. Gives whether
  // something else is to be done.
  #wait(epfd: number): boolean {
    if (this.#inLine) epoll_ctl(epfd, EPOLL_CTL_DEL, this.#listener)
    this.#inLine = false
    epoll_ctl(epfd, EPOLL_CTL_ADD, this.#listener, { events: EPOLLIN | EPOLLEXCLUSIVE })
    this.#inLine = true
    return epoll_wait(epfd, 4, -1).some(({ data }) => data === this.#turns)
  }

  #restUnlessStopped(): boolean {
    this.#tally.add('exhaustions')
    return poll([{ fd: this.#stop.fd, events: POLLIN, revents: 0 }], EXHAUSTED_PAUSE) !== 0
  }
}

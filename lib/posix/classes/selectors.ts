// Selectors: Python's verbs over select(2), poll(2) and epoll(7), one class a back end.
import { outOfRange } from '../../errors.js'
import { BaseSelector, EVENT_READ, EVENT_WRITE, type SelectorKey } from './base-selector.js'
import { POLLIN, POLLOUT, poll, pollAsync } from '../poll.js'
import * as sys from '../sys-epoll.js'
import { FD_SETSIZE, select, selectAsync, type Selected } from '../sys-select.js'
import { close } from '../unistd.js'
import type { SignalOptions } from '../event-loop/look-until.js'

export {
  BaseSelector,
  EVENT_READ,
  EVENT_WRITE,
  type FileObject,
  type Ready,
  type SelectorKey,
} from './base-selector.js'

/** Over select(2): descriptors below FD_SETSIZE (1024) only. */
export class SelectSelector<Data = unknown> extends BaseSelector<Data> {
  protected added({ fd }: SelectorKey<Data>): void {
    if (fd >= FD_SETSIZE) throw outOfRange('fd', `< ${FD_SETSIZE}`, fd)
  }
  protected modified(): void {}
  protected removed(): void {}

  protected wait(timeout: number): [number, number][] {
    return this.#found(select(...this.#lists(), [], timeout))
  }

  protected async waitAsync(timeout: number, options?: SignalOptions): Promise<[number, number][]> {
    return this.#found(await selectAsync(...this.#lists(), [], timeout, options))
  }

  #lists(): [number[], number[]] {
    const keys = [...this.keys]
    const wanting = (event: number) => keys.filter(({ events }) => events & event).map(({ fd }) => fd)
    return [wanting(EVENT_READ), wanting(EVENT_WRITE)]
  }

  #found({ read, write }: Selected): [number, number][] {
    const events = new Map(read.map((fd) => [fd, EVENT_READ]))
    for (const fd of write) events.set(fd, (events.get(fd) ?? 0) | EVENT_WRITE)
    return [...events]
  }
}

// EPOLLIN is POLLIN and EPOLLOUT is POLLOUT. What is neither, an error or a hang-up, makes ready for both: the call tells.
const toPoll = (events: number): number => (events & EVENT_READ ? POLLIN : 0) | (events & EVENT_WRITE ? POLLOUT : 0)
const fromPoll = (events: number): number => (events & ~POLLOUT ? EVENT_READ : 0) | (events & ~POLLIN ? EVENT_WRITE : 0)

/** Over poll(2). */
export class PollSelector<Data = unknown> extends BaseSelector<Data> {
  protected added(): void {}
  protected modified(): void {}
  protected removed(): void {}

  protected wait(timeout: number): [number, number][] {
    const fds = this.#fds()
    poll(fds, timeout)
    return this.#found(fds)
  }

  protected async waitAsync(timeout: number, options?: SignalOptions): Promise<[number, number][]> {
    const fds = this.#fds()
    await pollAsync(fds, timeout, options)
    return this.#found(fds)
  }

  #fds(): { fd: number; events: number; revents: number }[] {
    return [...this.keys].map(({ fd, events }) => ({ fd, events: toPoll(events), revents: 0 }))
  }

  #found(fds: { fd: number; revents: number }[]): [number, number][] {
    return fds.filter(({ revents }) => revents !== 0).map(({ fd, revents }) => [fd, fromPoll(revents)])
  }
}

/** Over epoll(7): its cost does not grow with the number of descriptors that are not ready. */
export class EpollSelector<Data = unknown> extends BaseSelector<Data> {
  #epfd = sys.epoll_create1()
  #size = 0

  /** The epoll instance's own descriptor, which can be watched itself. */
  get fd(): number {
    return this.#epfd
  }

  protected added({ fd, events }: SelectorKey<Data>): void {
    sys.epoll_ctl(this.#epfd, sys.EPOLL_CTL_ADD, fd, { events: toPoll(events) })
    this.#size++
  }

  protected modified({ fd, events }: SelectorKey<Data>): void {
    sys.epoll_ctl(this.#epfd, sys.EPOLL_CTL_MOD, fd, { events: toPoll(events) })
  }

  protected removed({ fd }: SelectorKey<Data>): void {
    this.#size--
    try {
      sys.epoll_ctl(this.#epfd, sys.EPOLL_CTL_DEL, fd)
    } catch {
      // closed meanwhile, and so forgotten by the kernel
    }
  }

  // What is ready beyond that comes first the next time.
  get #most(): number {
    return Math.min(Math.max(1, this.#size), 65536)
  }

  protected wait(timeout: number): [number, number][] {
    return this.#found(sys.epoll_wait(this.#epfd, this.#most, timeout))
  }

  protected async waitAsync(timeout: number, options?: SignalOptions): Promise<[number, number][]> {
    return this.#found(await sys.epoll_waitAsync(this.#epfd, this.#most, timeout, options))
  }

  #found(events: { events: number; data: number }[]): [number, number][] {
    return events.map(({ events, data }) => [data, fromPoll(events)])
  }

  override close(): void {
    super.close()
    if (this.#epfd < 0) return
    close(this.#epfd)
    this.#epfd = -1
  }
}

/** The best there is on this system: EpollSelector. */
export const DefaultSelector = EpollSelector

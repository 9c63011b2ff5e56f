// Epoll: callbacks for the events of descriptors, with the interface of the npm package `epoll`. See: man 7 epoll.
import { AsyncResource } from 'node:async_hooks'
import { constants } from 'node:os'
import { check, codedError, ErrnoError, invalidArgType } from '../../errors.js'
import { constant, native } from '../../native.js'
import { asFd } from '../internal/arguments.js'
import { callSafely, forgotten, loop } from '../event-loop/epoll-registry.js'
import { EpollThread, isConsumed } from '../event-loop/epoll-thread.js'
import { Watch } from '../event-loop/watch.js'
import { asEpollEvents } from '../internal/epoll-events.js'
import { own } from '../internal/owned-fds.js'
import { EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLL_CTL_MOD, epoll_create1 } from '../sys-epoll.js'
import { close } from '../unistd.js'

/** Called with `null`, the descriptor and its events; or, when waiting itself has failed, with the error alone. */
export type EpollCallback = (error: Error | null, fd: number, events: number) => void

const BATCH = 64
const EPOLLIN = constant('EPOLLIN')

/**
 * Watches descriptors and calls back with their events, on the thread of the event loop. Level-triggered unless EPOLLET is
 * asked for. Keeps the process alive while it watches anything. Remove a descriptor before closing it. In the child of a fork it
 * watches nothing, and may be used anew.
 *
 * ```ts
 * const poller = new Epoll((error, fd, events) => { ... })
 * poller.add(fd, Epoll.EPOLLIN)
 * poller.remove(fd).close()
 * ```
 */
export class Epoll {
  static readonly EPOLLIN = EPOLLIN
  static readonly EPOLLOUT = constant('EPOLLOUT')
  static readonly EPOLLRDHUP = constant('EPOLLRDHUP')
  static readonly EPOLLPRI = constant('EPOLLPRI')
  static readonly EPOLLERR = constant('EPOLLERR')
  static readonly EPOLLHUP = constant('EPOLLHUP')
  static readonly EPOLLET = constant('EPOLLET')
  static readonly EPOLLONESHOT = constant('EPOLLONESHOT')

  readonly #callback: EpollCallback
  // The kernel gives back an id and not the number: an event of what was removed meanwhile finds nothing.
  readonly #idOf = new Map<number, number>()
  readonly #fdOf = new Map<number, number>()
  readonly #pairs = new Float64Array(2 * BATCH)
  #thread: EpollThread | undefined // in the place of the watch, where a look consumes events
  #lastId = 0
  #epfd = -1
  #watch: Watch | undefined
  #closed = false
  #born = forgotten()

  /**
   * @param callback is called with the events of a descriptor
   * @throws ERR_INVALID_ARG_TYPE
   */
  constructor(callback: EpollCallback) {
    if (typeof callback !== 'function') throw invalidArgType('callback', 'of type function', callback)
    this.#callback = AsyncResource.bind(callback, 'POSIX_ASYNC_EPOLL')
  }

  /** Whether `close` was called. */
  get closed(): boolean {
    return this.#closed
  }

  /**
   * Watches a descriptor.
   * @param fd an open descriptor, borrowed
   * @param events event types combined with `|`
   * @throws ErrnoError EBADF, EEXIST, EPERM (a regular file), ENOSPC, EMFILE; ERR_INVALID_STATE after close; ERR_INVALID_ARG_TYPE
   */
  add(fd: number, events: number): this {
    this.#open('add')
    const [file, wanted] = [asFd(fd), asEpollEvents(events)]
    const id = ++this.#lastId
    this.#start()
    const result = native.epoll_ctl(this.#epfd, EPOLL_CTL_ADD, file, wanted, id)
    if (result < 0) this.#stopIfIdle()
    check(result, 'epoll_ctl')
    this.#forget(fd) // of a descriptor closed without being removed, whose number is another's now
    this.#idOf.set(fd, id)
    this.#fdOf.set(id, fd)
    if (isConsumed(file, wanted)) this.#waitOnThread()
    return this
  }

  /**
   * Watches for other events; arms EPOLLONESHOT again.
   * @throws ErrnoError ENOENT, EBADF; ERR_INVALID_STATE after close; ERR_INVALID_ARG_TYPE
   */
  modify(fd: number, events: number): this {
    this.#open('modify')
    const id = this.#idFor(asFd(fd))
    const wanted = asEpollEvents(events)
    check(native.epoll_ctl(this.#epfd, EPOLL_CTL_MOD, fd, wanted, id), 'epoll_ctl')
    if (isConsumed(fd, wanted)) this.#waitOnThread()
    return this
  }

  /**
   * Watches a descriptor no longer, at once: no call comes any more for it.
   * @throws ErrnoError ENOENT, EBADF; ERR_INVALID_STATE after close; ERR_INVALID_ARG_TYPE
   */
  remove(fd: number): this {
    this.#open('remove')
    const result = native.epoll_ctl(this.#epfd, EPOLL_CTL_DEL, fd, 0, this.#idFor(asFd(fd)))
    this.#forget(fd)
    this.#stopIfIdle()
    check(result, 'epoll_ctl')
    return this
  }

  /** Removes all descriptors, which stay open, and frees what this holds. May be called again. */
  close(): void {
    this.#closed = true
    this.#idOf.clear()
    this.#fdOf.clear()
    this.#stopIfIdle()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #open(method: string): void {
    if (this.#closed) throw codedError(Error, 'ERR_INVALID_STATE', `${method} can't be called after calling close`)
    if (this.#born !== forgotten()) this.#startAnew()
  }

  // In the child of a fork. The instance is one with the parent's, who would lose what is removed here.
  #startAnew(): void {
    this.#thread = undefined
    this.#born = forgotten()
    this.#idOf.clear()
    this.#fdOf.clear()
    this.#stopIfIdle()
  }

  #forget(fd: number): void {
    const id = this.#idOf.get(fd)
    if (id === undefined) return
    this.#idOf.delete(fd)
    this.#fdOf.delete(id)
  }

  // An instance of its own exists while there is something to watch: one that was forgotten costs nothing.
  #start(): void {
    if (this.#epfd >= 0) return
    this.#epfd = epoll_create1()
    own(this.#epfd)
    try {
      this.#watch = new Watch(this.#epfd, EPOLLIN, () => this.#deliver())
    } catch (error) {
      this.#end()
      throw error
    }
  }

  // From here on nobody else looks at the instance.
  #waitOnThread(): void {
    this.#watch?.close()
    this.#watch = undefined
    this.#thread ??= new EpollThread(loop, BATCH, true, (count) => {
      this.#tell(this.#thread!.pairs, count)
      if (this.#idOf.size > 0 && count >= 0) this.#thread?.begin(this.#epfd)
    })
    this.#thread.begin(this.#epfd)
  }

  #stopIfIdle(): void {
    if (this.#epfd >= 0 && this.#idOf.size === 0) this.#end()
  }

  #end(): void {
    this.#watch?.close()
    this.#watch = undefined
    if (this.#born === forgotten()) this.#thread?.stop()
    this.#thread = undefined
    close(this.#epfd)
    this.#epfd = -1
  }

  #idFor(fd: number): number {
    const id = this.#idOf.get(fd)
    if (id === undefined) throw new ErrnoError(constants.errno.ENOENT, 'epoll_ctl')
    return id
  }

  #deliver(): void {
    this.#tell(this.#pairs, native.epoll_wait(this.#epfd, this.#pairs, BATCH, 0))
  }

  #tell(found: Float64Array, count: number): void {
    if (count < 0) return this.#callback(new ErrnoError(count, 'epoll_wait'), -1, 0)
    const pairs = found.slice(0, 2 * count)
    for (let i = 0; i < pairs.length; i += 2) {
      const fd = this.#fdOf.get(pairs[i + 1]!)
      if (fd !== undefined) callSafely(() => this.#callback(null, fd, pairs[i]!))
    }
  }
}

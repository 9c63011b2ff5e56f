// The second epoll instance of an environment: for descriptors whose events are consumed by a look. The first is watched by Node's own loop,
// which looks before it tells; this one is waited for by a thread. Internal; epoll-registry.ts is its only user.
import { constant, native } from '../../native.js'
import { EpollThread, type Loop } from './epoll-thread.js'

const EPOLL_CTL_DEL = constant('EPOLL_CTL_DEL')
const MOST = 256

export class ConsumedEvents {
  readonly #loop: Loop
  readonly #deliver: (pairs: Int32Array, count: number) => void
  readonly #members = new Set<number>()
  #thread: EpollThread | undefined
  #epfd = -1

  /** @param deliver is called with id and events of each that is ready, in turn */
  constructor(loop: Loop, deliver: (pairs: Int32Array, count: number) => void) {
    this.#loop = loop
    this.#deliver = deliver
  }

  /** As epoll_ctl(2). What is there already is delivered on the next tick: the kernel's own look, as it adds, would consume it. */
  control(operation: number, fd: number, events: number, id: number): number {
    const error = this.#open()
    if (error < 0) return error
    const found = operation === EPOLL_CTL_DEL ? 0 : this.#look(fd, events)
    const result = native.epoll_ctl(this.#epfd, operation, fd, events, id)
    if (result === 0 && operation !== EPOLL_CTL_DEL) this.#members.add(fd)
    else this.#members.delete(fd)
    if (result === 0 && found > 0) process.nextTick(() => this.#deliver(Int32Array.of(id, found), 1))
    this.#beginOrEnd()
    return result
  }

  #look(fd: number, events: number): number {
    const polled = new Int32Array([fd, events & 0xffff])
    return native.poll(polled, 1, 0) > 0 ? polled[1]! >>> 16 : 0
  }

  #open(): number {
    if (this.#epfd >= 0) return 0
    this.#epfd = native.epoll_create1(constant('EPOLL_CLOEXEC'))
    this.#thread = new EpollThread(this.#loop, MOST, false, (count) => this.#tell(count))
    return Math.min(this.#epfd, 0)
  }

  #beginOrEnd(): void {
    if (this.#members.size > 0) return this.#thread!.begin(this.#epfd)
    this.#thread!.stop()
    this.forget()
  }

  #tell(count: number): void {
    const { pairs } = this.#thread!
    const ready = new Int32Array(2 * Math.max(count, 0))
    for (let at = 0; at < ready.length; at += 2) {
      ready[at] = pairs[at + 1]!
      ready[at + 1] = pairs[at]!
    }
    this.#deliver(ready, ready.length / 2)
    if (count >= 0 && this.#members.size > 0) this.#thread?.begin(this.#epfd)
  }

  /** Tells at once of what the thread has taken by now: before a wait is given up. */
  flush(): void {
    if (!this.#thread) return
    const count = this.#thread.stop()
    if (count > 0) this.#tell(count)
    else if (this.#members.size > 0) this.#thread.begin(this.#epfd)
  }

  /** Without telling the kernel: in the child of a fork the instance is one with the parent's. */
  forget(): void {
    this.#members.clear()
    this.#thread = undefined
    if (this.#epfd >= 0) native.close(this.#epfd)
    this.#epfd = -1
  }
}

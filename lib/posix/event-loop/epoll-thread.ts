// A wait for an epoll instance on a thread of its own (native/core/epoll_waiter.h): the look that takes the events is the only one, and what it
// found is what is told. For instances whose events a look consumes: POLLPRI of /proc/self/mounts, of PSI triggers. Internal.
import { readFileSync } from 'node:fs'
import { constants } from 'node:os'
import { check } from '../../errors.js'
import { constant, native } from '../../native.js'

const POLLPRI = constant('POLLPRI')
const S_IFREG = constant('S_IFREG')
const EAGAIN = -constants.errno.EAGAIN

/** Whether a look may consume what is waited for: files of the kernel's. The urgent data of a socket or device stays until it is read. */
export const isConsumed = (fd: number, events: number): boolean =>
  (events & POLLPRI) !== 0 && native.file_type(fd) === S_IFREG

/** Whether there is something of the kind in an instance, asked of the kernel: by whatever it was added. See: man 5 proc_pid_fdinfo */
export function hasConsumed(epfd: number): boolean {
  try {
    const held = readFileSync(`/proc/self/fdinfo/${epfd}`, 'latin1').matchAll(/^tfd: +(\d+) events: +([\da-f]+)/gm)
    return [...held].some(([, fd, events]) => isConsumed(Number(fd), Number.parseInt(events!, 16)))
  } catch {
    return false // closed, which the wait itself tells, or no /proc
  }
}

/** What the event loop does for the threads: calls back while a descriptor is readable, and stays alive. */
export interface Loop {
  /** What it gives ends it. */
  listen(fd: number, callback: () => void): () => void
  keepAlive(by: 1 | -1): void
}

const waiting = new Set<EpollThread>()
const counter = new BigUint64Array(1)
let unlisten: (() => void) | undefined

/** Waits once for an instance; `begin` again for more. */
export class EpollThread {
  /** Events and data of each that was found, in turn. */
  readonly pairs: Float64Array
  readonly #loop: Loop
  readonly #isReferenced: boolean
  readonly #deliver: (count: number) => void
  #id = 0

  /**
   * @param most events at a time
   * @param deliver is called from the event loop with how many there are in `pairs`, or a negative errno
   */
  constructor(loop: Loop, most: number, isReferenced: boolean, deliver: (count: number) => void) {
    this.pairs = new Float64Array(2 * most)
    this.#loop = loop
    this.#isReferenced = isReferenced
    this.#deliver = deliver
  }

  /** Waits for instance `epfd`, where it does not yet. @throws ErrnoError EMFILE, EBADF, EAGAIN (no thread) */
  begin(epfd: number): void {
    if (this.#id !== 0) return
    unlisten ??= this.#loop.listen(check(native.epollWaitsTell(), 'eventfd'), collect)
    waiting.add(this)
    this.#id = native.epollWaitBegin(epfd, this.pairs.length / 2)
    if (this.#isReferenced) this.#loop.keepAlive(1)
    if (this.#id >= 0) return
    const error = this.#id
    this.#over()
    check(error, 'epoll_wait')
  }

  /** Ends the wait. How many events it has taken by then, which nobody else is told. */
  stop(): number {
    return this.#id === 0 ? 0 : Math.max(this.#take(true), 0)
  }

  /** Delivers, where the wait is over. */
  look(): void {
    const count = this.#id === 0 ? EAGAIN : this.#take(false)
    if (count !== EAGAIN) this.#deliver(count)
  }

  #take(stop: boolean): number {
    const count = native.epollWaitTake(this.#id, stop, this.pairs)
    if (count !== EAGAIN) this.#over()
    return count
  }

  #over(): void {
    this.#id = 0
    waiting.delete(this)
    if (this.#isReferenced) this.#loop.keepAlive(-1)
    if (waiting.size > 0) return
    unlisten?.()
    unlisten = undefined
  }
}

function collect(): void {
  if (unlisten) native.read(native.epollWaitsTell(), counter, 0, 8)
  for (const thread of [...waiting]) thread.look()
}

/** In the child of a fork: the parent's waits are the parent's. */
export function forgetEpollThreads(): void {
  waiting.clear()
  unlisten = undefined
}

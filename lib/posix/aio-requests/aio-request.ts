// One asynchronous request of POSIX AIO, from its start to its end: files by threads of the library's own, everything else by readiness on
// the event loop, so that a pipe on which nothing comes occupies no thread. Internal; aio.ts is its face.
import { constants } from 'node:os'
import { check, type ErrnoError } from '../../errors.js'
import { constant, native, shared } from '../../native.js'
import type { Span } from '../internal/arguments.js'
import { onClose } from '../event-loop/close-hooks.js'
import { isGone } from '../internal/memory-view.js'
import { Pin } from '../internal/pinned-memory.js'
import { afterKeptFork, generation } from '../after-fork/fork-generation.js'
import { Watch } from '../event-loop/watch.js'
import { callSafely } from '../event-loop/epoll-registry.js'

const POLLIN = constant('POLLIN')
const POLLOUT = constant('POLLOUT')
const S_IFREG = constant('S_IFREG')
const S_IFBLK = constant('S_IFBLK')
const F_GETFL = constant('F_GETFL')
const O_APPEND = constant('O_APPEND')
const EAGAIN = -constants.errno.EAGAIN
const ECANCELED = -constants.errno.ECANCELED
const EFAULT = -constants.errno.EFAULT

/** What native/core/aio.h numbers so. */
export const READ = 0
export const WRITE = 1
export const SYNC = 2
export const DATASYNC = 3

/** Under way: file requests by the number that the threads know, and all of them. */
const state = shared('aio-requests', () => ({
  byId: new Map<number, AioRequest>(),
  underWay: new Set<AioRequest>(),
  watch: undefined as Watch | undefined,
  born: -1,
  lastId: 0,
  begun: 0,
}))
const { byId, underWay } = state

/** One request. It settles once. */
export class AioRequest {
  /** The caller's descriptor. */
  readonly fd: number
  readonly operation: number
  /** Undefined while it is in progress; then the count, or the negative errno. */
  result: number | undefined
  readonly #born = generation()
  readonly #own: number // a duplicate: the caller's number may be closed, and be another file's
  readonly #pin: Pin | undefined
  readonly #offset: number
  readonly #done: (request: AioRequest) => void
  /** In the order of the calls. */
  readonly number = ++state.begun
  readonly #after = new Set<AioRequest>() // which must be over before this may begin
  #id = 0
  #watch: Watch | undefined
  #written = 0

  /**
   * Begins it.
   * @param span the memory; undefined for a sync
   * @param done is called once, from the event loop, when `result` is there
   * @throws ErrnoError EBADF, EMFILE, EAGAIN (no thread)
   */
  constructor(
    fd: number,
    operation: number,
    span: Span | undefined,
    offset: number,
    done: (request: AioRequest) => void,
  ) {
    this.fd = fd
    this.operation = operation
    this.#offset = offset
    this.#done = done
    start()
    this.#own = check(native.aioHold(fd), operation >= SYNC ? 'aio_fsync' : 'aio_read')
    this.#pin = span && (operation === READ ? Pin.into(span) : Pin.from(span))
    underWay.add(this)
    try {
      this.#begin()
    } catch (error) {
      this.#forget()
      throw error
    }
    keepAlive()
  }

  #begin(): void {
    const type = check(native.file_type(this.#own), 'fstat')
    const isFile = type === S_IFREG || type === S_IFBLK
    for (const other of this.#before(isFile)) this.#after.add(other)
    if (this.#after.size > 0) return
    if (isFile || this.operation >= SYNC) this.#submit()
    else this.#await()
  }

  // POSIX: a sync is of all that was written before it; what has no positions, and what is appended, goes in the order of the calls.
  #before(isFile: boolean): AioRequest[] {
    const earlier = [...underWay].filter(
      (other) => other.fd === this.fd && other !== this && other.number < this.number,
    )
    if (this.operation >= SYNC) return earlier.filter((other) => other.operation === WRITE)
    const isOrdered = !isFile || (this.operation === WRITE && (native.fcntl(this.#own, F_GETFL, 0) & O_APPEND) !== 0)
    const last = isOrdered ? earlier.filter((other) => other.operation === this.operation).at(-1) : undefined
    return last ? [last] : []
  }

  #submit(): void {
    do state.lastId = (state.lastId + 1) >>> 0
    while (byId.has(state.lastId))
    this.#id = state.lastId
    const { block, offset = 0, length = 0 } = this.#pin ?? {}
    check(native.aioSubmit(this.#id, this.operation, this.#own, block?.token, offset, length, this.#offset), 'aio_read')
    byId.set(this.#id, this)
  }

  #await(): void {
    if (this.attempt()) return
    const events = this.operation === READ ? POLLIN : POLLOUT
    this.#watch = new Watch(this.#own, events, () => this.attempt())
  }

  /** Looks whether what is not a file can be read or written now. */
  attempt(): boolean {
    const pin = this.#pin
    if (this.result !== undefined || this.#id !== 0 || !pin || this.#after.size > 0) return false
    const from = pin.offset + this.#written
    const left = pin.length - this.#written
    const move = this.operation === READ ? native.readNoWait : native.writeNoWait
    const count = isGone(pin.block.bytes) ? EFAULT : move(this.#own, pin.block.bytes, from, left)
    if (count === EAGAIN) return false
    if (this.operation === WRITE && count >= 0 && count < left) {
      this.#written += count
      return false
    }
    this.finish(count < 0 && this.#written > 0 ? this.#written : count < 0 ? count : this.#written + count)
    return true
  }

  /** It is over. */
  finish(result: number): void {
    if (this.result !== undefined) return
    this.result = result
    this.#forget()
    try {
      this.#pin?.finish(this.operation === READ && result > 0 ? result : 0)
    } catch {
      this.result = EFAULT // the memory is not there any more
    }
    process.nextTick(() => callSafely(() => this.#done(this)))
    for (const other of underWay) other.isOver(this)
    keepAlive()
  }

  /** One that this waits for, or not, is over. Not a private method: the other may be of another copy of this class. */
  isOver(other: AioRequest): void {
    if (!this.#after.delete(other) || this.#after.size > 0) return
    try {
      this.#begin()
    } catch (error) {
      this.finish((error as ErrnoError).errno)
    }
  }

  #forget(): void {
    this.#watch?.close()
    byId.delete(this.#id)
    underWay.delete(this)
    native.aioLetGo(this.#own)
  }

  /** Gives it up. False: a thread is at work on it. */
  cancel(): boolean {
    if (this.result !== undefined) return false
    if (byId.has(this.#id) && !native.aioCancel(this.#id)) return false
    this.finish(this.#written > 0 ? this.#written : ECANCELED)
    return true
  }

  /** In the child of a fork: it is the parent's. */
  lose(): void {
    this.#watch?.close()
    process.nextTick(() => callSafely(() => this.#done(this)))
  }

  /** What poll(2) may wait for on its behalf: nothing (-1) where a thread does it. */
  get polled(): [fd: number, events: number] {
    if (this.#id !== 0 || !this.#pin || this.#after.size > 0) return [-1, 0]
    return [this.#own, this.operation === READ ? POLLIN : POLLOUT]
  }

  /** Whether it is this process's, and not the parent's of a forked child. */
  get isOwn(): boolean {
    return this.#born === generation()
  }
}

// In the child of a fork the parent's requests are the parent's: nobody here hears of them.
function start(): void {
  if (state.born === generation()) return
  state.born = generation()
  byId.clear()
  underWay.clear()
  state.watch = undefined
}

// Watches for results while there is something to wait for.
function keepAlive(): void {
  if (underWay.size > 0 && !state.watch) {
    state.watch = new Watch(check(native.aioEventFd(), 'eventfd'), POLLIN, collect)
  } else if (underWay.size === 0) {
    state.watch?.close()
    state.watch = undefined
  }
}

/** Takes what the threads have done. */
export function collect(): void {
  if (state.born !== generation()) return
  const pairs = native.aioTake()
  for (let i = 0; i < pairs.length; i += 2) byId.get(pairs[i]!)?.finish(pairs[i + 1]!)
}

/** What is under way, on one descriptor or on all. */
export function requests(fd?: number): AioRequest[] {
  return state.born === generation() ? [...underWay].filter((request) => fd === undefined || request.fd === fd) : []
}

/** A descriptor that is readable when a thread has done something. */
export function eventFd(): number {
  return check(native.aioEventFd(), 'eventfd')
}

// Those who wait hear that it is not theirs. The descriptors are closed natively.
afterKeptFork(() => {
  state.watch?.close()
  for (const request of underWay) request.lose()
  start()
})

// POSIX leaves it open whether closing a descriptor ends what is under way on it; here what has not begun does.
onClose((fd) => {
  const concerned = underWay.size > 0 ? requests(fd) : []
  return concerned.length === 0 ? undefined : { done: () => concerned.forEach((request) => request.cancel()) }
})

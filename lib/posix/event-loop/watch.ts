// Readiness that comes to the event loop: a lasting Watch on a descriptor, and a promise of the next event. Internal.
// See: man 7 epoll; man 2 poll for the events.
import { constants } from 'node:os'
import { clearImmediate, clearTimeout, setImmediate } from 'node:timers'
import { ErrnoError, invalidArgType } from '../../errors.js'
import { constant, native } from '../../native.js'
import { asFd, asInteger, asTimeout } from '../internal/arguments.js'
import { changed, flush, join, leave, reference, type Interest, type Registration } from './epoll-registry.js'

export { forgetWatches, renewWatches } from './epoll-registry.js'
import { setTimeout } from '../internal/own-timers.js'

const POLLNVAL = constant('POLLNVAL')
const POLLERR = constant('POLLERR')
const DATA = constant('POLLIN') | constant('POLLOUT') | constant('POLLRDNORM') | constant('POLLWRNORM')
const { EBADF, EPERM } = constants.errno

function asEvents(value: unknown): number {
  return asInteger('events', value, 0, 0xffff)
}

/**
 * Calls back whenever a descriptor is ready, level-triggered, until it is closed. Several may watch one descriptor.
 * POLLERR and POLLHUP come unasked. POLLNVAL means that the descriptor was closed: it is the last call, and the watch is closed.
 */
export class Watch {
  readonly fd: number
  readonly #interest: Interest
  readonly #registration: Registration
  #closed = false

  /**
   * @param fd an open descriptor, borrowed
   * @param events POLLIN, POLLOUT, POLLPRI, POLLRDHUP ...; 0 hears nothing until `modify`
   * @param callback is given the events, on the thread of the event loop
   * @throws ErrnoError EPERM for what is always ready (a regular file, a directory), EBADF, ENOSPC, EMFILE
   */
  constructor(fd: number, events: number, callback: (revents: number) => void) {
    if (typeof callback !== 'function') throw invalidArgType('callback', 'of type function', callback)
    this.fd = asFd(fd)
    this.#interest = {
      events: asEvents(events),
      once: false,
      referenced: true,
      notify: (revents) => {
        if (this.#closed) return
        if (revents & POLLNVAL) this.#closed = true
        callback(revents)
      },
    }
    const joined = join(fd, this.#interest)
    if (typeof joined === 'number') throw new ErrnoError(joined, 'epoll_ctl')
    this.#registration = joined
  }

  get closed(): boolean {
    return this.#closed
  }

  /** Watches for other events from now on; 0 pauses. */
  modify(events: number): void {
    this.#interest.events = asEvents(events)
    if (!this.#closed) changed(this.#registration)
  }

  /** Keeps the event loop alive (as it does from the start). */
  ref(): this {
    reference(this.#registration, this.#interest, true)
    return this
  }

  /** Lets the process end although this watches. */
  unref(): this {
    reference(this.#registration, this.#interest, false)
    return this
  }

  /** Stops, at once: no call comes any more, not even for what is ready already. The descriptor stays open. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    leave(this.#registration, this.#interest)
  }

  [Symbol.dispose](): void {
    this.close()
  }
}

export interface WaitOptions {
  /** Rejects with its reason when it aborts. */
  signal?: AbortSignal | null | undefined
  /** Milliseconds; negative, null or left out waits for ever. */
  timeout?: number | null | undefined
}

/** One wait. Whatever comes first settles it: an event, the time limit, the signal; `cancel` ends it unsettled. */
export class Wait implements Interest {
  readonly once = true
  referenced = true
  readonly events: number
  readonly #fd: number
  readonly #resolve: (revents: number) => void
  readonly #reject: (reason: unknown) => void
  #signal: AbortSignal | null | undefined
  #registration: Registration | undefined
  #timer: NodeJS.Timeout | undefined
  #immediate: NodeJS.Immediate | undefined
  #isOver = false

  constructor(fd: number, events: number, resolve: (revents: number) => void, reject: (reason: unknown) => void) {
    this.#fd = asFd(fd)
    this.events = asEvents(events) | POLLERR // so that 0 waits for an error or a hang-up, as in poll(2)
    this.#resolve = resolve
    this.#reject = reject
  }

  start(timeout = -1, signal?: AbortSignal | null): this {
    const joined = join(this.#fd, this)
    if (typeof joined === 'number') return this.#refused(joined)
    this.#registration = joined
    this.#signal = signal
    signal?.addEventListener('abort', this.#abort, { once: true })
    if (timeout >= 0) this.#timer = setTimeout(() => this.#expire(), timeout)
    return this
  }

  notify(revents: number): void {
    this.#isOver = true
    this.cancel()
    if (revents & POLLNVAL) this.#reject(new ErrnoError(EBADF, 'poll'))
    else this.#resolve(revents)
  }

  cancel(): void {
    clearTimeout(this.#timer)
    clearImmediate(this.#immediate)
    this.#signal?.removeEventListener('abort', this.#abort)
    if (this.#registration) leave(this.#registration, this)
  }

  /** Whether the event loop stays alive for this. */
  reference(referenced: boolean): void {
    if (this.#registration) reference(this.#registration, this, referenced)
    if (referenced) this.#immediate?.ref()
    else this.#immediate?.unref()
  }

  // What epoll refuses because it is always ready is so on the next turn: a loop of such waits lets everything else run.
  #refused(error: number): this {
    if (error === -EPERM) this.#immediate = setImmediate(() => this.#resolve(this.events & DATA))
    else this.#reject(new ErrnoError(error, 'poll'))
    return this
  }

  // The kernel is asked once more: a loop that was busy until now may not have heard of it.
  #expire(): void {
    if (this.#registration) flush(this.#registration)
    if (this.#isOver) return
    this.cancel()
    const polled = new Int32Array([this.#fd, this.events])
    this.#resolve(native.poll(polled, 1, 0) > 0 ? polled[1]! >>> 16 : 0)
  }

  readonly #abort = (): void => {
    if (this.#registration) flush(this.#registration)
    if (this.#isOver) return
    this.cancel()
    this.#reject(this.#signal!.reason)
  }
}

/**
 * The events of a descriptor as soon as there are any of those asked for (or POLLERR, POLLHUP).
 * What epoll refuses because it is always ready, a regular file, is so on the next turn of the event loop.
 *
 * @param fd an open descriptor, borrowed; closed by `close` while this waits, it rejects with EBADF
 * @param events POLLIN, POLLOUT ...
 * @returns the events that hold, or 0 when the time is over
 * @throws ErrnoError EBADF, ENOSPC, EMFILE; the signal's reason; ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE (all as a rejection)
 */
export function whenReady(fd: number, events: number, options: WaitOptions = {}): Promise<number> {
  return new Promise((resolve, reject) => {
    const { signal, timeout } = options
    const wait = new Wait(fd, events, resolve, reject)
    const milliseconds = asTimeout(timeout)
    signal?.throwIfAborted()
    wait.start(milliseconds, signal)
  })
}

/**
 * The descriptor of this thread's event loop. A thread that blocks waits for this one too, and lets its loop turn when it is readable:
 * a message has come, or a Worker is to be terminated.
 */
export function loopDescriptor(): number {
  return native.loopDescriptor()
}

/** Whether anything is under way here that the event loop waits for: then the thread must not block. */
export function loopIsAlive(): boolean {
  return native.loopIsAlive()
}

// What the promise forms of poll and select have in common: look, wait for any of the descriptors, look again. What readiness has told by then is
// part of what the last look gives: some events are gone when they were told.
import { constants } from 'node:os'
import { clearTimeout, setImmediate } from 'node:timers'
import { ErrnoError } from '../../errors.js'
import { asAbortSignal } from '../internal/abort-signal.js'
import { flush, join, leave, type Interest, type Registration } from './epoll-registry.js'
import { setTimeout } from '../internal/own-timers.js'

export interface SignalOptions {
  /** Rejects with its reason when it aborts. */
  signal?: AbortSignal | null | undefined
}

const { EBADF, EPERM } = constants.errno

/** A descriptor, the POLL events that may end a wait for it, and what of POLLERR and POLLHUP does not. */
export type Wanted = readonly [fd: number, events: number, deafTo?: number]

/** What readiness told of each descriptor that it told of. */
export type TakenEvents = ReadonlyMap<number, number>

/** One wait for many descriptors: the first event, the time limit or the signal ends it for all of them. */
class AnyOf {
  readonly #joined: [Registration, Interest][] = []
  readonly #told = new Map<number, number>()
  readonly #signal: AbortSignal | null | undefined
  #timer: NodeJS.Timeout | undefined
  #isEnding = false
  #settle!: { resolve: (told: TakenEvents) => void; reject: (reason: unknown) => void }

  constructor(signal: AbortSignal | null | undefined) {
    this.#signal = signal
  }

  start(wanted: Iterable<Wanted>, milliseconds: number): Promise<TakenEvents> {
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject }
      if (milliseconds >= 0) this.#timer = setTimeout(() => this.#done(), milliseconds)
      this.#signal?.addEventListener('abort', this.#abort, { once: true })
      for (const one of wanted) if (!this.#join(one)) return
    })
  }

  // False where there is nothing to wait for any more.
  #join([fd, events, deafTo = 0]: Wanted): boolean {
    const notify = (revents: number): void => this.#hear(fd, revents)
    const interest: Interest = { events, deafTo, once: true, referenced: true, notify }
    const registration = join(fd, interest)
    if (typeof registration !== 'number') this.#joined.push([registration, interest])
    else if (registration === -EBADF)
      this.#done() // the next look says so
    else if (registration !== -EPERM) this.#finish(() => this.#settle.reject(new ErrnoError(registration, 'epoll_ctl')))
    // EPERM: a file, always ready to be read and written; what else was wanted of it never comes.
    return !this.#isEnding
  }

  // What is told in the same batch is all heard: it may not be told again.
  #hear(fd: number, revents: number): void {
    this.#told.set(fd, (this.#told.get(fd) ?? 0) | revents)
    if (!this.#isEnding) process.nextTick(() => this.#done())
    this.#isEnding = true
  }

  readonly #abort = (): void => {
    this.#flush()
    if (this.#told.size === 0) this.#finish(() => this.#settle.reject(this.#signal!.reason))
  }

  #done(): void {
    this.#flush()
    this.#finish(() => this.#settle.resolve(this.#told))
  }

  #flush(): void {
    for (const [registration] of this.#joined) flush(registration)
  }

  #finish(settle: () => void): void {
    this.#isEnding = true
    clearTimeout(this.#timer)
    this.#signal?.removeEventListener('abort', this.#abort)
    for (const [registration, interest] of this.#joined.splice(0)) leave(registration, interest)
    settle()
  }
}

/** The event loop goes round once. */
export const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/**
 * What `look` gives as soon as it gives something, or what it gave last when the time is over. The event loop goes round at
 * least once, so that a loop of such calls lets everything else run.
 *
 * @param look asks the kernel without waiting, and adds what readiness told; undefined stands for «nothing ready»
 * @param wanted the descriptors whose events are worth another look
 * @param timeout milliseconds, negative for ever
 */
export async function lookUntil<T>(
  look: (told: TakenEvents) => T | undefined,
  wanted: readonly Wanted[],
  timeout: number,
  options?: SignalOptions,
): Promise<T | undefined> {
  const signal = asAbortSignal(options)
  const end = timeout < 0 ? Infinity : performance.now() + timeout
  let found = look(new Map())
  if (found !== undefined || timeout === 0) {
    await nextTurn()
    return found
  }
  while (found === undefined) {
    const left = end === Infinity ? -1 : Math.max(0, Math.ceil(end - performance.now()))
    found = look(await new AnyOf(signal).start(wanted, left))
    if (left === 0) return found
  }
  return found
}

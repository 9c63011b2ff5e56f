// One operation of a ring as a promise: it settles when the kernel is done with it, and its signal cancels it there.
import { constants } from 'node:os'
import { codedError, ErrnoError, type ErrnoDetails } from '../../errors.js'
import type { Sqe } from './sqe.js'
import type { RingQueue } from './queue.js'
import type { Request } from './in-flight.js'

const ECANCELED = -constants.errno.ECANCELED

export interface OperationOptions {
  /**
   * Cancels the operation in the kernel: the promise rejects with its reason, unless the operation was quicker; what was done is never
   * reported as not done.
   */
  signal?: AbortSignal | null | undefined
}

/** The error of what goes on in the parent of this forked child. */
export const ofParent = (syscall: string): Error =>
  codedError(Error, 'EFORKED', `EFORKED: what was begun before the fork is the parent's, ${syscall}`)

/** An entry, and what it is about. */
export interface OperationEntry<T> extends Sqe {
  /** The name in errors. */
  readonly syscall: string
  /** Is called once with what the kernel says, a negative errno too: frees what the operation held, gives its value. */
  readonly ended: (result: number) => T
  /** Negative errnos that are a value, and no error. */
  readonly expected?: readonly number[]
  /** What else an error tells. */
  readonly about?: ErrnoDetails | undefined
}

/** An operation with one completion. */
export class Operation<T> implements Request {
  slot = -1
  readonly promise: Promise<T>
  readonly #entry: OperationEntry<T>
  #resolve!: (value: T) => void
  #reject!: (reason: unknown) => void
  #signal: AbortSignal | undefined
  #abort: (() => void) | undefined

  constructor(entry: OperationEntry<T>) {
    this.#entry = entry
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  /** From here on `signal` cancels it. */
  heed(signal: AbortSignal, queue: RingQueue): void {
    this.#signal = signal
    this.#abort = () => queue.cancel(this)
    signal.addEventListener('abort', this.#abort, { once: true })
  }

  completed(result: number): void {
    this.#unheed()
    try {
      const value = this.#entry.ended(result)
      if (result >= 0 || this.#entry.expected?.includes(result)) this.#resolve(value)
      else this.#reject(this.#reason(result))
    } catch (error) {
      this.#reject(error)
    }
  }

  lost(): void {
    this.#unheed()
    this.#reject(ofParent(this.#entry.syscall))
  }

  #unheed(): void {
    if (this.#abort) this.#signal!.removeEventListener('abort', this.#abort)
  }

  #reason(result: number): unknown {
    if (result === ECANCELED && this.#signal?.aborted) return this.#signal.reason
    return new ErrnoError(result, this.#entry.syscall, this.#entry.about)
  }
}

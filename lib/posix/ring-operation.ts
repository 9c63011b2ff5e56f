// One operation of a ring as a promise: it settles when the kernel is done with it, and its signal cancels it there.
import { constants } from 'node:os'
import { ErrnoError, invalidArgType, type ErrnoDetails } from '../errors.js'
import type { Request, RingQueue } from './ring-queue.js'

const ECANCELED = -constants.errno.ECANCELED

export interface OperationOptions {
  /**
   * Cancels the operation in the kernel: the promise rejects with its reason, unless the operation was quicker; what was done is never
   * reported as not done.
   */
  signal?: AbortSignal | null | undefined
}

/** @throws ERR_INVALID_ARG_TYPE, and the reason of a signal that is aborted already */
export function asSignal(options: unknown): AbortSignal | undefined {
  if (options === undefined) return undefined
  if (typeof options !== 'object' || options === null) throw invalidArgType('options', 'of type object', options)
  const { signal = null } = options as OperationOptions
  if (signal === null) return undefined
  if (!(signal instanceof AbortSignal)) throw invalidArgType('options.signal', 'an instance of AbortSignal', signal)
  signal.throwIfAborted()
  return signal
}

/** An operation with one completion. */
export class Operation<T> implements Request {
  slot = -1
  readonly promise: Promise<T>
  readonly #syscall: string
  readonly #details: ErrnoDetails | undefined
  readonly #ended: (result: number) => T
  #resolve!: (value: T) => void
  #reject!: (reason: unknown) => void
  #signal: AbortSignal | undefined
  #abort: (() => void) | undefined

  /**
   * @param syscall the name in errors
   * @param ended is called once with what the kernel says, a negative errno too: frees what the operation held, gives its value
   */
  constructor(syscall: string, ended: (result: number) => T, details?: ErrnoDetails) {
    this.#syscall = syscall
    this.#ended = ended
    this.#details = details
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
    if (this.#abort) this.#signal!.removeEventListener('abort', this.#abort)
    try {
      const value = this.#ended(result)
      if (result >= 0) this.#resolve(value)
      else this.#reject(this.#reason(result))
    } catch (error) {
      this.#reject(error)
    }
  }

  #reason(result: number): unknown {
    if (result === ECANCELED && this.#signal?.aborted) return this.#signal.reason
    return new ErrnoError(result, this.#syscall, this.#details)
  }
}

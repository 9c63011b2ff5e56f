// An operation that completes many times, as an async iterator: a listener's clients, a socket's pieces of data.
import { constants } from 'node:os'
import { codedError, ErrnoError } from '../../errors.js'
import type { BufferGroup } from './buffer-group.js'
import type { Sqe } from './sqe.js'
import { ofParent } from './operation.js'
import { IORING_CQE_F_MORE, type RingQueue } from './queue.js'
import type { Request } from './in-flight.js'

const { ENOBUFS } = constants.errno

/** What is particular to an operation with many completions. */
export interface Shots<T> {
  readonly syscall: string
  /** What begins it; again, where the kernel ended it and there may be more. */
  readonly entry: Sqe
  /** What a completion stands for, when the loop asks for it. */
  take(result: number, flags: number): T
  /** A completion that the loop does not ask for any more. */
  drop(result: number, flags: number): void
  /** Whether this is the end of it. */
  isEnd(result: number): boolean
  /** What it receives into. */
  readonly group?: BufferGroup
}

type Waiter<T> = { resolve: (result: IteratorResult<T, undefined>) => void; reject: (reason: unknown) => void }

/** One operation with many completions: what each gives, in order. Leaving the loop cancels it. */
export class Multishot<T> implements Request, AsyncIterableIterator<T, undefined> {
  slot = -1
  readonly #queue: RingQueue
  readonly #shots: Shots<T>
  readonly #signal: AbortSignal | undefined
  readonly #arrived: [result: number, flags: number][] = []
  readonly #waiting: Waiter<T>[] = []
  #running = false
  #isStarving = false
  #ended = false
  #error: unknown

  /** Begins at once. */
  constructor(queue: RingQueue, shots: Shots<T>, signal: AbortSignal | undefined) {
    this.#queue = queue
    this.#shots = shots
    this.#signal = signal
    this.#start()
    signal?.addEventListener('abort', this.#abort, { once: true })
  }

  readonly #abort = (): void => {
    this.#error ??= this.#signal!.reason
    if (this.#running) this.#queue.cancel(this)
    else this.#end()
  }

  #start(): void {
    if (this.#shots.group?.closed) throw codedError(Error, 'ERR_INVALID_STATE', 'Invalid state: the group is closed')
    this.#queue.prepare(this, this.#shots.entry)
    this.#running = true
    this.#shots.group?.receives(1)
  }

  completed(result: number, flags: number): void {
    const { group } = this.#shots
    this.#running = (flags & IORING_CQE_F_MORE) !== 0
    group?.filled(flags)
    if (!this.#running) group?.receives(-1)
    if (this.#ended) {
      if (result >= 0) this.#shots.drop(result, flags)
    } else if (result < 0) this.#failed(result)
    else if (this.#shots.isEnd(result)) this.#end()
    else this.#got(result, flags)
  }

  lost(): void {
    this.#error = ofParent(this.#shots.syscall)
    this.#end()
  }

  // Without a buffer it rests, until one was given back and the loop asks for more.
  #failed(result: number): void {
    if (result === -ENOBUFS && this.#error === undefined) return this.#starve()
    this.#error ??= new ErrnoError(result, this.#shots.syscall)
    this.#end()
  }

  #got(result: number, flags: number): void {
    const waiter = this.#waiting.shift()
    if (waiter) waiter.resolve({ done: false, value: this.#shots.take(result, flags) })
    else this.#arrived.push([result, flags])
    if (!this.#running && waiter) this.#restart()
  }

  #starve(): void {
    this.#isStarving = true
    this.#shots.group?.whenRoom(this.#resume)
  }

  readonly #resume = (): void => {
    this.#isStarving = false
    if (this.#waiting.length > 0) this.#restart()
  }

  #restart(): void {
    if (this.#isStarving || this.#running || this.#ended) return
    try {
      this.#start()
    } catch (error) {
      this.#error = error
      this.#end()
    }
  }

  #end(): void {
    this.#ended = true
    this.#signal?.removeEventListener('abort', this.#abort)
    for (const waiter of this.#waiting.splice(0)) this.#last(waiter)
  }

  #last({ resolve, reject }: Waiter<T>): void {
    const error = this.#error
    this.#error = undefined
    if (error === undefined) resolve({ done: true, value: undefined })
    else reject(error)
  }

  /** @throws as a rejection, ErrnoError; the signal's reason; ERR_INVALID_STATE in the child of a fork, whose parent's it is */
  next(): Promise<IteratorResult<T, undefined>> {
    return new Promise((resolve, reject) => {
      this.#queue.refuseParents()
      const first = this.#arrived.shift()
      if (first) resolve({ done: false, value: this.#shots.take(...first) })
      else if (this.#ended) this.#last({ resolve, reject })
      else this.#waiting.push({ resolve, reject })
      this.#restart()
    })
  }

  /** Cancels it in the kernel; what has come and was not asked for is dropped. */
  return(): Promise<IteratorResult<T, undefined>> {
    for (const [result, flags] of this.#arrived.splice(0)) this.#shots.drop(result, flags)
    if (this.#running) this.#queue.cancel(this)
    this.#end()
    return Promise.resolve({ done: true, value: undefined })
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}

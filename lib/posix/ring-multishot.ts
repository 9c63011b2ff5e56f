// Operations that complete many times: a listener's clients, a socket's pieces of data, as async iterators, with the buffers that the kernel
// takes by itself.
import { constants } from 'node:os'
import { check, ErrnoError, invalidArgValue } from '../errors.js'
import { constant } from '../native.js'
import { asInteger } from './arguments.js'
import { allocate, type Block } from './pinned-memory.js'
import { IORING_CQE_F_MORE, type Request, type RingQueue } from './ring-queue.js'

const IORING_CQE_F_BUFFER = constant('IORING_CQE_F_BUFFER')
const REGISTER_BUFFER_RING = constant('IORING_REGISTER_PBUF_RING')
const UNREGISTER_BUFFER_RING = constant('IORING_UNREGISTER_PBUF_RING')
const { ENOBUFS } = constants.errno

/** What is particular to an operation with many completions. */
export interface Shots<T> {
  readonly syscall: string
  /** Prepares the entry; again, where the kernel ended it and there may be more. */
  start(request: Request): void
  /** What a completion stands for, when somebody wants it. */
  take(result: number, flags: number): T
  /** A completion that nobody wants any more. */
  drop(result: number, flags: number): void
  /** Whether this is the end of it. */
  isEnd(result: number): boolean
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
    this.#shots.start(this)
    this.#running = true
  }

  completed(result: number, flags: number): void {
    this.#running = (flags & IORING_CQE_F_MORE) !== 0
    if (this.#ended) {
      if (result >= 0) this.#shots.drop(result, flags)
    } else if (result < 0) this.#failed(result)
    else if (this.#shots.isEnd(result)) this.#end()
    else this.#got(result, flags)
  }

  // Without a buffer it rests, until one was given back.
  #failed(result: number): void {
    if (result === -ENOBUFS && this.#error === undefined) return this.#waiting.length > 0 ? this.#restart() : undefined
    this.#error ??= new ErrnoError(result, this.#shots.syscall)
    this.#end()
  }

  #got(result: number, flags: number): void {
    const waiter = this.#waiting.shift()
    if (waiter) waiter.resolve({ done: false, value: this.#shots.take(result, flags) })
    else this.#arrived.push([result, flags])
    if (!this.#running && waiter) this.#restart()
  }

  #restart(): void {
    if (this.#running || this.#ended) return
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

  /** @throws as a rejection, ErrnoError; the signal's reason */
  next(): Promise<IteratorResult<T, undefined>> {
    return new Promise((resolve, reject) => {
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

/** Buffers that the kernel takes by itself when data is there: a socket that is silent holds none. */
export class BufferGroup {
  /** How many buffers there are. */
  readonly count: number
  /** Bytes each. */
  readonly size: number
  /** The number by which entries name it. */
  readonly group: number
  readonly #queue: RingQueue
  readonly #ring: Block // struct io_uring_buf, one a buffer
  readonly #bytes: Block
  readonly #tail: Uint16Array
  #open = true

  /** @throws ErrnoError EINVAL (kernel before 5.19), ENOMEM */
  constructor(queue: RingQueue, group: number, count: number, size: number) {
    this.count = count
    this.size = size
    this.group = group
    this.#queue = queue
    this.#ring = allocate(count * 16)
    this.#bytes = allocate(count * size)
    this.#tail = new Uint16Array(this.#ring.bytes.buffer, 14, 1) // the kernel reads it in the place of the first entry's last field
    check(this.#register(REGISTER_BUFFER_RING), 'io_uring_register')
    for (let number = 0; number < count; number++) this.#give(number)
  }

  #register(operation: number): number {
    const argument = allocate(40) // struct io_uring_buf_reg
    argument.bytes.writeBigUInt64LE(BigInt(this.#ring.address), 0)
    argument.bytes.writeUInt32LE(this.count, 8)
    argument.bytes.writeUInt16LE(this.group, 12)
    return this.#queue.register(operation, argument.address, 1)
  }

  /** A copy of what the kernel left in the buffer that a completion names; the buffer is the kernel's again. */
  take(length: number, flags: number): Buffer {
    const from = (flags >>> 16) * this.size
    const copy = Buffer.from(this.#bytes.bytes.subarray(from, from + length))
    this.drop(flags)
    return copy
  }

  /** The buffer that a completion names is the kernel's again. */
  drop(flags: number): void {
    if ((flags & IORING_CQE_F_BUFFER) !== 0) this.#give(flags >>> 16)
  }

  #give(number: number): void {
    const tail = this.#tail[0]!
    const at = (tail & (this.count - 1)) * 16
    const { bytes } = this.#ring
    bytes.writeBigUInt64LE(BigInt(this.#bytes.address + number * this.size), at)
    bytes.writeUInt32LE(this.size, at + 8)
    bytes.writeUInt16LE(number, at + 12)
    Atomics.store(this.#tail, 0, tail + 1)
  }

  /** Takes the buffers back. What receives into them ends first. May be called again. */
  close(): void {
    if (!this.#open) return
    this.#open = false
    if (this.#queue.isOwn) this.#register(UNREGISTER_BUFFER_RING)
  }

  [Symbol.dispose](): void {
    this.close()
  }
}

/** The size of a group: a power of two. */
export function asGroupCount(count: unknown): number {
  const number = asInteger('count', count, 1, 32768)
  if ((number & (number - 1)) !== 0) throw invalidArgValue('count', 'must be a power of two', count)
  return number
}

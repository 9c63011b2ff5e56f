// What every ring has, whatever is done with it: its queues, chains, registered files and buffers, and its end.
// Internal; io-uring.ts is its face.
import { constants } from 'node:os'
import { check, type ErrnoError, errnoCode, invalidArgType, invalidArgValue } from '../../errors.js'
import { constant, native, type ByteView } from '../../native.js'
import { asFd, asInteger, asList, asMemory } from '../internal/arguments.js'
import { blockOf, Pin, type Block } from '../internal/pinned-memory.js'
import { FixedFile, type RingFile } from './sqe.js'
import { vectorOf } from './pinned-structs.js'
import { asAbortSignal } from '../internal/abort-signal.js'
import { Operation, type OperationEntry, type OperationOptions } from './operation.js'
import { RingQueue } from './queue.js'

const IORING_REGISTER_BUFFERS = constant('IORING_REGISTER_BUFFERS')
const IORING_UNREGISTER_BUFFERS = constant('IORING_UNREGISTER_BUFFERS')
const IORING_REGISTER_FILES = constant('IORING_REGISTER_FILES')
const IORING_UNREGISTER_FILES = constant('IORING_UNREGISTER_FILES')
const { ENOSYS, EPERM, ENOMEM } = constants.errno

export interface RingOptions {
  /** How many operations are handed over by one system call: a power of two, 1 to 4096 (default 256). More may be in flight. */
  entries?: number
  /** How many completions the kernel holds in memory before it makes a list of them (default: twice the entries). */
  completions?: number
}

/** Whether io_uring can be used here; where not, why, and the code of the error that a new Ring throws. */
export type RingAvailability = { available: true } | { available: false; code: string; reason: string }

const reasons: Record<number, string> = {
  [ENOSYS]: 'this kernel has no io_uring, or one too old',
  [EPERM]: 'io_uring is switched off: sysctl kernel.io_uring_disabled, or the seccomp profile of a container',
  [ENOMEM]: 'no memory may be locked for it: ulimit -l',
}

/** Queues, chains, registered files and buffers. */
export class RingBase {
  protected readonly queue: RingQueue
  readonly #registered = new Map<Block, number>()

  /**
   * @throws ErrnoError of io_uring_setup: ENOSYS, EPERM (switched off), ENOMEM, EMFILE; ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE,
   *   ERR_OUT_OF_RANGE
   */
  constructor(options: RingOptions = {}) {
    if (typeof options !== 'object' || options === null) throw invalidArgType('options', 'of type object', options)
    const { entries = 256, completions = 0 } = options
    asInteger('options.entries', entries, 1, 4096)
    if ((entries & (entries - 1)) !== 0) throw invalidArgValue('options.entries', 'must be a power of two', entries)
    this.queue = new RingQueue(entries, asInteger('options.completions', completions, 0, 65536))
  }

  /** Asks the kernel for a ring, and says what it answered. Never throws. */
  static availability(): RingAvailability {
    try {
      void new RingBase({ entries: 1 }).close()
      return { available: true }
    } catch (error) {
      const { errno = 0, message } = error as Partial<ErrnoError> & Error
      return { available: false, code: errnoCode(errno), reason: reasons[-errno] ?? message }
    }
  }

  /** How many operations are under way. */
  get inFlight(): number {
    return this.queue.inFlight
  }

  /**
   * Whether the kernel has an operation.
   * @param operation its name in C: 'IORING_OP_READ', 'IORING_OP_SPLICE' ..., of those that this class uses
   * @throws ERR_INVALID_ARG_VALUE
   */
  supports(operation: string): boolean {
    const number = /^IORING_OP_/.test(operation) ? native.constants[operation] : undefined
    if (number === undefined) throw invalidArgValue('operation', 'must name an operation of this class', operation)
    return this.queue.probe()[number] === 1
  }

  /** Hands over what was begun, now. Otherwise that is done at the end of the turn, for all of it by one system call. */
  submit(): void {
    this.queue.usable()
    this.queue.submit()
  }

  /**
   * The operations that `body` begins are a chain: each begins when the one before it has succeeded, and after a failure the rest rejects
   * with ECANCELED. `body` is synchronous. A read or write that is short counts as a failure.
   *
   * @param hard the chain goes on after a failure
   * @returns what `body` returns
   * @throws what `body` throws; ERR_INVALID_STATE (in a chain already); ErrnoError EAGAIN, where it is longer than the ring has entries
   */
  linked<T>(body: () => T, { hard = false }: { hard?: boolean } = {}): T {
    if (typeof body !== 'function') throw invalidArgType('body', 'of type function', body)
    return this.queue.chain(body, hard)
  }

  /** The operations that `body` begins wait until all that was begun before them is over. */
  drained<T>(body: () => T): T {
    if (typeof body !== 'function') throw invalidArgType('body', 'of type function', body)
    return this.queue.drained(body)
  }

  /**
   * Makes a table of descriptors, which operations on this ring then find without looking them up in the process. The table holds the
   * files open, whatever is closed meanwhile. One table at a time.
   *
   * @returns what to pass in the place of each descriptor
   * @throws ErrnoError EBADF, EBUSY (there is a table), EMFILE
   */
  registerFiles(fds: readonly number[]): FixedFile[] {
    const numbers = asList('fds', fds, asFd)
    const table = Pin.scratch(numbers.length * 4)
    numbers.forEach((fd, at) => table.block.bytes.writeInt32LE(fd, 4 * at))
    this.#register(IORING_REGISTER_FILES, table, numbers.length)
    return numbers.map((_, index) => new FixedFile(index))
  }

  /** Gives the table up. @throws ErrnoError ENXIO where there is none */
  unregisterFiles(): void {
    check(this.queue.register(IORING_UNREGISTER_FILES, undefined, 0), 'io_uring_register')
  }

  /**
   * Tells the kernel once of buffers that are used again and again: `read` and `write` with them then spare it the looking up of their
   * pages. Each is from posix_memalign.
   *
   * @throws ErrnoError ENOMEM (ulimit -l), EBUSY (there are some); ERR_INVALID_ARG_VALUE
   */
  registerBuffers(buffers: readonly ByteView[]): void {
    const found = asList('buffers', buffers, (buffer, name) => {
      const block = blockOf(asMemory(buffer, name))
      if (!block) throw invalidArgValue(name, 'must be from posix_memalign', buffer)
      return block
    })
    this.#register(IORING_REGISTER_BUFFERS, ...vectorOf(found.map(({ address, size }) => [address, size])))
    found.forEach((block, index) => this.#registered.set(block, index))
  }

  /** The kernel lets go of the registered buffers. @throws ErrnoError ENXIO where there are none */
  unregisterBuffers(): void {
    check(this.queue.register(IORING_UNREGISTER_BUFFERS, undefined, 0), 'io_uring_register')
    this.#registered.clear()
  }

  #register(operation: number, argument: Pin, count: number): void {
    const result = this.queue.register(operation, argument.block, count)
    argument.finish(0)
    check(result, 'io_uring_register')
  }

  /** The number under which the pin's memory is registered; -1 where it is not. */
  protected registered(pin: Pin): number {
    return this.#registered.size === 0 ? -1 : (this.#registered.get(pin.block) ?? -1)
  }

  /** Begins the operation that `describe` gives; what that throws is a rejection. */
  protected begin<T>(options: OperationOptions | undefined, describe: () => OperationEntry<T>): Promise<T> {
    try {
      const signal = asAbortSignal(options)
      const entry = describe()
      const operation = new Operation(entry)
      this.queue.prepare(operation, entry)
      if (signal) operation.heed(signal, this.queue)
      return operation.promise
    } catch (error) {
      return Promise.reject(error as Error)
    }
  }

  protected end(): Promise<void> {
    return this.queue.close()
  }

  /** Cancels what is in flight and frees the ring when that is over. May be called again. */
  close(): Promise<void> {
    return this.end()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.end()
  }
}

/** A descriptor or a registered file. */
export function asRingFile(file: unknown, name = 'fd'): RingFile {
  return file instanceof FixedFile ? file : asFd(file, name)
}

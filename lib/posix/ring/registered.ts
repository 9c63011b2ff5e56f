// What a ring registers with the kernel once, so that operations need not look it up each time: descriptors and buffers. Internal.
// See: man 2 io_uring_register
import { check, invalidArgValue } from '../../errors.js'
import { constant, type ByteView } from '../../native.js'
import { asFd, asList, asMemory } from '../internal/arguments.js'
import { blockOf, Pin, type Block } from '../internal/pinned-memory.js'
import { vectorOf } from './pinned-structs.js'
import type { RingQueue } from './queue.js'
import { FixedFile } from './sqe.js'

const IORING_REGISTER_BUFFERS = constant('IORING_REGISTER_BUFFERS')
const IORING_UNREGISTER_BUFFERS = constant('IORING_UNREGISTER_BUFFERS')
const IORING_REGISTER_FILES = constant('IORING_REGISTER_FILES')
const IORING_UNREGISTER_FILES = constant('IORING_UNREGISTER_FILES')

/** The methods of a ring that register. */
export interface RingRegistration {
  /**
   * Makes a table of descriptors, which operations on this ring then find without looking them up in the process. The table holds the
   * files open, whatever is closed meanwhile. One table at a time.
   *
   * @returns what to pass in the place of each descriptor
   * @throws ErrnoError EBADF, EBUSY (there is a table), EMFILE
   */
  registerFiles(fds: readonly number[]): FixedFile[]
  /** Gives the table up. @throws ErrnoError ENXIO where there is none */
  unregisterFiles(): void
  /**
   * Tells the kernel once of buffers that are used again and again: `read` and `write` with them then spare it the looking up of their
   * pages. Each is from posix_memalign.
   *
   * @throws ErrnoError ENOMEM (ulimit -l), EBUSY (there are some); ERR_INVALID_ARG_VALUE
   */
  registerBuffers(buffers: readonly ByteView[]): void
  /** The kernel lets go of the registered buffers. @throws ErrnoError ENXIO where there are none */
  unregisterBuffers(): void
}

/** The registrations of one ring. */
export class Registered {
  readonly #queue: RingQueue
  readonly #buffers = new Map<Block, number>()

  constructor(queue: RingQueue) {
    this.#queue = queue
  }

  files(fds: readonly number[]): FixedFile[] {
    const numbers = asList('fds', fds, asFd)
    const table = Pin.scratch(numbers.length * 4)
    numbers.forEach((fd, at) => table.block.bytes.writeInt32LE(fd, 4 * at))
    this.#register(IORING_REGISTER_FILES, table, numbers.length)
    return numbers.map((_, index) => new FixedFile(index))
  }

  noFiles(): void {
    check(this.#queue.register(IORING_UNREGISTER_FILES, undefined, 0), 'io_uring_register')
  }

  buffers(buffers: readonly ByteView[]): void {
    const blocks = asList('buffers', buffers, (buffer, name) => {
      const block = blockOf(asMemory(buffer, name))
      if (!block) throw invalidArgValue(name, 'must be from posix_memalign', buffer)
      return block
    })
    this.#register(IORING_REGISTER_BUFFERS, ...vectorOf(blocks.map(({ address, size }) => [address, size])))
    blocks.forEach((block, index) => this.#buffers.set(block, index))
  }

  noBuffers(): void {
    check(this.#queue.register(IORING_UNREGISTER_BUFFERS, undefined, 0), 'io_uring_register')
    this.#buffers.clear()
  }

  #register(operation: number, argument: Pin, count: number): void {
    const result = this.#queue.register(operation, argument.block, count)
    argument.finish(0)
    check(result, 'io_uring_register')
  }

  /** The number under which the pin's memory is registered; -1 where it is not. */
  numberOf(pin: Pin): number {
    return this.#buffers.size === 0 ? -1 : (this.#buffers.get(pin.block) ?? -1)
  }
}

// Buffers that the kernel takes by itself when there is something to receive: those of recvMultishot. See: man 2 io_uring_register
import { check, invalidArgValue } from '../../errors.js'
import { constant } from '../../native.js'
import { asInteger } from '../internal/arguments.js'
import { allocate, type Block } from '../internal/pinned-memory.js'
import type { RingQueue } from './queue.js'

const IORING_CQE_F_BUFFER = constant('IORING_CQE_F_BUFFER')
const REGISTER_BUFFER_RING = constant('IORING_REGISTER_PBUF_RING')
const UNREGISTER_BUFFER_RING = constant('IORING_UNREGISTER_PBUF_RING')

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
    return this.#queue.register(operation, argument, 1)
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

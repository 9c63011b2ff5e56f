// Buffers that the kernel takes by itself when there is something to receive: those of recvMultishot. See: man 2 io_uring_register
import { constants } from 'node:os'
import { check, ErrnoError, invalidArgValue } from '../../errors.js'
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
  readonly #numbers: GroupNumbers
  readonly #starving = new Set<() => void>()
  #taken = 0 // buffers that hold what was not taken out yet
  #receivers = 0
  #open = true

  /** @throws ErrnoError EINVAL (kernel before 5.19), ENOMEM, ENOSPC (65,536 groups are open) */
  constructor(queue: RingQueue, numbers: GroupNumbers, count: number, size: number) {
    this.count = count
    this.size = size
    this.#queue = queue
    this.#numbers = numbers
    this.#ring = allocate(count * 16)
    this.#bytes = allocate(count * size)
    this.#tail = new Uint16Array(this.#ring.bytes.buffer, 14, 1) // the kernel reads it in the place of the first entry's last field
    this.group = numbers.take()
    const result = this.#register(REGISTER_BUFFER_RING)
    if (result < 0) numbers.giveBack(this.group)
    check(result, 'io_uring_register')
    for (let number = 0; number < count; number++) this.#give(number)
  }

  #register(operation: number): number {
    const argument = allocate(40) // struct io_uring_buf_reg
    argument.bytes.writeBigUInt64LE(BigInt(this.#ring.address), 0)
    argument.bytes.writeUInt32LE(this.count, 8)
    argument.bytes.writeUInt16LE(this.group, 12)
    return this.#queue.register(operation, argument, 1)
  }

  /** Whether `close` was called. */
  get closed(): boolean {
    return !this.#open
  }

  /** An operation that receives into it begins (1), or is over (-1). Internal. */
  receives(by: 1 | -1): void {
    this.#receivers += by
    this.#leave()
  }

  /** The kernel has filled a buffer. Internal. */
  filled(flags: number): void {
    if ((flags & IORING_CQE_F_BUFFER) !== 0) this.#taken++
  }

  /**
   * Calls `begin` when there is a buffer again, or the group is closed. At once where one was given back since the kernel found none: what the
   * kernel has filled is told in order, before what found nothing. Internal.
   */
  whenRoom(begin: () => void): void {
    if (this.#taken < this.count) begin()
    else this.#starving.add(begin)
  }

  // As many as there are buffers; all of them where none is taken: no other event would wake them.
  #wake(): void {
    let room = this.#taken === 0 || !this.#open ? Infinity : this.count - this.#taken
    for (const begin of [...this.#starving]) {
      if (room-- <= 0) return
      this.#starving.delete(begin)
      begin()
    }
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
    if ((flags & IORING_CQE_F_BUFFER) === 0) return
    this.#taken--
    this.#give(flags >>> 16)
    this.#wake()
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

  /** Takes the buffers back. What still receives into them ends with ERR_INVALID_STATE when data comes. May be called again. */
  close(): void {
    if (!this.#open) return
    this.#open = false
    if (this.#queue.isOwn) this.#register(UNREGISTER_BUFFER_RING)
    this.#leave()
    this.#wake()
  }

  // Its number is another group's when no operation can take that one's buffers for its own.
  #leave(): void {
    if (!this.#open && this.#receivers === 0) this.#numbers.giveBack(this.group)
  }

  [Symbol.dispose](): void {
    this.close()
  }
}

/** The numbers of one ring's groups: 16 bits, used again when a group is closed. */
export class GroupNumbers {
  readonly #free: number[] = []
  readonly #used = new Set<number>()

  /** @throws ErrnoError ENOSPC */
  take(): number {
    const number = this.#free.pop() ?? this.#used.size
    if (number > 0xffff) throw new ErrnoError(constants.errno.ENOSPC, 'io_uring_register')
    this.#used.add(number)
    return number
  }

  giveBack(number: number): void {
    if (this.#used.delete(number)) this.#free.push(number)
  }
}

/** The size of a group: a power of two. */
export function asGroupCount(count: unknown): number {
  const number = asInteger('count', count, 1, 32768)
  if ((number & (number - 1)) !== 0) throw invalidArgValue('count', 'must be a power of two', count)
  return number
}

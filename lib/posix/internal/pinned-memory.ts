// Memory for operations that go on behind JavaScript's back (io_uring, aio): the kernel only ever sees memory of the library's, which
// no transfer, resizing or collection can take away while an operation holds it. stdlib.h: posix_memalign is such memory.
import { constants as bufferConstants } from 'node:buffer'
import { constants } from 'node:os'
import { codedError, ErrnoError, invalidArgValue, outOfRange } from '../../errors.js'
import { native, type ByteView, type PinnedParts } from '../../native.js'
import { asInteger, bytesOf, refuseGone, type Span } from './arguments.js'
import { bufferOf, byteOffsetOf } from './memory-view.js'

export type { ByteView } from '../../native.js'

/** A piece of pinned memory. */
export interface Block {
  /** The library's own view of it: what callers get is another object over the same memory. */
  readonly bytes: Buffer
  readonly size: number
  readonly address: number
  /** While it is held the memory is there. */
  readonly token: object
}

const blocks = new WeakMap<ArrayBufferLike, Block>()

// How many operations use memory of the heap's own: an environment that ends waits for these.
let heapUse: Int32Array | undefined

const PAGE = 4096

/** New pinned memory, all zeros unless `zeroed` is false. */
export function allocate(size: number, alignment = PAGE, zeroed = true): Block {
  const parts: PinnedParts | number = native.allocatePinned(size, alignment, zeroed)
  if (typeof parts === 'number') {
    if (parts !== -constants.errno.ENOTSUP) throw new ErrnoError(parts, 'posix_memalign')
    const message = 'posix_memalign: this JavaScript runtime allows no memory from outside its own heap'
    throw codedError(Error, 'ERR_POSIX_ASYNC_UNAVAILABLE', message)
  }
  return { bytes: Buffer.from(parts.buffer), size, address: parts.address, token: parts.token }
}

/**
 * New memory, all zeros, whose address is a multiple of `alignment`: what O_DIRECT wants. Asynchronous operations read into it and write
 * from it without copying. (What they do with any other buffer goes through memory of the library's own, and is copied once.) It is
 * given back when it is collected.
 *
 * @param alignment bytes, a power of two from 8 to 65536; 4096 serves every disk
 * @param size bytes
 * @throws ErrnoError ENOMEM; ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE, ERR_OUT_OF_RANGE, and ERR_POSIX_ASYNC_UNAVAILABLE in runtimes
 *   that allow no memory from outside (Electron)
 * @see man 3 posix_memalign
 */
export function posix_memalign(alignment: number, size: number): Buffer {
  const boundary = asInteger('alignment', alignment, 8, 65536)
  if ((boundary & (boundary - 1)) !== 0) throw invalidArgValue('alignment', 'must be a power of two', alignment)
  return known(allocate(asInteger('size', size, 1, bufferConstants.MAX_LENGTH), boundary))
}

/** The same with whatever was in the memory before: for who fills it. Internal. */
export function alignedUnsafe(alignment: number, size: number): Buffer {
  return known(allocate(size, alignment, false))
}

/**
 * A Buffer that nobody else has yet, with whatever was in its memory before: operations use it directly until it is `published`. Memory of
 * the heap's own is quicker to make and to give back than the kind that outlives its ArrayBuffer. Internal.
 */
export function unpublished(size: number): Buffer {
  if (!heapUse) native.countHeapUse((heapUse = new Int32Array(1)))
  const bytes = Buffer.allocUnsafeSlow(size)
  return known({ bytes, size, address: native.addressOf(bytes), token: bytes })
}

/** No operation uses it any more: from here on it is any Buffer, and may be transferred. */
export function published(bytes: Buffer): Buffer {
  blocks.delete(bufferOf(bytes))
  return bytes
}

function known(block: Block): Buffer {
  blocks.set(block.bytes.buffer, block)
  return Buffer.from(block.bytes.buffer as ArrayBuffer)
}

const isOfHeap = ({ token, bytes }: Block): boolean => token === bytes

/** The block that a view lies in; undefined for memory of JavaScript's own. */
export function blockOf(view: ByteView): Block | undefined {
  return blocks.get(bufferOf(view))
}

/** The memory of one operation, from its beginning to its end. */
export class Pin {
  readonly address: number
  /** Where it begins in the block, in bytes. */
  readonly offset: number
  readonly length: number
  readonly block: Block
  readonly #into: Span | undefined
  readonly #isBorrowed: boolean

  private constructor(block: Block, address: number, length: number, into: Span | undefined, borrowed: boolean) {
    this.block = block
    this.address = address
    this.offset = address - block.address
    this.length = length
    this.#into = into
    this.#isBorrowed = borrowed
  }

  /** For what the kernel fills: `finish` brings it to where it was wanted. */
  static into(span: Span): Pin {
    const block = blockOf(span.view)
    if (block) return Pin.#inPlace(block, span)
    const own = borrow(span.length)
    return new Pin(own, own.address, span.length, span, true)
  }

  /** For what the kernel reads: as it is now, whatever becomes of it later. */
  static from(span: Span): Pin {
    const block = blockOf(span.view)
    if (block) return Pin.#inPlace(block, span)
    const pin = Pin.#borrowed(span.length)
    pin.block.bytes.set(bytesOf(span))
    return pin
  }

  /** For structures of the operation's own: all zeros, whatever an operation before it has left there. */
  static scratch(size: number): Pin {
    const pin = Pin.#borrowed(size)
    pin.block.bytes.fill(0, 0, size)
    return pin
  }

  static #borrowed(size: number): Pin {
    const own = borrow(size)
    return new Pin(own, own.address, size, undefined, true)
  }

  static #inPlace(block: Block, { view, offset, length }: Span): Pin {
    const start = byteOffsetOf(view) + offset
    if (start + length > block.size) throw outOfRange('length', `<= ${block.size - start}`, length)
    if (isOfHeap(block)) heapUse![0]!++
    return new Pin(block, block.address + start, length, undefined, false)
  }

  /**
   * The operation is over, and `count` bytes are there.
   * @throws ERR_INVALID_STATE where the caller's memory is not there any more
   */
  finish(count: number): void {
    try {
      if (this.#into && count > 0) deliver(this.block.bytes, count, this.#into)
    } finally {
      if (this.#isBorrowed) giveBack(this.block)
      else if (isOfHeap(this.block)) heapUse![0]!--
    }
  }
}

function deliver(bytes: Buffer, count: number, span: Span): void {
  refuseGone(span.view)
  bytesOf(span).set(bytes.subarray(0, Math.min(count, span.length)))
}

// Blocks that are used again, by their size: powers of two from a page to a mebibyte, as many as there may be.
const SMALLEST = 12
const LARGEST = 20
const MOST_KEPT = 16 << 20
const shelves: Block[][] = Array.from({ length: LARGEST + 1 }, () => [])
let kept = 0

function borrow(size: number): Block {
  const power = Math.max(SMALLEST, 32 - Math.clz32(Math.max(size, 1) - 1))
  if (size > 1 << LARGEST) return allocate(size, PAGE, false)
  const block = shelves[power]!.pop()
  if (!block) return allocate(1 << power, PAGE, false)
  kept -= 1 << power
  return block
}

function giveBack(block: Block): void {
  const { size } = block
  if (size > 1 << LARGEST || kept + size > MOST_KEPT) return
  kept += size
  shelves[31 - Math.clz32(size)]!.push(block)
}

// The structures that operations point at, in pinned memory: vectors, messages, names, times. Internal.
// See: man 3type iovec, man 3type timespec, man 2 sendmsg
import type { ByteView } from '../../native.js'
import { asFixedData, asFixedSpan, asList, type Span } from '../internal/arguments.js'
import { Pin } from '../internal/pinned-memory.js'

const IOVEC_SIZE = 16
const MSGHDR_SIZE = 56
const VECTORS_MAX = 1024

/** Writes a 64-bit number that is not negative. */
function writeLong({ block: { bytes } }: Pin, at: number, value: number): void {
  bytes.writeUInt32LE(value % 2 ** 32, at)
  bytes.writeUInt32LE(Math.floor(value / 2 ** 32), at + 4)
}

/** An array of struct iovec, and how many there are. */
export function vectorOf(parts: Iterable<readonly [address: number, length: number]>): [vector: Pin, count: number] {
  const vectors = [...parts]
  const pin = Pin.scratch(vectors.length * IOVEC_SIZE)
  let count = 0
  for (const [address, length] of vectors) {
    writeLong(pin, IOVEC_SIZE * count, address)
    writeLong(pin, IOVEC_SIZE * count + 8, length)
    count++
  }
  return [pin, count]
}

/** What one operation can take, each checked before memory is pinned for any. */
const asPieces = (
  name: string,
  pieces: unknown,
  as: (piece: unknown, offset: undefined, length: undefined, name: string) => Span,
): Span[] => asList(name, pieces, (piece, its) => as(piece, undefined, undefined, its), VECTORS_MAX)

/** The memory of several buffers as one vector, from its beginning to its end. */
export class PinnedPieces {
  readonly count: number
  /** Bytes, of all together. */
  readonly size: number
  readonly #pins: readonly Pin[]
  readonly #vector: Pin

  private constructor(pins: readonly Pin[]) {
    this.#pins = pins
    this.size = pins.reduce((sum, { length }) => sum + length, 0)
    ;[this.#vector, this.count] = vectorOf(pins.map(({ address, length }) => [address, length]))
  }

  /** To be filled, one after the other. */
  static into(buffers: readonly ByteView[]): PinnedPieces {
    return new PinnedPieces(asPieces('buffers', buffers, asFixedSpan).map((span) => Pin.into(span)))
  }

  /** As they are now. */
  static from(pieces: readonly (string | ByteView)[]): PinnedPieces {
    return new PinnedPieces(asPieces('pieces', pieces, asFixedData).map((span) => Pin.from(span)))
  }

  get address(): number {
    return this.#vector.address
  }

  /** It is over, and `count` bytes are there: each buffer takes what is left of them, up to its length. */
  finish(count: number): void {
    this.#vector.finish(0)
    let left = Math.max(count, 0)
    for (const pin of this.#pins) {
      const taken = Math.min(left, pin.length)
      pin.finish(taken)
      left -= taken
    }
  }
}

/** A string that ends with a NUL byte. */
export function textPin(text: string): Pin {
  return Pin.from(asFixedSpan(Buffer.from(`${text}\0`)))
}

const FOR_EVER = Number.MAX_SAFE_INTEGER // milliseconds; the kernel takes more than 292 years as never

/** A struct __kernel_timespec; negative: for ever. */
export function timePin(milliseconds: number): Pin {
  const time = Pin.scratch(16)
  const whole = milliseconds < 0 ? FOR_EVER : Math.min(milliseconds, FOR_EVER)
  writeLong(time, 0, Math.floor(whole / 1000))
  writeLong(time, 8, Math.floor((whole % 1000) * 1e6))
  return time
}

/** A struct msghdr, and behind it the bytes of a name and of ancillary data. */
export class MessagePin {
  readonly #pin: Pin
  readonly #nameSize: number

  constructor(pieces: PinnedPieces, name: Uint8Array, control: Uint8Array) {
    const { length: nameSize } = name
    this.#nameSize = nameSize
    this.#pin = Pin.scratch(MSGHDR_SIZE + nameSize + control.length)
    const { block, address } = this.#pin
    block.bytes.set(name, MSGHDR_SIZE)
    block.bytes.set(control, MSGHDR_SIZE + nameSize)
    this.#write(0, nameSize > 0 ? address + MSGHDR_SIZE : 0, nameSize)
    this.#write(16, pieces.address, pieces.count)
    this.#write(32, control.length > 0 ? address + MSGHDR_SIZE + nameSize : 0, control.length)
  }

  #write(at: number, first: number, second: number): void {
    writeLong(this.#pin, at, first)
    writeLong(this.#pin, at + 8, second)
  }

  get address(): number {
    return this.#pin.address
  }

  /** What the kernel left in the name. */
  get name(): Buffer {
    const { bytes } = this.#pin.block
    return bytes.subarray(MSGHDR_SIZE, MSGHDR_SIZE + Math.min(bytes.readUInt32LE(8), this.#nameSize))
  }

  /** What the kernel left of ancillary data. */
  get control(): Buffer {
    const { bytes } = this.#pin.block
    const from = MSGHDR_SIZE + this.#nameSize
    return bytes.subarray(from, this.#pin.length)
  }

  /** What the kernel says of the message. */
  get flags(): number {
    return this.#pin.block.bytes.readUInt32LE(48)
  }

  finish(): void {
    this.#pin.finish(0)
  }
}

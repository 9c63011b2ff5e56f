// The structures that operations point at, in pinned memory: vectors, messages, names, times. Internal.
// See: man 3type iovec, man 3type timespec, man 2 sendmsg
import type { ByteView } from '../../native.js'
import { asFixedSpan, Pin } from '../internal/pinned-memory.js'

const IOVEC_SIZE = 16
const MSGHDR_SIZE = 56

/** Writes a 64-bit number that is not negative. */
function writeLong({ block: { bytes } }: Pin, at: number, value: number): void {
  bytes.writeUInt32LE(value % 2 ** 32, at)
  bytes.writeUInt32LE(Math.floor(value / 2 ** 32), at + 4)
}

/** An array of struct iovec. */
export function vectorOf(parts: readonly (readonly [address: number, length: number])[]): Pin {
  const vector = Pin.scratch(parts.length * IOVEC_SIZE)
  parts.forEach(([address, length], at) => {
    writeLong(vector, IOVEC_SIZE * at, address)
    writeLong(vector, IOVEC_SIZE * at + 8, length)
  })
  return vector
}

/** The memory of several buffers as one vector, from its beginning to its end. */
export class PinnedPieces {
  readonly count: number
  readonly #pins: readonly Pin[]
  readonly #vector: Pin

  private constructor(pins: readonly Pin[]) {
    this.count = pins.length
    this.#pins = pins
    this.#vector = vectorOf(pins.map(({ address, length }) => [address, length]))
  }

  /** To be filled, one after the other. */
  static into(buffers: readonly ByteView[]): PinnedPieces {
    return new PinnedPieces(buffers.map((buffer) => Pin.into(asFixedSpan(buffer))))
  }

  /** As they are now. */
  static from(pieces: readonly (string | ByteView)[]): PinnedPieces {
    const views = pieces.map((piece) => (typeof piece === 'string' ? Buffer.from(piece) : piece))
    return new PinnedPieces(views.map((view) => Pin.from(asFixedSpan(view))))
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

/** A struct __kernel_timespec. */
export function timePin(milliseconds: number): Pin {
  const time = Pin.scratch(16)
  const whole = Math.max(milliseconds, 0)
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
    block.bytes.fill(0, 0, MSGHDR_SIZE)
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

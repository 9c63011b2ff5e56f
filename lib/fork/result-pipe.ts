// A pipe from one child to its parent for one message: its length in 8 bytes, then so many bytes. The parent believes neither: what it takes
// in has bounds, in all and in each turn of its loop. See: man 7 pipe.
import { F_GETPIPE_SZ, F_SETFL, F_SETPIPE_SZ, fcntl, O_CLOEXEC, O_NONBLOCK } from '../posix/fcntl.js'
import { POLLIN } from '../posix/poll.js'
import { Watch } from '../posix/event-loop/watch.js'
import { close, pipe2, read, write } from '../posix/unistd.js'
import { notAReport } from './not-a-report.js'
import { closeParentFds, keepInParent, release } from './only-here.js'

const HEADER = 8
// Bytes. What the parent reads in one turn of its loop, and, where the user's share of pipe memory allows it, what the pipe holds.
const CHUNK = 1 << 20

/** Made before the fork; then each side keeps its end. */
export class ResultPipe {
  readonly #reader: number
  readonly #writer: number
  readonly #most: number
  #writerOpen = true
  #readerOpen = true
  #failure: Error | undefined
  readonly #watch: Watch
  // The header first, then the message.
  #incoming = Buffer.allocUnsafe(HEADER)
  #filled = 0
  #hasHeader = false

  /** @param most bytes that a message may have */
  constructor(most: number) {
    this.#most = most
    ;[this.#reader, this.#writer] = pipe2(O_CLOEXEC | O_NONBLOCK)
    try {
      fcntl(this.#writer, F_SETFL, 0)
      this.#watch = new Watch(this.#reader, POLLIN, () => this.#receive())
    } catch (error) {
      close(this.#reader)
      close(this.#writer)
      throw error
    }
    keepInParent(this.#reader)
    keepInParent(this.#writer)
  }

  /** In the child: keeps the writing end and closes what only the parent is to have. */
  becomeWriter(): void {
    release(this.#writer)
    closeParentFds()
    keepInParent(this.#writer) // nor are children of this child to have it
  }

  /** In the child: sends a message, waiting while the parent is behind. Throws EPIPE when the parent is gone. */
  send(bytes: Uint8Array): void {
    const header = Buffer.alloc(HEADER)
    header.writeBigUInt64LE(BigInt(bytes.length))
    for (const part of [header, bytes]) {
      for (let at = 0; at < part.length;) at += write(this.#writer, part, at)!
    }
  }

  /** In the parent: closes the writing end, whose number is free for the child's pidfd then; takes in what comes, a piece each turn. */
  becomeReader(): void {
    if (!this.#writerOpen) return
    this.#writerOpen = false
    release(this.#writer)
    close(this.#writer)
  }

  // One piece; false where there is none. A failure is told by take(); the child finds the pipe closed.
  #receive(): boolean {
    if (this.complete || !this.#readerOpen) return false
    try {
      const count = read(this.#reader, this.#incoming, this.#filled, this.#room)
      if (count === 0) this.#watch.close()
      if (!count) return false
      this.#filled += count
      if (!this.#hasHeader && this.#filled === HEADER) this.#begin()
      return true
    } catch (error) {
      this.#failure = error as Error
      this.#closeReader()
      return false
    }
  }

  get #room(): number {
    return Math.min(this.#incoming.length - this.#filled, CHUNK)
  }

  // What is reserved takes memory only as it is filled. Throws where the message is to be too long, or there is no room for so much.
  #begin(): void {
    const length = Number(this.#incoming.readBigUInt64LE())
    if (length > this.#most) throw notAReport(`a result of ${length} bytes, of which it may have ${this.#most}`)
    this.#incoming = Buffer.allocUnsafeSlow(length)
    this.#filled = 0
    this.#hasHeader = true
    if (length > CHUNK) this.#widen()
  }

  #widen(): void {
    try {
      fcntl(this.#reader, F_SETPIPE_SZ, CHUNK)
    } catch {
      // EPERM: the pipes of this user are large enough already. It goes on as it is.
    }
  }

  /** In the parent: the whole message is here. */
  get complete(): boolean {
    return this.#hasHeader && this.#filled === this.#incoming.length
  }

  /**
   * In the parent, when the child has ended: takes what is left in the pipe, and gives the message, if there was one. Another process may
   * have the child's end and go on writing: no more is taken than the pipe could hold.
   */
  take(): Buffer | undefined {
    const end = this.#filled + this.#left()
    while (this.#filled < end && this.#receive());
    if (this.#failure) throw this.#failure
    return this.complete ? this.#incoming : undefined
  }

  #left(): number {
    return this.#readerOpen ? Math.min(fcntl(this.#reader, F_GETPIPE_SZ), CHUNK) : 0
  }

  #closeReader(): void {
    if (!this.#readerOpen) return
    this.#readerOpen = false
    this.#watch.close()
    release(this.#reader)
    close(this.#reader)
  }

  /** In the parent: closes what is open still. */
  close(): void {
    this.becomeReader()
    this.#closeReader()
  }
}

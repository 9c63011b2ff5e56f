// Frames over one end of a pair of Unix sockets: 8 bytes that say length, kind and number of descriptors, then so many bytes, and the
// descriptors beside them. The other end is believed nothing: a frame has bounds, one turn of the event loop takes in a piece, and no
// descriptor stays that was not announced. See: man 7 unix for SCM_RIGHTS.
import { constants } from 'node:os'
import { ErrnoError } from '../../errors.js'
import { generation } from '../../posix/after-fork/fork-generation.js'
import { Watch } from '../../posix/event-loop/watch.js'
import { POLLERR, POLLHUP, POLLIN, POLLNVAL, POLLOUT, POLLPRI } from '../../posix/poll.js'
import { MSG_CTRUNC, SHUT_WR, shutdown } from '../../posix/sys-socket.js'
import { fdsBeside, flagsBeside, receiveBeside, sendBeside } from '../../posix/internal/beside-bytes.js'
import { close } from '../../posix/unistd.js'
import { notAReport } from '../not-a-report.js'
import { keepInParent, release } from '../only-here.js'

/** Bytes before each frame. */
export const HEADER = 8
/** Descriptors that one frame may have beside it: what the kernel takes at once is 253. */
export const MOST_FDS = 250
// Bytes that small frames are read in together; of a large one, what one turn of the loop reads.
const CHUNK = 1 << 16
const PIECE = 1 << 20
// Bytes that a socket may hold when its other end is gone: more than any has room for by default.
const MOST_LEFT = 1 << 23

const chunk = Buffer.allocUnsafeSlow(CHUNK)

/** Writes what comes before a frame into its first 8 bytes. */
export function writeHeader(frame: Buffer, kind: number, fds: number): Buffer {
  frame.writeUIntLE(frame.length - HEADER, 0, 6)
  frame[6] = kind
  frame[7] = fds
  return frame
}

export interface FrameEvents {
  /** `body` is valid until this returns; `fds` are the receiver's own from here on. */
  frame(kind: number, body: Buffer, fds: number[]): void
  /** What was queued has gone out. */
  drained(): void
  /** Nothing comes any more: the other end is closed, or, with an error, it was not listened to any longer. */
  ended(error?: Error): void
}

interface Outgoing {
  bytes: Buffer
  fds: readonly number[]
}

const isGone = (error: unknown): boolean =>
  error instanceof ErrnoError && (error.code === 'EPIPE' || error.code === 'ECONNRESET')

export class FrameSocket {
  readonly #fd: number
  readonly #most: number
  readonly #events: FrameEvents
  readonly #watch: Watch
  readonly #generation = generation()
  readonly #header = Buffer.allocUnsafe(HEADER)
  #headerFilled = 0
  #body: Buffer | undefined
  #filled = 0
  #fds: number[] = []
  #outgoing: Outgoing[] = []
  #queued = 0
  #isReading = false
  #hasEnded = false
  #isEnding = false
  #isShut = false
  #isClosed = false

  /**
   * @param fd one end, owned from here on
   * @param most bytes that a frame may have
   * @throws ErrnoError EMFILE, ENOMEM, ENOSPC; the descriptor is the caller's then
   */
  constructor(fd: number, most: number, events: FrameEvents) {
    this.#fd = fd
    this.#most = most
    this.#events = events
    this.#watch = new Watch(fd, POLLPRI, (revents) => this.#ready(revents)).unref()
    keepInParent(fd)
  }

  get fd(): number {
    return this.#fd
  }

  /** Bytes that wait to go out. */
  get queued(): number {
    return this.#queued
  }

  get closed(): boolean {
    return this.#isClosed
  }

  /** Whether frames can still be sent. */
  get writable(): boolean {
    return !this.#isClosed && !this.#isEnding
  }

  /** Whether anything has come in, or waits to go out: then it can't be handed on. */
  get used(): boolean {
    return this.#headerFilled > 0 || this.#body !== undefined || this.#queued > 0
  }

  /** Whether this is the process that opened it: in a child of it the number may be another file's. */
  get here(): boolean {
    return this.#generation === generation()
  }

  ref(): void {
    if (!this.#watch.closed) this.#watch.ref()
  }

  unref(): void {
    if (!this.#watch.closed) this.#watch.unref()
  }

  /** Begins to take in, or stops. */
  read(wanted: boolean): void {
    if (this.#isReading === wanted) return
    this.#isReading = wanted
    this.#listen()
  }

  #listen(): void {
    const reading = this.#isReading && !this.#hasEnded
    // What such a socket never has is asked for to hear, at all times, when the other end is gone.
    const events = POLLPRI | (reading ? POLLIN : 0) | (this.#outgoing.length > 0 ? POLLOUT : 0)
    if (!this.#watch.closed) this.#watch.modify(events)
  }

  /** Sends a frame that begins with its header. `fds` are closed here when they are on their way. */
  write(bytes: Buffer, fds: readonly number[]): void {
    this.#outgoing.push({ bytes, fds })
    this.#queued += bytes.length
    if (this.#outgoing.length > 1) return
    this.#send(false)
    if (this.#outgoing.length > 0) this.#listen()
  }

  // Until all has gone out, or there is no room and it is not to wait.
  #send(waits: boolean): void {
    try {
      for (let first = this.#outgoing[0]; first; first = this.#outgoing[0]) {
        const count = sendBeside(this.#fd, first.bytes, first.fds, waits)
        if (count === null) return
        this.#sent(first, count)
      }
    } catch (error) {
      this.#dropOutgoing()
      // The other end is gone: that is heard by reading. What else fails keeps frames from their order.
      if (!isGone(error)) this.#break(error as Error)
    }
    if (this.#isEnding) this.#shut()
  }

  #sent(first: Outgoing, count: number): void {
    this.#queued -= count
    closeAll(first.fds)
    if (count === first.bytes.length) this.#outgoing.shift()
    else this.#outgoing[0] = { bytes: first.bytes.subarray(count), fds: [] }
  }

  #dropOutgoing(): void {
    for (const { fds } of this.#outgoing) closeAll(fds)
    this.#outgoing = []
    this.#queued = 0
  }

  #ready(revents: number): void {
    if (revents & POLLNVAL) return this.#break(new ErrnoError(constants.errno.EBADF, 'recvmsg'))
    const isHungUp = (revents & (POLLHUP | POLLERR)) !== 0
    // Both ways are closed, and all that came was taken in.
    if (this.#hasEnded && isHungUp) return this.close()
    if (revents & POLLOUT && this.#outgoing.length > 0) this.#flushSome()
    if (this.#isClosed || this.#hasEnded) return
    // A hang-up comes unasked, and lasts: what is left is little, and is taken in though nobody reads.
    if ((revents & POLLIN && this.#isReading) || isHungUp) this.#receive()
  }

  #flushSome(): void {
    this.#send(false)
    if (this.#isClosed || this.#outgoing.length > 0) return
    this.#listen()
    this.#events.drained()
  }

  // One read. Gives how many bytes there were: 0 where there is nothing now, or there will be nothing any more.
  #receive(): number {
    const direct = this.#body !== undefined && this.#body.length - this.#filled >= CHUNK
    const into = direct ? this.#body!.subarray(this.#filled, this.#filled + PIECE) : chunk
    let bytes: number
    try {
      const count = receiveBeside(this.#fd, into)
      if (count === null) return 0
      this.#fds.push(...fdsBeside())
      if (flagsBeside() & MSG_CTRUNC) throw new ErrnoError(constants.errno.EMFILE, 'recvmsg')
      bytes = count
    } catch (error) {
      // What the other end had not read when it closed: what it has sent is behind that.
      if (error instanceof ErrnoError && error.code === 'ECONNRESET') return this.#receive()
      this.#break(error as Error)
      return 0
    }
    if (bytes === 0) this.#end()
    else if (direct) this.#fill(bytes)
    else this.#parse(chunk.subarray(0, bytes))
    return bytes
  }

  #fill(count: number): void {
    this.#filled += count
    if (this.#filled === this.#body!.length) this.#deliver(this.#body!)
  }

  #parse(bytes: Buffer): void {
    for (let at = 0; at < bytes.length && !this.#isClosed && !this.#hasEnded;) {
      if (this.#headerFilled < HEADER) at += this.#takeHeader(bytes, at)
      if (this.#headerFilled === HEADER && !this.#isClosed) at += this.#takeBody(bytes, at)
    }
    if (this.#fds.length > this.#fdsWanted()) this.#break(notAReport('descriptors that it had not announced'))
  }

  #takeHeader(bytes: Buffer, at: number): number {
    const count = bytes.copy(this.#header, this.#headerFilled, at)
    this.#headerFilled += count
    if (this.#headerFilled === HEADER && this.#length() > this.#most) {
      this.#break(notAReport(`a message of ${this.#length()} bytes, of which it may have ${this.#most}`))
    }
    return count
  }

  #length(): number {
    return this.#header.readUIntLE(0, 6)
  }

  #fdsWanted(): number {
    if (this.#headerFilled === HEADER) return this.#header[7]!
    return this.#headerFilled > 0 ? MOST_FDS : 0
  }

  // A body that is here whole is delivered where it lies; what is reserved for others takes memory only as it is filled.
  #takeBody(bytes: Buffer, at: number): number {
    const length = this.#length()
    if (!this.#body && bytes.length - at >= length) {
      this.#deliver(bytes.subarray(at, at + length))
      return length
    }
    try {
      this.#body ??= Buffer.allocUnsafeSlow(length)
    } catch (error) {
      this.#break(error as Error)
      return 0
    }
    const count = bytes.copy(this.#body, this.#filled, at)
    this.#fill(count)
    return count
  }

  #deliver(body: Buffer): void {
    const [kind, count] = [this.#header[6]!, this.#header[7]!]
    this.#headerFilled = 0
    this.#body = undefined
    this.#filled = 0
    if (this.#fds.length < count) return this.#break(notAReport('fewer descriptors than it had announced'))
    this.#events.frame(kind, body, count > 0 ? this.#fds.splice(0, count) : [])
  }

  /** What the other end left when it was gone, all at once. Another process may have it and go on sending: so much is taken and no more. */
  drain(): void {
    for (let left = MOST_LEFT; left > 0 && !this.#isClosed && !this.#hasEnded;) {
      const count = this.#receive()
      if (count === 0) return
      left -= count
    }
  }

  /** Sends what is queued, waiting while the other end is behind. */
  flush(): void {
    if (!this.#isClosed && this.here) this.#send(true)
  }

  /** Sends what is queued, and nothing more: the other end hears that, and may go on sending. Idempotent. */
  end(): void {
    if (!this.writable) return
    this.#isEnding = true
    if (this.#outgoing.length === 0) this.#shut()
  }

  #shut(): void {
    if (this.#isShut || this.#isClosed) return
    this.#isShut = true
    try {
      shutdown(this.#fd, SHUT_WR)
    } catch (error) {
      if (!(error instanceof ErrnoError)) throw error // ENOTCONN: it has ended both ways
    }
  }

  #end(): void {
    this.#hasEnded = true
    this.#listen()
    this.#events.ended()
  }

  #break(error: Error): void {
    if (this.#isClosed || this.#hasEnded) return
    this.#hasEnded = true
    this.#events.ended(error) // who is to be killed for it is, before it hears that the channel is closed
    this.close()
  }

  /** What is queued is lost. Idempotent. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    if (!this.here) return // a child has closed them all, and their numbers may be others'
    this.#watch.close()
    this.#dropOutgoing()
    closeAll(this.#fds.splice(0))
    release(this.#fd)
    close(this.#fd)
  }
}

/** Closes descriptors that were held for a frame. */
export function closeAll(fds: readonly number[]): void {
  for (const fd of fds) {
    release(fd)
    close(fd)
  }
}

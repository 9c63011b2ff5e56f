// FdStream: a Node.js stream over any descriptor that waits by readiness, and never in libuv's thread pool.
// See: man 7 fifo, man 4 tty, man 7 epoll.
import { constants } from 'node:os'
import { addAbortSignal, Duplex, type DuplexOptions } from 'node:stream'
import { namesOf, refuseUnknown } from '../internal/known-options.js'
import { checkOrNull, invalidArgType } from '../../errors.js'
import { constant, native } from '../../native.js'
import { asFd } from '../internal/arguments.js'
import { bytesIn } from '../internal/memory-view.js'
import { F_GETFL, fcntl, O_RDONLY, O_WRONLY } from '../fcntl.js'
import { Wait } from '../event-loop/watch.js'
import { SHUT_WR } from '../sys-socket.js'
import { close } from '../unistd.js'

const POLLIN = constant('POLLIN')
const POLLOUT = constant('POLLOUT')
const POLLHUP = constant('POLLHUP')
const EIO = -constants.errno.EIO
const O_ACCMODE = 3
const CHUNK = 65536

/** Options of FdStream. */
export interface FdStreamOptions extends Pick<
  DuplexOptions,
  'allowHalfOpen' | 'emitClose' | 'encoding' | 'defaultEncoding' | 'decodeStrings' | 'highWaterMark' | 'signal'
> {
  /** Whether to read (default: whether the descriptor was opened for it). */
  readable?: boolean
  /** Whether to write (default: whether the descriptor was opened for it). */
  writable?: boolean
  /** Whether the stream owns the descriptor and closes it when it is destroyed (default true). */
  autoClose?: boolean
}

const OPTIONS = namesOf<FdStreamOptions>({
  ...{ readable: true, writable: true, autoClose: true, signal: true, highWaterMark: true, allowHalfOpen: true },
  ...{ emitClose: true, encoding: true, defaultEncoding: true, decodeStrings: true },
})

/**
 * Reads and writes a FIFO, terminal, character device, pipe or socket as a stream. It waits in the event loop, so that any
 * number of idle ones leave `fs`, `dns` and `crypto` their threads. O_NONBLOCK is left as it is: it belongs to the open file, which
 * other processes may share. The stream takes the descriptor over, and closes it with `destroy` or when both sides have
 * ended; `end()` on a socket shuts its writing side down. A terminal that is hung up is at its end, after all that it had to give.
 *
 * Where the kernel cannot be asked not to wait (a FIFO), the descriptor is polled first: with another reader on the same FIFO, who is
 * faster, the read would wait for the next byte. Open it O_NONBLOCK where that can be. A terminal is opened again for the time of a call, so
 * as not to wait. A regular file works, and is read on the calling thread.
 */
export class FdStream extends Duplex {
  readonly fd: number
  #autoClose: boolean
  readonly #isSocket: boolean
  readonly #waits = new Set<Wait>()
  #referenced = true
  #bytesRead = 0
  #bytesWritten = 0

  /**
   * @param fd an open descriptor, which the stream owns from now on unless `autoClose` is false
   * @throws ErrnoError EBADF; ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
   */
  constructor(fd: number, options: FdStreamOptions = {}) {
    if (typeof options !== 'object' || options === null) throw invalidArgType('options', 'of type object', options)
    refuseUnknown(options, OPTIONS)
    const access = fcntl(asFd(fd), F_GETFL) & O_ACCMODE
    const { readable = access !== O_WRONLY, writable = access !== O_RDONLY, autoClose = true } = options
    const { signal, ...rest } = options
    super({ ...rest, readable, writable } as DuplexOptions)
    this.fd = fd
    this.#autoClose = autoClose
    this.#isSocket = native.getsockopt(fd, constant('SOL_SOCKET'), constant('SO_TYPE'), new Int32Array(1)) >= 0
    // Now that there is something to destroy, where it is aborted already.
    if (signal) addAbortSignal(signal, this)
  }

  /** How many bytes were read from the descriptor. */
  get bytesRead(): number {
    return this.#bytesRead
  }

  /** How many bytes the kernel has taken. */
  get bytesWritten(): number {
    return this.#bytesWritten
  }

  /** Keeps the process alive while this waits (as it does from the start). */
  ref(): this {
    return this.#reference(true)
  }

  /** Lets the process end while this waits. */
  unref(): this {
    return this.#reference(false)
  }

  #reference(referenced: boolean): this {
    this.#referenced = referenced
    for (const wait of this.#waits) wait.reference(referenced)
    return this
  }

  // Every read comes by way of the event loop: a source that is always ready does not keep others from their turn.
  override _read(): void {
    this.#when(POLLIN, () => {
      const buffer = Buffer.allocUnsafe(CHUNK)
      const result = native.readNoWait(this.fd, buffer, 0, CHUNK)
      if (result === EIO && isHungUp(this.fd)) return this.#hangUp()
      const count = checkOrNull(result, 'read')
      if (count === null) return this._read()
      this.#bytesRead += count
      this.push(count === 0 ? null : whole(buffer, count))
    })
  }

  // Nothing more can be read or written: the end, when what was read before is taken.
  #hangUp(): void {
    this.once('end', () => this.destroy())
    this.push(null)
  }

  override _write(chunk: Buffer | string, encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#writeFrom(typeof chunk === 'string' ? Buffer.from(chunk, encoding) : bytesIn(chunk), 0, done)
  }

  #writeFrom(chunk: Uint8Array, from: number, done: (error?: Error | null) => void): void {
    let at = from
    try {
      while (at < chunk.length) {
        const count = checkOrNull(native.writeNoWait(this.fd, chunk, at, chunk.length - at), 'write')
        if (count === null) return this.#when(POLLOUT, () => this.#writeFrom(chunk, at, done))
        this.#bytesWritten += count
        at += count
      }
    } catch (error) {
      return done(error as Error)
    }
    done()
  }

  override _final(done: (error?: Error | null) => void): void {
    // The peer may be gone already (ENOTCONN): then it has seen the end.
    if (this.#isSocket && this.readable) native.shutdown(this.fd, SHUT_WR)
    done()
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    for (const wait of this.#waits) wait.cancel()
    this.#waits.clear()
    try {
      if (this.#autoClose) close(this.fd)
      done(error)
    } catch (failure) {
      done(error ?? (failure as Error))
    }
  }

  // Who finds the descriptor closed must not close it: its number may be another file's by now.
  #fail(error: NodeJS.ErrnoException): void {
    if (error.code === 'EBADF') this.#autoClose = false
    this.destroy(error)
  }

  #when(events: number, ready: () => void): void {
    const settled = (then: () => void) => (): void => {
      this.#waits.delete(wait)
      try {
        then()
      } catch (error) {
        this.#fail(error as NodeJS.ErrnoException)
      }
    }
    const wait: Wait = new Wait(this.fd, events, settled(ready), (reason) => this.#fail(reason as Error))
    this.#waits.add(wait)
    wait.start()
    if (!this.#referenced) wait.reference(false)
  }
}

// A terminal whose other side is gone: reading it is EIO, as C has it, where a pipe or socket is at its end.
function isHungUp(fd: number): boolean {
  const polled = new Int32Array([fd, POLLIN])
  return native.isatty(fd) === 1 && native.poll(polled, 1, 0) > 0 && ((polled[1]! >>> 16) & POLLHUP) !== 0
}

// What is small is copied, so that a stream of single bytes does not hold 64 KiB each.
function whole(buffer: Buffer, count: number): Buffer {
  return count < CHUNK / 4 ? Buffer.from(buffer.subarray(0, count)) : buffer.subarray(0, count)
}

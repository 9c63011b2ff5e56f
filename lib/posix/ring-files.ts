// The operations of a ring on files: read, write and their kin. Internal; io-uring.ts is its face.
import { constant, type ByteView } from '../native.js'
import { asData, asFd, asInteger, asPath } from './arguments.js'
import { O_CLOEXEC, O_RDONLY } from './fcntl.js'
import { tellClosing } from './closing.js'
import { asFixedSpan, Pin } from './pinned-memory.js'
import { asRingFile, attempt, begin, RingBase, vectorOf, type RingFile } from './ring-base.js'
import type { OperationOptions } from './ring-operation.js'
import { BUFFER, FILE, FLAGS } from './ring-queue.js'
import { asStatxMask, STATX_SIZE, Statx } from './statx.js'

const IORING_OP_CLOSE = constant('IORING_OP_CLOSE')
const IORING_OP_FSYNC = constant('IORING_OP_FSYNC')
const IORING_OP_OPENAT = constant('IORING_OP_OPENAT')
const IORING_OP_READ = constant('IORING_OP_READ')
const IORING_OP_READ_FIXED = constant('IORING_OP_READ_FIXED')
const IORING_OP_READV = constant('IORING_OP_READV')
const IORING_OP_SPLICE = constant('IORING_OP_SPLICE')
const IORING_OP_STATX = constant('IORING_OP_STATX')
const IORING_OP_WRITE = constant('IORING_OP_WRITE')
const IORING_OP_WRITE_FIXED = constant('IORING_OP_WRITE_FIXED')
const IORING_OP_WRITEV = constant('IORING_OP_WRITEV')
const IORING_FSYNC_DATASYNC = 1
const VECTORS_MAX = 1024
const BYTES_MAX = 0x7ffff000 // as read(2)

export interface TransferOptions extends OperationOptions {
  /** Where in the buffer, in bytes (default 0). */
  offset?: number
  /** At most so many bytes (default: to the end of the buffer). */
  length?: number
}

const asPosition = (position: unknown, name = 'position'): number =>
  position === null || position === undefined ? -1 : asInteger(name, position, 0, Number.MAX_SAFE_INTEGER)

/** Operations on files. */
export class RingOfFiles extends RingBase {
  /**
   * Reads up to `length` bytes. A buffer of posix_memalign is read into directly. Any other is filled when the bytes are there: one that was
   * detached meanwhile is ERR_INVALID_STATE.
   *
   * @param fd borrowed until the promise settles
   * @param buffer takes the bytes; a resizable ArrayBuffer is refused
   * @param position where in the file; null (default): at its own offset, and always for a pipe or socket
   * @returns how many bytes were read; 0 at end of file
   * @throws as a rejection, ErrnoError as read(2) has it; the signal's reason; ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE, ERR_INVALID_STATE
   * @see man 2 pread
   */
  read(fd: RingFile, buffer: ByteView, position?: number | null, options?: TransferOptions): Promise<number> {
    return attempt(() => {
      const span = asFixedSpan(buffer, options?.offset, options?.length)
      return this.#transfer('read', fd, Pin.into(span), asPosition(position), options)
    })
  }

  /**
   * Writes up to `length` bytes, as they are at the call unless the buffer is of posix_memalign, which must stay as it is until the promise
   * settles.
   *
   * @param fd borrowed until the promise settles
   * @param data bytes, or a string taken as UTF-8
   * @param position where in the file; null (default): at its own offset, and always for a pipe or socket
   * @returns how many bytes were written
   * @throws as a rejection, ErrnoError as write(2) has it; the signal's reason; ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE, ERR_INVALID_STATE
   * @see man 2 pwrite
   */
  write(fd: RingFile, data: string | ByteView, position?: number | null, options?: TransferOptions): Promise<number> {
    return attempt(() => {
      const bytes = typeof data === 'string' ? asData(data).view : data
      const pin = Pin.from(asFixedSpan(bytes, options?.offset, options?.length, 'data'))
      return this.#transfer('write', fd, pin, asPosition(position), options)
    })
  }

  #transfer(
    syscall: 'read' | 'write',
    fd: RingFile,
    pin: Pin,
    position: number,
    options: OperationOptions | undefined,
  ): Promise<number> {
    const { operation, signal } = begin(syscall, options, (result) => {
      pin.finish(result > 0 ? result : 0)
      return result
    })
    const number = this.registered(pin)
    const plain = syscall === 'read' ? IORING_OP_READ : IORING_OP_WRITE
    const fixed = syscall === 'read' ? IORING_OP_READ_FIXED : IORING_OP_WRITE_FIXED
    const length = Math.min(pin.length, BYTES_MAX)
    const at = this.queue.prepare(operation, number < 0 ? plain : fixed, asRingFile(fd), pin.address, length, position)
    if (number >= 0) this.queue.words[at + BUFFER] = number
    if (signal) operation.heed(signal, this.queue)
    return operation.promise
  }

  /**
   * Reads into several buffers, one after the other, by one operation. @returns how many bytes were read
   * @throws as a rejection, what `read` rejects with
   * @see man 2 preadv
   */
  readv(
    fd: RingFile,
    buffers: readonly ByteView[],
    position?: number | null,
    options?: OperationOptions,
  ): Promise<number> {
    return attempt(() => {
      const pins = buffers.map((buffer) => Pin.into(asFixedSpan(buffer)))
      return this.#vector('readv', IORING_OP_READV, fd, pins, asPosition(position), options)
    })
  }

  /**
   * Writes several pieces, one after the other, by one operation. @returns how many bytes were written
   * @throws as a rejection, what `write` rejects with
   * @see man 2 pwritev
   */
  writev(
    fd: RingFile,
    pieces: readonly (string | ByteView)[],
    position?: number | null,
    options?: OperationOptions,
  ): Promise<number> {
    return attempt(() => {
      const pins = pieces.map((piece) => Pin.from(asFixedSpan(typeof piece === 'string' ? Buffer.from(piece) : piece)))
      return this.#vector('writev', IORING_OP_WRITEV, fd, pins, asPosition(position), options)
    })
  }

  #vector(
    syscall: string,
    code: number,
    fd: RingFile,
    pins: readonly Pin[],
    position: number,
    options: OperationOptions | undefined,
  ): Promise<number> {
    asInteger('buffers.length', pins.length, 0, VECTORS_MAX)
    const vector = vectorOf(pins.map(({ address, length }) => [address, length]))
    const { operation, signal } = begin(syscall, options, (result) => {
      vector.finish(0)
      finishAll(pins, result)
      return result
    })
    this.queue.prepare(operation, code, asRingFile(fd), vector.address, pins.length, position)
    if (signal) operation.heed(signal, this.queue)
    return operation.promise
  }

  /**
   * Waits until what was written is on the disk. It does not wait for operations of this ring that are under way: see `drained`.
   * @param options `datasync`: fdatasync(2), without times and the like
   * @throws as a rejection, ErrnoError EBADF, EIO, EINVAL, ENOSPC
   * @see man 2 fsync
   */
  fsync(fd: RingFile, options?: OperationOptions & { datasync?: boolean }): Promise<void> {
    return this.#simple('fsync', IORING_OP_FSYNC, fd, options, options?.datasync ? IORING_FSYNC_DATASYNC : 0)
  }

  #simple(
    syscall: string,
    code: number,
    fd: RingFile,
    options: OperationOptions | undefined,
    flags = 0,
  ): Promise<void> {
    return attempt(() => {
      const { operation, signal } = begin(syscall, options, () => {})
      const at = this.queue.prepare(operation, code, asRingFile(fd), 0, 0, 0)
      this.queue.words[at + FLAGS] = flags
      if (signal) operation.heed(signal, this.queue)
      return operation.promise
    })
  }

  /**
   * Opens a file, close-on-exec.
   * @param dirfd what a relative path is relative to: a descriptor, or AT_FDCWD
   * @param flags O_RDONLY (default), O_WRONLY, O_RDWR, with O_CREAT ...
   * @param mode permissions of a new file, before the umask (default 0o666)
   * @returns the descriptor, which the caller owns
   * @throws as a rejection, ErrnoError ENOENT, EACCES, EEXIST ... with `path`
   * @see man 2 openat
   */
  openat(
    dirfd: number,
    path: string,
    flags: number = O_RDONLY,
    mode = 0o666,
    options?: OperationOptions,
  ): Promise<number> {
    return attempt(() => {
      const how = asInteger('flags', flags) | O_CLOEXEC
      const bits = asInteger('mode', mode, 0, 0o7777)
      const name = textPin(asPath(path))
      const ended = (result: number): number => {
        name.finish(0)
        return result
      }
      const { operation, signal } = begin('openat', options, ended, { path })
      const at = this.queue.prepare(operation, IORING_OP_OPENAT, asInteger('dirfd', dirfd), name.address, bits, 0)
      this.queue.words[at + FLAGS] = how
      if (signal) operation.heed(signal, this.queue)
      return operation.promise
    })
  }

  /**
   * What the kernel knows of a file.
   * @param path relative to `dirfd`; '' with AT_EMPTY_PATH: of `dirfd` itself
   * @param flags AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW ... (default 0)
   * @param mask STATX_BASIC_STATS (default: that and the time of birth)
   * @throws as a rejection, ErrnoError ENOENT, EACCES, EBADF ... with `path`
   * @see man 2 statx
   */
  statx(dirfd: number, path: string, flags = 0, mask?: number, options?: OperationOptions): Promise<Statx> {
    return attempt(() => {
      const wanted = asStatxMask(mask)
      const how = asInteger('flags', flags)
      const name = textPin(asPath(path))
      const answer = Pin.scratch(STATX_SIZE)
      const ended = (result: number): Statx => {
        const status = result < 0 ? undefined : new Statx(answer.block.bytes)
        name.finish(0)
        answer.finish(0)
        return status!
      }
      const { operation, signal } = begin('statx', options, ended, { path })
      const folder = asInteger('dirfd', dirfd)
      const at = this.queue.prepare(operation, IORING_OP_STATX, folder, name.address, wanted, answer.address)
      this.queue.words[at + FLAGS] = how
      if (signal) operation.heed(signal, this.queue)
      return operation.promise
    })
  }

  /**
   * Moves bytes from or to a pipe (one of the two must be one).
   * @param inOffset where in `inFd`, a file; null: at its own offset, and always for a pipe
   * @param outOffset the same for `outFd`
   * @param flags SPLICE_F_MOVE, SPLICE_F_MORE (default 0)
   * @returns how many bytes were moved; 0 at end of file
   * @throws as a rejection, ErrnoError EBADF, EINVAL, ESPIPE, EPIPE ...
   * @see man 2 splice
   */
  splice(
    inFd: number,
    inOffset: number | null,
    outFd: RingFile,
    outOffset: number | null,
    length: number,
    flags = 0,
    options?: OperationOptions,
  ): Promise<number> {
    return attempt(() => {
      const count = asInteger('length', length, 0, BYTES_MAX)
      const [from, to] = [asPosition(inOffset, 'inOffset'), asPosition(outOffset, 'outOffset')]
      const { operation, signal } = begin('splice', options, (result) => result)
      const at = this.queue.prepare(operation, IORING_OP_SPLICE, asRingFile(outFd, 'outFd'), from, count, to)
      this.queue.words[at + FLAGS] = asInteger('flags', flags, 0, 0xff)
      this.queue.words[at + FILE] = asFd(inFd, 'inFd')
      if (signal) operation.heed(signal, this.queue)
      return operation.promise
    })
  }

  /** Cancels what is in flight and frees the ring when that is over. May be called again. */
  override close(): Promise<void>
  /**
   * Closes a descriptor. What this ring does on it is cancelled.
   * @throws as a rejection, ErrnoError EBADF, EIO
   * @see man 2 close
   */
  override close(fd: number, options?: OperationOptions): Promise<void>
  override close(fd?: number, options?: OperationOptions): Promise<void> {
    if (fd === undefined) return this.end()
    return attempt(() => {
      tellClosing(asFd(fd))
      return this.#simple('close', IORING_OP_CLOSE, fd, options)
    })
  }
}

// Each buffer takes what is left of `count`, up to its length.
function finishAll(pins: readonly Pin[], count: number): void {
  let left = Math.max(count, 0)
  for (const pin of pins) {
    pin.finish(Math.min(left, pin.length))
    left -= Math.min(left, pin.length)
  }
}

/** A string that ends with a NUL byte. */
function textPin(text: string): Pin {
  return Pin.from(asFixedSpan(Buffer.from(`${text}\0`)))
}

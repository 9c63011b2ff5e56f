// Entries of a ring that read and write: one buffer or several, by one operation. Internal; io-uring.ts is their face.
import { namesOf } from '../internal/known-options.js'
import { constant, type ByteView } from '../../native.js'
import { asFixedData, asFixedSpan, asInteger } from '../internal/arguments.js'
import { Pin } from '../internal/pinned-memory.js'
import type { Registered } from './registered.js'
import { asRingFile, type RingFile } from './sqe.js'
import { PinnedPieces } from './pinned-structs.js'
import type { OperationEntry, OperationOptions } from './operation.js'

const IORING_OP_READ = constant('IORING_OP_READ')
const IORING_OP_READ_FIXED = constant('IORING_OP_READ_FIXED')
const IORING_OP_READV = constant('IORING_OP_READV')
const IORING_OP_WRITE = constant('IORING_OP_WRITE')
const IORING_OP_WRITE_FIXED = constant('IORING_OP_WRITE_FIXED')
const IORING_OP_WRITEV = constant('IORING_OP_WRITEV')
/** What one read(2) or write(2) moves at most. */
export const BYTES_MAX = 0x7ffff000

export interface TransferOptions extends OperationOptions {
  /** Where in the buffer, in bytes (default 0). */
  offset?: number
  /** At most so many bytes (default: to the end of the buffer). */
  length?: number
}

export const TRANSFER_OPTIONS = namesOf<TransferOptions>({ signal: true, offset: true, length: true })

/** Where in a file; null or undefined: at its own offset. */
export type Position = number | null | undefined

/** Bytes to be written, or a string taken as UTF-8. */
export type Piece = string | ByteView

/** For the kernel: -1 is the file's own offset. */
export const asPosition = (position: unknown, name = 'position'): number =>
  position === null || position === undefined ? -1 : asInteger(name, position, 0, Number.MAX_SAFE_INTEGER)

/** The methods of a ring that read and write. */
export interface RingTransfers {
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
  read(fd: RingFile, buffer: ByteView, position?: Position, options?: TransferOptions): Promise<number>

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
  write(fd: RingFile, data: Piece, position?: Position, options?: TransferOptions): Promise<number>

  /**
   * Reads into several buffers, one after the other, by one operation. @returns how many bytes were read
   * @throws as a rejection, what `read` rejects with
   * @see man 2 preadv
   */
  readv(fd: RingFile, buffers: readonly ByteView[], position?: Position, options?: OperationOptions): Promise<number>

  /**
   * Writes several pieces, one after the other, by one operation. @returns how many bytes were written
   * @throws as a rejection, what `write` rejects with
   * @see man 2 pwritev
   */
  writev(fd: RingFile, pieces: readonly Piece[], position?: Position, options?: OperationOptions): Promise<number>
}

export function prepareRead(
  registered: Registered,
  fd: RingFile,
  buffer: ByteView,
  position?: Position,
  options?: TransferOptions,
): OperationEntry<number> {
  const pin = Pin.into(asFixedSpan(buffer, options?.offset, options?.length))
  return transfer(registered, 'read', IORING_OP_READ, IORING_OP_READ_FIXED, fd, pin, position)
}

export function prepareWrite(
  registered: Registered,
  fd: RingFile,
  data: Piece,
  position?: Position,
  options?: TransferOptions,
): OperationEntry<number> {
  const pin = Pin.from(asFixedData(data, options?.offset, options?.length))
  return transfer(registered, 'write', IORING_OP_WRITE, IORING_OP_WRITE_FIXED, fd, pin, position)
}

function transfer(
  registered: Registered,
  syscall: string,
  plain: number,
  fixed: number,
  fd: RingFile,
  pin: Pin,
  position: Position,
): OperationEntry<number> {
  const number = registered.numberOf(pin)
  return {
    syscall,
    code: number < 0 ? plain : fixed,
    fd: asRingFile(fd),
    address: pin.address,
    length: Math.min(pin.length, BYTES_MAX),
    offset: asPosition(position),
    buffer: Math.max(number, 0),
    ended: (result) => {
      pin.finish(result > 0 ? result : 0)
      return result
    },
  }
}

export function prepareReadv(fd: RingFile, buffers: readonly ByteView[], position?: Position): OperationEntry<number> {
  return vectored('readv', IORING_OP_READV, fd, PinnedPieces.into(buffers), position)
}

export function prepareWritev(fd: RingFile, pieces: readonly Piece[], position?: Position): OperationEntry<number> {
  return vectored('writev', IORING_OP_WRITEV, fd, PinnedPieces.from(pieces), position)
}

function vectored(
  syscall: string,
  code: number,
  fd: RingFile,
  pieces: PinnedPieces,
  position: Position,
): OperationEntry<number> {
  return {
    syscall,
    code,
    fd: asRingFile(fd),
    address: pieces.address,
    length: pieces.count,
    offset: asPosition(position),
    ended: (result) => {
      pieces.finish(result)
      return result
    },
  }
}

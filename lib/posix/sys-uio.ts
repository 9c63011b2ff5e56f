// sys/uio.h: reads into several pieces of memory and writes from several, each one system call.
import { constants } from 'node:os'
import { check, checkOrNull } from '../errors.js'
import { constant, native, type ByteView } from '../native.js'
import {
  asData,
  asFd,
  asFixedData,
  asFixedSpan,
  asInteger,
  asList,
  asSpan,
  bytesOf,
  refuseGone,
  type Span,
} from './internal/arguments.js'
import { asWaitLimits, isFile, type AsyncOptions } from './internal/async-options.js'
import { isShared } from './internal/memory-view.js'
import { whenReady } from './event-loop/watch.js'
import { readAsync, writeAsync } from './unistd-async.js'

export const RWF_HIPRI = constant('RWF_HIPRI')
export const RWF_DSYNC = constant('RWF_DSYNC')
export const RWF_SYNC = constant('RWF_SYNC')
export const RWF_NOWAIT = constant('RWF_NOWAIT')
export const RWF_APPEND = constant('RWF_APPEND')

const IOV_MAX = 1024
const READ_MOST = 1 << 24
const POLLIN = constant('POLLIN')
const EAGAIN = -constants.errno.EAGAIN

type AsSpan = (piece: unknown, offset: undefined, length: undefined, name: string) => Span

function asPieces(name: string, pieces: unknown, as: AsSpan): Uint8Array[] {
  return asList(name, pieces, (piece, its) => bytesOf(as(piece, undefined, undefined, its)), IOV_MAX)
}

// -1, the descriptor's own offset, for null.
const asPosition = (position: unknown): number =>
  position === null ? -1 : asInteger('position', position, 0, Number.MAX_SAFE_INTEGER)

/**
 * Reads into several pieces of memory, which are filled one after the other. Blocks the calling thread unless the descriptor is O_NONBLOCK.
 *
 * @param fd an open descriptor, borrowed
 * @param buffers up to 1024 pieces
 * @returns how many bytes were read; 0 at end of file; `null` if it would block
 * @throws ErrnoError EBADF, EISDIR, EIO, ECONNRESET ...; ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE, ERR_INVALID_STATE
 * @see man 2 readv
 */
export function readv(fd: number, buffers: readonly ByteView[]): number | null {
  return checkOrNull(native.readv(asFd(fd), ...asPieces('buffers', buffers, asSpan)), 'readv')
}

/**
 * Writes several pieces as one, as C does: it may write fewer bytes than there are. Blocks the calling thread unless the descriptor is
 * O_NONBLOCK.
 *
 * @param fd an open descriptor, borrowed
 * @param data up to 1024 pieces: bytes, or strings taken as UTF-8
 * @returns how many bytes were written; `null` if it would block
 * @throws ErrnoError EBADF, EPIPE, ENOSPC, EIO ...; ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE, ERR_INVALID_STATE
 * @see man 2 writev
 */
export function writev(fd: number, data: readonly (string | ByteView)[]): number | null {
  return checkOrNull(native.writev(asFd(fd), ...asPieces('data', data, asData)), 'writev')
}

/**
 * As `readv`, at `position` bytes from the start of the file; the file offset stays.
 * @throws ErrnoError ESPIPE on a pipe or socket, and what `readv` throws
 * @see man 2 preadv
 */
export function preadv(fd: number, buffers: readonly ByteView[], position: number): number | null {
  const at = asInteger('position', position, 0, Number.MAX_SAFE_INTEGER)
  return checkOrNull(native.preadv2(asFd(fd), at, 0, ...asPieces('buffers', buffers, asSpan)), 'preadv')
}

/**
 * As `writev`, at `position` bytes from the start of the file; the file offset stays.
 * @throws ErrnoError ESPIPE on a pipe or socket, and what `writev` throws
 * @see man 2 pwritev
 */
export function pwritev(fd: number, data: readonly (string | ByteView)[], position: number): number | null {
  const at = asInteger('position', position, 0, Number.MAX_SAFE_INTEGER)
  return checkOrNull(native.pwritev2(asFd(fd), at, 0, ...asPieces('data', data, asData)), 'pwritev')
}

/**
 * As `preadv`, with flags.
 * @param position null: at the file's own offset, which moves on
 * @param flags RWF_NOWAIT (would block is `null`), RWF_HIPRI (default 0)
 * @throws ErrnoError ENOTSUP (a flag that the file does not know), and what `preadv` throws
 * @see man 2 preadv2
 */
export function preadv2(fd: number, buffers: readonly ByteView[], position: number | null, flags = 0): number | null {
  const [at, how] = [asPosition(position), asInteger('flags', flags, 0)]
  return checkOrNull(native.preadv2(asFd(fd), at, how, ...asPieces('buffers', buffers, asSpan)), 'preadv2')
}

/**
 * As `pwritev`, with flags.
 * @param position null: at the file's own offset, which moves on
 * @param flags RWF_DSYNC, RWF_SYNC (this write is on the device when it returns), RWF_APPEND, RWF_NOWAIT, RWF_HIPRI (default 0)
 * @throws ErrnoError ENOTSUP (a flag that the file does not know), and what `pwritev` throws
 * @see man 2 pwritev2
 */
export function pwritev2(
  fd: number,
  data: readonly (string | ByteView)[],
  position: number | null,
  flags = 0,
): number | null {
  const [at, how] = [asPosition(position), asInteger('flags', flags, 0)]
  return checkOrNull(native.pwritev2(asFd(fd), at, how, ...asPieces('data', data, asData)), 'pwritev2')
}

/**
 * As `readv`, as soon as there is something, without blocking the event loop: one read, through memory of its own.
 *
 * @param buffers up to 1024 pieces, none of a resizable ArrayBuffer
 * @param options `signal`, `timeout`
 * @returns how many bytes were read; 0 at end of file
 * @throws as readAsync does, as a rejection
 * @see man 2 readv
 */
export async function readvAsync(fd: number, buffers: readonly ByteView[], options?: AsyncOptions): Promise<number> {
  const pieces = asPieces('buffers', buffers, asFixedSpan)
  const own = Buffer.alloc(
    Math.min(
      READ_MOST,
      pieces.reduce((sum, { length }) => sum + length, 0),
    ),
  )
  const signal = asWaitLimits(options)
  if (isFile(asFd(fd))) return scatter(own, await readAsync(fd, own, 0, own.length, { signal }), pieces)
  for (;;) {
    for (const piece of pieces) refuseGone(piece)
    const count = native.readNoWait(fd, own, 0, own.length)
    if (count !== EAGAIN) return scatter(own, check(count, 'readv'), pieces)
    await whenReady(fd, POLLIN, { signal })
  }
}

function scatter(own: Uint8Array, count: number, pieces: readonly Uint8Array[]): number {
  let at = 0
  for (const piece of pieces) {
    refuseGone(piece)
    piece.set(own.subarray(at, Math.min(at + piece.length, count)))
    at = Math.min(at + piece.length, count)
  }
  return count
}

/**
 * Writes all of the pieces, in order and as one, without blocking the event loop.
 *
 * @param data up to 1024 pieces: bytes, which are copied by the time this returns its promise, or strings taken as UTF-8
 * @param options `signal`, `timeout`
 * @returns how many bytes were written, as writeAsync counts
 * @throws as writeAsync does, as a rejection
 * @see man 2 writev
 */
export async function writevAsync(
  fd: number,
  data: readonly (string | ByteView)[],
  options?: AsyncOptions,
): Promise<number> {
  return writeAsync(fd, Buffer.concat(asPieces('data', data, asFixedData).map(unshared)), 0, undefined, options)
}

const unshared = (bytes: Uint8Array): Uint8Array => (isShared(bytes) ? bytes.slice() : bytes)

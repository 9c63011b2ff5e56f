// sys/sendfile.h, splice and tee of fcntl.h, copy_file_range of unistd.h: bytes from one descriptor to another without passing through memory of ours.
import { constants } from 'node:os'
import { check, checkOrNull, invalidArgValue } from '../errors.js'
import { constant, native } from '../native.js'
import { asAbortSignal } from './internal/abort-signal.js'
import { asFd, asInteger } from './internal/arguments.js'
import { F_GETFL, O_NONBLOCK } from './fcntl.js'
import { whenReady, type WaitOptions } from './event-loop/watch.js'

export const SPLICE_F_MORE = constant('SPLICE_F_MORE')
export const SPLICE_F_MOVE = constant('SPLICE_F_MOVE')
export const SPLICE_F_NONBLOCK = constant('SPLICE_F_NONBLOCK')

const POLLIN = constant('POLLIN')
const POLLOUT = constant('POLLOUT')
const EAGAIN = -constants.errno.EAGAIN
const COUNT_MAX = 0x7ffff000 // the kernel moves no more at once

const asOffset = (name: string, value: unknown): number =>
  value === null ? -1 : asInteger(name, value, 0, Number.MAX_SAFE_INTEGER)
const asCount = (name: string, value: unknown): number => asInteger(name, value, 0, Number.MAX_SAFE_INTEGER)

/**
 * Sends part of a file. Blocks the calling thread unless `outFd` is O_NONBLOCK, and while the disk is read.
 *
 * @param outFd a socket, pipe or file, borrowed
 * @param inFd a file, borrowed
 * @param offset where in the file, whose own offset then stays; null: at its own offset, which moves on
 * @param count at most so many bytes
 * @returns how many bytes were sent, 0 at the end of the file; `null` if it would block
 * @throws ErrnoError EBADF, EINVAL, EPIPE, ECONNRESET, EIO ...; ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see man 2 sendfile
 */
export function sendfile(outFd: number, inFd: number, offset: number | null, count: number): number | null {
  const at = asOffset('offset', offset)
  const result = native.sendfile(asFd(outFd, 'outFd'), asFd(inFd, 'inFd'), at, asCount('count', count))
  return checkOrNull(result, 'sendfile')
}

/**
 * Moves bytes from or to a pipe (one of the two must be one). Blocks the calling thread unless SPLICE_F_NONBLOCK is given, and
 * O_NONBLOCK set on what is not the pipe.
 *
 * @param inFd from where, borrowed
 * @param inOffset where in `inFd`, a file; null: at its own offset, and always for a pipe
 * @param outFd to where, borrowed
 * @param outOffset the same for `outFd`
 * @param length at most so many bytes
 * @param flags SPLICE_F_NONBLOCK, SPLICE_F_MORE, SPLICE_F_MOVE (default 0)
 * @returns how many bytes were moved, 0 at end of file; `null` if it would block
 * @throws ErrnoError EBADF, EINVAL, ESPIPE, EPIPE ...; ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see man 2 splice
 */
export function splice(
  inFd: number,
  inOffset: number | null,
  outFd: number,
  outOffset: number | null,
  length: number,
  flags = 0,
): number | null {
  const from = asOffset('inOffset', inOffset)
  const to = asOffset('outOffset', outOffset)
  const how = asInteger('flags', flags, 0, 0xff)
  const result = native.splice(asFd(inFd, 'inFd'), from, asFd(outFd, 'outFd'), to, asCount('length', length), how)
  return checkOrNull(result, 'splice')
}

/**
 * Copies bytes from one pipe to another, which leaves them in the first. Blocks the calling thread unless SPLICE_F_NONBLOCK is given.
 *
 * @param inFd a pipe's end to read, borrowed
 * @param outFd another pipe's end to write, borrowed
 * @param length at most so many bytes
 * @param flags SPLICE_F_NONBLOCK (default 0)
 * @returns how many bytes were copied, 0 at the end; `null` if it would block
 * @throws ErrnoError EBADF, EINVAL (no pipe, or twice the same), EPIPE; ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see man 2 tee
 */
export function tee(inFd: number, outFd: number, length: number, flags = 0): number | null {
  const how = asInteger('flags', flags, 0, 0xff)
  return checkOrNull(native.tee(asFd(inFd, 'inFd'), asFd(outFd, 'outFd'), asCount('length', length), how), 'tee')
}

/**
 * As tee, waiting without blocking the event loop until some bytes were copied.
 *
 * @param options `signal`
 * @returns how many bytes were copied, 0 at the end
 * @throws as tee and whenReady do, as a rejection
 * @see man 2 tee
 */
export async function teeAsync(
  inFd: number,
  outFd: number,
  length: number,
  options: Pick<WaitOptions, 'signal'> = {},
): Promise<number> {
  const signal = asAbortSignal(options)
  for (;;) {
    signal?.throwIfAborted()
    const copied = tee(inFd, outFd, length, SPLICE_F_NONBLOCK)
    if (copied !== null) return copied
    await whenReady(inFd, POLLIN, { signal })
    await whenReady(outFd, POLLOUT, { signal })
  }
}

/**
 * Copies a range of one file into another inside the kernel, by sharing blocks where the file system can. Blocks the calling thread while
 * the disk works.
 *
 * @param inFd a file, borrowed
 * @param inOffset where in `inFd`, whose own offset then stays; null: at its own offset, which moves on
 * @param outFd a file, borrowed
 * @param outOffset the same for `outFd`
 * @param length at most so many bytes
 * @param flags 0 (default), the only one there is
 * @returns how many bytes were copied, 0 at the end of the file
 * @throws ErrnoError EBADF, EINVAL (no file, ranges that overlap), EISDIR, EXDEV, ENOSPC, EFBIG, EIO ...; ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see man 2 copy_file_range
 */
export function copy_file_range(
  inFd: number,
  inOffset: number | null,
  outFd: number,
  outOffset: number | null,
  length: number,
  flags = 0,
): number {
  const [from, to] = [asOffset('inOffset', inOffset), asOffset('outOffset', outOffset)]
  const [count, how] = [asCount('length', length), asInteger('flags', flags, 0)]
  const result = native.copy_file_range(asFd(inFd, 'inFd'), from, asFd(outFd, 'outFd'), to, count, how)
  return check(result, 'copy_file_range')
}

// These calls have no «do not wait» of their own for what is not a pipe.
function refuseBlocking(fd: number, name: string): void {
  const flags = check(native.fcntl(fd, F_GETFL, 0), 'fcntl')
  if ((flags & O_NONBLOCK) === 0) throw invalidArgValue(name, 'must be O_NONBLOCK, so that the loop is not blocked', fd)
}

/**
 * As sendfile, for all of `count` bytes or to the end of the file, waiting without blocking the event loop whenever `outFd` takes no
 * more. The file itself is read on the calling thread.
 *
 * @param outFd an O_NONBLOCK socket or pipe, borrowed until the promise settles
 * @param options `signal`
 * @returns how many bytes were sent: fewer than `count` at the end of the file, or where it failed after some; the next call tells why
 * @throws as sendfile and whenReady do, as a rejection; ERR_INVALID_ARG_VALUE where `outFd` is not O_NONBLOCK
 */
export async function sendfileAsync(
  outFd: number,
  inFd: number,
  offset: number | null,
  count: number,
  options: Pick<WaitOptions, 'signal'> = {},
): Promise<number> {
  const total = asCount('count', count)
  const start = asOffset('offset', offset)
  const signal = asAbortSignal(options)
  refuseBlocking(asFd(outFd, 'outFd'), 'outFd')
  let sent = 0
  try {
    while (sent < total) {
      signal?.throwIfAborted()
      const at = start < 0 ? start : start + sent
      const result = native.sendfile(outFd, asFd(inFd, 'inFd'), at, Math.min(total - sent, COUNT_MAX))
      if (result === 0) break
      if (result !== EAGAIN) sent += check(result, 'sendfile')
      if (sent < total) await whenReady(outFd, POLLOUT, { signal })
    }
  } catch (error) {
    if (sent === 0) throw error
  }
  return sent
}

/**
 * As splice, waiting without blocking the event loop until some bytes were moved.
 *
 * @param options `signal`
 * @returns how many bytes were moved, 0 at end of file
 * @throws as splice and whenReady do, as a rejection; ERR_INVALID_ARG_VALUE where what is not a pipe or file is not O_NONBLOCK
 */
export async function spliceAsync(
  inFd: number,
  inOffset: number | null,
  outFd: number,
  outOffset: number | null,
  length: number,
  options: Pick<WaitOptions, 'signal'> = {},
): Promise<number> {
  const signal = asAbortSignal(options)
  if (waits(asFd(inFd, 'inFd'))) refuseBlocking(inFd, 'inFd')
  if (waits(asFd(outFd, 'outFd'))) refuseBlocking(outFd, 'outFd')
  for (;;) {
    signal?.throwIfAborted()
    const moved = splice(inFd, inOffset, outFd, outOffset, length, SPLICE_F_NONBLOCK)
    if (moved !== null) return moved
    await whenReady(inFd, POLLIN, { signal })
    await whenReady(outFd, POLLOUT, { signal })
  }
}

// Pipes obey SPLICE_F_NONBLOCK, files wait for the disk only.
function waits(fd: number): boolean {
  const type = check(native.file_type(fd), 'fstat')
  return type !== constant('S_IFIFO') && type !== constant('S_IFREG') && type !== constant('S_IFBLK')
}

// unistd.h: reading, writing and duplicating descriptors, pipes. (Ids are in process-ids.ts, fork in fork.ts.)
// Every function here is the system call of its name, made synchronously on the calling thread.
import { constants } from 'node:os'
import { check, checkOrNull, invalidArgValue } from '../errors.js'
import { constant, native, type ByteView, type PathName } from '../native.js'
import { asData, asFd, asInteger, asPathName, asSpan, shownPath } from './internal/arguments.js'
import { O_CLOEXEC } from './fcntl.js'
import { closing } from './event-loop/close-hooks.js'

const { EBADF } = constants.errno

export const SEEK_SET = constant('SEEK_SET')
export const SEEK_CUR = constant('SEEK_CUR')
export const SEEK_END = constant('SEEK_END')

/**
 * Reads up to `length` bytes into `buffer`, as C does. Blocks the calling thread unless the descriptor is O_NONBLOCK.
 * An interrupting signal does not end it (PEP 475).
 *
 * @param fd an open descriptor, borrowed
 * @param buffer takes the bytes
 * @param offset where in `buffer`, in bytes (default 0)
 * @param length at most so many bytes (default: to the end of `buffer`)
 * @returns how many bytes were read; 0 at end of file; `null` if it would block
 * @throws ErrnoError EBADF, EISDIR, EIO, ECONNRESET ...; ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE, ERR_INVALID_STATE
 * @see man 2 read
 */
export function read(fd: number, buffer: ByteView, offset?: number, length?: number): number | null {
  const span = asSpan(buffer, offset, length)
  return checkOrNull(native.read(asFd(fd), span.view, span.offset, span.length), 'read')
}

/**
 * Writes up to `length` bytes of `data`, as C does: it may write fewer than asked. Blocks the calling thread unless the descriptor is
 * O_NONBLOCK. A pipe or socket without a reader is EPIPE, as Node ignores SIGPIPE; after `signal('SIGPIPE', SIG_DFL)` it ends the process, as
 * in C. `send` never does.
 *
 * @param fd an open descriptor, borrowed
 * @param data bytes, or a string taken as UTF-8
 * @param offset where in `data`, in bytes (default 0)
 * @param length at most so many bytes (default: to the end of `data`)
 * @returns how many bytes were written; `null` if it would block
 * @throws ErrnoError EBADF, EPIPE, ENOSPC, EIO ...; ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE, ERR_INVALID_STATE
 * @see man 2 write
 */
export function write(fd: number, data: string | ByteView, offset?: number, length?: number): number | null {
  const span = asData(data, offset, length)
  return checkOrNull(native.write(asFd(fd), span.view, span.offset, span.length), 'write')
}

const MAX_POSITION = Number.MAX_SAFE_INTEGER

/**
 * As `read`, at `position` bytes from the start of the file; the file offset stays.
 * @throws ErrnoError ESPIPE on a pipe or socket, and what `read` throws
 * @see man 2 pread
 */
export function pread(fd: number, buffer: ByteView, position: number, offset?: number, length?: number): number | null {
  const span = asSpan(buffer, offset, length)
  const at = asInteger('position', position, 0, MAX_POSITION)
  return checkOrNull(native.pread(asFd(fd), span.view, span.offset, span.length, at), 'pread')
}

/**
 * As `write`, at `position` bytes from the start of the file; the file offset stays.
 * @throws ErrnoError ESPIPE on a pipe or socket, and what `write` throws
 * @see man 2 pwrite
 */
export function pwrite(
  fd: number,
  data: string | ByteView,
  position: number,
  offset?: number,
  length?: number,
): number | null {
  const span = asData(data, offset, length)
  const at = asInteger('position', position, 0, MAX_POSITION)
  return checkOrNull(native.pwrite(asFd(fd), span.view, span.offset, span.length, at), 'pwrite')
}

/**
 * Moves the file offset.
 * @returns the new offset from the start of the file, in bytes
 * @throws ErrnoError EBADF, EINVAL, ESPIPE
 * @see man 2 lseek
 */
export function lseek(fd: number, offset: number, whence: number): number {
  const by = asInteger('offset', offset, -MAX_POSITION, MAX_POSITION)
  return check(native.lseek(asFd(fd), by, asInteger('whence', whence)), 'lseek')
}

/**
 * Closes a descriptor. The number is free afterwards even when the kernel reports an error (EIO), so never call it twice.
 * What still waits for it asynchronously is rejected with EBADF.
 * @throws ErrnoError EBADF, EIO, ENOSPC, EDQUOT
 * @see man 2 close
 */
export function close(fd: number): void {
  check(
    closing(
      asFd(fd),
      () => native.close(fd),
      (result) => result !== -EBADF,
    ),
    'close',
  )
}

/**
 * A second number for the same open file, with close-on-exec set (C's `dup` leaves it off).
 * @throws ErrnoError EBADF, EMFILE
 * @see man 2 dup
 */
export function dup(fd: number): number {
  return check(native.fcntl(asFd(fd), constant('F_DUPFD_CLOEXEC'), 0), 'dup')
}

/**
 * Makes `to` a second number for `from`, closing what `to` was. Close-on-exec is set, save on 0, 1 and 2, which are meant to
 * be inherited by a program.
 * @returns `to`
 * @throws ErrnoError EBADF, EBUSY, EMFILE
 * @see man 2 dup2
 */
export function dup2(from: number, to: number): number {
  if (asFd(from, 'from') === asFd(to, 'to')) {
    check(native.fcntl(from, constant('F_GETFD'), 0), 'dup2')
    return to
  }
  return check(replace(from, to, to > 2 ? O_CLOEXEC : 0), 'dup2')
}

/**
 * As dup2 with exact `flags`: O_CLOEXEC or 0.
 * @throws ErrnoError EBADF, EBUSY, EINVAL (also when the two are equal), EMFILE
 * @see man 2 dup3
 */
export function dup3(from: number, to: number, flags: number): number {
  const how = asInteger('flags', flags)
  return check(replace(asFd(from, 'from'), asFd(to, 'to'), how), 'dup3')
}

// Where it fails, `to` is what it was, and waits for it go on.
function replace(from: number, to: number, flags: number): number {
  return closing(
    to,
    () => native.dup3(from, to, flags),
    (result) => result >= 0,
  )
}

/**
 * A pipe with exact `flags`: O_CLOEXEC, O_NONBLOCK, O_DIRECT.
 * @param flags default O_CLOEXEC
 * @returns `[readFd, writeFd]`, which the caller owns
 * @throws ErrnoError EINVAL, EMFILE, ENFILE
 * @see man 2 pipe
 */
export function pipe2(flags: number = O_CLOEXEC): [readFd: number, writeFd: number] {
  const pair = new Int32Array(2)
  check(native.pipe2(pair, asInteger('flags', flags)), 'pipe2')
  return [pair[0]!, pair[1]!]
}

/** A pipe with close-on-exec set: `pipe2(O_CLOEXEC)`. @see man 2 pipe */
export function pipe(): [readFd: number, writeFd: number] {
  return pipe2(O_CLOEXEC)
}

/**
 * Waits until a file's data and metadata are on the device. Blocks the calling thread.
 * @throws ErrnoError EBADF, EIO, EINVAL (a pipe or socket), ENOSPC
 * @see man 2 fsync
 */
export function fsync(fd: number): void {
  check(native.fsync(asFd(fd)), 'fsync')
}

/**
 * As fsync, without the metadata that reading the file does not need (its times). Blocks the calling thread.
 * @throws ErrnoError EBADF, EIO, EINVAL (a pipe or socket), ENOSPC
 * @see man 2 fdatasync
 */
export function fdatasync(fd: number): void {
  check(native.fdatasync(asFd(fd)), 'fdatasync')
}

/**
 * Cuts or lengthens a file (with zeros) to `length` bytes.
 * @throws ErrnoError EINVAL (not open for writing, or not a file), EFBIG, EBADF
 * @see man 2 ftruncate
 */
export function ftruncate(fd: number, length: number): void {
  check(native.ftruncate(asFd(fd), asInteger('length', length, 0, MAX_POSITION)), 'ftruncate')
}

/** Whether the descriptor is a terminal; false for a closed one too. @see man 3 isatty */
export function isatty(fd: number): boolean {
  return native.isatty(asFd(fd)) === 1
}

/**
 * Removes a file's name.
 * @param path a string, or the bytes of a name that is no UTF-8
 * @throws ErrnoError ENOENT, EACCES, EISDIR, EPERM ... with `path`
 * @see man 2 unlink
 */
export function unlink(path: PathName): void {
  const file = asPathName(path)
  check(native.unlink(file), 'unlink', { path: shownPath(file) })
}

export const CLOSE_RANGE_CLOEXEC = constant('CLOSE_RANGE_CLOEXEC')

/**
 * Lets a program that is executed have none of the descriptors from `first` to `last`: they become close-on-exec, and stay open until then.
 * Closing them at once, which C's call does without the flag, is refused: the runtime lives on some of these numbers (its event loops, its
 * threads' wake-ups), and ends the process when it finds one of them gone.
 *
 * @param first the first descriptor
 * @param last the last one, inclusive; 2**32 - 1: all there are
 * @param flags CLOSE_RANGE_CLOEXEC
 * @throws ErrnoError EINVAL (`first` > `last`), ENOSYS (before Linux 5.11); ERR_INVALID_ARG_VALUE (without the flag), ERR_INVALID_ARG_TYPE,
 *   ERR_OUT_OF_RANGE
 * @see man 2 close_range
 */
export function close_range(first: number, last: number, flags: number): void {
  const [from, to] = [asInteger('first', first, 0, 0xffffffff), asInteger('last', last, 0, 0xffffffff)]
  if (asInteger('flags', flags) !== CLOSE_RANGE_CLOEXEC) {
    throw invalidArgValue('flags', 'must be CLOSE_RANGE_CLOEXEC: the runtime lives on descriptors of its own', flags)
  }
  check(native.close_range(from, to, flags), 'close_range')
}

// fcntl.h: opening files, and what can be asked and set of a descriptor.
import { constants } from 'node:os'
import { check, checkOrNull, invalidArgType } from '../errors.js'
import { constant, native, type PathName } from '../native.js'
import { asFd, asInteger, asPathName, shownPath } from './internal/arguments.js'

export const O_RDONLY = constant('O_RDONLY')
export const O_WRONLY = constant('O_WRONLY')
export const O_RDWR = constant('O_RDWR')
export const O_CREAT = constant('O_CREAT')
export const O_EXCL = constant('O_EXCL')
export const O_TRUNC = constant('O_TRUNC')
export const O_APPEND = constant('O_APPEND')
export const O_NONBLOCK = constant('O_NONBLOCK')
export const O_CLOEXEC = constant('O_CLOEXEC')
export const O_DIRECT = constant('O_DIRECT')
export const O_DIRECTORY = constant('O_DIRECTORY')
export const O_NOFOLLOW = constant('O_NOFOLLOW')
export const O_NOCTTY = constant('O_NOCTTY')
export const O_SYNC = constant('O_SYNC')
export const O_DSYNC = constant('O_DSYNC')
export const O_PATH = constant('O_PATH')
export const O_TMPFILE = constant('O_TMPFILE')
export const F_DUPFD = constant('F_DUPFD')
export const F_DUPFD_CLOEXEC = constant('F_DUPFD_CLOEXEC')
export const F_GETFD = constant('F_GETFD')
export const F_SETFD = constant('F_SETFD')
export const F_GETFL = constant('F_GETFL')
export const F_SETFL = constant('F_SETFL')
export const F_GETPIPE_SZ = constant('F_GETPIPE_SZ')
export const F_SETPIPE_SZ = constant('F_SETPIPE_SZ')
export const F_GETLK = constant('F_GETLK')
export const F_SETLK = constant('F_SETLK')
export const F_SETLKW = constant('F_SETLKW')
export const F_OFD_GETLK = constant('F_OFD_GETLK')
export const F_OFD_SETLK = constant('F_OFD_SETLK')
export const F_OFD_SETLKW = constant('F_OFD_SETLKW')
export const F_RDLCK = constant('F_RDLCK')
export const F_WRLCK = constant('F_WRLCK')
export const F_UNLCK = constant('F_UNLCK')
export const FD_CLOEXEC = constant('FD_CLOEXEC')
export const F_ADD_SEALS = constant('F_ADD_SEALS')
export const F_GET_SEALS = constant('F_GET_SEALS')
export const F_SEAL_SEAL = constant('F_SEAL_SEAL')
export const F_SEAL_SHRINK = constant('F_SEAL_SHRINK')
export const F_SEAL_GROW = constant('F_SEAL_GROW')
export const F_SEAL_WRITE = constant('F_SEAL_WRITE')

/**
 * Opens a file; the descriptor is close-on-exec whether or not `flags` says so (clear FD_CLOEXEC with fcntl to hand it to a
 * program). Blocks the calling thread where the device does: a FIFO waits for its other end unless O_NONBLOCK is given.
 *
 * @param path the file: a string, or the bytes of a name that is no UTF-8
 * @param flags O_RDONLY (default), O_WRONLY, O_RDWR, with O_CREAT, O_NONBLOCK ...
 * @param mode permissions of a new file, before the umask (default 0o666)
 * @returns the descriptor, which the caller owns
 * @throws ErrnoError ENOENT, EACCES, EEXIST, ENXIO, EMFILE ... with `path`
 * @see man 2 open
 */
export function open(path: PathName, flags: number = O_RDONLY, mode = 0o666): number {
  const file = asPathName(path)
  const how = asInteger('flags', flags) | O_CLOEXEC
  return check(native.open(file, how, asInteger('mode', mode, 0, 0o7777)), 'open', { path: shownPath(file) })
}

/**
 * As `open`, where a relative path is relative to `dirfd`.
 *
 * @param dirfd an open directory, borrowed; AT_FDCWD: the current one
 * @param path the file: a string, or the bytes of a name that is no UTF-8
 * @param flags as for `open`
 * @param mode permissions of a new file, before the umask (default 0o666)
 * @returns the descriptor, which the caller owns
 * @throws ErrnoError EBADF, ENOTDIR, and what `open` throws, with `path`
 * @see man 2 openat
 */
export function openat(dirfd: number, path: PathName, flags: number = O_RDONLY, mode = 0o666): number {
  const [folder, file] = [asInteger('dirfd', dirfd), asPathName(path)]
  const how = asInteger('flags', flags) | O_CLOEXEC
  return check(native.openat(folder, file, how, asInteger('mode', mode, 0, 0o7777)), 'openat', {
    path: shownPath(file),
  })
}

/** A lock on a range of a file's bytes. */
export interface Flock {
  /** F_RDLCK (shared), F_WRLCK (exclusive), or F_UNLCK. */
  readonly type: number
  /** What `start` counts from: SEEK_SET (default), SEEK_CUR or SEEK_END. */
  readonly whence?: number
  /** First byte of the range (default 0). */
  readonly start?: number
  /** How many bytes; 0 (default): to the end of the file, however far it grows. */
  readonly len?: number
  /** F_GETLK only: who holds the lock; -1 for a lock of an open file description. */
  readonly pid?: number
}

/**
 * Asks or sets something of a descriptor: F_GETFL, F_SETFL, F_GETFD, F_SETFD, F_DUPFD_CLOEXEC, F_GETPIPE_SZ, F_SETPIPE_SZ, F_ADD_SEALS and
 * F_GET_SEALS (what can be done to a memfd no more, for good); and record locks. Those of F_SETLK belong to the process, which loses them when it closes any descriptor of the file, and a
 * forked child has none; those of F_OFD_SETLK belong to the open file and are shared with children. F_SETLKW and F_OFD_SETLKW
 * block the calling thread.
 *
 * @param fd an open descriptor, borrowed
 * @param command one of the F_ constants
 * @param argument the command's number (default 0), or a lock
 * @returns what the command gives; for a lock that lock, with F_GETLK the one that is in its way (type F_UNLCK: none is),
 *   and `null` where F_SETLK finds it held by another
 * @throws ErrnoError EBADF, EINVAL, EPERM, EBUSY, EDEADLK, ENOLCK; ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see man 2 fcntl, man 2 fcntl_locking
 */
export function fcntl(fd: number, command: number, argument?: number): number
export function fcntl(fd: number, command: number, lock: Flock): Flock | null
export function fcntl(fd: number, command: number, argument: number | Flock = 0): number | Flock | null {
  asFd(fd)
  if (lockCommands.has(asInteger('command', command))) return recordLock(fd, command, argument)
  return check(native.fcntl(fd, command, asInteger('argument', argument)), 'fcntl')
}

const lockCommands = new Set([F_GETLK, F_SETLK, F_SETLKW, F_OFD_GETLK, F_OFD_SETLK, F_OFD_SETLKW])

function recordLock(fd: number, command: number, lock: unknown): Flock | null {
  if (typeof lock !== 'object' || lock === null) throw invalidArgType('argument', 'of type object', lock)
  const { type, whence = 0, start = 0, len = 0 } = lock as Flock
  const wanted = [
    asInteger('lock.type', type, 0, 0xff),
    asInteger('lock.whence', whence, 0, 0xff),
    asInteger('lock.start', start, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
    asInteger('lock.len', len, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
    0,
  ]
  const fields = BigInt64Array.from(wanted, BigInt)
  const result = native.fcntl_lock(fd, command, fields)
  if (result === -constants.errno.EACCES) return null // POSIX allows it in the place of EAGAIN
  if (checkOrNull(result, 'fcntl') === null) return null
  return command === F_GETLK || command === F_OFD_GETLK ? found(fields) : (lock as Flock)
}

function found(fields: BigInt64Array): Flock {
  const [type = 0, whence = 0, start = 0, len = 0, pid = 0] = Array.from(fields, Number)
  return type === F_UNLCK ? { type } : { type, whence, start, len, pid }
}

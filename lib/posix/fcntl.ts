// fcntl.h: opening files, and what can be asked and set of a descriptor.
import { check } from '../errors.js'
import { constant, native } from '../native.js'
import { asFd, asInteger, asPath } from './arguments.js'

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
export const FD_CLOEXEC = constant('FD_CLOEXEC')

/**
 * Opens a file; the descriptor is close-on-exec whether or not `flags` says so (clear FD_CLOEXEC with fcntl to hand it to a
 * program). Blocks the calling thread where the device does: a FIFO waits for its other end unless O_NONBLOCK is given.
 *
 * @param path the file
 * @param flags O_RDONLY (default), O_WRONLY, O_RDWR, with O_CREAT, O_NONBLOCK ...
 * @param mode permissions of a new file, before the umask (default 0o666)
 * @returns the descriptor, which the caller owns
 * @throws ErrnoError ENOENT, EACCES, EEXIST, ENXIO, EMFILE ... with `path`
 * @see man 2 open
 */
export function open(path: string, flags: number = O_RDONLY, mode = 0o666): number {
  const file = asPath(path)
  const how = asInteger('flags', flags) | O_CLOEXEC
  return check(native.open(file, how, asInteger('mode', mode, 0, 0o7777)), 'open', { path: file })
}

/**
 * Asks or sets something of a descriptor: F_GETFL, F_SETFL, F_GETFD, F_SETFD, F_DUPFD_CLOEXEC, F_GETPIPE_SZ, F_SETPIPE_SZ.
 *
 * @param fd an open descriptor, borrowed
 * @param command one of the F_ constants
 * @param argument the command's number (default 0)
 * @returns what the command gives
 * @throws ErrnoError EBADF, EINVAL, EPERM, EBUSY
 * @see man 2 fcntl
 */
export function fcntl(fd: number, command: number, argument = 0): number {
  return check(native.fcntl(asFd(fd), asInteger('command', command), asInteger('argument', argument)), 'fcntl')
}

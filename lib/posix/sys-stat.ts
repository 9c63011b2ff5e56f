// sys/stat.h: permissions of open files, FIFOs, and the mask of new files' permissions.
import { check } from '../errors.js'
import { native } from '../native.js'
import { asFd, asInteger, asPath } from './internal/arguments.js'

/**
 * Makes a FIFO, a pipe with a name.
 * @param mode its permissions, before the umask (default 0o666)
 * @throws ErrnoError EEXIST, EACCES, ENOENT, ENOTDIR, EROFS ... with `path`
 * @see man 3 mkfifo
 */
export function mkfifo(path: string, mode = 0o666): void {
  const file = asPath(path)
  check(native.mkfifo(file, asInteger('mode', mode, 0, 0o7777)), 'mkfifo', { path: file })
}

/**
 * Sets which permissions new files do not get, for the whole process.
 * @returns the mask before
 * @see man 2 umask
 */
export function umask(mask: number): number {
  return native.umask(asInteger('mask', mask, 0, 0o777))
}

/**
 * Sets the permissions of an open file, past the umask.
 * @param mode the bits of S_IRUSR and so on, with S_ISUID, S_ISGID, S_ISVTX
 * @throws ErrnoError EPERM (not the owner), EBADF, EROFS, EIO; ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see man 2 fchmod
 */
export function fchmod(fd: number, mode: number): void {
  check(native.fchmod(asFd(fd), asInteger('mode', mode, 0, 0o7777)), 'fchmod')
}

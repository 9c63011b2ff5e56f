// sys/file.h: flock; and lockf of unistd.h. Locks that are advisory: they hold between programs that ask for them.
import { constants } from 'node:os'
import { checkOrNull } from '../errors.js'
import { constant, native } from '../native.js'
import { asFd, asInteger } from './internal/arguments.js'

export const LOCK_SH = constant('LOCK_SH')
export const LOCK_EX = constant('LOCK_EX')
export const LOCK_NB = constant('LOCK_NB')
export const LOCK_UN = constant('LOCK_UN')
export const F_ULOCK = constant('F_ULOCK')
export const F_LOCK = constant('F_LOCK')
export const F_TLOCK = constant('F_TLOCK')
export const F_TEST = constant('F_TEST')

/**
 * Locks a whole open file, or gives the lock up. The lock belongs to the open file: a forked child and descriptors made by dup share it, and
 * it ends with the last of them. Blocks the calling thread while another has it, unless LOCK_NB is given.
 *
 * @param fd an open file, borrowed
 * @param operation LOCK_SH (with others), LOCK_EX (alone) or LOCK_UN, with LOCK_NB
 * @returns true; `null` where LOCK_NB is given and another has it
 * @throws ErrnoError EBADF, EINVAL, ENOLCK; ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see man 2 flock
 */
export function flock(fd: number, operation: number): true | null {
  return checkOrNull(native.flock(asFd(fd), asInteger('operation', operation)), 'flock') === null ? null : true
}

/**
 * Locks, tests or unlocks a range of a file that begins at the file's offset: fcntl's record locks, which belong to the process. A forked
 * child has none, and closing any descriptor of the file gives all of them up. F_LOCK blocks the calling thread while another process has
 * a part of the range.
 *
 * @param fd a file that is open for writing, borrowed
 * @param command F_LOCK, F_TLOCK (does not wait), F_ULOCK or F_TEST
 * @param length so many bytes from the file's offset on, backwards where negative; 0: to the end of the file, however far it grows
 * @returns true; `null` where F_TLOCK or F_TEST finds it locked by another process
 * @throws ErrnoError EBADF (closed, or not open for writing), EDEADLK, EINVAL, ENOLCK; ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see man 3 lockf
 */
export function lockf(fd: number, command: number, length: number): true | null {
  const range = asInteger('length', length, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)
  const result = native.lockf(asFd(fd), asInteger('command', command), range)
  if (result === -constants.errno.EACCES) return null // POSIX allows it in the place of EAGAIN
  return checkOrNull(result, 'lockf') === null ? null : true
}

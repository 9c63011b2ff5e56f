// fcntl.h: the ranges of a file: space that is kept for it, holes, and what the kernel is told of how it will be read.
import { check } from '../errors.js'
import { constant, native } from '../native.js'
import { asFd, asInteger } from './internal/arguments.js'

export const FALLOC_FL_KEEP_SIZE = constant('FALLOC_FL_KEEP_SIZE')
export const FALLOC_FL_PUNCH_HOLE = constant('FALLOC_FL_PUNCH_HOLE')
export const FALLOC_FL_COLLAPSE_RANGE = constant('FALLOC_FL_COLLAPSE_RANGE')
export const FALLOC_FL_ZERO_RANGE = constant('FALLOC_FL_ZERO_RANGE')
export const FALLOC_FL_INSERT_RANGE = constant('FALLOC_FL_INSERT_RANGE')
export const FALLOC_FL_UNSHARE_RANGE = constant('FALLOC_FL_UNSHARE_RANGE')
export const POSIX_FADV_NORMAL = constant('POSIX_FADV_NORMAL')
export const POSIX_FADV_SEQUENTIAL = constant('POSIX_FADV_SEQUENTIAL')
export const POSIX_FADV_RANDOM = constant('POSIX_FADV_RANDOM')
export const POSIX_FADV_NOREUSE = constant('POSIX_FADV_NOREUSE')
export const POSIX_FADV_WILLNEED = constant('POSIX_FADV_WILLNEED')
export const POSIX_FADV_DONTNEED = constant('POSIX_FADV_DONTNEED')

const asBytes = (name: string, value: unknown): number => asInteger(name, value, 0, Number.MAX_SAFE_INTEGER)

/**
 * Keeps space for a range of a file, or changes it: with FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE its bytes become zeros that take no
 * space, with FALLOC_FL_ZERO_RANGE zeros that do. Blocks the calling thread while the disk works.
 *
 * @param fd a file that is open for writing, borrowed
 * @param mode FALLOC_FL_ constants; 0 keeps space and makes the file longer where the range goes beyond its end
 * @param offset where the range begins, in bytes
 * @param length so many bytes, 1 or more
 * @throws ErrnoError EBADF, EFBIG, EINVAL (no file, a length of 0), ENODEV, ENOSPC, ENOTSUP (not on this file system), EPERM (sealed), ESPIPE;
 *   ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see man 2 fallocate
 */
export function fallocate(fd: number, mode: number, offset: number, length: number): void {
  const [how, from, count] = [asInteger('mode', mode), asBytes('offset', offset), asBytes('length', length)]
  check(native.fallocate(asFd(fd), how, from, count), 'fallocate')
}

/**
 * Tells the kernel how a range of a file will be read, so that it reads ahead or forgets.
 *
 * @param fd a file, borrowed
 * @param offset where the range begins, in bytes
 * @param length so many bytes; 0: to the end of the file
 * @param advice POSIX_FADV_NORMAL, SEQUENTIAL, RANDOM, WILLNEED, DONTNEED or NOREUSE
 * @throws ErrnoError EBADF, EINVAL (another advice), ESPIPE (a pipe); ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see man 2 posix_fadvise
 */
export function posix_fadvise(fd: number, offset: number, length: number, advice: number): void {
  const [from, count] = [asBytes('offset', offset), asBytes('length', length)]
  check(native.posix_fadvise(asFd(fd), from, count, asInteger('advice', advice)), 'posix_fadvise')
}

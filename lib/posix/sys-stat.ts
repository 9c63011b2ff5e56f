// sys/stat.h: what is known of open files, their permissions, FIFOs and devices, and the mask of new files' permissions.
import { check } from '../errors.js'
import { constant, native, type PathName } from '../native.js'
import { asFd, asInteger, asPathName, shownPath } from './internal/arguments.js'

/** The bits of a mode that say what kind of file it is. */
export const S_IFMT = constant('S_IFMT')
export const S_IFREG = constant('S_IFREG')
export const S_IFDIR = constant('S_IFDIR')
export const S_IFCHR = constant('S_IFCHR')
export const S_IFBLK = constant('S_IFBLK')
export const S_IFIFO = constant('S_IFIFO')
export const S_IFLNK = constant('S_IFLNK')
export const S_IFSOCK = constant('S_IFSOCK')

/** C's struct stat. What may be larger than a number holds exactly is a bigint. */
export interface Stat {
  /** The device that has the file. */
  readonly dev: bigint
  readonly ino: bigint
  /** Kind (S_IFMT) and permissions. */
  readonly mode: number
  readonly nlink: number
  readonly uid: number
  readonly gid: number
  /** The device that the file is. */
  readonly rdev: bigint
  /** Bytes. */
  readonly size: bigint
  /** The size of the pieces in which it is best read and written, in bytes. */
  readonly blksize: number
  /** In units of 512 bytes. */
  readonly blocks: bigint
  /** Last read, last written, last changed in its metadata: nanoseconds since 1970. */
  readonly atim: bigint
  readonly mtim: bigint
  readonly ctim: bigint
}

/**
 * What the kernel knows of an open file.
 * @param fd an open descriptor, borrowed
 * @throws ErrnoError EBADF; ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see man 2 fstat
 */
export function fstat(fd: number): Stat {
  const fields = new BigInt64Array(13)
  check(native.fstat(asFd(fd), fields), 'fstat')
  const wide = (at: number): bigint => BigInt.asUintN(64, fields[at]!)
  const [mode, nlink, uid, gid] = Array.from(fields.subarray(2, 6), Number) as [number, number, number, number]
  const [atim, mtim, ctim] = fields.slice(10) as unknown as [bigint, bigint, bigint]
  const [dev, ino, rdev, size, blocks] = [wide(0), wide(1), wide(6), fields[7]!, fields[9]!]
  return { dev, ino, mode, nlink, uid, gid, rdev, size, blksize: Number(fields[8]), blocks, atim, mtim, ctim }
}

const asMode = (mode: unknown): number => asInteger('mode', mode, 0, 0o7777)

/**
 * Makes a FIFO, a pipe with a name.
 * @param path a string, or the bytes of a name that is no UTF-8
 * @param mode its permissions, before the umask (default 0o666)
 * @throws ErrnoError EEXIST, EACCES, ENOENT, ENOTDIR, EROFS ... with `path`
 * @see man 3 mkfifo
 */
export function mkfifo(path: PathName, mode = 0o666): void {
  const file = asPathName(path)
  check(native.mkfifo(file, asMode(mode)), 'mkfifo', { path: shownPath(file) })
}

/**
 * As mkfifo, where a relative path is relative to `dirfd`.
 * @param dirfd an open directory, borrowed; AT_FDCWD: the current one
 * @throws ErrnoError EBADF, ENOTDIR, and what mkfifo throws, with `path`
 * @see man 3 mkfifoat
 */
export function mkfifoat(dirfd: number, path: PathName, mode = 0o666): void {
  const [folder, file] = [asInteger('dirfd', dirfd), asPathName(path)]
  check(native.mkfifoat(folder, file, asMode(mode)), 'mkfifoat', { path: shownPath(file) })
}

/** The number of a device. */
export interface Device {
  readonly major: number
  readonly minor: number
}

/**
 * Makes a file of any kind that has no content: a FIFO, a socket's name, a device, an empty file.
 * @param path a string, or the bytes of a name that is no UTF-8
 * @param mode S_IFREG, S_IFIFO, S_IFSOCK, S_IFCHR or S_IFBLK, with permissions, before the umask
 * @param device which one, for S_IFCHR and S_IFBLK (default 0, 0)
 * @throws ErrnoError EEXIST, EPERM (a device, without the right), EINVAL (another kind), EACCES, ENOENT, ENOTDIR, EROFS ... with `path`;
 *   ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE, ERR_OUT_OF_RANGE
 * @see man 2 mknod
 */
export function mknod(path: PathName, mode: number, device?: Device): void {
  makeNode('mknod', constant('AT_FDCWD'), path, mode, device)
}

/**
 * As mknod, where a relative path is relative to `dirfd`.
 * @param dirfd an open directory, borrowed; AT_FDCWD: the current one
 * @throws ErrnoError EBADF, ENOTDIR, and what mknod throws, with `path`
 * @see man 2 mknodat
 */
export function mknodat(dirfd: number, path: PathName, mode: number, device?: Device): void {
  makeNode('mknodat', asInteger('dirfd', dirfd), path, mode, device)
}

function makeNode(syscall: string, dirfd: number, path: PathName, mode: number, device: unknown): void {
  const [file, kind] = [asPathName(path), asInteger('mode', mode, 0, 0o177777)]
  const { major, minor } = (device ?? { major: 0, minor: 0 }) as Device
  const first = asInteger('device.major', major, 0, 0xfff)
  const second = asInteger('device.minor', minor, 0, 0xfffff)
  check(native.mknodat(dirfd, file, kind, first, second), syscall, { path: shownPath(file) })
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
  check(native.fchmod(asFd(fd), asMode(mode)), 'fchmod')
}

// Entries of a ring for files, beside reading and writing: open, close, sync, statx, splice. Internal; io-uring.ts is their face.
import { constants } from 'node:os'
import { namesOf } from '../internal/known-options.js'
import { constant } from '../../native.js'
import { asFd, asInteger, asPath } from '../internal/arguments.js'
import { O_CLOEXEC, O_RDONLY } from '../fcntl.js'
import { closingLater } from '../event-loop/close-hooks.js'
import { Pin } from '../internal/pinned-memory.js'
import { asRingFile, type RingFile } from './sqe.js'
import { textPin } from './pinned-structs.js'
import type { OperationEntry, OperationOptions } from './operation.js'
import { asPosition, BYTES_MAX } from './transfers.js'
import { asStatxMask, STATX_SIZE, Statx } from './statx.js'

const IORING_OP_CLOSE = constant('IORING_OP_CLOSE')
const IORING_OP_FSYNC = constant('IORING_OP_FSYNC')
const IORING_OP_OPENAT = constant('IORING_OP_OPENAT')
const IORING_OP_SPLICE = constant('IORING_OP_SPLICE')
const IORING_OP_STATX = constant('IORING_OP_STATX')
const IORING_FSYNC_DATASYNC = 1
const { EBADF, ECANCELED } = constants.errno

const nothing = (): void => {}

export interface FsyncOptions extends OperationOptions {
  /** fdatasync(2): without times and the like (default false). */
  datasync?: boolean
}

export const FSYNC_OPTIONS = namesOf<FsyncOptions>({ signal: true, datasync: true })

/** The methods of a ring for files. */
export interface RingFiles {
  /**
   * Waits until what was written is on the disk. It does not wait for operations of this ring that are under way: see `drained`.
   * @throws as a rejection, ErrnoError EBADF, EIO, EINVAL, ENOSPC
   * @see man 2 fsync
   */
  fsync(fd: RingFile, options?: FsyncOptions): Promise<void>

  /**
   * Opens a file, close-on-exec.
   * @param dirfd what a relative path is relative to: a descriptor, or AT_FDCWD
   * @param flags O_RDONLY (default), O_WRONLY, O_RDWR, with O_CREAT ...
   * @param mode permissions of a new file, before the umask (default 0o666)
   * @returns the descriptor, which the caller owns
   * @throws as a rejection, ErrnoError ENOENT, EACCES, EEXIST ... with `path`
   * @see man 2 openat
   */
  openat(dirfd: number, path: string, flags?: number, mode?: number, options?: OperationOptions): Promise<number>

  /**
   * What the kernel knows of a file.
   * @param path relative to `dirfd`; '' with AT_EMPTY_PATH: of `dirfd` itself
   * @param flags AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW ... (default 0)
   * @param mask STATX_BASIC_STATS (default: that and the time of birth)
   * @throws as a rejection, ErrnoError ENOENT, EACCES, EBADF ... with `path`
   * @see man 2 statx
   */
  statx(dirfd: number, path: string, flags?: number, mask?: number, options?: OperationOptions): Promise<Statx>

  /**
   * Moves bytes from or to a pipe (one of the two must be one).
   * @param inOffset where in `inFd`, a file; null: at its own offset, and always for a pipe
   * @param outOffset the same for `outFd`
   * @param flags SPLICE_F_MOVE, SPLICE_F_MORE (default 0)
   * @returns how many bytes were moved; 0 at end of file
   * @throws as a rejection, ErrnoError EBADF, EINVAL, ESPIPE, EPIPE ...
   * @see man 2 splice
   */
  splice(
    inFd: number,
    inOffset: number | null,
    outFd: RingFile,
    outOffset: number | null,
    length: number,
    flags?: number,
    options?: OperationOptions,
  ): Promise<number>

  /** Cancels what is in flight and frees the ring when that is over. May be called again. */
  close(): Promise<void>
  /**
   * Closes a descriptor. What waits for it, on this ring and elsewhere, is given up when it is closed; as the end of a chain it closes what the
   * chain has written.
   * @throws as a rejection, ErrnoError EBADF, EIO
   * @see man 2 close
   */
  close(fd: number, options?: OperationOptions): Promise<void>
}

export function prepareFsync(fd: RingFile, options?: FsyncOptions): OperationEntry<void> {
  return {
    syscall: 'fsync',
    code: IORING_OP_FSYNC,
    fd: asRingFile(fd),
    flags: options?.datasync ? IORING_FSYNC_DATASYNC : 0,
    ended: nothing,
  }
}

export function prepareOpenat(
  dirfd: number,
  path: string,
  flags: number = O_RDONLY,
  mode = 0o666,
): OperationEntry<number> {
  const how = asInteger('flags', flags) | O_CLOEXEC
  const length = asInteger('mode', mode, 0, 0o7777)
  const fd = asInteger('dirfd', dirfd)
  const name = textPin(asPath(path))
  const ended = (result: number): number => {
    name.finish(0)
    return result
  }
  const entry = { code: IORING_OP_OPENAT, fd, address: name.address, length, flags: how }
  return { syscall: 'openat', ...entry, ended, about: { path } }
}

export function prepareStatx(dirfd: number, path: string, flags = 0, mask?: number): OperationEntry<Statx> {
  const [length, how, fd] = [asStatxMask(mask), asInteger('flags', flags), asInteger('dirfd', dirfd)]
  const name = textPin(asPath(path))
  const answer = Pin.scratch(STATX_SIZE)
  const ended = (result: number): Statx => {
    const status = result < 0 ? undefined : new Statx(answer.block.bytes)
    name.finish(0)
    answer.finish(0)
    return status!
  }
  const entry = { code: IORING_OP_STATX, fd, address: name.address, length, offset: answer.address, flags: how }
  return { syscall: 'statx', ...entry, ended, about: { path } }
}

export function prepareSplice(
  inFd: number,
  inOffset: number | null,
  outFd: RingFile,
  outOffset: number | null,
  length: number,
  flags = 0,
): OperationEntry<number> {
  return {
    syscall: 'splice',
    code: IORING_OP_SPLICE,
    fd: asRingFile(outFd, 'outFd'),
    address: asPosition(inOffset, 'inOffset'),
    length: asInteger('length', length, 0, BYTES_MAX),
    offset: asPosition(outOffset, 'outOffset'),
    flags: asInteger('flags', flags, 0, 0xff),
    file: asFd(inFd, 'inFd'),
    ended: (result) => result,
  }
}

export function prepareClose(fd: number): OperationEntry<void> {
  const closed = closingLater(asFd(fd))
  const ended = (result: number): void => {
    if (result !== -EBADF && result !== -ECANCELED) closed()
  }
  return { syscall: 'close', code: IORING_OP_CLOSE, fd, ended }
}

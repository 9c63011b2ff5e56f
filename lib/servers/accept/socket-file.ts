// The file of a Unix socket: born with no permissions for others, opened up and removed only as long as it is the one that was made.
// See: man 7 unix, man 2 umask, man 2 open (O_PATH).
import { chmodSync, fstatSync, lstatSync, openSync, rmSync } from 'node:fs'
import { codedError } from '../../errors.js'
import { O_NOFOLLOW, O_PATH } from '../../posix/fcntl.js'
import { AF_UNIX } from '../../posix/socket/socket-address.js'
import { bind } from '../../posix/sys-socket.js'
import { umask } from '../../posix/sys-stat.js'
import { close } from '../../posix/unistd.js'

const identityOf = ({ dev, ino }: { dev: bigint; ino: bigint }): string => `${dev}:${ino}`

/** Device and inode of the socket that `path` names now; undefined where it names none, or a link. */
export function inodeOf(path: string): string | undefined {
  try {
    const found = lstatSync(path, { bigint: true })
    return found.isSocket() ? identityOf(found) : undefined
  } catch {
    return undefined // removed, or its folder is ours no longer
  }
}

/** The same, told apart from a socket's file that was made anew and has the inode of the one before. */
export function fileAt(path: string): string | undefined {
  try {
    const found = lstatSync(path, { bigint: true })
    return found.isSocket() ? `${identityOf(found)}:${found.ctimeNs}` : undefined
  } catch {
    return undefined
  }
}

/** Removes the file. A folder that may no longer be written to must not keep a server from closing. */
export function remove(path: string): void {
  try {
    rmSync(path, { force: true })
  } catch {
    // the file stays
  }
}

/** Binds; the file has no permissions for others. @throws ErrnoError as bind */
export function bindPrivately(fd: number, path: string): void {
  const before = umask(0o077)
  try {
    bind(fd, { family: AF_UNIX, path })
  } finally {
    umask(before)
  }
}

function openOnly(path: string): number {
  try {
    return openSync(path, O_PATH | O_NOFOLLOW)
  } catch (cause) {
    throw Object.assign(replaced(path), { cause })
  }
}

/**
 * Sets the mode of the socket that was made there, and of nothing that has taken its place meanwhile: by a descriptor, not by the name.
 * @throws ERR_POSIX_ASYNC_REPLACED
 */
export function openUp(path: string, inode: string | undefined, mode: number): void {
  const fd = openOnly(path)
  try {
    const found = fstatSync(fd, { bigint: true })
    if (!found.isSocket() || found.nlink > 1n || identityOf(found) !== inode) throw replaced(path)
    chmodSync(`/proc/self/fd/${fd}`, mode)
  } finally {
    close(fd)
  }
}

const replaced = (path: string): Error =>
  codedError(Error, 'ERR_POSIX_ASYNC_REPLACED', `${path} is not the socket that was made there any more`)

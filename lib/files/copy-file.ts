// copyFile: one file's bytes and permissions over another, as fs.copyFile has it. See: man 2 ioctl_ficlone
import { lstatSync } from 'node:fs'
import { constants } from 'node:os'
import { ErrnoError } from '../errors.js'
import { O_CREAT, O_EXCL, O_RDONLY, O_WRONLY } from '../posix/fcntl.js'
import { asInteger, asPath } from '../posix/internal/arguments.js'
import { FICLONE as SHARE, ioctl } from '../posix/sys-ioctl.js'
import { fchmod } from '../posix/sys-stat.js'
import { ftruncate, unlink } from '../posix/unistd.js'
import type { FileStats } from './backend.js'
import type { File } from './file.js'
import { withFile } from './functions.js'
import { copyAll } from './whole.js'

// fs.constants.COPYFILE_*
const EXCL = 1
const FICLONE = 2
const FICLONE_FORCE = 4
const { EISDIR } = constants.errno

/**
 * Copies a file and its permissions, past the umask, to a new file or over what is there. A file that is copied onto itself, by whatever
 * name, stays as it is. Where the copy fails half-way, a target that is a regular file is removed; one that was there is left as it was where
 * only its blocks could not be shared (FICLONE_FORCE), or its permissions not be set.
 *
 * @param mode COPYFILE_ flags of node:fs, 0 (default) or combined with `|`: EXCL (1) fails with EEXIST where the target is there; FICLONE (2)
 *   shares the blocks where the file system can; FICLONE_FORCE (4) fails where it cannot
 * @throws as a rejection, ErrnoError ENOENT, EACCES, EEXIST, EISDIR, ENOSPC, EPERM (the target's permissions are not ours to set), ENOTSUP and
 *   EXDEV (FICLONE_FORCE) ...; ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 */
export async function copyFile(source: string, target: string, mode: number | null = 0): Promise<void> {
  const flags = asInteger('mode', mode ?? 0, 0, EXCL | FICLONE | FICLONE_FORCE)
  const to = asPath(target, 'target')
  await withFile(asPath(source, 'source'), O_RDONLY, 0, async (from) => {
    const status = await from.stat()
    if (status.isDirectory()) throw new ErrnoError(EISDIR, 'copyfile', { path: source })
    const how = O_WRONLY | O_CREAT | (flags & EXCL ? O_EXCL : 0)
    await withFile(to, how, status.mode & 0o7777, (file) => replace(from, status, file, to, flags))
  })
}

async function replace(from: File, status: FileStats, to: File, path: string, flags: number): Promise<void> {
  const old = await to.stat()
  if (old.dev === status.dev && old.ino === status.ino) return
  if (!old.isFile()) return copyAll(open(from), open(to))
  fchmod(to.fd, status.mode & 0o7777)
  try {
    if (isCloned(from, to, flags)) return ftruncate(to.fd, status.size)
    ftruncate(to.fd, 0)
    await copyAll(open(from), open(to))
  } catch (error) {
    if (old.size === 0 || (flags & FICLONE_FORCE) === 0) removeIf(path, old)
    throw error
  }
}

const open = ({ fd }: File): { fd: number; isDirect: boolean } => ({ fd, isDirect: false })

function isCloned(from: File, to: File, flags: number): boolean {
  if ((flags & (FICLONE | FICLONE_FORCE)) === 0) return false
  try {
    ioctl(to.fd, SHARE, from.fd)
    return true
  } catch (error) {
    if (flags & FICLONE_FORCE) throw error
    return false
  }
}

// Only where the name still is that file's: not a link to it, nor what was put in its place meanwhile.
function removeIf(path: string, { dev, ino }: FileStats): void {
  const now = lstatSync(path, { throwIfNoEntry: false })
  if (now?.dev === dev && now.ino === ino) unlink(path)
}

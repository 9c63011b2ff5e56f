// writeHeapSnapshot: taken in a child, so that the program itself pauses for the fork only.
import { randomUUID } from 'node:crypto'
import { closeSync, fsyncSync, openSync, renameSync } from 'node:fs'
import { open, unlink } from 'node:fs/promises'
import { resolve } from 'node:path'
import v8 from 'node:v8'
import { ErrnoError } from '../errors.js'
import { asPath } from '../posix/internal/arguments.js'
import { asTaskOptions, runTask, type ForkedOptions } from './child-task.js'

// In the child. The file has its name only when all of it is on the disk.
function takeSnapshot(part: string, target: string): void {
  v8.writeHeapSnapshot(part)
  const fd = openSync(part, 'r+')
  fsyncSync(fd)
  closeSync(fd)
  renameSync(part, target)
}

// What the file system says is about the path that the caller gave, who knows nothing of the file beside it.
function aboutPath(error: unknown, path: string): unknown {
  const { errno, syscall } = error as NodeJS.ErrnoException
  const ofFile = errno !== undefined && syscall !== undefined && !(error instanceof ErrnoError)
  return ofFile ? new ErrnoError(errno, syscall, { path }) : error
}

/**
 * Writes a snapshot of this process's heap, in the format of Chrome's DevTools, as v8.writeHeapSnapshot does, but in a child: this process
 * pauses for the fork only. The child needs memory of its own for it, up to twice the heap. The file appears under its name when it
 * is whole and on the disk, replaces one that was there, and is readable by its owner only: a heap holds secrets.
 *
 * @param path where to write; a file beside it, named after it with a random part, holds what is written until the end
 * @param options as those of forked()
 * @returns `path`
 * @throws (rejects) ErrnoError ENOENT, EACCES, EISDIR, ENOSPC, EFBIG ... with `path`, and as forked() does; no part of a file is left
 * @see man 2 fork, man 2 rename
 */
export async function writeHeapSnapshot(path: string, options: ForkedOptions = {}): Promise<string> {
  const target = resolve(asPath(path))
  const checked = asTaskOptions(options)
  checked.signal?.throwIfAborted()
  const part = `${target}.${randomUUID()}`
  try {
    // Before the fork, so that a folder that cannot be written to costs none.
    await (await open(part, 'wx', 0o600)).close()
    await runTask(() => takeSnapshot(part, target), checked)
  } catch (error) {
    await unlink(part).catch(() => {})
    throw aboutPath(error, path)
  }
  return path
}

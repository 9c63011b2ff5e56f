// What files are read and written by: the io_uring of this thread, or, where the system refuses one, the threads of POSIX AIO. Never libuv's
// pool.
import { fstatSync, statSync, type Stats } from 'node:fs'
import { Aiocb, aio_cancel, aio_fsync, aio_read, aio_write } from '../posix/aio.js'
import { F_GETFL, fcntl, open, O_APPEND, O_DSYNC, O_SYNC } from '../posix/fcntl.js'
import { AT_EMPTY_PATH, AT_FDCWD, Ring, type Statx } from '../posix/io-uring.js'
import { generation } from '../posix/after-fork/fork-generation.js'
import { close, lseek, SEEK_CUR, SEEK_END } from '../posix/unistd.js'
import { asFixedSpan, asList, bytesOf } from '../posix/internal/arguments.js'
import type { ByteView } from '../posix/internal/pinned-memory.js'

export interface BackendOptions {
  offset?: number
  length?: number
  signal?: AbortSignal | null | undefined
}

/** What the kernel knows of a file, in the shape of node:fs. */
export type FileStats = Statx | Stats

/** Operations on files; `position` null: at the file's own offset. */
export interface FileBackend {
  open(path: string, flags: number, mode: number, signal?: AbortSignal | null): Promise<number>
  close(fd: number): Promise<void>
  read(fd: number, buffer: ByteView, position: number | null, options?: BackendOptions): Promise<number>
  write(fd: number, data: string | ByteView, position: number | null, options?: BackendOptions): Promise<number>
  readv(fd: number, buffers: readonly ByteView[], position: number | null): Promise<number>
  writev(fd: number, buffers: readonly ByteView[], position: number | null): Promise<number>
  sync(fd: number, dataOnly: boolean): Promise<void>
  stat(target: string | number): Promise<FileStats>
}

function byRing(ring: Ring): FileBackend {
  return {
    open: (path, flags, mode, signal) => ring.openat(AT_FDCWD, path, flags, mode, { signal }),
    close: (fd) => ring.close(fd),
    read: (fd, buffer, position, options) => ring.read(fd, buffer, position, options),
    write: (fd, data, position, options) => ring.write(fd, data, position, options),
    readv: (fd, buffers, position) => ring.readv(fd, buffers, position),
    writev: (fd, buffers, position) => ring.writev(fd, buffers, position),
    sync: (fd, dataOnly) => ring.fsync(fd, { datasync: dataOnly }),
    stat: (target) =>
      typeof target === 'number' ? ring.statx(target, '', AT_EMPTY_PATH) : ring.statx(AT_FDCWD, target),
  }
}

// Opening, closing and asking for the size are short, and made at once.
const byThreads: FileBackend = {
  open: async (path, flags, mode, signal) => {
    signal?.throwIfAborted()
    return open(path, flags, mode)
  },
  close: async (fd) => close(fd),
  read: (fd, buffer, position, options) => transfer(aio_read, fd, buffer, position, options),
  write: (fd, data, position, options) =>
    transfer(aio_write, fd, typeof data === 'string' ? Buffer.from(data) : data, position, options),
  readv: (fd, buffers, position) => inTurn(byThreads.read, fd, buffers, position),
  writev: (fd, buffers, position) => inTurn(byThreads.write, fd, buffers, position),
  sync: async (fd, dataOnly) => {
    const request = new Aiocb({ aio_fildes: fd })
    aio_fsync(dataOnly ? O_DSYNC : O_SYNC, request)
    await request.completion()
  },
  stat: async (target) => (typeof target === 'number' ? fstatSync(target) : statSync(target)),
}

async function transfer(
  begin: (request: Aiocb) => void,
  fd: number,
  view: ByteView,
  position: number | null,
  { offset = 0, length, signal }: BackendOptions = {},
): Promise<number> {
  signal?.throwIfAborted()
  const at = position ?? currentOffset(fd)
  const request = new Aiocb({
    aio_fildes: fd,
    aio_buf: bytesOf(asFixedSpan(view, offset, length)),
    aio_offset: at ?? 0,
  })
  begin(request)
  const abort = (): void => void aio_cancel(fd, request)
  signal?.addEventListener('abort', abort, { once: true })
  const count = await request.completion().finally(() => signal?.removeEventListener('abort', abort))
  if (position === null && at !== null) moveOn(fd, begin === aio_write, count)
  return count
}

// What was appended went to the end, wherever the offset was; what moved no byte left the offset where it was.
function moveOn(fd: number, isWrite: boolean, count: number): void {
  if (count === 0) return
  if (isWrite && fcntl(fd, F_GETFL) & O_APPEND) lseek(fd, 0, SEEK_END)
  else lseek(fd, count, SEEK_CUR)
}

// Several buffers, until one is not filled.
async function inTurn(
  move: FileBackend['read'],
  fd: number,
  buffers: readonly ByteView[],
  position: number | null,
): Promise<number> {
  let total = 0
  const spans = asList('buffers', buffers, (buffer, name) => asFixedSpan(buffer, undefined, undefined, name))
  for (const { view, length } of spans) {
    const count = await move(fd, view, position === null ? null : position + total)
    total += count
    if (count < length) break
  }
  return total
}

/** A file's own offset; null for what has none: pipes, terminals. */
export function currentOffset(fd: number): number | null {
  try {
    return lseek(fd, 0, SEEK_CUR)
  } catch {
    return null
  }
}

let ring: Ring | undefined
let current: FileBackend | undefined
let born = -1

/** The backend of this process and thread: in the child of a fork it is another. */
export function backend(): FileBackend {
  if (current && born === generation()) return current
  born = generation()
  ring = Ring.availability().available ? new Ring() : undefined
  current = ring ? byRing(ring) : byThreads
  return current
}

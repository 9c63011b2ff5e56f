// Files with the shape of node:fs/promises, by io_uring: no operation waits for a thread of libuv's pool.
import { constants } from 'node:os'
import { ErrnoError } from '../errors.js'
import { asInteger, asPath } from '../posix/internal/arguments.js'
import { O_DIRECT } from '../posix/fcntl.js'
import { ftruncate } from '../posix/unistd.js'
import type { ByteView } from '../posix/internal/pinned-memory.js'
import { backend, type FileStats } from './backend.js'
import {
  asFlags,
  asOptions,
  chunksOf,
  decoded,
  type FileData,
  type FileReadOptions,
  type ReadAs,
  type ReadFileOptions,
  wholeOf,
  type WriteAs,
  type WriteFileOptions,
} from './options.js'
import { readAll, writeAll } from './whole.js'

const { EBADF } = constants.errno

/**
 * An open file, with the methods of node's FileHandle. With O_DIRECT, lengths and positions of `read` and `write` are multiples of the disk's
 * sectors (512 or 4096 bytes); buffers need no alignment, though those of posix_memalign spare a copy. Methods of one file may be
 * called at once; each settles once.
 */
export class File {
  #fd: number
  readonly #isDirect: boolean
  readonly #pending = new Set<Promise<unknown>>()
  #closing: Promise<void> | undefined

  private constructor(fd: number, flags: number) {
    this.#fd = fd
    this.#isDirect = (flags & O_DIRECT) !== 0
  }

  /**
   * Opens a file.
   * @param path the file
   * @param flags 'r' (default), 'r+', 'w', 'wx', 'a' ... as node has them, or O_RDONLY | O_DIRECT and the like
   * @param mode permissions of a new file, before the umask (default 0o666)
   * @throws as a rejection, ErrnoError ENOENT, EACCES, EEXIST ... with `path`; ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE
   */
  static async open(path: string, flags: string | number = 'r', mode = 0o666): Promise<File> {
    const how = asFlags(flags)
    const fd = await backend().open(asPath(path), how, asInteger('mode', mode, 0, 0o7777))
    return new File(fd, how)
  }

  /** The descriptor; -1 when it is closed. */
  get fd(): number {
    return this.#fd
  }

  /**
   * Reads into a buffer.
   * @param buffer takes the bytes
   * @param offset where in the buffer, or all options
   * @returns `bytesRead` (0 at end of file) and the buffer
   * @throws as a rejection, ErrnoError EBADF, EIO, EISDIR ...; ERR_OUT_OF_RANGE, ERR_INVALID_STATE (detached)
   */
  read<B extends ByteView>(
    buffer: B,
    offset?: number | FileReadOptions | null,
    length?: number | null,
    position?: number | null,
  ): Promise<{ bytesRead: number; buffer: B }> {
    const options = typeof offset === 'object' ? offset : { offset, length, position }
    return this.#do('read', async () => {
      const { position: at = null, ...where } = options ?? {}
      return { bytesRead: await backend().read(this.#fd, buffer, at, defined(where)), buffer }
    })
  }

  /**
   * Writes bytes, or a string: then `offset` is the position.
   * @returns `bytesWritten` and what was given
   * @throws as a rejection, ErrnoError EBADF, EIO, ENOSPC ...; ERR_OUT_OF_RANGE, ERR_INVALID_STATE (detached)
   */
  write<D extends string | ByteView>(
    data: D,
    offset?: number | FileReadOptions | null,
    length?: number | null,
    position?: number | null,
  ): Promise<{ bytesWritten: number; buffer: D }> {
    const isText = typeof data === 'string'
    const given = isText ? { position: offset as number | null } : { offset: offset as number, length, position }
    const options = typeof offset === 'object' && offset !== null ? offset : given
    return this.#do('write', async () => {
      const { position: at, ...where } = options
      return { bytesWritten: await backend().write(this.#fd, data, at ?? null, defined(where)), buffer: data }
    })
  }

  /**
   * Reads into several buffers, one after the other.
   * @param position where in the file; null (default): at its own offset
   * @returns `bytesRead`, over all of them, and the buffers
   * @throws as a rejection, what `read` throws
   */
  readv<B extends readonly ByteView[]>(
    buffers: B,
    position?: number | null,
  ): Promise<{ bytesRead: number; buffers: B }> {
    return this.#do('readv', async () => ({
      bytesRead: await backend().readv(this.#fd, buffers, position ?? null),
      buffers,
    }))
  }

  /**
   * Writes several pieces, one after the other.
   * @param position where in the file; null (default): at its own offset
   * @returns `bytesWritten`, over all of them, and the pieces
   * @throws as a rejection, what `write` throws
   */
  writev<B extends readonly ByteView[]>(
    buffers: B,
    position?: number | null,
  ): Promise<{ bytesWritten: number; buffers: B }> {
    return this.#do('writev', async () => ({
      bytesWritten: await backend().writev(this.#fd, buffers, position ?? null),
      buffers,
    }))
  }

  /** All of the file. @throws as a rejection, what `read` throws; the signal's reason */
  readFile(options: (ReadFileOptions & { encoding: BufferEncoding }) | BufferEncoding): Promise<string>
  readFile(options?: (ReadFileOptions & { encoding?: null }) | null): Promise<Buffer>
  readFile(options?: ReadAs): Promise<Buffer | string> {
    const { encoding, signal } = asOptions<ReadFileOptions>(options)
    return this.#do('read', async () => decoded(await readAll(this.#open, signal), encoding))
  }

  /** Writes all of `data` from the file's own offset on. @throws as a rejection, what `write` throws; the signal's reason */
  writeFile(data: FileData, options?: WriteAs): Promise<void> {
    const { encoding, signal, flush } = asOptions<WriteFileOptions>(options)
    return this.#do('write', async () => {
      const whole = wholeOf(data, encoding)
      if (whole) await writeAll(this.#open, whole, this.#isDirect ? 0 : null, signal)
      else await this.#writeSequence(chunksOf(data, encoding), signal)
      if (flush) await backend().sync(this.#fd, false)
    })
  }

  async #writeSequence(chunks: AsyncGenerator<Uint8Array>, signal: AbortSignal | null | undefined): Promise<void> {
    let position = this.#isDirect ? 0 : null
    for await (const chunk of chunks) {
      await writeAll(this.#open, chunk, position, signal)
      if (position !== null) position += chunk.byteLength
    }
  }

  /** As `writeFile`: a file that was opened with 'a' is written at its end. */
  appendFile(data: FileData, options?: WriteAs): Promise<void> {
    return this.writeFile(data, options)
  }

  /** What the kernel knows of the file. */
  stat(): Promise<FileStats> {
    return this.#do('fstat', () => backend().stat(this.#fd))
  }

  /** Waits until all that was written is on the disk. @see man 2 fsync */
  sync(): Promise<void> {
    return this.#do('fsync', () => backend().sync(this.#fd, false))
  }

  /** As `sync`, without times and the like. @see man 2 fdatasync */
  datasync(): Promise<void> {
    return this.#do('fdatasync', () => backend().sync(this.#fd, true))
  }

  /** Cuts the file to `length` bytes, or fills it up with zeros. */
  truncate(length = 0): Promise<void> {
    return this.#do('ftruncate', async () => ftruncate(this.#fd, length))
  }

  get #open(): { fd: number; isDirect: boolean } {
    return { fd: this.#fd, isDirect: this.#isDirect }
  }

  async #do<T>(syscall: string, work: () => Promise<T>): Promise<T> {
    if (this.#fd < 0 || this.#closing) throw new ErrnoError(EBADF, syscall)
    const promise = work()
    this.#pending.add(promise)
    try {
      return await promise
    } finally {
      this.#pending.delete(promise)
    }
  }

  /** Closes the file when what is under way is over. May be called again. @throws as a rejection, ErrnoError EIO, ENOSPC, EDQUOT */
  close(): Promise<void> {
    if (this.#fd < 0) return Promise.resolve()
    return (this.#closing ??= this.#finish())
  }

  async #finish(): Promise<void> {
    await Promise.allSettled(this.#pending)
    const fd = this.#fd
    this.#fd = -1
    await backend().close(fd)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

// Without what was not given.
function defined(options: object): { offset?: number; length?: number } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined && value !== null))
}

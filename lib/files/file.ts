// Files with the shape of node:fs/promises, by io_uring: no operation waits for a thread of libuv's pool.
import { constants } from 'node:os'
import { ErrnoError } from '../errors.js'
import { asPath } from '../posix/internal/arguments.js'
import { disown, own as closeWithWorker } from '../posix/internal/owned-fds.js'
import { O_DIRECT } from '../posix/fcntl.js'
import { ftruncate, lseek, SEEK_SET } from '../posix/unistd.js'
import type { ByteView } from '../posix/internal/pinned-memory.js'
import { backend, currentOffset, type FileStats } from './backend.js'
import {
  asEncoding,
  asFilePosition,
  asFlags,
  asMode,
  asFileOptions,
  checked,
  chunksOf,
  decoded,
  defined,
  type FileData,
  type FileReadOptions,
  type ReadAs,
  type ReadFileOptions,
  wholeOf,
  type WriteAs,
  type WriteFileOptions,
} from './options.js'
import { Turns } from './turns.js'
import { readAll, writeAll } from './whole.js'

const { EBADF } = constants.errno

/**
 * An open file, with the methods of node's FileHandle. With O_DIRECT, lengths and positions of `read` and `write` are multiples of the disk's
 * sectors (512 or 4096 bytes); buffers need no alignment, though those of posix_memalign spare a copy. Methods of one file may be
 * called at once; each settles once. Those that read or write at the file's own offset take their turns, in the order of the calls.
 */
export class File {
  #fd: number
  readonly #isDirect: boolean
  readonly #pending = new Set<Promise<unknown>>()
  readonly #turns: Turns
  #closing: Promise<void> | undefined

  private constructor(fd: number, flags: number) {
    this.#fd = fd
    closeWithWorker(fd)
    this.#turns = new Turns(fd)
    this.#isDirect = (flags & O_DIRECT) !== 0
  }

  /**
   * Opens a file.
   * @param path the file
   * @param flags 'r' (default), 'r+', 'w', 'wx', 'a' ... as node has them, or O_RDONLY | O_DIRECT and the like
   * @param mode permissions of a new file, before the umask: a number, or an octal string (default 0o666)
   * @throws as a rejection, ErrnoError ENOENT, EACCES, EEXIST ... with `path`; ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE
   */
  static async open(path: string, flags: string | number | null = 'r', mode: number | string = 0o666): Promise<File> {
    const how = asFlags(flags)
    const fd = await backend().open(asPath(path), how, asMode(mode))
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
    position?: number | bigint | null,
  ): Promise<{ bytesRead: number; buffer: B }> {
    const options = ((typeof offset === 'object' ? offset : { offset, length, position }) ?? {}) as FileReadOptions
    const at = checked(() => asFilePosition(options.position))
    return this.#do('read', at, async (place) => ({
      bytesRead: await backend().read(this.#fd, buffer, place, defined(options)),
      buffer,
    }))
  }

  /**
   * Writes bytes, or a string: then `offset` is the position and `length` the encoding (default 'utf8').
   * @returns `bytesWritten` and what was given
   * @throws as a rejection, ErrnoError EBADF, EIO, ENOSPC ...; ERR_OUT_OF_RANGE, ERR_INVALID_STATE (detached)
   */
  write<D extends string | ByteView>(
    data: D,
    offset?: number | bigint | FileReadOptions | null,
    length?: number | BufferEncoding | null,
    position?: number | bigint | null,
  ): Promise<{ bytesWritten: number; buffer: D }> {
    const isText = typeof data === 'string'
    const given = isText ? { position: offset as number | null } : { offset: offset as number, length, position }
    const options = (typeof offset === 'object' && offset !== null ? offset : given) as FileReadOptions
    const at = checked(() => asFilePosition(options.position))
    const bytes = checked(() => (isText ? Buffer.from(data, asEncoding(length)) : (data as ByteView)))
    return this.#do('write', at, async (place) => ({
      bytesWritten: await backend().write(this.#fd, bytes(), place, defined(options)),
      buffer: data,
    }))
  }

  /**
   * Reads into several buffers, one after the other.
   * @param position where in the file; null (default): at its own offset
   * @returns `bytesRead`, over all of them, and the buffers
   * @throws as a rejection, what `read` throws
   */
  readv<B extends readonly ByteView[]>(
    buffers: B,
    position?: number | bigint | null,
  ): Promise<{ bytesRead: number; buffers: B }> {
    const at = checked(() => asFilePosition(position))
    return this.#do('readv', at, async (place) => ({
      bytesRead: await backend().readv(this.#fd, buffers, place),
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
    position?: number | bigint | null,
  ): Promise<{ bytesWritten: number; buffers: B }> {
    const at = checked(() => asFilePosition(position))
    return this.#do('writev', at, async (place) => ({
      bytesWritten: await backend().writev(this.#fd, buffers, place),
      buffers,
    }))
  }

  /** What there is from the file's own offset on, which moves to the end. @throws as a rejection, what `read` throws; the signal's reason */
  readFile(options: (ReadFileOptions & { encoding: BufferEncoding }) | BufferEncoding): Promise<string>
  readFile(options?: (ReadFileOptions & { encoding?: null }) | null): Promise<Buffer>
  readFile(options?: ReadAs): Promise<Buffer | string> {
    const how = checked(() => asFileOptions<ReadFileOptions>(options))
    return this.#do('read', own, async () => decoded(await this.#readOn(how().signal), how().encoding))
  }

  async #readOn(signal: AbortSignal | null | undefined): Promise<Buffer> {
    const start = currentOffset(this.#fd)
    const bytes = await readAll(this.#open, signal, start ?? 0)
    if (start !== null) lseek(this.#fd, start + bytes.length, SEEK_SET)
    return bytes
  }

  /** Writes all of `data` from the file's own offset on. @throws as a rejection, what `write` throws; the signal's reason */
  writeFile(data: FileData, options?: WriteAs): Promise<void> {
    const how = checked(() => asFileOptions<WriteFileOptions>(options))
    return this.#do('write', own, async () => {
      const { encoding, signal, flush } = how()
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
    return this.#do('fstat', nowhere, () => backend().stat(this.#fd))
  }

  /** Waits until all that was written is on the disk. @see man 2 fsync */
  sync(): Promise<void> {
    return this.#do('fsync', nowhere, () => backend().sync(this.#fd, false))
  }

  /** As `sync`, without times and the like. @see man 2 fdatasync */
  datasync(): Promise<void> {
    return this.#do('fdatasync', nowhere, () => backend().sync(this.#fd, true))
  }

  /** Cuts the file to `length` bytes (default, and of a negative number: 0), or fills it up with zeros. */
  truncate(length = 0): Promise<void> {
    return this.#do('ftruncate', nowhere, async () => ftruncate(this.#fd, length < 0 ? 0 : length))
  }

  get #open(): { fd: number; isDirect: boolean } {
    return { fd: this.#fd, isDirect: this.#isDirect }
  }

  // `where` gives the position of what is read or written: null is the file's own offset, undefined is none.
  async #do<T>(
    syscall: string,
    where: () => number | null | undefined,
    work: (place: number | null) => Promise<T>,
  ): Promise<T> {
    if (this.#fd < 0 || this.#closing) throw new ErrnoError(EBADF, syscall)
    const place = where()
    const promise = place === null ? this.#turns.take(() => work(null)) : work(place ?? null)
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
    disown(fd)
    await backend().close(fd)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

const own = (): null => null
const nowhere = (): undefined => undefined

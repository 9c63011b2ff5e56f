// How files are opened, read and written: the options of node:fs/promises.
import { invalidArgType, invalidArgValue } from '../errors.js'
import { asFixedSpan, asInteger, bytesOf } from '../posix/internal/arguments.js'
import { isMemory } from '../posix/internal/memory-view.js'
import { O_APPEND, O_CREAT, O_EXCL, O_RDONLY, O_RDWR, O_SYNC, O_TRUNC, O_WRONLY } from '../posix/fcntl.js'
import type { ByteView } from '../posix/internal/pinned-memory.js'

const flagsOf: Record<string, number> = {
  r: O_RDONLY,
  rs: O_RDONLY | O_SYNC,
  'r+': O_RDWR,
  'rs+': O_RDWR | O_SYNC,
  w: O_WRONLY | O_CREAT | O_TRUNC,
  wx: O_WRONLY | O_CREAT | O_TRUNC | O_EXCL,
  'w+': O_RDWR | O_CREAT | O_TRUNC,
  'wx+': O_RDWR | O_CREAT | O_TRUNC | O_EXCL,
  a: O_WRONLY | O_CREAT | O_APPEND,
  ax: O_WRONLY | O_CREAT | O_APPEND | O_EXCL,
  'a+': O_RDWR | O_CREAT | O_APPEND,
  'ax+': O_RDWR | O_CREAT | O_APPEND | O_EXCL,
}

/** Flags of open(2). @throws ERR_INVALID_ARG_VALUE, ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE */
export function asFlags(flags: unknown): number {
  if (typeof flags === 'number') return asInteger('flags', flags, 0)
  const number = typeof flags === 'string' ? flagsOf[flags] : undefined
  if (number === undefined) throw invalidArgValue('flags', `must be one of ${Object.keys(flagsOf).join(' ')}`, flags)
  return number
}

/** Where and how much. */
export interface FileReadOptions {
  /** Where in the buffer, in bytes (default 0). */
  offset?: number
  /** At most so many bytes (default: to the end of the buffer). */
  length?: number
  /** Where in the file; null (default): at its own offset, which moves on. */
  position?: number | null
  /** Cancels it. */
  signal?: AbortSignal | null | undefined
}

/** What a whole file is read as. */
export interface ReadFileOptions {
  /** A string instead of a Buffer. */
  encoding?: BufferEncoding | null
  /** Flags of open (default 'r'). */
  flag?: string | number
  /** Cancels it. */
  signal?: AbortSignal | null | undefined
}

/** How a whole file is written. */
export interface WriteFileOptions {
  /** Of a string (default 'utf8'). */
  encoding?: BufferEncoding | null
  /** Permissions of a new file, before the umask (default 0o666). */
  mode?: number
  /** Flags of open (default 'w'). */
  flag?: string | number
  /** Whether it is on the disk when the promise resolves (default false). */
  flush?: boolean
  /** Cancels it; what was written stays. */
  signal?: AbortSignal | null | undefined
}

/** What can be written: text, bytes, or a sequence of them. */
export type FileData = string | ByteView | Iterable<string | ByteView> | AsyncIterable<string | ByteView>

export type ReadAs = ReadFileOptions | BufferEncoding | null | undefined
export type WriteAs = WriteFileOptions | BufferEncoding | null | undefined

/** Options that may be an encoding alone. */
export const asOptions = <T extends object>(options: T | BufferEncoding | null | undefined): T =>
  (typeof options === 'string' ? { encoding: options } : (options ?? {})) as T

/** Bytes, or the text they are. */
export const decoded = (bytes: Buffer, encoding: BufferEncoding | null | undefined): Buffer | string =>
  encoding ? bytes.toString(encoding) : bytes

/** The bytes of what is no sequence of pieces. @throws ERR_INVALID_ARG_VALUE (resizable), ERR_INVALID_STATE (detached) */
export function wholeOf(data: FileData, encoding: BufferEncoding | null | undefined): Uint8Array | undefined {
  return typeof data === 'string' || isMemory(data) ? pieceOf(data, encoding) : undefined
}

function pieceOf(data: unknown, encoding: BufferEncoding | null | undefined): Uint8Array {
  return typeof data === 'string'
    ? Buffer.from(data, encoding ?? 'utf8')
    : bytesOf(asFixedSpan(data, 0, undefined, 'data'))
}

/** The bytes of a sequence, one piece after the other. */
export async function* chunksOf(
  data: FileData,
  encoding: BufferEncoding | null | undefined,
): AsyncGenerator<Uint8Array> {
  const isSequence =
    typeof data === 'object' && data !== null && (Symbol.iterator in data || Symbol.asyncIterator in data)
  if (!isSequence) throw invalidArgType('data', 'a string, bytes, or an iterable of them', data)
  for await (const chunk of data as Iterable<unknown>) yield pieceOf(chunk, encoding)
}

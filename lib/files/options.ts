// How files are opened, read and written: the options of node:fs/promises.
import { namesOf, refuseUnknown } from '../posix/internal/known-options.js'
import { invalidArgType, invalidArgValue } from '../errors.js'
import type { BackendOptions } from './backend.js'
import { asFixedSpan, asInteger, bytesOf } from '../posix/internal/arguments.js'
import { isMemory } from '../posix/internal/memory-view.js'
import { O_APPEND, O_CREAT, O_EXCL, O_RDONLY, O_RDWR, O_SYNC, O_TRUNC, O_WRONLY } from '../posix/fcntl.js'
import type { ByteView } from '../posix/internal/pinned-memory.js'

const TRUNCATED = O_CREAT | O_TRUNC
const APPENDED = O_CREAT | O_APPEND

// Letters in either order, as node has them: 'rs' and 'sr', 'wx' and 'xw', 'as' and 'sa', 'ax' and 'xa'.
const flagsOf = new Map<string, number>(
  (
    [
      ['r', 0],
      ['rs', O_SYNC],
      ['sr', O_SYNC],
      ['w', TRUNCATED],
      ['wx', TRUNCATED | O_EXCL],
      ['xw', TRUNCATED | O_EXCL],
      ['a', APPENDED],
      ['as', APPENDED | O_SYNC],
      ['sa', APPENDED | O_SYNC],
      ['ax', APPENDED | O_EXCL],
      ['xa', APPENDED | O_EXCL],
    ] as const
  ).flatMap(([name, how]) => [
    [name, how | (name.includes('r') ? O_RDONLY : O_WRONLY)],
    [`${name}+`, how | O_RDWR],
  ]),
)

/** Flags of open(2). @throws ERR_INVALID_ARG_VALUE, ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE */
export function asFlags(flags: unknown): number {
  if (flags === null || flags === undefined) return O_RDONLY
  if (typeof flags === 'number') return asInteger('flags', flags, 0)
  const number = typeof flags === 'string' ? flagsOf.get(flags) : undefined
  if (number === undefined) throw invalidArgValue('flags', `must be one of ${[...flagsOf.keys()].join(' ')}`, flags)
  return number
}

/** Permissions: a number, or an octal string. @throws ERR_INVALID_ARG_VALUE, ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE */
export function asMode(mode: unknown): number {
  if (typeof mode !== 'string') return asInteger('mode', mode ?? 0o666, 0, 0o7777)
  if (!/^[0-7]+$/.test(mode)) throw invalidArgValue('mode', 'must be a number or an octal string', mode)
  return asInteger('mode', parseInt(mode, 8), 0, 0o7777)
}

/** Where in a file; null: at its own offset, as for node's -1. @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE */
export function asFilePosition(position: unknown): number | null {
  if (position === null || position === undefined || position === -1 || position === -1n) return null
  const isSmall = typeof position === 'bigint' && position >= 0n && position <= BigInt(Number.MAX_SAFE_INTEGER)
  return asInteger('position', isSmall ? Number(position) : position, 0, Number.MAX_SAFE_INTEGER)
}

/** @throws ERR_INVALID_ARG_VALUE */
export function asEncoding(encoding: unknown): BufferEncoding | undefined {
  if (encoding === null || encoding === undefined || encoding === 'buffer') return undefined
  if (typeof encoding !== 'string' || !Buffer.isEncoding(encoding)) {
    throw invalidArgValue('encoding', 'is invalid encoding', encoding)
  }
  return encoding
}

/** Where and how much. */
export interface FileReadOptions {
  /** Where in the buffer, in bytes (default 0). */
  offset?: number
  /** At most so many bytes (default: to the end of the buffer). */
  length?: number
  /** Where in the file; null (default) or -1: at its own offset, which moves on. */
  position?: number | bigint | null
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
  /** Permissions of a new file, before the umask: a number, or an octal string (default 0o666). */
  mode?: number | string
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

const WHOLE_FILE = namesOf<ReadFileOptions & WriteFileOptions>({
  ...{ encoding: true, flag: true, mode: true, flush: true, signal: true },
})

/**
 * Options that may be an encoding alone, which is checked.
 * @throws ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE
 */
export function asFileOptions<T extends { encoding?: unknown }>(
  options: T | BufferEncoding | null | undefined,
): Omit<T, 'encoding'> & { encoding?: BufferEncoding | undefined } {
  if (typeof options !== 'string' && typeof (options ?? {}) !== 'object') {
    throw invalidArgType('options', 'of type string or object', options)
  }
  if (typeof options === 'object' && options !== null) refuseUnknown(options, WHOLE_FILE)
  const all = (typeof options === 'string' ? { encoding: options } : (options ?? {})) as T
  return { ...all, encoding: asEncoding(all.encoding) }
}

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

/** @throws ERR_INVALID_ARG_TYPE for what cannot be written */
export function refuseNoData(data: unknown): void {
  if (typeof data === 'string' || isMemory(data)) return
  const isSequence =
    typeof data === 'object' && data !== null && (Symbol.iterator in data || Symbol.asyncIterator in data)
  if (!isSequence) throw invalidArgType('data', 'a string, bytes, or an iterable of them', data)
}

/** The bytes of a sequence, one piece after the other. */
export async function* chunksOf(
  data: FileData,
  encoding: BufferEncoding | null | undefined,
): AsyncGenerator<Uint8Array> {
  refuseNoData(data)
  for await (const chunk of data as Iterable<unknown>) yield pieceOf(chunk, encoding)
}

/** Arguments are taken at the call, and what is wrong with them is a rejection. */
export function checked<T>(read: () => T): () => T {
  try {
    const value = read()
    return () => value
  } catch (error) {
    return () => {
      throw error
    }
  }
}

/** Without what was not given. */
export function defined({ offset, length, signal }: FileReadOptions): BackendOptions {
  const given = { offset, length: length as unknown, signal }
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined && value !== null))
}

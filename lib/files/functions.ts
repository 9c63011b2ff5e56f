// Whole files by their names: readFile, writeFile, stat; copyFile is beside it.
import { asPath } from '../posix/internal/arguments.js'
import { backend, type FileStats } from './backend.js'
import { File } from './file.js'
import {
  asFileOptions,
  refuseNoData,
  type FileData,
  type ReadAs,
  type ReadFileOptions,
  type WriteAs,
  type WriteFileOptions,
} from './options.js'

/** Opens a file for the time of `use`. */
export async function withFile<T>(
  path: string,
  flags: string | number,
  mode: number | string,
  use: (file: File) => Promise<T>,
): Promise<T> {
  const file = await File.open(path, flags, mode)
  try {
    return await use(file)
  } finally {
    await file.close()
  }
}

/** Opens a file: see File.open. */
export const open = (path: string, flags?: string | number | null, mode?: number | string): Promise<File> =>
  File.open(path, flags, mode)

/**
 * All of a file, in pieces of a mebibyte, several under way at once.
 * @returns a Buffer, or a string where there is an encoding
 * @throws as a rejection, ErrnoError ENOENT, EACCES, EISDIR ...; the signal's reason
 */
export function readFile(
  path: string,
  options: (ReadFileOptions & { encoding: BufferEncoding }) | BufferEncoding,
): Promise<string>
export function readFile(path: string, options?: (ReadFileOptions & { encoding?: null }) | null): Promise<Buffer>
export async function readFile(path: string, options?: ReadAs): Promise<Buffer | string> {
  const { flag = 'r', ...rest } = asFileOptions<ReadFileOptions>(options)
  rest.signal?.throwIfAborted()
  return withFile(path, flag, 0o666, (file) => file.readFile(rest as { encoding: BufferEncoding }))
}

/**
 * Writes a file: a new one, or over what was there.
 * @throws as a rejection, ErrnoError EACCES, ENOSPC ...; the signal's reason; ERR_INVALID_ARG_TYPE
 */
export async function writeFile(path: string, data: FileData, options?: WriteAs): Promise<void> {
  const { flag = 'w', mode = 0o666, ...rest } = asFileOptions<WriteFileOptions>(options)
  rest.signal?.throwIfAborted()
  refuseNoData(data) // before what is there is cut off
  await withFile(path, flag, mode, (file) => file.writeFile(data, rest))
}

/** What the kernel knows of a file; symbolic links are followed. @throws as a rejection, ErrnoError ENOENT, EACCES */
export async function stat(path: string): Promise<FileStats> {
  return backend().stat(asPath(path))
}

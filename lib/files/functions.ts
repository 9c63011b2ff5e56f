// Whole files by their names: readFile, writeFile, copyFile, stat.
import { asInteger, asPath } from '../posix/internal/arguments.js'
import { backend, type FileStats } from './backend.js'
import { File } from './file.js'
import {
  asOptions,
  type FileData,
  type ReadAs,
  type ReadFileOptions,
  type WriteAs,
  type WriteFileOptions,
} from './options.js'
import { copyAll } from './whole.js'

const COPYFILE_EXCL = 1

async function withFile<T>(
  path: string,
  flags: string | number,
  mode: number,
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
export const open = (path: string, flags?: string | number, mode?: number): Promise<File> =>
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
  const { flag = 'r', ...rest } = asOptions<ReadFileOptions>(options)
  rest.signal?.throwIfAborted()
  return withFile(path, flag, 0o666, (file) => file.readFile(rest as { encoding: BufferEncoding }))
}

/**
 * Writes a file: a new one, or over what was there.
 * @throws as a rejection, ErrnoError EACCES, ENOSPC ...; the signal's reason; ERR_INVALID_ARG_TYPE
 */
export async function writeFile(path: string, data: FileData, options?: WriteAs): Promise<void> {
  const { flag = 'w', mode = 0o666, ...rest } = asOptions<WriteFileOptions>(options)
  rest.signal?.throwIfAborted()
  await withFile(path, flag, mode, (file) => file.writeFile(data, rest))
}

/** What the kernel knows of a file; symbolic links are followed. @throws as a rejection, ErrnoError ENOENT, EACCES */
export async function stat(path: string): Promise<FileStats> {
  return backend().stat(asPath(path))
}

/**
 * Copies a file, and its permissions.
 * @param mode 1 (COPYFILE_EXCL): fails with EEXIST where the target is there
 * @throws as a rejection, ErrnoError ENOENT, EACCES, EEXIST, ENOSPC ...
 */
export async function copyFile(source: string, target: string, mode = 0): Promise<void> {
  const isExclusive = (asInteger('mode', mode, 0, 1) & COPYFILE_EXCL) !== 0
  await withFile(source, 'r', 0, async (from) => {
    const { mode: bits } = await from.stat()
    await withFile(target, isExclusive ? 'wx' : 'w', bits & 0o7777, (to) =>
      copyAll({ fd: from.fd, isDirect: false }, { fd: to.fd, isDirect: false }),
    )
  })
}

// Files as a whole: read, written, copied in pieces, several under way at once.
import { constants } from 'node:os'
import { ErrnoError } from '../errors.js'
import { ftruncate } from '../posix/unistd.js'
import { posix_memalign } from '../posix/io-uring.js'
import { alignedUnsafe, published, unpublished } from '../posix/internal/pinned-memory.js'
import { backend } from './backend.js'

const PIECE = 1 << 20
const AT_ONCE = 4
const SECTOR = 4096 // what O_DIRECT wants lengths and positions to be multiples of, at most

/** A file that is open, and how. */
export interface OpenFile {
  readonly fd: number
  readonly isDirect: boolean
}

type Signal = AbortSignal | null | undefined

async function statusOf({ fd }: OpenFile): Promise<{ size: number; canSeek: boolean }> {
  const status = await backend().stat(fd)
  return { size: status.size, canSeek: status.isFile() || status.isBlockDevice() }
}

/** Several workers take one position after the other until there is nothing left; the first failure stops all. */
async function inPieces(work: (position: number) => Promise<boolean>, atOnce = AT_ONCE): Promise<void> {
  let next = 0
  let stopped = false
  const run = async (): Promise<void> => {
    while (!stopped) {
      const position = next
      next += PIECE
      try {
        if (!(await work(position))) stopped = true
      } catch (error) {
        stopped = true
        throw error
      }
    }
  }
  const ends = await Promise.allSettled(Array.from({ length: atOnce }, run))
  for (const end of ends) if (end.status === 'rejected') throw end.reason
}

// Reads from `position` on until `length` bytes are in `into` at `at`, or to the end of the file.
async function fill(
  { fd, isDirect }: OpenFile,
  into: Uint8Array,
  at: number,
  position: number,
  length: number,
  signal: Signal,
): Promise<number> {
  let got = 0
  while (got < length) {
    const where = { offset: at + got, length: length - got, signal }
    const count = await backend().read(fd, into, position + got, where)
    if (count === 0) break
    got += count
    if (isDirect && got % SECTOR !== 0) break // the end: from here on there are no sectors
  }
  return got
}

/** Writes all of `data`; at the file's own offset where `position` is null. */
export async function writeAll(
  { fd, isDirect }: OpenFile,
  data: Uint8Array,
  position: number | null,
  signal?: Signal,
): Promise<void> {
  if (isDirect && position !== null) return writeDirect(fd, data, position, signal)
  const all = data.length // which is 0 when it is detached meanwhile
  for (let done = 0; done < all;) {
    const length = Math.min(PIECE, all - done)
    const at = position === null ? null : position + done
    const count = await backend().write(fd, data, at, { offset: done, length, signal })
    if (count === 0) throw new ErrnoError(constants.errno.EIO, 'write')
    done += count
  }
}

// What is beyond the last whole sector is written as a whole one, and cut off again.
async function writeDirect(fd: number, bytes: Uint8Array, position: number, signal: Signal): Promise<void> {
  const { length } = bytes
  const whole = length - (length % SECTOR)
  await writeAll({ fd, isDirect: false }, bytes.subarray(0, whole), position, signal)
  if (whole === length) return
  const last = posix_memalign(SECTOR, SECTOR)
  last.set(bytes.subarray(whole))
  await writeAll({ fd, isDirect: false }, last, position + whole, signal)
  ftruncate(fd, position + length)
}

// Where the beginning of a file is read to, which is all of most.
const beginnings: Buffer[] = []
const BEGINNING = 65536

/**
 * All that is in a file from `start` on. One that is small is read without asking for its size, for which a worker of the kernel's would be
 * woken.
 */
export async function readAll(file: OpenFile, signal?: Signal, start = 0): Promise<Buffer> {
  if (file.isDirect) return readLarge(file, signal, start)
  const bytes = beginnings.pop() ?? unpublished(BEGINNING)
  try {
    const count = await fill(file, bytes, 0, start, BEGINNING, signal)
    if (count === BEGINNING) return await readLarge(file, signal, start, bytes)
    const all = Buffer.allocUnsafeSlow(count)
    bytes.copy(all, 0, 0, count)
    if (beginnings.length < AT_ONCE) beginnings.push(bytes)
    return all
  } catch (error) {
    if ((error as Partial<ErrnoError>).errno === -constants.errno.ESPIPE) return readOn(file.fd, signal)
    throw error
  }
}

// What was read of something that has no positions is not there to be read again.
async function readLarge(file: OpenFile, signal: Signal, start: number, beginning?: Buffer): Promise<Buffer> {
  const status = await statusOf(file)
  const size = Math.max(0, status.size - start)
  if (!status.canSeek && beginning) return Buffer.concat([Buffer.from(beginning), await readOn(file.fd, signal)])
  if (!status.canSeek || size === 0) return readOn(file.fd, signal)
  const bytes = file.isDirect ? alignedUnsafe(SECTOR, Math.ceil(size / SECTOR) * SECTOR) : unpublished(size)
  let total = 0
  await inPieces(async (position) => {
    const length = Math.min(PIECE, bytes.length - position)
    if (length <= 0) return false
    const count = await fill(file, bytes, position, start + position, length, signal)
    total += Math.min(count, size - position)
    return count === length
  })
  return (file.isDirect ? bytes : published(bytes)).subarray(0, total)
}

// A pipe, or a file of the kernel's that does not tell its size.
async function readOn(fd: number, signal: Signal): Promise<Buffer> {
  const chunks: Buffer[] = []
  for (;;) {
    const chunk = Buffer.allocUnsafeSlow(65536)
    const count = await backend().read(fd, chunk, null, { signal })
    if (count === 0) return Buffer.concat(chunks)
    chunks.push(chunk.subarray(0, count))
  }
}

// A pipe, a device, a file of the kernel's: piece after piece, each at the file's own offset.
async function copyInOrder(from: OpenFile, to: OpenFile, signal: Signal): Promise<void> {
  const piece = alignedUnsafe(SECTOR, PIECE)
  for (;;) {
    const count = await backend().read(from.fd, piece, null, { signal })
    if (count === 0) return
    await writeAll(to, piece.subarray(0, count), null, signal)
  }
}

/** Copies from one open file to another. */
export async function copyAll(from: OpenFile, to: OpenFile, signal?: Signal): Promise<void> {
  const canSeek = (await statusOf(from)).canSeek && (await statusOf(to)).canSeek
  if (!canSeek) return copyInOrder(from, to, signal)
  const free: Buffer[] = []
  await inPieces(async (position) => {
    const piece = free.pop() ?? alignedUnsafe(SECTOR, PIECE)
    const count = await fill(from, piece, 0, position, PIECE, signal)
    await writeAll(to, piece.subarray(0, count), position, signal)
    free.push(piece)
    return count === PIECE
  })
}

// Files as a whole: read, written, copied in pieces, several under way at once.
import { constants } from 'node:os'
import { ErrnoError } from '../errors.js'
import { ftruncate } from '../posix/unistd.js'
import { posix_memalign } from '../posix/io-uring.js'
import type { ByteView } from '../posix/pinned-memory.js'
import { backend, type FileStats } from './backend.js'

const PIECE = 1 << 20
const AT_ONCE = 4
const SECTOR = 4096 // what O_DIRECT wants lengths and positions to be multiples of, at most

/** A file that is open, and how. */
export interface OpenFile {
  readonly fd: number
  readonly isDirect: boolean
}

type Signal = AbortSignal | null | undefined

const canSeek = (status: FileStats): boolean => status.isFile() || status.isBlockDevice()

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

// Reads until `length` bytes are there, or the end of the file.
async function fill(
  { fd, isDirect }: OpenFile,
  into: Uint8Array,
  position: number,
  length: number,
  signal: Signal,
): Promise<number> {
  let got = 0
  while (got < length) {
    const count = await backend().read(fd, into, position + got, { offset: got, length: length - got, signal })
    if (count === 0) break
    got += count
    if (isDirect && got % SECTOR !== 0) break // the end: from here on there are no sectors
  }
  return got
}

/** Writes all of `data`; at the file's own offset where `position` is null. */
export async function writeAll(
  { fd, isDirect }: OpenFile,
  data: ByteView,
  position: number | null,
  signal?: Signal,
): Promise<void> {
  if (isDirect && position !== null) return writeDirect(fd, data, position, signal)
  for (let done = 0; done < data.byteLength;) {
    const length = Math.min(PIECE, data.byteLength - done)
    const at = position === null ? null : position + done
    const count = await backend().write(fd, data, at, { offset: done, length, signal })
    if (count === 0) throw new ErrnoError(constants.errno.EIO, 'write')
    done += count
  }
}

// What is beyond the last whole sector is written as a whole one, and cut off again.
async function writeDirect(fd: number, data: ByteView, position: number, signal: Signal): Promise<void> {
  const whole = data.byteLength - (data.byteLength % SECTOR)
  const start = ArrayBuffer.isView(data) ? data.byteOffset : 0
  const bytes = new Uint8Array(ArrayBuffer.isView(data) ? data.buffer : data, start, data.byteLength)
  await writeAll({ fd, isDirect: false }, bytes.subarray(0, whole), position, signal)
  if (whole === data.byteLength) return
  const last = posix_memalign(SECTOR, SECTOR)
  last.set(bytes.subarray(whole))
  await writeAll({ fd, isDirect: false }, last, position + whole, signal)
  ftruncate(fd, position + data.byteLength)
}

/** All that is in a file from `position` on. */
export async function readAll(file: OpenFile, signal?: Signal): Promise<Buffer> {
  const { fd, isDirect } = file
  const status = await backend().stat(fd)
  if (!canSeek(status) || status.size === 0) return readOn(fd, signal)
  const bytes = Buffer.allocUnsafeSlow(status.size)
  let total = 0
  await inPieces(async (position) => {
    const left = status.size - position
    if (left <= 0) return false
    const length = Math.min(PIECE, left)
    const count = isDirect
      ? await fillDirect(file, bytes, position, length, signal)
      : await fill(file, bytes.subarray(position, position + length), position, length, signal)
    total += count
    return count === length
  })
  return total === status.size ? bytes : bytes.subarray(0, total)
}

async function fillDirect(
  file: OpenFile,
  bytes: Buffer,
  position: number,
  length: number,
  signal: Signal,
): Promise<number> {
  const piece = posix_memalign(SECTOR, Math.ceil(length / SECTOR) * SECTOR)
  const count = Math.min(await fill(file, piece, position, piece.length, signal), length)
  piece.copy(bytes, position, 0, count)
  return count
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

/** Copies from one open file to another. */
export async function copyAll(from: OpenFile, to: OpenFile, signal?: Signal): Promise<void> {
  const status = await backend().stat(from.fd)
  if (!canSeek(status)) return writeAll(to, await readOn(from.fd, signal), null, signal)
  await inPieces(async (position) => {
    const piece = posix_memalign(SECTOR, PIECE)
    const count = await fill(from, piece, position, PIECE, signal)
    await writeAll(to, piece.subarray(0, count), position, signal)
    return count === PIECE
  })
}

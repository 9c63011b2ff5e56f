// unistd.h, as promises: read and write that wait for a descriptor without blocking the event loop and without taking a thread
// of the pool, whether or not it is O_NONBLOCK. Only files and disks, for which there is no readiness, go through the pool.
import { read as poolRead, write as poolWrite } from 'node:fs'
import { constants } from 'node:os'
import { check, ErrnoError } from '../errors.js'
import { constant, native, type ByteView } from '../native.js'
import { asFd, asFixedData, asFixedSpan, bytesOf, refuseGone, type Span } from './internal/arguments.js'
import { asWaitLimits, isFile, type AsyncOptions } from './internal/async-options.js'
import { isShared } from './internal/memory-view.js'
import { whenReady } from './event-loop/watch.js'

export type { AsyncOptions } from './internal/async-options.js'

const POLLIN = constant('POLLIN')
const POLLOUT = constant('POLLOUT')
const EAGAIN = -constants.errno.EAGAIN
const READ_MAX = 0x7ffff000 // as read(2)
const POOL_WRITE_MAX = 1 << 20

/**
 * Reads up to `length` bytes, as soon as there are any, without blocking the event loop.
 *
 * The bytes are put into `buffer` in the turn in which they are read, never later: a buffer that was transferred while this
 * waited is an error and the bytes stay in the kernel. A file is read by a thread of libuv's pool, into memory of its own.
 *
 * @param fd an open descriptor, borrowed until the promise settles; `close` while this waits rejects it with EBADF
 * @param buffer takes the bytes; a SharedArrayBuffer too, a resizable ArrayBuffer not
 * @param offset where in `buffer`, in bytes (default 0)
 * @param length at most so many bytes (default: to the end of `buffer`)
 * @returns how many bytes were read; 0 at end of file
 * @throws as a rejection, ErrnoError as `read` does; the signal's reason; a TimeoutError; ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE
 *   (resizable), ERR_OUT_OF_RANGE, ERR_INVALID_STATE (detached, at the call or since)
 * @see man 2 read
 */
export async function readAsync(
  fd: number,
  buffer: ByteView,
  offset?: number,
  length?: number,
  options?: AsyncOptions,
): Promise<number> {
  const span = asFixedSpan(buffer, offset, length)
  const signal = asWaitLimits(options)
  if (isFile(asFd(fd))) return readFile(fd, span, signal)
  const own = isShared(span.view) ? Buffer.alloc(span.length) : undefined
  for (;;) {
    refuseGone(span.view)
    const result = own
      ? native.readNoWait(fd, own, 0, span.length)
      : native.readNoWait(fd, span.view, span.offset, span.length)
    if (result !== EAGAIN) {
      const count = check(result, 'read')
      if (own) deliver(own, count, span)
      return count
    }
    await whenReady(fd, POLLIN, { signal })
  }
}

/**
 * Writes all of `data` without blocking the event loop.
 *
 * @param fd an open descriptor, borrowed until the promise settles
 * @param data bytes, which must stay as they are until the promise settles, or a string taken as UTF-8
 * @param offset where in `data`, in bytes (default 0)
 * @param length so many bytes (default: to the end of `data`)
 * @returns how many bytes were written: all of them, or fewer where an error or the signal came after some had gone out, as
 *   write(2) counts; the next call tells the error
 * @throws as a rejection, where nothing was written: ErrnoError as `write` does; the signal's reason; ERR_INVALID_ARG_TYPE,
 *   ERR_INVALID_ARG_VALUE (resizable), ERR_OUT_OF_RANGE, ERR_INVALID_STATE (detached, at the call or since)
 * @see man 2 write
 */
export async function writeAsync(
  fd: number,
  data: string | ByteView,
  offset?: number,
  length?: number,
  options?: AsyncOptions,
): Promise<number> {
  const given = asFixedData(data, offset, length)
  const span = isShared(given.view) ? copyOf(given) : given
  const signal = asWaitLimits(options)
  const writePart = isFile(asFd(fd)) ? writeFile : writeWhenReady
  let written = 0
  try {
    do {
      signal?.throwIfAborted()
      // What is left waits for the loop, which no reader keeps busy by being as fast as we are.
      if (written > 0) await whenReady(fd, POLLOUT, { signal })
      const rest = { view: span.view, offset: span.offset + written, length: span.length - written }
      written += await writePart(fd, rest, signal)
    } while (written < span.length)
  } catch (error) {
    if (written === 0) throw error
  }
  return written
}

async function writeWhenReady(fd: number, span: Span, signal: AbortSignal | undefined): Promise<number> {
  for (;;) {
    refuseGone(span.view)
    const result = native.writeNoWait(fd, span.view, span.offset, span.length)
    if (result !== EAGAIN) return check(result, 'write')
    await whenReady(fd, POLLOUT, { signal })
  }
}

function copyOf(span: Span): Span {
  return { view: bytesOf(span).slice(), offset: 0, length: span.length }
}

function deliver(own: Uint8Array, count: number, span: Span): void {
  refuseGone(span.view)
  bytesOf(span).set(own.subarray(0, count))
}

async function readFile(fd: number, span: Span, signal: AbortSignal | undefined): Promise<number> {
  const own = Buffer.allocUnsafeSlow(Math.min(span.length, READ_MAX))
  const count = await fromPool('read', signal, (done) => poolRead(fd, own, 0, own.length, null, done))
  deliver(own, count, span)
  return count
}

async function writeFile(fd: number, span: Span, signal: AbortSignal | undefined): Promise<number> {
  refuseGone(span.view)
  const own = bytesOf({ ...span, length: Math.min(span.length, POOL_WRITE_MAX) }).slice()
  return fromPool('write', signal, (done) => poolWrite(fd, own, 0, own.length, null, done))
}

type Done = (error: NodeJS.ErrnoException | null, count: number) => void

// The pool's work cannot be taken back: a signal ends the waiting for it only.
function fromPool(syscall: string, signal: AbortSignal | undefined, start: (done: Done) => void): Promise<number> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal!.reason)
    signal?.addEventListener('abort', abort, { once: true })
    start((error, count) => {
      signal?.removeEventListener('abort', abort)
      if (error) reject(typeof error.errno === 'number' ? new ErrnoError(error.errno, syscall) : error)
      else resolve(count)
    })
  })
}

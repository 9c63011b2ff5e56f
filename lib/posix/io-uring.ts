// liburing.h: io_uring. Operations are handed to the kernel, many by one system call, and complete later, each as a promise.
import { constants } from 'node:os'
import { constant } from '../native.js'
import { asExactTimeout, asInteger } from './arguments.js'
import { Pin } from './pinned-memory.js'
import { asRingFile, attempt, begin, writeAddress, type RingFile } from './ring-base.js'
import type { OperationOptions } from './ring-operation.js'
import { RingOfSockets } from './ring-sockets.js'

export { posix_memalign } from './pinned-memory.js'
export { type RingAvailability, type RingFile, type RingOptions } from './ring-base.js'
export { type TransferOptions } from './ring-files.js'
export { BufferGroup, Multishot } from './ring-multishot.js'
export { type SendMessageOptions } from './ring-sockets.js'
export { type OperationOptions } from './ring-operation.js'
export { FixedFile } from './ring-queue.js'
export { AT_EMPTY_PATH, AT_FDCWD, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, STATX_BTIME, Statx } from './statx.js'

const IORING_OP_LINK_TIMEOUT = constant('IORING_OP_LINK_TIMEOUT')
const IORING_OP_NOP = constant('IORING_OP_NOP')
const IORING_OP_POLL_ADD = constant('IORING_OP_POLL_ADD')
const IORING_OP_TIMEOUT = constant('IORING_OP_TIMEOUT')
const IORING_TIMEOUT_ABS = constant('IORING_TIMEOUT_ABS')
const { ETIME, ENOENT } = constants.errno

export interface TimeoutOptions extends OperationOptions {
  /** Ends also when so many other operations of the ring have completed. */
  count?: number
  /** `milliseconds` is a time of the monotonic clock, as `clock_gettime(CLOCK_MONOTONIC)` gives it. */
  absolute?: boolean
}

/**
 * An io_uring of this thread. Each operation is handed to the kernel at the end of the turn in which it is begun, together with all others
 * of that turn, and is a promise of its completion; no thread of libuv's pool is used. The ring keeps the event loop alive while
 * something is in flight. It belongs to the process that made it: in the child of a fork each method throws ERR_INVALID_STATE, promises
 * of the parent's operations stay silent, and a new ring works.
 *
 * ```ts
 * const ring = new Ring()
 * const fd = await ring.openat(AT_FDCWD, 'table.db')
 * const pages = await Promise.all(numbers.map((n) => ring.read(fd, posix_memalign(4096, 4096), 4096 * n)))
 * await ring.close()
 * ```
 */
export class Ring extends RingOfSockets {
  /** Does nothing, and completes: for measuring, and as the end of a chain. */
  nop(options?: OperationOptions): Promise<void> {
    return this.operation('nop', IORING_OP_NOP, -1, 0, 0, 0, 0, options, () => {})
  }

  /**
   * Waits for a time, or for so many completions of other operations.
   * @param milliseconds fractions count
   * @returns whether the time was over; false: `count` completions have come first
   * @throws as a rejection, the signal's reason; ERR_OUT_OF_RANGE
   */
  timeout(milliseconds: number, options: TimeoutOptions = {}): Promise<boolean> {
    return attempt(() => {
      const { count = 0, absolute = false } = options
      const flags = absolute ? IORING_TIMEOUT_ABS : 0
      return this.#timeout(IORING_OP_TIMEOUT, milliseconds, asInteger('count', count, 0), flags, options)
    })
  }

  /**
   * Right after an operation within `linked`: gives that one up after a time. It then rejects with ECANCELED.
   * @returns whether it came to that
   * @throws as a rejection, ERR_OUT_OF_RANGE
   */
  linkTimeout(milliseconds: number): Promise<boolean> {
    return attempt(() => this.#timeout(IORING_OP_LINK_TIMEOUT, milliseconds, 0, 0, undefined))
  }

  #timeout(
    code: number,
    milliseconds: number,
    count: number,
    flags: number,
    options: OperationOptions | undefined,
  ): Promise<boolean> {
    const time = timePin(asExactTimeout(milliseconds, 'milliseconds'))
    const isLink = code === IORING_OP_LINK_TIMEOUT
    const ended = (result: number): number => {
      time.finish(0)
      return result
    }
    const over = this.operation('timeout', code, -1, time.address, 1, count, flags, options, ended)
    return over.then(
      () => false,
      (error: unknown) => {
        const { errno } = error as { errno?: number }
        if (errno === -ETIME) return true
        if (isLink && errno !== undefined) return false // the operation was quicker
        throw error
      },
    )
  }

  /**
   * Waits until a descriptor is ready.
   * @param events POLLIN, POLLOUT ... combined with `|`
   * @returns what is true of it, as `revents` of poll(2)
   * @throws as a rejection, ErrnoError EBADF; the signal's reason
   */
  poll(fd: RingFile, events: number, options?: OperationOptions): Promise<number> {
    return attempt(() => {
      const wanted = asInteger('events', events, 0, 0xffff)
      return this.operation('poll', IORING_OP_POLL_ADD, asRingFile(fd), 0, 0, 0, wanted, options, (result) => result)
    })
  }

  /**
   * Gives up whatever this ring does on a descriptor: those operations reject with ECANCELED. One operation alone is cancelled by its
   * signal. Linux 5.19.
   * @returns how many operations there were
   * @throws as a rejection, ErrnoError EBADF
   */
  cancel(fd: RingFile): Promise<number> {
    return attempt(() => {
      const { operation } = begin('cancel', undefined, (result) => result)
      this.queue.cancelFd(operation, asRingFile(fd))
      return operation.promise.catch((error: unknown) => {
        if ((error as { errno?: number }).errno === -ENOENT) return 0
        throw error
      })
    })
  }
}

// A struct __kernel_timespec.
function timePin(milliseconds: number): Pin {
  const time = Pin.scratch(16)
  const whole = Math.max(milliseconds, 0)
  writeAddress(time, 0, Math.floor(whole / 1000))
  writeAddress(time, 8, Math.floor((whole % 1000) * 1e6))
  return time
}

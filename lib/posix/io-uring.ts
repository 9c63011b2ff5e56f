// liburing.h: io_uring. Operations are handed to the kernel, many by one system call, and complete later, each as a promise.
import { constants } from 'node:os'
import { constant } from '../native.js'
import { asInteger, asTime } from './internal/arguments.js'
import { asRingFile } from './ring/ring-base.js'
import type { RingFile } from './ring/sqe.js'
import { timePin } from './ring/pinned-structs.js'
import type { OperationEntry, OperationOptions } from './ring/operation.js'
import { cancelFd } from './ring/queue.js'
import { RingOfStreams } from './ring/streams.js'

export { BufferGroup } from './ring/buffer-group.js'
export { Multishot } from './ring/multishot.js'
export { posix_memalign } from './internal/pinned-memory.js'
export { type RingAvailability, type RingOptions } from './ring/ring-base.js'
export { FixedFile, type RingFile } from './ring/sqe.js'
export { type SendMessageOptions } from './ring/messages.js'
export { type OperationOptions } from './ring/operation.js'
export { type TransferOptions } from './ring/transfers.js'
export { AT_EMPTY_PATH, AT_FDCWD, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, STATX_BTIME, Statx } from './ring/statx.js'

const IORING_OP_LINK_TIMEOUT = constant('IORING_OP_LINK_TIMEOUT')
const IORING_OP_NOP = constant('IORING_OP_NOP')
const IORING_OP_POLL_ADD = constant('IORING_OP_POLL_ADD')
const IORING_OP_TIMEOUT = constant('IORING_OP_TIMEOUT')
const IORING_TIMEOUT_ABS = constant('IORING_TIMEOUT_ABS')
const { EALREADY, ECANCELED, ENOENT, ETIME } = constants.errno

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
 * of the parent's operations stay silent (with `handles: 'keep'` they reject with EFORKED), and a new ring works.
 *
 * ```ts
 * const ring = new Ring()
 * const fd = await ring.openat(AT_FDCWD, 'table.db')
 * const pages = await Promise.all(numbers.map((n) => ring.read(fd, posix_memalign(4096, 4096), 4096 * n)))
 * await ring.close()
 * ```
 */
export class Ring extends RingOfStreams {
  /** Does nothing, and completes: for measuring, and as the end of a chain. */
  nop(options?: OperationOptions): Promise<void> {
    return this.begin(options, () => ({ syscall: 'nop', code: IORING_OP_NOP, ended: () => {} }))
  }

  /**
   * Waits for a time, or for so many completions of other operations.
   * @param milliseconds fractions count; negative, null, left out or Infinity: for ever, until the signal or `count` ends it
   * @returns whether the time was over; false: `count` completions have come first
   * @throws as a rejection, the signal's reason; ERR_OUT_OF_RANGE
   */
  timeout(milliseconds?: number | null, options: TimeoutOptions = {}): Promise<boolean> {
    return this.begin(options, () => {
      const { count = 0, absolute = false } = options
      const offset = asInteger('count', count, 0)
      return { ...timeoutOf(IORING_OP_TIMEOUT, milliseconds), offset, flags: absolute ? IORING_TIMEOUT_ABS : 0 }
    })
  }

  /**
   * Right after an operation within `linked`: gives that one up after a time (negative, null, left out or Infinity: never). It then rejects
   * with ECANCELED.
   * @returns whether it came to that
   * @throws as a rejection, ERR_OUT_OF_RANGE
   */
  linkTimeout(milliseconds?: number | null): Promise<boolean> {
    return this.begin(undefined, () => timeoutOf(IORING_OP_LINK_TIMEOUT, milliseconds))
  }

  /**
   * Waits until a descriptor is ready.
   * @param events POLLIN, POLLOUT ... combined with `|`
   * @returns what is true of it, as `revents` of poll(2)
   * @throws as a rejection, ErrnoError EBADF; the signal's reason
   */
  poll(fd: RingFile, events: number, options?: OperationOptions): Promise<number> {
    return this.begin(options, () => {
      const flags = asInteger('events', events, 0, 0xffff)
      return { syscall: 'poll', code: IORING_OP_POLL_ADD, fd: asRingFile(fd), flags, ended: (revents) => revents }
    })
  }

  /**
   * Gives up whatever this ring does on a descriptor: those operations reject with ECANCELED. One operation alone is cancelled by its
   * signal. Linux 5.19.
   * @returns how many operations there were
   * @throws as a rejection, ErrnoError EBADF
   */
  cancel(fd: RingFile): Promise<number> {
    return this.begin(undefined, () => {
      const held = this.queue.cancelHeld(asRingFile(fd))
      const ended = (result: number): number => Math.max(result, 0) + held
      return { syscall: 'cancel', ...cancelFd(asRingFile(fd)), ended, expected: [-ENOENT] }
    })
  }
}

// Whether the time was over; what it was the time limit of may have been quicker (ENOENT, ECANCELED, EALREADY).
function timeoutOf(code: number, milliseconds: unknown): OperationEntry<boolean> {
  const time = timePin(asTime(milliseconds, 'milliseconds'))
  const ended = (result: number): boolean => {
    time.finish(0)
    return result === -ETIME
  }
  const quicker = code === IORING_OP_LINK_TIMEOUT ? [-ENOENT, -ECANCELED, -EALREADY] : []
  return { syscall: 'timeout', code, address: time.address, length: 1, ended, expected: [-ETIME, ...quicker] }
}

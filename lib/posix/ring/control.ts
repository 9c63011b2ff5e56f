// Entries of a ring that move no data: nop, timeouts, poll, cancel. Internal; io-uring.ts is their face.
import { constants } from 'node:os'
import { namesOf } from '../internal/known-options.js'
import { constant } from '../../native.js'
import { asInteger, asTime } from '../internal/arguments.js'
import type { OperationEntry, OperationOptions } from './operation.js'
import { timePin } from './pinned-structs.js'
import { asRingFile, type RingFile } from './sqe.js'

const IORING_OP_ASYNC_CANCEL = constant('IORING_OP_ASYNC_CANCEL')
const IORING_OP_LINK_TIMEOUT = constant('IORING_OP_LINK_TIMEOUT')
const IORING_OP_NOP = constant('IORING_OP_NOP')
const IORING_OP_POLL_ADD = constant('IORING_OP_POLL_ADD')
const IORING_OP_TIMEOUT = constant('IORING_OP_TIMEOUT')
const IORING_TIMEOUT_ABS = constant('IORING_TIMEOUT_ABS')
const IORING_ASYNC_CANCEL_ALL = 1
const IORING_ASYNC_CANCEL_FD = 2
const IORING_ASYNC_CANCEL_FD_FIXED = 8
const { EALREADY, ECANCELED, ENOENT, ETIME } = constants.errno

export interface TimeoutOptions extends OperationOptions {
  /** Ends also when so many other operations of the ring have completed. */
  count?: number
  /** `milliseconds` is a time of the monotonic clock, as `clock_gettime(CLOCK_MONOTONIC)` gives it. */
  absolute?: boolean
}

export const TIMEOUT_OPTIONS = namesOf<TimeoutOptions>({ signal: true, count: true, absolute: true })

/** The methods of a ring that move no data. */
export interface RingControl {
  /** Does nothing, and completes: for measuring, and as the end of a chain. */
  nop(options?: OperationOptions): Promise<void>
  /**
   * Waits for a time, or for so many completions of other operations.
   * @param milliseconds fractions count; negative, null, left out or Infinity: for ever, until the signal or `count` ends it
   * @returns whether the time was over; false: `count` completions have come first
   * @throws as a rejection, the signal's reason; ERR_OUT_OF_RANGE
   */
  timeout(milliseconds?: number | null, options?: TimeoutOptions): Promise<boolean>
  /**
   * Right after an operation within `linked`: gives that one up after a time (negative, null, left out or Infinity: never). It then rejects
   * with ECANCELED.
   * @returns whether it came to that
   * @throws as a rejection, ERR_OUT_OF_RANGE
   */
  linkTimeout(milliseconds?: number | null): Promise<boolean>
  /**
   * Waits until a descriptor is ready.
   * @param events POLLIN, POLLOUT ... combined with `|`
   * @returns what is true of it, as `revents` of poll(2)
   * @throws as a rejection, ErrnoError EBADF; the signal's reason
   */
  poll(fd: RingFile, events: number, options?: OperationOptions): Promise<number>
  /**
   * Gives up whatever this ring does on a descriptor: those operations reject with ECANCELED. One operation alone is cancelled by its
   * signal. Linux 5.19.
   * @returns how many operations there were
   * @throws as a rejection, ErrnoError EBADF
   */
  cancel(fd: RingFile): Promise<number>
}

export const prepareNop = (): OperationEntry<void> => ({ syscall: 'nop', code: IORING_OP_NOP, ended: () => {} })

export function prepareTimeout(
  milliseconds: number | null | undefined,
  { count = 0, absolute = false }: TimeoutOptions,
): OperationEntry<boolean> {
  const offset = asInteger('count', count, 0)
  return { ...timeoutOf(IORING_OP_TIMEOUT, milliseconds), offset, flags: absolute ? IORING_TIMEOUT_ABS : 0 }
}

export const prepareLinkTimeout = (milliseconds: number | null | undefined): OperationEntry<boolean> =>
  timeoutOf(IORING_OP_LINK_TIMEOUT, milliseconds)

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

export function preparePoll(fd: RingFile, events: number): OperationEntry<number> {
  const flags = asInteger('events', events, 0, 0xffff)
  return { syscall: 'poll', code: IORING_OP_POLL_ADD, fd: asRingFile(fd), flags, ended: (revents) => revents }
}

/** @param held how many operations on it were given up that the kernel has not seen */
export function prepareCancel(fd: RingFile, held: number): OperationEntry<number> {
  const isFixed = typeof fd !== 'number'
  const kind = IORING_ASYNC_CANCEL_FD | (isFixed ? IORING_ASYNC_CANCEL_FD_FIXED : 0)
  return {
    syscall: 'cancel',
    code: IORING_OP_ASYNC_CANCEL,
    fd: isFixed ? fd.index : fd,
    flags: IORING_ASYNC_CANCEL_ALL | kind,
    ended: (result) => Math.max(result, 0) + held,
    expected: [-ENOENT],
  }
}

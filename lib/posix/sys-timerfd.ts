// sys/timerfd.h: a timer behind a descriptor, readable when it has expired.
import { check, checkOrNull } from '../errors.js'
import { constant, native } from '../native.js'
import { asFd, asInteger } from './internal/arguments.js'
import { asEventDescriptor } from './internal/event-descriptor.js'
import { asSetting, type NewSetting, type TimerSetting } from './internal/timer-setting.js'

export const TFD_CLOEXEC = constant('TFD_CLOEXEC')
export const TFD_NONBLOCK = constant('TFD_NONBLOCK')
export const TFD_TIMER_ABSTIME = constant('TFD_TIMER_ABSTIME')
export const TFD_TIMER_CANCEL_ON_SET = constant('TFD_TIMER_CANCEL_ON_SET')

export type { NewSetting, TimerSetting } from './internal/timer-setting.js'

/**
 * Makes a timer, not armed. The descriptor is close-on-exec whether or not `flags` says so.
 *
 * @param clockid CLOCK_MONOTONIC, CLOCK_REALTIME, CLOCK_BOOTTIME, or an _ALARM clock, which wakes a machine that sleeps
 * @param flags TFD_NONBLOCK (default 0)
 * @returns the descriptor, which the caller owns
 * @throws ErrnoError EINVAL, EPERM (an _ALARM clock without CAP_WAKE_ALARM), EMFILE, ENFILE, ENOMEM; ERR_INVALID_ARG_TYPE,
 *   ERR_OUT_OF_RANGE
 * @see man 2 timerfd_create
 */
export function timerfd_create(clockid: number, flags = 0): number {
  const clock = asInteger('clockid', clockid, 0)
  return check(native.timerfd_create(clock, asInteger('flags', flags) | TFD_CLOEXEC), 'timerfd_create')
}

/**
 * Arms a timer, or disarms it with a `value` of 0; expirations not yet read are forgotten. A time in the past expires at once.
 *
 * @param fd the timer, borrowed
 * @param flags TFD_TIMER_ABSTIME, TFD_TIMER_CANCEL_ON_SET, or 0
 * @param setting when, in milliseconds
 * @returns what it was set to, as timerfd_gettime gives it
 * @throws ErrnoError EBADF, EINVAL, ECANCELED; ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see man 2 timerfd_settime
 */
export function timerfd_settime(fd: number, flags: number, setting: NewSetting): TimerSetting {
  const { value, interval } = asSetting(setting)
  const old = new Float64Array(2)
  const result = native.timerfd_settime(asFd(fd), asInteger('flags', flags), value, interval, old)
  check(result, 'timerfd_settime')
  return { value: old[0]!, interval: old[1]! }
}

/**
 * What remains until a timer expires next, always relative to now, and its interval.
 * @throws ErrnoError EBADF, EINVAL (not a timerfd); ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see man 2 timerfd_gettime
 */
export function timerfd_gettime(fd: number): TimerSetting {
  const setting = new Float64Array(2)
  check(native.timerfd_gettime(asFd(fd), setting), 'timerfd_gettime')
  return { value: setting[0]!, interval: setting[1]! }
}

/**
 * Takes how often the timer has expired since it was read or set: C's read(2) of 8 bytes. Blocks the calling thread until it is
 * at least once, unless the descriptor is TFD_NONBLOCK.
 *
 * @returns 1n or more; `null` if it would block
 * @throws ErrnoError ECANCELED (TFD_TIMER_CANCEL_ON_SET, and the clock was set), EBADF, EINVAL (not a timerfd); ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see man 2 timerfd_create
 */
export function timerfd_read(fd: number): bigint | null {
  const count = new BigUint64Array(1)
  return checkOrNull(native.read(asEventDescriptor(fd, 'timerfd', 'read'), count, 0, 8), 'read') === null
    ? null
    : count[0]!
}

// time.h: the clocks, sleeping, and timers that send signals. All times are milliseconds.
import { check } from '../errors.js'
import { constant, native } from '../native.js'
import { asInteger } from './internal/arguments.js'
import { asWaitLimits, type AsyncOptions } from './internal/async-options.js'
import { asSignalNumber, type Signal } from './internal/signal-set.js'
import { asDuration, asSetting, type NewSetting, type TimerSetting } from './internal/timer-setting.js'
import { whenReady } from './event-loop/watch.js'
import { timerfd_create, timerfd_settime } from './sys-timerfd.js'
import { close } from './unistd.js'

export const CLOCK_REALTIME = constant('CLOCK_REALTIME')
export const CLOCK_MONOTONIC = constant('CLOCK_MONOTONIC')
export const CLOCK_BOOTTIME = constant('CLOCK_BOOTTIME')
export const CLOCK_REALTIME_ALARM = constant('CLOCK_REALTIME_ALARM')
export const CLOCK_BOOTTIME_ALARM = constant('CLOCK_BOOTTIME_ALARM')
export const CLOCK_PROCESS_CPUTIME_ID = constant('CLOCK_PROCESS_CPUTIME_ID')
export const CLOCK_THREAD_CPUTIME_ID = constant('CLOCK_THREAD_CPUTIME_ID')
export const CLOCK_MONOTONIC_RAW = constant('CLOCK_MONOTONIC_RAW')
export const CLOCK_MONOTONIC_COARSE = constant('CLOCK_MONOTONIC_COARSE')
export const CLOCK_REALTIME_COARSE = constant('CLOCK_REALTIME_COARSE')
export const CLOCK_TAI = constant('CLOCK_TAI')
export const TIMER_ABSTIME = constant('TIMER_ABSTIME')

/**
 * What a clock shows: what TFD_TIMER_ABSTIME counts in.
 *
 * @param clock one of the CLOCK_ constants
 * @returns milliseconds with their fraction: exact to the nanosecond for a clock that runs for days, to a quarter of a microsecond
 *   for CLOCK_REALTIME
 * @throws ErrnoError EINVAL; ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see man 2 clock_gettime
 */
export function clock_gettime(clock: number): number {
  const time = new Float64Array(1)
  check(native.clock_gettime(asInteger('clock', clock), time), 'clock_gettime')
  return time[0]!
}

/**
 * How fine a clock is.
 * @param clock one of the CLOCK_ constants
 * @returns milliseconds: 0.000001 for most
 * @throws ErrnoError EINVAL; ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see man 2 clock_getres
 */
export function clock_getres(clock: number): number {
  const time = new Float64Array(1)
  check(native.clock_getres(asInteger('clock', clock), time), 'clock_getres')
  return time[0]!
}

/**
 * Sleeps. Blocks the calling thread; a signal that interrupts it does not end it.
 *
 * @param clock CLOCK_MONOTONIC, CLOCK_REALTIME, CLOCK_BOOTTIME, CLOCK_TAI or CLOCK_PROCESS_CPUTIME_ID
 * @param flags 0: for `time` from now on; TIMER_ABSTIME: until the clock shows `time`
 * @param time milliseconds, with their fraction
 * @throws ErrnoError EINVAL, ENOTSUP (not that clock); ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see man 2 clock_nanosleep
 */
export function clock_nanosleep(clock: number, flags: number, time: number): void {
  const [which, how, until] = [asInteger('clock', clock), asInteger('flags', flags), asDuration('time', time)]
  check(native.clock_nanosleep(which, how, until), 'clock_nanosleep')
}

/**
 * As clock_nanosleep, without blocking the event loop: by a timerfd, to the nanosecond. It keeps the process alive.
 *
 * @param clock CLOCK_MONOTONIC, CLOCK_REALTIME, CLOCK_BOOTTIME or an _ALARM clock
 * @param options `signal`, `timeout`
 * @throws as a rejection, ErrnoError EINVAL, EMFILE; the signal's reason; a TimeoutError; ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see man 2 clock_nanosleep
 */
export async function clock_nanosleepAsync(
  clock: number,
  flags: number,
  time: number,
  options?: AsyncOptions,
): Promise<void> {
  const [how, value] = [asInteger('flags', flags), asDuration('time', time)]
  const signal = asWaitLimits(options)
  const fd = timerfd_create(clock)
  try {
    timerfd_settime(fd, how, { value: Math.max(value, 1e-6) }) // 0 would disarm it
    await whenReady(fd, constant('POLLIN'), { signal })
  } finally {
    close(fd)
  }
}

/** What a timer does when it expires. */
export interface TimerEvent {
  /** The signal that it sends, by number or name; left out: none, and timer_gettime is asked. */
  readonly signo?: Signal
  /** A 32-bit integer that goes with the signal (default 0), as sigqueue's. */
  readonly value?: number
  /** The thread that gets the signal, as gettid gives it; left out: the process. */
  readonly tid?: number
}

/**
 * Makes a timer that sends a signal, not armed: for `process.on`, sigwaitinfo or a signalfd. A forked child has none of its parent's timers.
 * A timerfd does the same without signals.
 *
 * @param clock one of the CLOCK_ constants
 * @param event what it does; left out: nothing
 * @returns the timer, a number; it lives until timer_delete or the end of the process
 * @throws ErrnoError EINVAL, EAGAIN, ENOTSUP, EPERM; ERR_UNKNOWN_SIGNAL, ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see man 2 timer_create
 */
export function timer_create(clock: number, event: TimerEvent = {}): number {
  const { signo, value = 0, tid = 0 } = event ?? {}
  const signal = signo === undefined ? 0 : asSignalNumber(signo, 1, 'event.signo')
  const [sent, to] = [asInteger('event.value', value), asInteger('event.tid', tid, 0)]
  return check(native.timer_create(asInteger('clock', clock), signal, sent, to), 'timer_create')
}

const asTimer = (timer: unknown): number => asInteger('timer', timer, 0)

/**
 * Arms a timer, or disarms it with a `value` of 0.
 *
 * @param timer what timer_create gave
 * @param flags TIMER_ABSTIME, or 0
 * @param setting when, and again after each `interval`, in milliseconds
 * @returns what it was set to, as timer_gettime gives it
 * @throws ErrnoError EINVAL (no such timer); ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see man 2 timer_settime
 */
export function timer_settime(timer: number, flags: number, setting: NewSetting): TimerSetting {
  const { value, interval } = asSetting(setting)
  const old = new Float64Array(2)
  check(native.timer_settime(asTimer(timer), asInteger('flags', flags), value, interval, old), 'timer_settime')
  return { value: old[0]!, interval: old[1]! }
}

/**
 * What remains until a timer expires next, and its interval; a `value` of 0: it is not armed.
 * @throws ErrnoError EINVAL (no such timer); ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see man 2 timer_gettime
 */
export function timer_gettime(timer: number): TimerSetting {
  const setting = new Float64Array(2)
  check(native.timer_gettime(asTimer(timer), setting), 'timer_gettime')
  return { value: setting[0]!, interval: setting[1]! }
}

/**
 * How often a timer had expired again when its last signal was taken.
 * @throws ErrnoError EINVAL (no such timer); ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see man 2 timer_getoverrun
 */
export function timer_getoverrun(timer: number): number {
  return check(native.timer_getoverrun(asTimer(timer)), 'timer_getoverrun')
}

/**
 * Ends a timer. What it had sent stays sent.
 * @throws ErrnoError EINVAL (no such timer); ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see man 2 timer_delete
 */
export function timer_delete(timer: number): void {
  check(native.timer_delete(asTimer(timer)), 'timer_delete')
}

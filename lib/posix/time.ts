// time.h: the clocks, in milliseconds.
import { check } from '../errors.js'
import { constant, native } from '../native.js'
import { asInteger } from './internal/arguments.js'

export const CLOCK_REALTIME = constant('CLOCK_REALTIME')
export const CLOCK_MONOTONIC = constant('CLOCK_MONOTONIC')
export const CLOCK_BOOTTIME = constant('CLOCK_BOOTTIME')
export const CLOCK_REALTIME_ALARM = constant('CLOCK_REALTIME_ALARM')
export const CLOCK_BOOTTIME_ALARM = constant('CLOCK_BOOTTIME_ALARM')
export const CLOCK_PROCESS_CPUTIME_ID = constant('CLOCK_PROCESS_CPUTIME_ID')
export const CLOCK_THREAD_CPUTIME_ID = constant('CLOCK_THREAD_CPUTIME_ID')

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

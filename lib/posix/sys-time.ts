// sys/time.h: the three timers that every process has, which send signals.
import { check } from '../errors.js'
import { constant, native } from '../native.js'
import { asInteger } from './internal/arguments.js'
import { asSetting, type NewSetting, type TimerSetting } from './internal/timer-setting.js'

export const ITIMER_REAL = constant('ITIMER_REAL')
export const ITIMER_VIRTUAL = constant('ITIMER_VIRTUAL')
export const ITIMER_PROF = constant('ITIMER_PROF')

/**
 * Arms one of the process's own timers, or disarms it with a `value` of 0: ITIMER_REAL sends SIGALRM after that time, ITIMER_VIRTUAL
 * SIGVTALRM after so much time in the process's own code, ITIMER_PROF SIGPROF with that of the kernel for it. Without a handler each of
 * these ends the process. `alarm` is ITIMER_REAL too. A forked child has none of its parent's.
 *
 * @param which ITIMER_REAL, ITIMER_VIRTUAL or ITIMER_PROF (which Node's --prof uses)
 * @param setting milliseconds, rounded up to microseconds
 * @returns what it was set to
 * @throws ErrnoError EINVAL; ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see man 2 setitimer
 */
export function setitimer(which: number, setting: NewSetting): TimerSetting {
  const { value, interval } = asSetting(setting)
  return asked('setitimer', which, true, value, interval)
}

/**
 * What remains until one of the process's own timers expires, and its interval.
 * @throws ErrnoError EINVAL; ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see man 2 getitimer
 */
export function getitimer(which: number): TimerSetting {
  return asked('getitimer', which, false, 0, 0)
}

function asked(syscall: string, which: number, sets: boolean, value: number, interval: number): TimerSetting {
  const old = new Float64Array(2)
  check(native.itimer(asInteger('which', which), sets, value, interval, old), syscall)
  return { value: old[0]!, interval: old[1]! }
}

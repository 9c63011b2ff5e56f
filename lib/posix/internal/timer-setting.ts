// When a timer is to expire, as timers of every kind are set: timerfd, timer_create, setitimer. Internal.
import { invalidArgType, outOfRange } from '../../errors.js'

/** Milliseconds, with their fraction. */
export interface TimerSetting {
  /** Until the timer expires next; 0 where it is not armed. */
  value: number
  /** Between expirations after that; 0 where there is only one. */
  interval: number
}

/** What a timer is set to. */
export interface NewSetting {
  /** Until it expires first, in milliseconds; 0 disarms it. */
  readonly value: number
  /** Between expirations after that (default 0: there is only one). */
  readonly interval?: number | undefined
}

const MAX_DURATION = Number.MAX_SAFE_INTEGER

/** Milliseconds from 0 on. @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE */
export function asDuration(name: string, value: unknown): number {
  if (typeof value !== 'number') throw invalidArgType(name, 'of type number', value)
  if (!(value >= 0 && value <= MAX_DURATION)) throw outOfRange(name, `>= 0 && <= ${MAX_DURATION}`, value)
  return value
}

/** @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE */
export function asSetting(setting: unknown): TimerSetting {
  if (typeof setting !== 'object' || setting === null) throw invalidArgType('setting', 'of type object', setting)
  const { value, interval } = setting as NewSetting
  return { value: asDuration('setting.value', value), interval: asDuration('setting.interval', interval ?? 0) }
}

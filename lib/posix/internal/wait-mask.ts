// The signal mask that ppoll, pselect and epoll_pwait2 put in force for the time of the call.
import { asSignalSet, type Signal } from './signal-set.js'

/** The signals to block while a call waits: numbers or names. */
export type SignalMask = Iterable<Signal>

/** For the natives, an empty set where the thread's own mask stays in force. */
export const OWN_MASK = new BigUint64Array(0)

export function asSignalMask(value: unknown, name = 'sigmask'): BigUint64Array {
  return value === null || value === undefined ? OWN_MASK : asSignalSet(value, name)
}

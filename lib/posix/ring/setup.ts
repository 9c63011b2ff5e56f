// What a ring is made with, and whether one can be made here. Internal; io-uring.ts is its face.
import { constants } from 'node:os'
import { namesOf, refuseUnknown } from '../internal/known-options.js'
import { type ErrnoError, errnoCode, invalidArgType, invalidArgValue } from '../../errors.js'
import { asInteger } from '../internal/arguments.js'

const { ENOSYS, EPERM, ENOMEM } = constants.errno

export interface RingOptions {
  /** How many operations are handed over by one system call: a power of two, 1 to 4096 (default 256). More may be in flight. */
  entries?: number
  /** How many completions the kernel holds in memory before it makes a list of them (default: twice the entries). */
  completions?: number
}

/** The sizes of a ring's two queues. @throws ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE, ERR_OUT_OF_RANGE */
const SIZES = namesOf<RingOptions>({ entries: true, completions: true })

export function asRingSizes(options: RingOptions): [entries: number, completions: number] {
  if (typeof options !== 'object' || options === null) throw invalidArgType('options', 'of type object', options)
  refuseUnknown(options, SIZES)
  const { entries = 256, completions = 0 } = options
  asInteger('options.entries', entries, 1, 4096)
  if ((entries & (entries - 1)) !== 0) throw invalidArgValue('options.entries', 'must be a power of two', entries)
  return [entries, asInteger('options.completions', completions, 0, 65536)]
}

/** Whether io_uring can be used here; where not, why, and the code of the error that a new Ring throws. */
export type RingAvailability = { available: true } | { available: false; code: string; reason: string }

const reasons: Record<number, string> = {
  [ENOSYS]: 'this kernel has no io_uring, or one too old',
  [EPERM]: 'io_uring is switched off: sysctl kernel.io_uring_disabled, or the seccomp profile of a container',
  [ENOMEM]: 'no memory may be locked for it: ulimit -l',
}

/** What the kernel answers to a `make` that makes a ring and frees it. Never throws. */
export function availabilityOf(make: () => void): RingAvailability {
  try {
    make()
    return { available: true }
  } catch (error) {
    const { errno = 0, message } = error as Partial<ErrnoError> & Error
    return { available: false, code: errnoCode(errno), reason: reasons[-errno] ?? message }
  }
}

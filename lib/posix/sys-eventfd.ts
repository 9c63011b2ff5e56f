// sys/eventfd.h: a counter behind a descriptor, for waking threads and processes that wait on it.
import { check, checkOrNull, invalidArgType, outOfRange } from '../errors.js'
import { constant, native } from '../native.js'
import { asInteger } from './internal/arguments.js'
import { asEventDescriptor } from './internal/event-descriptor.js'

export const EFD_CLOEXEC = constant('EFD_CLOEXEC')
export const EFD_NONBLOCK = constant('EFD_NONBLOCK')
export const EFD_SEMAPHORE = constant('EFD_SEMAPHORE')

const UINT_MAX = 0xffffffff
const MAX_VALUE = (1n << 64n) - 1n

/**
 * Makes a counter. The descriptor is close-on-exec whether or not `flags` says so. It is readable while the count is above 0, writable
 * while there is room for 1.
 *
 * @param initval the count to begin with, 0 to 2**32 - 1 (default 0)
 * @param flags EFD_NONBLOCK, EFD_SEMAPHORE (default 0)
 * @returns the descriptor, which the caller owns
 * @throws ErrnoError EINVAL, EMFILE, ENFILE, ENOMEM; ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see man 2 eventfd
 */
export function eventfd(initval = 0, flags = 0): number {
  const count = asInteger('initval', initval, 0, UINT_MAX)
  return check(native.eventfd(count, asInteger('flags', flags) | EFD_CLOEXEC), 'eventfd')
}

/**
 * Takes the count and sets it to 0; with EFD_SEMAPHORE takes 1 of it. Blocks the calling thread while the count is 0, unless the
 * descriptor is EFD_NONBLOCK.
 *
 * @returns what was taken; `null` if it would block
 * @throws ErrnoError EBADF, EINVAL (not an eventfd); ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see man 3 eventfd_read
 */
export function eventfd_read(fd: number): bigint | null {
  const count = new BigUint64Array(1)
  return checkOrNull(native.read(asEventDescriptor(fd, 'eventfd', 'eventfd_read'), count, 0, 8), 'eventfd_read') ===
    null
    ? null
    : count[0]!
}

/**
 * Adds to the count, which holds up to 2**64 - 2. Blocks the calling thread until there is room, unless the descriptor is
 * EFD_NONBLOCK.
 *
 * @param value what to add: a bigint, or an integer that a number holds exactly
 * @returns true; `null` if it would block
 * @throws ErrnoError EBADF, EINVAL (2**64 - 1, or not an eventfd); ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see man 3 eventfd_write
 */
export function eventfd_write(fd: number, value: bigint | number): true | null {
  const count = BigUint64Array.of(asCount(value))
  const result = native.write(asEventDescriptor(fd, 'eventfd', 'eventfd_write'), count, 0, 8)
  return checkOrNull(result, 'eventfd_write') === null ? null : true
}

function asCount(value: unknown): bigint {
  if (typeof value === 'number') return BigInt(asInteger('value', value, 0, Number.MAX_SAFE_INTEGER))
  if (typeof value !== 'bigint') throw invalidArgType('value', 'of type bigint or number', value)
  if (value < 0n || value > MAX_VALUE) throw outOfRange('value', '>= 0 && <= 2 ** 64 - 1', value)
  return value
}

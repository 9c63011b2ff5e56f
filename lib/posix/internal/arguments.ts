// What every C function checks of its arguments before a system call is made, each check written once.
import { invalidArgType, invalidArgValue, outOfRange, codedError } from '../../errors.js'
import type { ByteView } from '../../native.js'

export const INT_MAX = 0x7fffffff

/** An integer from `min` to `max`. Throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE. */
export function asInteger(name: string, value: unknown, min = -INT_MAX - 1, max = INT_MAX): number {
  if (typeof value !== 'number') throw invalidArgType(name, 'of type number', value)
  if (!Number.isInteger(value)) throw outOfRange(name, 'an integer', value)
  if (value < min || value > max) throw outOfRange(name, `>= ${min} && <= ${max}`, value)
  return value
}

/** A descriptor number. A closed one passes here: the kernel answers EBADF. */
export function asFd(value: unknown, name = 'fd'): number {
  return asInteger(name, value, 0, INT_MAX)
}

/** A file path without NUL bytes. */
export function asPath(value: unknown, name = 'path'): string {
  if (typeof value !== 'string') throw invalidArgType(name, 'of type string', value)
  if (value.includes('\0')) throw invalidArgValue(name, 'must be a string without null bytes', value)
  return value
}

/** A timeout in milliseconds for poll(2) and its like: negative, null, undefined and Infinity wait for ever (-1). */
export function asTimeout(value: unknown, name = 'timeout'): number {
  if (value === null || value === undefined || value === Infinity) return -1
  if (typeof value !== 'number') throw invalidArgType(name, 'of type number or null', value)
  if (Number.isNaN(value)) throw outOfRange(name, 'a number of milliseconds', value)
  return value < 0 ? -1 : Math.min(Math.ceil(value), INT_MAX)
}

/** As asTimeout, with fractions of a millisecond left as they are, for calls that count in nanoseconds. */
export function asExactTimeout(value: unknown, name = 'timeout'): number {
  const whole = asTimeout(value, name)
  return whole < 0 ? -1 : Math.min(value as number, INT_MAX)
}

/** Bytes in memory, and which of them: checked against the view's own length with no 32-bit arithmetic. */
export interface Span {
  readonly view: ByteView
  readonly offset: number
  readonly length: number
}

export function isDetached(view: ByteView): boolean {
  if (view.byteLength !== 0) return false
  const buffer = ArrayBuffer.isView(view) ? view.buffer : view
  try {
    new Uint8Array(buffer as ArrayBuffer)
    return false
  } catch {
    return true
  }
}

/**
 * `offset` and `length` bytes of a view. Throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE, and ERR_INVALID_STATE where the
 * view's ArrayBuffer is detached.
 */
export function asSpan(view: unknown, offset: unknown = 0, length?: unknown, name = 'buffer'): Span {
  if (!ArrayBuffer.isView(view) && !(view instanceof ArrayBuffer) && !(view instanceof SharedArrayBuffer)) {
    throw invalidArgType(name, 'an instance of Buffer, TypedArray, DataView or ArrayBuffer', view)
  }
  if (isDetached(view)) throw codedError(TypeError, 'ERR_INVALID_STATE', `Invalid state: "${name}" is detached`)
  const from = asInteger('offset', offset, 0, view.byteLength)
  const room = view.byteLength - from
  const count = length === undefined ? room : asInteger('length', length, 0, room)
  return { view: view instanceof SharedArrayBuffer ? new Uint8Array(view) : view, offset: from, length: count }
}

/** As asSpan; a string is taken as its UTF-8 bytes. */
export function asData(data: unknown, offset?: unknown, length?: unknown, name = 'data'): Span {
  return asSpan(typeof data === 'string' ? Buffer.from(data) : data, offset, length, name)
}

// What every C function checks of its arguments before a system call is made, each check written once.
import { types } from 'node:util'
import { invalidArgType, invalidArgValue, outOfRange, codedError } from '../../errors.js'
import type { ByteView, PathName } from '../../native.js'
import { asUint8Array, byteLengthOf, bytesIn, isGone, isMemory, mayShrink } from './memory-view.js'

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

/** As asPath; a name that is no UTF-8 is given as its bytes, and any name may be. */
export function asPathName(value: unknown, name = 'path'): PathName {
  if (typeof value === 'string') return asPath(value, name)
  if (!types.isUint8Array(value)) throw invalidArgType(name, 'of type string or an instance of Buffer', value)
  const bytes = bytesOf(asSpan(value, 0, undefined, name))
  if (bytes.includes(0)) throw invalidArgValue(name, 'must be without null bytes', value)
  return bytes.slice() // what was looked at is what the kernel gets, whatever another thread writes into that memory
}

/** What an error says of a name. */
export const shownPath = (path: PathName): string => (typeof path === 'string' ? path : Buffer.from(path).toString())

/** A timeout in milliseconds for poll(2) and its like: negative, null, undefined and Infinity wait for ever (-1). */
export function asTimeout(value: unknown, name = 'timeout'): number {
  if (value === null || value === undefined || value === Infinity) return -1
  if (typeof value !== 'number') throw invalidArgType(name, 'of type number or null', value)
  if (Number.isNaN(value)) throw outOfRange(name, 'a number of milliseconds', value)
  return value < 0 ? -1 : Math.min(Math.ceil(value), INT_MAX)
}

/** As asTimeout, with fractions of a millisecond left as they are, for calls that count in nanoseconds. */
export function asExactTimeout(value: unknown, name = 'timeout'): number {
  return Math.min(asTime(value, name), INT_MAX)
}

/** As asExactTimeout, however long it is: for clocks' times, which may be those of a machine that is up for months. */
export function asTime(value: unknown, name = 'timeout'): number {
  return asTimeout(value, name) < 0 ? -1 : (value as number)
}

/** Bytes in memory, and which of them: checked against the length that the engine knows, with no 32-bit arithmetic. */
export interface Span {
  readonly view: Uint8Array
  readonly offset: number
  readonly length: number
}

/** ERR_INVALID_STATE where the memory of a view is detached, or has become too short for it. */
export function refuseGone(view: ByteView, name = 'buffer'): void {
  if (isGone(view)) throw codedError(TypeError, 'ERR_INVALID_STATE', `Invalid state: "${name}" is detached`)
}

/** Memory of any kind. Throws ERR_INVALID_ARG_TYPE, and ERR_INVALID_STATE where it is detached. */
export function asMemory(view: unknown, name = 'buffer'): ByteView {
  if (!isMemory(view)) {
    throw invalidArgType(name, 'an instance of Buffer, TypedArray, DataView or ArrayBuffer', view)
  }
  refuseGone(view, name)
  return view
}

/**
 * `offset` and `length` bytes of a view. Throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE, and ERR_INVALID_STATE where the
 * view's ArrayBuffer is detached.
 */
export function asSpan(view: unknown, offset: unknown = 0, length?: unknown, name = 'buffer'): Span {
  const memory = asMemory(view, name)
  const size = byteLengthOf(memory)
  const from = asInteger('offset', offset, 0, size)
  const count = length === undefined ? size - from : asInteger('length', length, 0, size - from)
  return { view: asUint8Array(memory), offset: from, length: count }
}

/** The bytes of a span. */
export const bytesOf = ({ view, offset, length }: Span): Uint8Array => bytesIn(view, offset, length)

/** As asSpan; a string is taken as its UTF-8 bytes. */
export function asData(data: unknown, offset?: unknown, length?: unknown, name = 'data'): Span {
  return asSpan(typeof data === 'string' ? Buffer.from(data) : data, offset, length, name)
}

/** As asSpan, of memory that cannot become shorter: what an operation uses that goes on after the call. Throws ERR_INVALID_ARG_VALUE too. */
export function asFixedSpan(view: unknown, offset?: unknown, length?: unknown, name = 'buffer'): Span {
  if (mayShrink(asMemory(view, name))) throw invalidArgValue(name, 'must not be a resizable ArrayBuffer', view)
  return asSpan(view, offset, length, name)
}

/** As asFixedSpan; a string is taken as its UTF-8 bytes. */
export function asFixedData(data: unknown, offset?: unknown, length?: unknown, name = 'data'): Span {
  return typeof data === 'string' ? asData(data, offset, length, name) : asFixedSpan(data, offset, length, name)
}

/**
 * The elements of an array, each as `asElement` gives it, in an array of its own; `asElement` refuses the undefined that a hole is. Throws
 * ERR_INVALID_ARG_TYPE, and ERR_OUT_OF_RANGE where there are more than `most`.
 */
export function asList<T>(
  name: string,
  list: unknown,
  asElement: (element: unknown, name: string) => T,
  most = INT_MAX,
): T[] {
  if (!Array.isArray(list)) throw invalidArgType(name, 'an instance of Array', list)
  const count = asInteger(`${name}.length`, list.length, 0, most)
  const elements: T[] = []
  for (let at = 0; at < count; at++) elements[at] = asElement(list[at], `${name}[${at}]`)
  return elements
}

// What the promise forms of the I/O calls have in common: their options, and whether a descriptor is one that can be waited for.
import { refuseUnknown } from './known-options.js'
import { check, invalidArgType } from '../../errors.js'
import { constant, native } from '../../native.js'
import { asSignalOption } from './abort-signal.js'
import { asTimeout } from './arguments.js'

const S_IFREG = constant('S_IFREG')
const S_IFBLK = constant('S_IFBLK')

/** What calls that wait take. */
export const WAIT_OPTIONS = ['signal', 'timeout']

export interface AsyncOptions {
  /** Ends the wait: the promise rejects with its reason. */
  signal?: AbortSignal | null | undefined
  /** Milliseconds for the whole call, after which it rejects with a DOMException 'TimeoutError'; null or left out: no limit. */
  timeout?: number | null | undefined
}

/** The signal that ends a call: the caller's, its time limit's, or either. @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE, the signal's reason */
export function asWaitLimits(options: unknown): AbortSignal | undefined {
  if (options === undefined) return undefined
  if (typeof options !== 'object' || options === null) throw invalidArgType('options', 'of type object', options)
  refuseUnknown(options, WAIT_OPTIONS)
  const { signal: given, timeout } = options as AsyncOptions
  const signal = asSignalOption(given)
  const limit = asTimeout(timeout)
  if (limit < 0) return signal
  const timer = AbortSignal.timeout(limit)
  return signal ? AbortSignal.any([signal, timer]) : timer
}

/** Whether it is a file or a disk, for which there is no readiness. @throws ErrnoError EBADF */
export function isFile(fd: number): boolean {
  const type = check(native.file_type(fd), 'fstat')
  return type === S_IFREG || type === S_IFBLK
}

// The signal that ends a wait, as every call that waits takes it: `{ signal }`.
import { invalidArgType } from '../../errors.js'
import { refuseUnknown } from './known-options.js'

const ONLY_SIGNAL = ['signal']

/** @throws ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE (an option that is not one of `known`), and the reason of a signal that is aborted already */
export function asAbortSignal(options: unknown, known: readonly string[] = ONLY_SIGNAL): AbortSignal | undefined {
  if (options === undefined) return undefined
  if (typeof options !== 'object' || options === null) throw invalidArgType('options', 'of type object', options)
  refuseUnknown(options, known)
  return asSignalOption((options as { signal?: unknown }).signal)
}

/** A signal, or none. @throws ERR_INVALID_ARG_TYPE, and the reason of a signal that is aborted already */
export function asSignalOption(signal: unknown): AbortSignal | undefined {
  if (signal === undefined || signal === null) return undefined
  if (!(signal instanceof AbortSignal)) throw invalidArgType('options.signal', 'an instance of AbortSignal', signal)
  signal.throwIfAborted()
  return signal
}

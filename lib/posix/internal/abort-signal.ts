// The signal that ends a wait, as every call that waits takes it: `{ signal }`.
import { invalidArgType } from '../../errors.js'

/** @throws ERR_INVALID_ARG_TYPE, and the reason of a signal that is aborted already */
export function asAbortSignal(options: unknown): AbortSignal | undefined {
  if (options === undefined) return undefined
  if (typeof options !== 'object' || options === null) throw invalidArgType('options', 'of type object', options)
  const { signal = null } = options as { signal?: unknown }
  if (signal === null) return undefined
  if (!(signal instanceof AbortSignal)) throw invalidArgType('options.signal', 'an instance of AbortSignal', signal)
  signal.throwIfAborted()
  return signal
}

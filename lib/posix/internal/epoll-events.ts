// The event masks of epoll. Internal.
import { asInteger } from './arguments.js'

/** An event mask as the kernel has it, 32 bits without a sign. @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE */
export function asEpollEvents(value: unknown, name = 'events'): number {
  return asInteger(name, value, -0x80000000, 0xffffffff) >>> 0
}

// What a failed accept4 says, told apart once for all accept loops. See: man 2 accept.
import { constants } from 'node:os'
import { ErrnoError } from '../../errors.js'

/** How long accepting rests when the kernel has no descriptors or memory left, in milliseconds. */
export const EXHAUSTED_PAUSE = 25

const { errno } = constants
const exhausted: readonly number[] = [errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM]
// Errors of the connection that was about to be accepted, which Linux hands on, not of the listener.
const ofConnection: readonly number[] = [
  errno.ECONNABORTED,
  errno.ECONNRESET,
  errno.EPERM, // a firewall's rule
  errno.EPROTO,
  errno.ENOPROTOOPT,
  errno.ENETDOWN,
  errno.ENETUNREACH,
  errno.EHOSTUNREACH,
  errno.ETIMEDOUT,
]

/**
 * 'exhausted': try again later; 'connection': that client is gone, the next may come; 'stopped': the listener was shut down or closed;
 * 'failed': the listener is of no use any more.
 */
export function acceptFailure(error: unknown): 'exhausted' | 'connection' | 'stopped' | 'failed' {
  const number = error instanceof ErrnoError ? -error.errno : 0
  if (exhausted.includes(number)) return 'exhausted'
  if (ofConnection.includes(number)) return 'connection'
  return number === errno.EINVAL || number === errno.EBADF ? 'stopped' : 'failed'
}

// accept and accept4: the connections of a listening socket.
import { checkOrNull } from '../../errors.js'
import { constant, native } from '../../native.js'
import { asFd, asInteger } from '../internal/arguments.js'
import { addressOut, receivedAddress, type SocketAddress } from './socket-address.js'

const SOCK_CLOEXEC = constant('SOCK_CLOEXEC')

/** A connection that was accepted. */
export interface Accepted {
  /** Its descriptor, which the caller owns. */
  readonly fd: number
  /** Who is at the other end. */
  readonly address: SocketAddress
}

/**
 * Takes the next connection; its descriptor is always close-on-exec. Blocks the calling thread unless `fd` is O_NONBLOCK.
 *
 * @param fd a listening socket, borrowed
 * @param flags SOCK_NONBLOCK or 0 (default)
 * @returns the connection, or `null` if it would block
 * @throws ErrnoError ECONNABORTED, EMFILE, ENFILE, ENOBUFS, EPERM, EBADF, EINVAL ...
 * @see man 2 accept4
 */
export function accept4(fd: number, flags = 0): Accepted | null {
  const result = native.accept4(asFd(fd), asInteger('flags', flags) | SOCK_CLOEXEC, addressOut)
  if (result < 0) return checkOrNull(result, 'accept4') as null
  return { fd: result, address: receivedAddress()! }
}

/**
 * As accept4 without flags: the connection's descriptor is close-on-exec here too, and blocking whatever `fd` is.
 *
 * @throws ErrnoError as accept4 does
 * @see man 2 accept
 */
export function accept(fd: number): Accepted | null {
  const result = native.accept4(asFd(fd), SOCK_CLOEXEC, addressOut)
  if (result < 0) return checkOrNull(result, 'accept') as null
  return { fd: result, address: receivedAddress()! }
}

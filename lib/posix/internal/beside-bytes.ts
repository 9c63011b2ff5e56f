// The calls of a channel that sends many small messages: as recvmsg and sendmsg of sys/socket.h, for arguments that were checked and sockets
// without addresses. Internal. See: man 2 recvmsg.
import { check, checkOrNull } from '../../errors.js'
import { constant, native } from '../../native.js'
import { COUNT_AT, FDS_AT, FLAGS_AT, received } from '../socket/received.js'
import { addressOut } from '../socket/socket-address.js'

const MSG_DONTWAIT = constant('MSG_DONTWAIT')
const MSG_NOSIGNAL = constant('MSG_NOSIGNAL')
const NO_ADDRESS = new Uint8Array(0)
const NO_CREDENTIALS = new Int32Array(0)
const NO_PKTINFO = new Uint8Array(0)
const NO_FDS: readonly number[] = []

/** Flags of what `receiveBeside` took in last: MSG_CTRUNC where descriptors were lost. */
export const flagsBeside = (): number => received[FLAGS_AT]!

/** Descriptors that came with it, close-on-exec, the caller's own. */
export function fdsBeside(): readonly number[] {
  const count = received[COUNT_AT]!
  return count === 0 ? NO_FDS : [...received.subarray(FDS_AT, FDS_AT + count)]
}

/** How many bytes came; 0 at the end; null where nothing is there now. @throws ErrnoError ECONNRESET, EBADF ... */
export function receiveBeside(fd: number, buffer: Uint8Array): number | null {
  const count = native.recvmsg(fd, MSG_DONTWAIT, addressOut, received, buffer)
  return count < 0 ? checkOrNull(count, 'recvmsg') : count
}

/**
 * Sends bytes, and `fds` beside the first of them.
 * @param waits whether to wait for room
 * @returns how many bytes were taken; null where there is no room now
 * @throws ErrnoError EPIPE, ECONNRESET, EBADF, ETOOMANYREFS ...
 */
export function sendBeside(fd: number, bytes: Uint8Array, fds: readonly number[], waits: boolean): number | null {
  const flags = waits ? MSG_NOSIGNAL : MSG_NOSIGNAL | MSG_DONTWAIT
  const count =
    fds.length === 0
      ? native.send(fd, bytes, 0, bytes.length, flags)
      : native.sendmsg(fd, flags, NO_ADDRESS, Int32Array.from(fds), NO_CREDENTIALS, NO_PKTINFO, bytes)
  return waits ? check(count, 'sendmsg') : checkOrNull(count, 'sendmsg')
}

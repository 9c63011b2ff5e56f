// sendmsg and recvmsg: scattered bytes, and with them descriptors (SCM_RIGHTS) and credentials (SCM_CREDENTIALS).
import { checkOrNull, invalidArgType, invalidArgValue } from '../../errors.js'
import { constant, native, type ByteView } from '../../native.js'
import { asData, asFd, asInteger, asList, asSpan, bytesOf, type Span } from '../internal/arguments.js'
import type { Travellers } from './control-messages.js'
import { FDS_AT, PKTINFO_AT, received } from './received.js'
import { addressOut, detailsOf, encodeAddress, receivedAddress, type SocketAddress } from './socket-address.js'
import { decodePktinfo, encodePktinfo, type Pktinfo } from './pktinfo.js'
import { getsockopt, SO_TYPE, SOL_SOCKET, type Credentials } from './socket-options.js'

/** What sendmsg sends. */
export interface OutgoingMessage {
  /** Bytes, or several pieces that go out as one. */
  readonly data: string | ByteView | readonly (string | ByteView)[]
  /** Descriptors that the receiver gets copies of (Unix sockets; 253 at most); they stay the caller's own too. */
  readonly fds?: readonly number[]
  /** The sender (Unix sockets); the kernel lets only root give another process or user. */
  readonly credentials?: Credentials
  /** Where to, on a socket that is not connected. */
  readonly address?: SocketAddress
  /** By which interface, and from which of this machine's addresses (`specDst`), a datagram goes out. */
  readonly pktinfo?: Pktinfo
}

/** What recvmsg received. */
export interface IncomingMessage {
  /** How many bytes, over all the buffers; 0 at the end of a stream. */
  readonly bytes: number
  /** Descriptors that were sent along: close-on-exec, and the caller's own. */
  readonly fds: number[]
  /** The sender, where SO_PASSCRED is set on the socket, else `null`. */
  readonly credentials: Credentials | null
  /** MSG_TRUNC, MSG_CTRUNC, MSG_EOR, MSG_OOB. */
  readonly flags: number
  /** The sender's address; `null` on a connected stream. */
  readonly address: SocketAddress | null
  /** Where a datagram came in, where IP_PKTINFO or IPV6_RECVPKTINFO is set on the socket; else left out. */
  readonly pktinfo?: Pktinfo
}

const SCM_MAX_FD = constant('SCM_MAX_FD')
/** How many pieces of memory, or messages, one call takes. */
export const IOV_MAX = 1024
const none = new Uint8Array(0)

/**
 * Sends bytes, and with them descriptors and credentials. Blocks the calling thread unless the socket is O_NONBLOCK or MSG_DONTWAIT is given.
 * Never raises SIGPIPE (MSG_NOSIGNAL is always added).
 *
 * @param fd a socket, borrowed
 * @param message `{ data, fds, credentials, address, pktinfo }`; on a stream, descriptors need at least one byte to travel with
 * @param flags MSG_DONTWAIT, MSG_EOR, MSG_MORE ... (default 0)
 * @returns how many bytes were taken (the ancillary data goes with the first of them); `null` if it would block
 * @throws ErrnoError EPIPE, EPERM (credentials), EBADF (also for one of `fds`), EMSGSIZE, ETOOMANYREFS, ENOTCONN ...;
 *   ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE, ERR_OUT_OF_RANGE, ERR_INVALID_STATE
 * @see man 2 sendmsg, man 7 unix
 */
export function sendmsg(fd: number, message: OutgoingMessage, flags = 0): number | null {
  if (typeof message !== 'object' || message === null) throw invalidArgType('message', 'of type object', message)
  const { data, address } = message
  const buffers = piecesOf('message.data', data, asData)
  const size = buffers.reduce((sum, { length }) => sum + length, 0)
  const { fds, credentials } = checkTravellers(asFd(fd), size, message.fds, message.credentials)
  const to = address === undefined ? none : encodeAddress(address, 'sendmsg')
  const how = asInteger('flags', flags) | constant('MSG_NOSIGNAL')
  const { pid, uid, gid } = credentials ?? {}
  const claim = Int32Array.from(credentials ? [pid!, uid!, gid!] : [])
  const by = message.pktinfo === undefined ? none : encodePktinfo(message.pktinfo)
  const result = native.sendmsg(fd, how, to, Int32Array.from(fds), claim, by, ...buffers)
  return checkOrNull(result, 'sendmsg', address && detailsOf(address))
}

/**
 * Receives bytes, and with them descriptors, credentials and the address that a datagram was sent to. Other kinds of ancillary data are
 * left out. Blocks the calling thread unless the socket is O_NONBLOCK or MSG_DONTWAIT is given.
 *
 * @param fd a socket, borrowed
 * @param buffer takes the bytes; several are filled one after the other
 * @param flags MSG_DONTWAIT, MSG_PEEK, MSG_WAITALL ... (default 0); MSG_CMSG_CLOEXEC is always added
 * @returns `{ bytes, fds, credentials, flags, address, pktinfo }`, or `null` if it would block
 * @throws ErrnoError ECONNRESET, ENOTCONN, EBADF ...; ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE, ERR_INVALID_STATE
 * @see man 2 recvmsg, man 7 unix
 */
export function recvmsg(fd: number, buffer: ByteView | readonly ByteView[], flags = 0): IncomingMessage | null {
  const buffers = piecesOf('buffer', buffer, asSpan)
  const result = native.recvmsg(asFd(fd), asInteger('flags', flags), addressOut, received, ...buffers)
  if (result < 0) return checkOrNull(result, 'recvmsg') as null
  const [outFlags = 0, hasCredentials, pid = 0, uid = 0, gid = 0, pktinfoSize = 0] = received
  const count = received[FDS_AT - 1]!
  return {
    bytes: result,
    fds: [...received.subarray(FDS_AT, FDS_AT + count)],
    credentials: hasCredentials ? { pid, uid: uid >>> 0, gid: gid >>> 0 } : null,
    flags: outFlags,
    address: receivedAddress(),
    ...(pktinfoSize > 0 && { pktinfo: decodePktinfo(Buffer.from(received.buffer, PKTINFO_AT * 4, pktinfoSize)) }),
  }
}

type AsSpan = (piece: unknown, offset: undefined, length: undefined, name: string) => Span

/** One piece of memory, or several, checked. Internal. */
export function piecesOf(name: string, pieces: unknown, as: AsSpan): Uint8Array[] {
  const view = (piece: unknown, its: string): Uint8Array => bytesOf(as(piece, undefined, undefined, its))
  return Array.isArray(pieces) ? asList(name, pieces, view, IOV_MAX) : [view(pieces, name)]
}

/**
 * What is to travel with so many bytes, checked. Internal.
 * @throws ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE, ERR_OUT_OF_RANGE
 */
export function checkTravellers(
  socket: unknown,
  bytes: number,
  fds: unknown,
  credentials: Credentials | undefined,
): Travellers {
  const travelling = asFds(fds)
  if (travelling.length > 0 && typeof socket === 'number') refuseLostFds(socket, bytes)
  return { fds: travelling, credentials: asCredentials(credentials) }
}

function asFds(fds: unknown = []): number[] {
  return asList('message.fds', fds, asFd, SCM_MAX_FD)
}

// A stream takes no bytes as nothing to do, and drops the descriptors in silence.
function refuseLostFds(fd: number, bytes: number): void {
  if (bytes === 0 && getsockopt(fd, SOL_SOCKET, SO_TYPE) === constant('SOCK_STREAM')) {
    throw invalidArgValue('message.data', 'must have at least one byte to carry descriptors on a stream', '')
  }
}

function asCredentials(credentials: Credentials | undefined): Credentials | null {
  if (credentials === undefined) return null
  const id = (name: 'pid' | 'uid' | 'gid', max: number): number =>
    asInteger(`message.credentials.${name}`, credentials?.[name], 0, max)
  return { pid: id('pid', 2 ** 31 - 1), uid: id('uid', 2 ** 32 - 1), gid: id('gid', 2 ** 32 - 1) }
}

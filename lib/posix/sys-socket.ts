// sys/socket.h: sockets. Every function here is the system call of its name, made synchronously on the calling thread.
import { constants } from 'node:os'
import { check, checkOrNull } from '../errors.js'
import { constant, native, type ByteView } from '../native.js'
import { asData, asFd, asInteger, asSpan } from './internal/arguments.js'
import { addressOut, detailsOf, encodeAddress, receivedAddress, type SocketAddress } from './socket/socket-address.js'

export * from './socket/accept.js'
export * from './socket/many-messages.js'
export { recvmsg, sendmsg, type IncomingMessage, type OutgoingMessage } from './socket/socket-messages.js'
export type { Pktinfo } from './socket/pktinfo.js'
export * from './socket/socket-options.js'
export {
  AF_INET,
  AF_INET6,
  AF_NETLINK,
  AF_PACKET,
  AF_UNIX,
  AF_UNSPEC,
  AF_VSOCK,
  type InetSocketAddress,
  type RawSocketAddress,
  type SocketAddress,
  type UnixSocketAddress,
} from './socket/socket-address.js'

export const SOCK_STREAM = constant('SOCK_STREAM')
export const SOCK_DGRAM = constant('SOCK_DGRAM')
export const SOCK_SEQPACKET = constant('SOCK_SEQPACKET')
export const SOCK_RAW = constant('SOCK_RAW')
export const SOCK_NONBLOCK = constant('SOCK_NONBLOCK')
export const SOCK_CLOEXEC = constant('SOCK_CLOEXEC')
export const SOMAXCONN = constant('SOMAXCONN')
export const SHUT_RD = constant('SHUT_RD')
export const SHUT_WR = constant('SHUT_WR')
export const SHUT_RDWR = constant('SHUT_RDWR')
export const MSG_CMSG_CLOEXEC = constant('MSG_CMSG_CLOEXEC')
export const MSG_CONFIRM = constant('MSG_CONFIRM')
export const MSG_CTRUNC = constant('MSG_CTRUNC')
export const MSG_DONTROUTE = constant('MSG_DONTROUTE')
export const MSG_DONTWAIT = constant('MSG_DONTWAIT')
export const MSG_EOR = constant('MSG_EOR')
export const MSG_ERRQUEUE = constant('MSG_ERRQUEUE')
export const MSG_FASTOPEN = constant('MSG_FASTOPEN')
export const MSG_MORE = constant('MSG_MORE')
export const MSG_NOSIGNAL = constant('MSG_NOSIGNAL')
export const MSG_OOB = constant('MSG_OOB')
export const MSG_PEEK = constant('MSG_PEEK')
export const MSG_TRUNC = constant('MSG_TRUNC')
export const MSG_WAITALL = constant('MSG_WAITALL')

/**
 * A new socket, always close-on-exec.
 *
 * @param domain AF_INET, AF_INET6, AF_UNIX ...
 * @param type SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET, with SOCK_NONBLOCK
 * @param protocol default 0: the type's own
 * @returns the descriptor, which the caller owns
 * @throws ErrnoError EAFNOSUPPORT, EPROTONOSUPPORT, EACCES, EMFILE, ENFILE ...
 * @see man 2 socket
 */
export function socket(domain: number, type: number, protocol = 0): number {
  const kind = asInteger('type', type) | SOCK_CLOEXEC
  return check(native.socket(asInteger('domain', domain), kind, asInteger('protocol', protocol)), 'socket')
}

/**
 * Two sockets that are connected with each other, always close-on-exec.
 *
 * @param domain AF_UNIX
 * @param type SOCK_STREAM, SOCK_DGRAM or SOCK_SEQPACKET, with SOCK_NONBLOCK
 * @param protocol default 0
 * @returns both descriptors, which the caller owns
 * @throws ErrnoError ENOTSUP, EAFNOSUPPORT, EMFILE, ENFILE ...
 * @see man 2 socketpair
 */
export function socketpair(domain: number, type: number, protocol = 0): [number, number] {
  const pair = new Int32Array(2)
  const kind = asInteger('type', type) | SOCK_CLOEXEC
  check(native.socketpair(asInteger('domain', domain), kind, asInteger('protocol', protocol), pair), 'socketpair')
  return [pair[0]!, pair[1]!]
}

/**
 * Gives a socket its own address.
 *
 * @param fd a socket, borrowed
 * @param address `{ family, address, port }` or `{ family: AF_UNIX, path }`; path '' lets the kernel choose an abstract name
 * @throws ErrnoError EADDRINUSE, EADDRNOTAVAIL, EACCES (a port below 1024), ENAMETOOLONG (a path over 107 bytes, before the
 *   system call) ... with `address` and `port`, or `path`; ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE, ERR_OUT_OF_RANGE
 * @see man 2 bind
 */
export function bind(fd: number, address: SocketAddress): void {
  const result = native.bind(asFd(fd), encodeAddress(address, 'bind'))
  if (result < 0) check(result, 'bind', detailsOf(address))
}

/**
 * Lets a bound socket take connections.
 * @param backlog how many may wait to be accepted (default SOMAXCONN; the kernel caps it at net.core.somaxconn)
 * @throws ErrnoError EADDRINUSE, EBADF, ENOTSOCK, ENOTSUP
 * @see man 2 listen
 */
export function listen(fd: number, backlog: number = SOMAXCONN): void {
  check(native.listen(asFd(fd), asInteger('backlog', backlog)), 'listen')
}

const EINPROGRESS = -constants.errno.EINPROGRESS

/**
 * Connects a socket. Blocks the calling thread unless `fd` is O_NONBLOCK.
 *
 * @param fd a socket, borrowed
 * @param address where to: `{ family, address, port }` or `{ family: AF_UNIX, path }`
 * @returns 0 once connected; `null` while a non-blocking connect goes on (EINPROGRESS): `fd` becomes writable at its end, and
 *   `getsockopt(fd, SOL_SOCKET, SO_ERROR)` tells how it ended
 * @throws ErrnoError ECONNREFUSED, ETIMEDOUT, ENETUNREACH, ENOENT, EACCES, EAGAIN (a Unix listener's queue is full),
 *   ENAMETOOLONG (as with bind) ... with `address` and `port`, or `path`; ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE, ERR_OUT_OF_RANGE
 * @see man 2 connect
 */
export function connect(fd: number, address: SocketAddress): 0 | null {
  const result = native.connect(asFd(fd), encodeAddress(address, 'connect'))
  if (result === EINPROGRESS) return null
  if (result < 0) check(result, 'connect', detailsOf(address))
  return 0
}

/**
 * Ends one direction of a connection, or both, for every process that has it.
 * @param how SHUT_RD, SHUT_WR or SHUT_RDWR
 * @throws ErrnoError ENOTCONN, EINVAL, EBADF, ENOTSOCK
 * @see man 2 shutdown
 */
export function shutdown(fd: number, how: number): void {
  check(native.shutdown(asFd(fd), asInteger('how', how)), 'shutdown')
}

/**
 * A socket's own address.
 * @throws ErrnoError EBADF, ENOTSOCK, ENOBUFS
 * @see man 2 getsockname
 */
export function getsockname(fd: number): SocketAddress {
  check(native.getsockname(asFd(fd), addressOut), 'getsockname')
  return receivedAddress()!
}

/**
 * The address at the other end of a connection.
 * @throws ErrnoError ENOTCONN, EBADF, ENOTSOCK
 * @see man 2 getpeername
 */
export function getpeername(fd: number): SocketAddress {
  check(native.getpeername(asFd(fd), addressOut), 'getpeername')
  return receivedAddress()!
}

/**
 * Sends on a connection; it may take fewer bytes than asked. Blocks the calling thread unless the socket is O_NONBLOCK or MSG_DONTWAIT is
 * given. Never raises SIGPIPE (MSG_NOSIGNAL is always added).
 *
 * @param fd a connected socket, borrowed
 * @param data bytes, or a string taken as UTF-8
 * @param flags MSG_DONTWAIT, MSG_MORE, MSG_OOB ... (default 0)
 * @param offset where in `data`, in bytes (default 0)
 * @param length at most so many bytes (default: to the end of `data`)
 * @returns how many bytes were taken; `null` if it would block
 * @throws ErrnoError EPIPE, ECONNRESET, EMSGSIZE, ENOTCONN, EBADF ...; ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE, ERR_INVALID_STATE
 * @see man 2 send
 */
export function send(fd: number, data: string | ByteView, flags = 0, offset?: number, length?: number): number | null {
  const span = asData(data, offset, length)
  const how = asInteger('flags', flags) | MSG_NOSIGNAL
  return checkOrNull(native.send(asFd(fd), span.view, span.offset, span.length, how), 'send')
}

/**
 * As `send`, to an address: for a datagram socket that is not connected.
 * @param address where to
 * @throws ErrnoError as `send` and `connect` do, with `address` and `port`, or `path`
 * @see man 2 sendto
 */
export function sendto(fd: number, data: string | ByteView, flags: number, address: SocketAddress): number | null {
  const { view } = asData(data)
  const to = encodeAddress(address, 'sendto')
  const result = native.sendto(asFd(fd), view, asInteger('flags', flags) | MSG_NOSIGNAL, to)
  return checkOrNull(result, 'sendto', detailsOf(address))
}

/**
 * Receives from a connection up to `length` bytes into `buffer`. Blocks the calling thread unless the socket is O_NONBLOCK or MSG_DONTWAIT is
 * given.
 *
 * @param fd a socket, borrowed
 * @param buffer takes the bytes
 * @param flags MSG_DONTWAIT, MSG_PEEK, MSG_WAITALL, MSG_TRUNC ... (default 0)
 * @param offset where in `buffer`, in bytes (default 0)
 * @param length at most so many bytes (default: to the end of `buffer`)
 * @returns how many bytes came; 0 at the end of a stream; `null` if it would block
 * @throws ErrnoError ECONNRESET, ENOTCONN, ETIMEDOUT, EBADF ...; ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE, ERR_INVALID_STATE
 * @see man 2 recv
 */
export function recv(fd: number, buffer: ByteView, flags = 0, offset?: number, length?: number): number | null {
  const span = asSpan(buffer, offset, length)
  const how = asInteger('flags', flags)
  return checkOrNull(native.recv(asFd(fd), span.view, span.offset, span.length, how), 'recv')
}

/** A datagram that came in. */
export interface Datagram {
  /** How many bytes of the buffer it fills. */
  readonly bytes: number
  /** Who sent it; `null` on a connected stream, where the kernel does not tell. */
  readonly address: SocketAddress | null
}

/**
 * As `recv`, with the sender's address.
 * @returns the datagram, or `null` if it would block
 * @throws ErrnoError as `recv` does
 * @see man 2 recvfrom
 */
export function recvfrom(fd: number, buffer: ByteView, flags = 0): Datagram | null {
  const { view } = asSpan(buffer)
  const bytes = checkOrNull(native.recvfrom(asFd(fd), view, asInteger('flags', flags), addressOut), 'recvfrom')
  return bytes === null ? null : { bytes, address: receivedAddress() }
}

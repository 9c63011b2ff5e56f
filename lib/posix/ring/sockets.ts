// Entries of a ring for sockets that complete once: accept, connect, recv, send, shutdown. Internal; io-uring.ts is their face.
import { constant, type ByteView } from '../../native.js'
import { asFixedData, asFixedSpan, asInteger } from '../internal/arguments.js'
import { Pin } from '../internal/pinned-memory.js'
import { asRingFile, type RingFile } from './sqe.js'
import type { OperationEntry, OperationOptions } from './operation.js'
import { BYTES_MAX, type TransferOptions } from './transfers.js'
import { addressOf, detailsOf, encodeAddress, SOCKADDR_STORAGE, type SocketAddress } from '../socket/socket-address.js'
import { MSG_NOSIGNAL, SOCK_CLOEXEC } from '../sys-socket.js'

const IORING_OP_ACCEPT = constant('IORING_OP_ACCEPT')
const IORING_OP_CONNECT = constant('IORING_OP_CONNECT')
const IORING_OP_RECV = constant('IORING_OP_RECV')
const IORING_OP_SEND = constant('IORING_OP_SEND')
const IORING_OP_SHUTDOWN = constant('IORING_OP_SHUTDOWN')

/** The methods of a ring for sockets. */
export interface RingSockets {
  /**
   * Waits for one client.
   * @param flags SOCK_NONBLOCK (default 0); the descriptor is close-on-exec
   * @returns the client's descriptor, which the caller owns, and its address
   * @throws as a rejection, ErrnoError EBADF, EINVAL, EMFILE ...
   * @see man 2 accept4
   */
  accept(
    fd: RingFile,
    flags?: number,
    options?: OperationOptions,
  ): Promise<{ fd: number; address: SocketAddress | null }>

  /**
   * Connects a socket.
   * @throws as a rejection, ErrnoError ECONNREFUSED, ETIMEDOUT, EISCONN ... with `address` and `port` or `path`
   * @see man 2 connect
   */
  connect(fd: RingFile, address: SocketAddress, options?: OperationOptions): Promise<void>

  /**
   * Receives up to `length` bytes from a socket.
   * @param flags MSG_PEEK, MSG_WAITALL ... (default 0)
   * @returns how many bytes; 0 when the peer has ended
   * @throws as a rejection, what `read` rejects with
   * @see man 2 recv
   */
  recv(fd: RingFile, buffer: ByteView, flags?: number, options?: TransferOptions): Promise<number>

  /**
   * Sends up to `length` bytes to a socket, as `write` does.
   * @param flags MSG_MORE, MSG_WAITALL (all of it) ... (default 0); never dies of SIGPIPE
   * @throws as a rejection, what `write` rejects with
   * @see man 2 send
   */
  send(fd: RingFile, data: string | ByteView, flags?: number, options?: TransferOptions): Promise<number>

  /**
   * Ends one direction of a socket or both.
   * @param how SHUT_RD, SHUT_WR, SHUT_RDWR
   * @throws as a rejection, ErrnoError ENOTCONN, EBADF
   * @see man 2 shutdown
   */
  shutdown(fd: RingFile, how: number, options?: OperationOptions): Promise<void>
}

export function prepareAccept(fd: RingFile, flags = 0): OperationEntry<{ fd: number; address: SocketAddress | null }> {
  const file = asRingFile(fd)
  const how = asInteger('flags', flags) | SOCK_CLOEXEC
  const name = Pin.scratch(SOCKADDR_STORAGE + 4)
  const { bytes } = name.block
  bytes.writeUInt32LE(SOCKADDR_STORAGE, SOCKADDR_STORAGE)
  const ended = (result: number): { fd: number; address: SocketAddress | null } => {
    const address = result < 0 ? null : addressOf(bytes, bytes.readUInt32LE(SOCKADDR_STORAGE))
    name.finish(0)
    return { fd: result, address }
  }
  const entry = { address: name.address, offset: name.address + SOCKADDR_STORAGE, flags: how }
  return { syscall: 'accept4', code: IORING_OP_ACCEPT, fd: file, ...entry, ended }
}

export function prepareConnect(fd: RingFile, address: SocketAddress): OperationEntry<void> {
  const file = asRingFile(fd)
  const bytes = encodeAddress(address, 'connect')
  const name = Pin.from(asFixedSpan(bytes))
  const entry = { code: IORING_OP_CONNECT, fd: file, address: name.address, offset: bytes.length }
  return { syscall: 'connect', ...entry, ended: () => name.finish(0), about: detailsOf(address) }
}

export function prepareRecv(
  fd: RingFile,
  buffer: ByteView,
  flags = 0,
  options?: TransferOptions,
): OperationEntry<number> {
  const file = asRingFile(fd)
  const how = asInteger('flags', flags)
  const pin = Pin.into(asFixedSpan(buffer, options?.offset, options?.length))
  const ended = (result: number): number => {
    pin.finish(Math.min(Math.max(result, 0), pin.length)) // of a datagram that was cut off, MSG_TRUNC gives its own length
    return result
  }
  return { syscall: 'recv', code: IORING_OP_RECV, fd: file, ...placeOf(pin), flags: how, ended }
}

export function prepareSend(
  fd: RingFile,
  data: string | ByteView,
  flags = 0,
  options?: TransferOptions,
): OperationEntry<number> {
  const file = asRingFile(fd)
  const how = asInteger('flags', flags) | MSG_NOSIGNAL
  const pin = Pin.from(asFixedData(data, options?.offset, options?.length))
  const ended = (result: number): number => {
    pin.finish(0)
    return result
  }
  return { syscall: 'send', code: IORING_OP_SEND, fd: file, ...placeOf(pin), flags: how, ended }
}

export function prepareShutdown(fd: RingFile, how: number): OperationEntry<void> {
  return {
    syscall: 'shutdown',
    code: IORING_OP_SHUTDOWN,
    fd: asRingFile(fd),
    length: asInteger('how', how, 0, 2),
    ended: () => {},
  }
}

const placeOf = ({ address, length }: Pin): { address: number; length: number } => ({
  address,
  length: Math.min(length, BYTES_MAX),
})

// sys/socket.h, as promises: sockets that are waited for without blocking the event loop and without a thread. An io_uring does the same with
// fewer system calls (io-uring.ts).
import { constants } from 'node:os'
import { check, ErrnoError, invalidArgValue } from '../errors.js'
import { constant, native, type ByteView } from '../native.js'
import { asFd, asFixedSpan, asInteger, refuseGone } from './internal/arguments.js'
import { asWaitLimits, type AsyncOptions } from './internal/async-options.js'
import { whenReady } from './event-loop/watch.js'
import { F_GETFL, O_NONBLOCK } from './fcntl.js'
import { accept4, type Accepted } from './socket/accept.js'
import { detailsOf, encodeAddress, type SocketAddress } from './socket/socket-address.js'
import { recvmsg, sendmsg, type IncomingMessage, type OutgoingMessage } from './socket/socket-messages.js'
import { getsockopt, SO_ERROR, SOL_SOCKET } from './socket/socket-options.js'
import { MSG_DONTWAIT, MSG_ERRQUEUE, MSG_OOB, MSG_WAITALL, recv, send } from './sys-socket.js'

const POLLIN = constant('POLLIN')
const POLLPRI = constant('POLLPRI')
const POLLOUT = constant('POLLOUT')
const { EINPROGRESS } = constants.errno

// These two calls have no «do not wait» of their own.
function refuseBlocking(fd: number): void {
  if ((check(native.fcntl(asFd(fd), F_GETFL, 0), 'fcntl') & O_NONBLOCK) !== 0) return
  throw invalidArgValue('fd', 'must be O_NONBLOCK, so that the loop is not blocked', fd)
}

/** What `attempt` gives as soon as it would not block. */
async function attempting<T>(
  fd: number,
  events: number,
  options: AsyncOptions | undefined,
  attempt: () => T | null,
): Promise<T> {
  const signal = asWaitLimits(options)
  for (;;) {
    const done = attempt()
    if (done !== null) return done
    await whenReady(fd, events, { signal })
  }
}

/**
 * As accept4, as soon as there is a connection, without blocking the event loop.
 *
 * @param fd a listening socket that is O_NONBLOCK, borrowed until the promise settles; `close` while this waits rejects it with EBADF
 * @param flags SOCK_NONBLOCK or 0 (default)
 * @param options `signal`, `timeout`
 * @throws as a rejection, what accept4 throws; ERR_INVALID_ARG_VALUE where `fd` is not O_NONBLOCK; the signal's reason; a TimeoutError
 * @see man 2 accept4
 */
export async function acceptAsync(fd: number, flags = 0, options?: AsyncOptions): Promise<Accepted> {
  refuseBlocking(fd)
  return attempting(fd, POLLIN, options, () => accept4(fd, flags))
}

/**
 * As connect, without blocking the event loop: settles when the connection is made, or is not.
 *
 * @param fd a socket that is O_NONBLOCK, borrowed until the promise settles
 * @param address as for connect
 * @param options `signal` and `timeout` end the waiting; the kernel goes on connecting, so `close` the socket then
 * @returns 0
 * @throws as a rejection, what connect throws (EAGAIN: the queue of a Unix listener is full, which nothing tells the end of), with the
 *   address; ERR_INVALID_ARG_VALUE where `fd` is not O_NONBLOCK; the signal's reason; a TimeoutError
 * @see man 2 connect
 */
export async function connectAsync(fd: number, address: SocketAddress, options?: AsyncOptions): Promise<0> {
  const [to, details] = [encodeAddress(address, 'connect'), detailsOf(address)]
  refuseBlocking(fd)
  const signal = asWaitLimits(options)
  const result = native.connect(fd, to)
  if (result !== -EINPROGRESS) return check(result, 'connect', details) as 0
  await whenReady(fd, POLLOUT, { signal })
  const error = getsockopt(fd, SOL_SOCKET, SO_ERROR)
  if (error !== 0) throw new ErrnoError(error, 'connect', details)
  return 0
}

// What a flag makes a receive wait for.
const arrivalOf = (flags: number): number => (flags & MSG_OOB ? POLLPRI : flags & MSG_ERRQUEUE ? 0 : POLLIN)

function refuseAll(flags: unknown): number {
  const how = asInteger('flags', flags)
  if ((how & MSG_WAITALL) === 0) return how | MSG_DONTWAIT
  throw invalidArgValue('flags', 'must not have MSG_WAITALL, which only a call that blocks obeys', flags)
}

/**
 * As recv, as soon as there is something, without blocking the event loop and whether or not the socket is O_NONBLOCK.
 *
 * @param fd a socket, borrowed until the promise settles; `close` while this waits rejects it with EBADF
 * @param buffer takes the bytes, in the turn in which they are received; not of a resizable ArrayBuffer
 * @param flags as for recv, without MSG_WAITALL (default 0)
 * @param offset where in `buffer`, in bytes (default 0)
 * @param length at most so many bytes (default: to the end of `buffer`)
 * @param options `signal`, `timeout`
 * @returns how many bytes came; 0 at the end of a stream
 * @throws as a rejection, what recv throws; ERR_INVALID_ARG_VALUE (MSG_WAITALL, resizable), ERR_INVALID_STATE (detached, at the call or
 *   since: the bytes stay in the kernel); the signal's reason; a TimeoutError
 * @see man 2 recv
 */
export async function recvAsync(
  fd: number,
  buffer: ByteView,
  flags = 0,
  offset?: number,
  length?: number,
  options?: AsyncOptions,
): Promise<number> {
  const { view, offset: from, length: most } = asFixedSpan(buffer, offset, length)
  const how = refuseAll(flags)
  return attempting(fd, arrivalOf(how), options, () => {
    refuseGone(view)
    return recv(fd, view, how, from, most)
  })
}

/**
 * As send, as soon as there is room, without blocking the event loop and whether or not the socket is O_NONBLOCK. As send, it may take fewer
 * bytes than there are: writeAsync sends them all.
 *
 * @param options `signal`, `timeout`
 * @returns how many bytes were taken
 * @throws as a rejection, what send throws; the signal's reason; a TimeoutError
 * @see man 2 send
 */
export async function sendAsync(
  fd: number,
  data: string | ByteView,
  flags = 0,
  offset?: number,
  length?: number,
  options?: AsyncOptions,
): Promise<number> {
  const how = asInteger('flags', flags) | MSG_DONTWAIT
  return attempting(fd, POLLOUT, options, () => send(fd, data, how, offset, length))
}

/**
 * As recvmsg, as soon as there is something, without blocking the event loop and whether or not the socket is O_NONBLOCK.
 *
 * @param options `signal`, `timeout`
 * @throws as a rejection, what recvmsg throws; ERR_INVALID_ARG_VALUE (MSG_WAITALL); the signal's reason; a TimeoutError
 * @see man 2 recvmsg
 */
export async function recvmsgAsync(
  fd: number,
  buffer: ByteView | readonly ByteView[],
  flags = 0,
  options?: AsyncOptions,
): Promise<IncomingMessage> {
  const how = refuseAll(flags)
  return attempting(fd, arrivalOf(how), options, () => recvmsg(fd, buffer, how))
}

/**
 * As sendmsg, as soon as there is room, without blocking the event loop and whether or not the socket is O_NONBLOCK.
 *
 * @param options `signal`, `timeout`
 * @returns how many bytes were taken: on a stream perhaps fewer than there are, the ancillary data with the first of them
 * @throws as a rejection, what sendmsg throws; the signal's reason; a TimeoutError
 * @see man 2 sendmsg
 */
export async function sendmsgAsync(
  fd: number,
  message: OutgoingMessage,
  flags = 0,
  options?: AsyncOptions,
): Promise<number> {
  const how = asInteger('flags', flags) | MSG_DONTWAIT
  return attempting(fd, POLLOUT, options, () => sendmsg(fd, message, how))
}

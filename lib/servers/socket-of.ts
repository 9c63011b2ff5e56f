// A connection's descriptor as a socket of node:net: what toSocket() gives, the same in every model.
import { Socket } from 'node:net'
import { noteServed } from '../posix/after-fork/reset-connections.js'
import { watchIdle } from './idle-watch.js'

/** What the server keeps of a connection that it has handed over. */
export interface HandedOver {
  /** Milliseconds without a byte in either direction before the socket is destroyed; 0: none. */
  readonly idleTimeout: number
  /** What the socket is destroyed with then, where a failed connection is told of; none: it just closes. */
  idleError?(): Error
  /** The socket has closed: `bytesRead` and `bytesWritten` are final. */
  closed(socket: Socket): void
}

/**
 * A socket that owns `fd`, and makes it non-blocking. It stays open for writing when the other end has sent its last byte, as the
 * connection did; the handler ends it.
 */
export function socketOf(fd: number, { idleTimeout, idleError, closed }: HandedOver): Socket {
  const socket = noteServed(new Socket({ fd, allowHalfOpen: true, readable: true, writable: true }))
  if (idleTimeout > 0) watchIdle(socket, idleTimeout, () => socket.destroy(idleError?.()))
  socket.once('close', () => closed(socket))
  return socket
}

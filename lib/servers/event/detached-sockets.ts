// Connections of the reactor that are handed over to node:net: they stay the server's to count and to cut off.
import type { Socket } from 'node:net'
import { socketOf } from '../socket-of.js'
import type { Link, Reactor } from './reactor.js'

export class DetachedSockets<L extends Link> {
  readonly #reactor: Reactor<L>
  readonly #idleTimeout: number
  readonly #sockets = new Set<Socket>()
  readonly #onEmpty: () => void
  #bytesIn = 0
  #bytesOut = 0

  constructor(reactor: Reactor<L>, idleTimeout: number, onEmpty: () => void) {
    this.#reactor = reactor
    this.#idleTimeout = idleTimeout
    this.#onEmpty = onEmpty
  }

  /**
   * A socket that owns the link's descriptor.
   * @param idleError what it is destroyed with where it is idle for too long; none: it just closes
   * @throws ErrnoError EBUSY while bytes wait to be sent; ERR_STREAM_DESTROYED once closed
   */
  take(link: L, idleError?: () => Error): Socket {
    const { fd, rest } = this.#reactor.detach(link)
    const socket = socketOf(fd, {
      idleTimeout: this.#idleTimeout,
      closed: () => this.#over(socket),
      ...(idleError && { idleError }),
    })
    if (rest) socket.unshift(rest)
    this.#sockets.add(socket)
    return socket
  }

  #over(socket: Socket): void {
    this.#sockets.delete(socket)
    this.#bytesIn += socket.bytesRead
    this.#bytesOut += socket.bytesWritten
    this.#reactor.release()
    this.#onEmpty()
  }

  get size(): number {
    return this.#sockets.size
  }

  bytes() {
    const sockets = [...this.#sockets]
    return {
      in: sockets.reduce((sum, socket) => sum + socket.bytesRead, this.#bytesIn),
      out: sockets.reduce((sum, socket) => sum + socket.bytesWritten, this.#bytesOut),
    }
  }

  destroy(): void {
    for (const socket of this.#sockets) socket.destroy()
  }
}

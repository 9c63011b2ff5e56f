// A net.Socket whose reads and writes are made by the thread of its connection: what node:http and its applications are given by threadServer.
import { Socket } from 'node:net'
import type { Connection } from '../connection.js'
import { IPPROTO_TCP } from '../../posix/netinet-in.js'
import { TCP_KEEPIDLE, TCP_NODELAY } from '../../posix/netinet-tcp.js'
import { AF_INET, AF_INET6, AF_UNSPEC, type SocketAddress } from '../../posix/socket/socket-address.js'
import { setsockopt, SO_KEEPALIVE, SOL_SOCKET } from '../../posix/socket/socket-options.js'
import { connect, getpeername, getsockname } from '../../posix/sys-socket.js'

type Done = (error?: Error | null) => void
type Piece = { chunk: Buffer | string; encoding: BufferEncoding }

/** An address as socket.address() tells it; without fields for a Unix socket. */
interface Named {
  address?: string
  family?: string
  port?: number
}

// As node:net: an option that cannot be set is no error.
function quietly(set: () => unknown): void {
  try {
    set()
  } catch {
    // a Unix socket has none of TCP's options, and one that is closed none at all
  }
}

function named(read: (fd: number) => SocketAddress, fd: number): Named {
  try {
    const { family, address, port } = read(fd)
    if (family !== AF_INET && family !== AF_INET6) return {}
    return { address: address!, family: family === AF_INET ? 'IPv4' : 'IPv6', port: port! }
  } catch {
    return {} // closed, or the client is gone
  }
}

const asBytes = (chunk: Buffer | string, encoding: BufferEncoding): Buffer =>
  typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk

/**
 * All of net.Socket: time limits, options, addresses, counts and ends. What it has no handle for it does by the connection: `ref` and `unref` do
 * nothing, as its server keeps the process alive, and it cannot be sent to a child process.
 */
export class ThreadSocket extends Socket {
  readonly #conn: Connection
  readonly #peer: Named
  readonly #local: Named
  /** @internal Bytes, behind `bytesRead` and `bytesWritten`. */
  received = 0
  /** @internal */
  given = 0

  constructor(conn: Connection) {
    super({ allowHalfOpen: true })
    this.#conn = conn
    this.#peer = named(getpeername, conn.fd)
    this.#local = named(getsockname, conn.fd)
  }

  get fd(): number {
    return this.#conn.fd
  }

  // What net.Socket's own getters ask.
  _getpeername(): Named {
    return this.#peer
  }

  _getsockname(): Named {
    return this.#local
  }

  override address(): Named {
    return this.#local
  }

  override _read(): void {
    this.#conn.read().then(
      (chunk) => {
        this.#moved()
        this.received += chunk?.length ?? 0
        this.push(chunk)
      },
      (error: Error) => this.destroy(error),
    )
  }

  override _write(chunk: Buffer | string, encoding: BufferEncoding, done: Done): void {
    this.#send(asBytes(chunk, encoding), done)
  }

  override _writev(pieces: Piece[], done: Done): void {
    this.#send(Buffer.concat(pieces.map(({ chunk, encoding }) => asBytes(chunk, encoding))), done)
  }

  #send(bytes: Buffer, done: Done): void {
    this.#moved()
    this.given += bytes.length
    this.#conn.write(bytes).then(() => {
      this.#moved()
      done()
    }, done)
  }

  // The time limit of setTimeout begins anew.
  #moved(): void {
    ;(this as unknown as { _unrefTimer?(): void })._unrefTimer?.()
  }

  override _final(done: Done): void {
    try {
      this.#conn.end()
      done()
    } catch (error) {
      done(error as Error)
    }
  }

  override _destroy(error: Error | null, done: Done): void {
    this.#conn.close()
    super._destroy(error, done)
  }

  override setNoDelay(on = true): this {
    quietly(() => setsockopt(this.fd, IPPROTO_TCP, TCP_NODELAY, on ? 1 : 0))
    return this
  }

  override setKeepAlive(on = false, delay = 0): this {
    quietly(() => setsockopt(this.fd, SOL_SOCKET, SO_KEEPALIVE, on ? 1 : 0))
    const seconds = Math.floor(delay / 1000)
    if (on && seconds > 0) quietly(() => setsockopt(this.fd, IPPROTO_TCP, TCP_KEEPIDLE, seconds))
    return this
  }

  override ref(): this {
    return this
  }

  override unref(): this {
    return this
  }

  // The reading thread would have the end sent first where the descriptor were closed: disconnecting sends the reset alone. See: man 2 connect
  override resetAndDestroy(): this {
    quietly(() => connect(this.fd, { family: AF_UNSPEC, data: new Uint8Array(14) }))
    return this.destroy()
  }
}

const getter = (get: (socket: ThreadSocket) => unknown): PropertyDescriptor => ({
  configurable: true,
  get(this: ThreadSocket) {
    return get(this)
  },
})

// Properties in the declarations of node:net, accessors in fact.
Object.defineProperties(ThreadSocket.prototype, {
  pending: getter(() => false),
  bufferSize: getter(({ writableLength }) => writableLength),
  bytesRead: getter(({ received }) => received),
  _bytesDispatched: getter(({ given }) => given),
})
// Programs that tell sockets from other streams look at it.
Object.defineProperty(ThreadSocket, 'name', { value: Socket.name })

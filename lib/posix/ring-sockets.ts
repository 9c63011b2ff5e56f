// The operations of a ring on sockets, one completion each or many. Internal; io-uring.ts is its face.
import { invalidArgType } from '../errors.js'
import { constant, native, type ByteView } from '../native.js'
import { asData, asInteger } from './arguments.js'
import { asFixedSpan, Pin } from './pinned-memory.js'
import { asRingFile, attempt, vectorOf, writeAddress, type RingFile } from './ring-base.js'
import { RingOfFiles, type TransferOptions } from './ring-files.js'
import { asGroupCount, BufferGroup, Multishot } from './ring-multishot.js'
import { asSignal, type OperationOptions } from './ring-operation.js'
import { BUFFER, FLAGS } from './ring-queue.js'
import { addressOf, encodeAddress, type SocketAddress } from './socket-address.js'
import { MSG_NOSIGNAL, SOCK_CLOEXEC } from './sys-socket.js'

const IORING_OP_ACCEPT = constant('IORING_OP_ACCEPT')
const IORING_OP_CONNECT = constant('IORING_OP_CONNECT')
const IORING_OP_RECV = constant('IORING_OP_RECV')
const IORING_OP_SEND = constant('IORING_OP_SEND')
const IORING_OP_SENDMSG = constant('IORING_OP_SENDMSG')
const IORING_OP_SHUTDOWN = constant('IORING_OP_SHUTDOWN')
const IORING_ACCEPT_MULTISHOT = constant('IORING_ACCEPT_MULTISHOT')
const IORING_RECV_MULTISHOT = constant('IORING_RECV_MULTISHOT')
const IOSQE_BUFFER_SELECT = constant('IOSQE_BUFFER_SELECT')
const SOCKADDR_SIZE = 128
const MSGHDR_SIZE = 56

export interface SendMessageOptions extends OperationOptions {
  /** Where to, on a socket that is not connected. */
  address?: SocketAddress
}

/** Operations on sockets. */
export class RingOfSockets extends RingOfFiles {
  #groups = 0

  /**
   * Waits for one client.
   * @param flags SOCK_NONBLOCK (default 0); the descriptor is close-on-exec
   * @returns the client's descriptor, which the caller owns, and its address
   * @throws as a rejection, ErrnoError EBADF, EINVAL, EMFILE ...
   * @see man 2 accept4
   */
  accept(fd: RingFile, flags = 0, options?: OperationOptions): Promise<{ fd: number; address: SocketAddress | null }> {
    return attempt(() => {
      const how = asInteger('flags', flags) | SOCK_CLOEXEC
      const file = asRingFile(fd)
      const name = Pin.scratch(SOCKADDR_SIZE + 4)
      name.block.bytes.writeUInt32LE(SOCKADDR_SIZE, SOCKADDR_SIZE)
      const ended = (result: number): { fd: number; address: SocketAddress | null } => {
        const address = result < 0 ? null : addressOf(name.block.bytes, name.block.bytes.readUInt32LE(SOCKADDR_SIZE))
        name.finish(0)
        return { fd: result, address }
      }
      const length = name.address + SOCKADDR_SIZE
      return this.operation('accept4', IORING_OP_ACCEPT, file, name.address, 0, length, how, options, ended)
    })
  }

  /**
   * Accepts clients for as long as the loop goes on, by one operation: `for await (const client of ring.acceptMultishot(listener))`. The
   * descriptors are the caller's; those that came and were not asked for are closed. Linux 5.19.
   *
   * @param flags SOCK_NONBLOCK (default 0); the descriptors are close-on-exec
   * @throws from the loop, ErrnoError EBADF, EINVAL, EMFILE ...; the signal's reason
   */
  acceptMultishot(fd: RingFile, flags = 0, options?: OperationOptions): Multishot<number> {
    const how = asInteger('flags', flags) | SOCK_CLOEXEC
    const file = asRingFile(fd)
    const { queue } = this
    const shots = {
      syscall: 'accept4',
      start: (request: Multishot<number>) => {
        const at = queue.prepare(request, IORING_OP_ACCEPT, file, 0, 0, 0)
        queue.setPriority(at, IORING_ACCEPT_MULTISHOT)
        queue.words[at + FLAGS] = how
      },
      take: (client: number) => client,
      drop: (client: number) => void native.close(client),
      isEnd: () => false,
    }
    return new Multishot(queue, shots, asSignal(options))
  }

  /**
   * Connects a socket.
   * @throws as a rejection, ErrnoError ECONNREFUSED, ETIMEDOUT, EISCONN ... with `address` and `port` or `path`
   * @see man 2 connect
   */
  connect(fd: RingFile, address: SocketAddress, options?: OperationOptions): Promise<void> {
    return attempt(() => {
      const bytes = encodeAddress(address, 'connect')
      const file = asRingFile(fd)
      const name = Pin.from(asFixedSpan(bytes))
      const ended = (): void => name.finish(0)
      return this.operation(
        'connect',
        IORING_OP_CONNECT,
        file,
        name.address,
        0,
        bytes.length,
        0,
        options,
        ended,
        address,
      )
    })
  }

  /**
   * Receives up to `length` bytes from a socket.
   * @param flags MSG_PEEK, MSG_WAITALL ... (default 0)
   * @returns how many bytes; 0 when the peer has ended
   * @throws as a rejection, what `read` rejects with
   * @see man 2 recv
   */
  recv(fd: RingFile, buffer: ByteView, flags = 0, options?: TransferOptions): Promise<number> {
    return attempt(() => {
      const how = asInteger('flags', flags)
      const file = asRingFile(fd)
      const pin = Pin.into(asFixedSpan(buffer, options?.offset, options?.length))
      const ended = (result: number): number => {
        pin.finish(result > 0 ? Math.min(result, pin.length) : 0)
        return result
      }
      return this.operation('recv', IORING_OP_RECV, file, pin.address, pin.length, 0, how, options, ended)
    })
  }

  /**
   * Receives for as long as the loop goes on, by one operation, into buffers of `group`: `for await (const chunk of ring.recvMultishot(fd,
   * group))`. The loop ends when the peer has. When all buffers hold what the loop has not taken yet, the socket waits. Linux 6.0.
   *
   * @param group from provideBuffers
   * @throws from the loop, ErrnoError ECONNRESET ...; the signal's reason
   */
  recvMultishot(fd: RingFile, group: BufferGroup, options?: OperationOptions): Multishot<Buffer> {
    if (!(group instanceof BufferGroup)) throw invalidArgType('group', 'an instance of BufferGroup', group)
    const file = asRingFile(fd)
    const { queue } = this
    const shots = {
      syscall: 'recv',
      start: (request: Multishot<Buffer>) => {
        const at = queue.prepare(request, IORING_OP_RECV, file, 0, 0, 0)
        queue.setPriority(at, IORING_RECV_MULTISHOT)
        queue.addFlags(at, IOSQE_BUFFER_SELECT)
        queue.words[at + BUFFER] = group.group
      },
      take: (length: number, flags: number) => group.take(length, flags),
      drop: (_: number, flags: number) => group.drop(flags),
      isEnd: (length: number) => length === 0,
    }
    return new Multishot(queue, shots, asSignal(options))
  }

  /**
   * Buffers for recvMultishot, for any number of sockets. Linux 5.19.
   * @param count how many: a power of two, at most 32768
   * @param size bytes each
   * @throws ErrnoError EINVAL (an older kernel), ENOMEM; ERR_OUT_OF_RANGE, ERR_INVALID_ARG_VALUE
   */
  provideBuffers(count: number, size: number): BufferGroup {
    this.queue.usable()
    return new BufferGroup(this.queue, this.#groups++, asGroupCount(count), asInteger('size', size, 1, 1 << 30))
  }

  /**
   * Sends up to `length` bytes to a socket, as `write` does.
   * @param flags MSG_MORE, MSG_WAITALL (all of it) ... (default 0); never dies of SIGPIPE
   * @throws as a rejection, what `write` rejects with
   * @see man 2 send
   */
  send(fd: RingFile, data: string | ByteView, flags = 0, options?: TransferOptions): Promise<number> {
    return attempt(() => {
      const how = asInteger('flags', flags) | MSG_NOSIGNAL
      const file = asRingFile(fd)
      const bytes = typeof data === 'string' ? asData(data).view : data
      const pin = Pin.from(asFixedSpan(bytes, options?.offset, options?.length, 'data'))
      const ended = (result: number): number => {
        pin.finish(0)
        return result
      }
      return this.operation('send', IORING_OP_SEND, file, pin.address, pin.length, 0, how, options, ended)
    })
  }

  /**
   * Sends several pieces as one message.
   * @param options `address`: where to
   * @throws as a rejection, what `send` rejects with
   * @see man 2 sendmsg
   */
  sendmsg(
    fd: RingFile,
    pieces: readonly (string | ByteView)[],
    flags = 0,
    options?: SendMessageOptions,
  ): Promise<number> {
    return attempt(() => {
      const how = asInteger('flags', flags) | MSG_NOSIGNAL
      const file = asRingFile(fd)
      const to = options?.address
      const name = to ? encodeAddress(to, 'sendmsg') : new Uint8Array()
      const pins = pieces.map((piece) => Pin.from(asFixedSpan(typeof piece === 'string' ? Buffer.from(piece) : piece)))
      const vector = vectorOf(pins.map(({ address, length }) => [address, length]))
      const message = messageOf(name, vector, pins.length)
      const ended = (result: number): number => {
        for (const pin of [message, vector, ...pins]) pin.finish(0)
        return result
      }
      return this.operation('sendmsg', IORING_OP_SENDMSG, file, message.address, 1, 0, how, options, ended, to)
    })
  }

  /**
   * Ends one direction of a socket or both.
   * @param how SHUT_RD, SHUT_WR, SHUT_RDWR
   * @throws as a rejection, ErrnoError ENOTCONN, EBADF
   * @see man 2 shutdown
   */
  shutdown(fd: RingFile, how: number, options?: OperationOptions): Promise<void> {
    return attempt(() => {
      const direction = asInteger('how', how, 0, 2)
      return this.operation('shutdown', IORING_OP_SHUTDOWN, asRingFile(fd), 0, direction, 0, 0, options, () => {})
    })
  }
}

// A struct msghdr, with the name behind it.
function messageOf(name: Uint8Array, vector: Pin, pieces: number): Pin {
  const message = Pin.scratch(MSGHDR_SIZE + name.length)
  const { bytes } = message.block
  bytes.fill(0, 0, MSGHDR_SIZE)
  bytes.set(name, MSGHDR_SIZE)
  if (name.length > 0) writeAddress(message, 0, message.address + MSGHDR_SIZE)
  writeAddress(message, 8, name.length)
  writeAddress(message, 16, vector.address)
  writeAddress(message, 24, pieces)
  return message
}

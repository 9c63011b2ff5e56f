// A connection in a process of its own: a descriptor in blocking mode, so that readSync is one read(2).
import type { Socket } from 'node:net'
import { constants } from 'node:os'
import { ErrnoError } from '../../errors.js'
import { asInteger } from '../../posix/internal/arguments.js'
import type { SocketAddress } from '../../posix/socket/socket-address.js'
import { setsockopt, SO_RCVTIMEO, SO_SNDTIMEO, SOL_SOCKET } from '../../posix/socket/socket-options.js'
import { SHUT_WR, shutdown } from '../../posix/sys-socket.js'
import { close, read, write } from '../../posix/unistd.js'
import { readAsync, writeAsync } from '../../posix/unistd-async.js'
import {
  asBytes,
  BaseConnection,
  bytesToFill,
  closedError,
  DEFAULT_READ,
  type ByteTally,
  type Data,
} from '../connection.js'
import { socketOf } from '../socket-of.js'

export interface BlockingOptions {
  /** Milliseconds without a byte before a read or write fails with ETIMEDOUT; 0: none. */
  idleTimeout?: number
  tally?: ByteTally
  /** Called right before the connection lets its descriptor go: closes it, or gives it to a socket. */
  releasing?: (() => void) | undefined
}

export class BlockingConnection extends BaseConnection {
  #fd: number
  readonly #tally: ByteTally | undefined
  readonly #idleTimeout: number
  readonly #releasing: (() => void) | undefined
  #socket: Socket | undefined

  constructor(fd: number, address: SocketAddress | undefined, options: BlockingOptions = {}) {
    super(address)
    const { idleTimeout = 0, tally, releasing } = options
    this.#releasing = releasing
    this.#fd = fd
    this.#tally = tally
    this.#idleTimeout = idleTimeout
    if (idleTimeout > 0) {
      setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, idleTimeout)
      setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, idleTimeout)
    }
  }

  get fd(): number {
    return this.#fd
  }

  /** The socket that `toSocket` gave, if it did. */
  get socket(): Socket | undefined {
    return this.#socket
  }

  override readSync(max?: number): Buffer | null
  override readSync(view: ArrayBufferView): number
  override readSync(into: number | ArrayBufferView = DEFAULT_READ): Buffer | number | null {
    if (typeof into === 'object') return this.#readInto(into)
    const buffer = Buffer.allocUnsafe(asInteger('max', into, 1))
    const count = this.#readInto(buffer)
    return count === 0 ? null : buffer.subarray(0, count)
  }

  #readInto(view: ArrayBufferView): number {
    const count = inTime(read(this.#open(), view), 'read')
    this.#tally?.received(count)
    return count
  }

  override writeSync(data: Data): void {
    const bytes = asBytes(data)
    for (let sent = 0; sent < bytes.length;) {
      const count = inTime(write(this.#open(), bytes, sent), 'write')
      this.#tally?.sent(count)
      sent += count
    }
  }

  read(max?: number): Promise<Buffer | null>
  read(view: ArrayBufferView): Promise<number>
  async read(into: number | ArrayBufferView = DEFAULT_READ): Promise<Buffer | number | null> {
    if (typeof into === 'object') return this.#readIntoAsync(bytesToFill(into))
    const buffer = Buffer.allocUnsafe(asInteger('max', into, 1))
    const count = await this.#readIntoAsync(buffer)
    return count === 0 ? null : buffer.subarray(0, count)
  }

  async #readIntoAsync(bytes: Uint8Array): Promise<number> {
    const count = await readAsync(this.#open(), bytes, 0, bytes.length, this.#patience()).catch(timedOut('read'))
    this.#tally?.received(count)
    return count
  }

  async write(data: Data): Promise<void> {
    const bytes = asBytes(data)
    for (let sent = 0; sent < bytes.length;) {
      const left = bytes.length - sent
      const count = await writeAsync(this.#open(), bytes, sent, left, this.#patience()).catch(timedOut('write'))
      this.#tally?.sent(count)
      sent += count
    }
  }

  #patience(): { timeout?: number } {
    return this.#idleTimeout > 0 ? { timeout: this.#idleTimeout } : {}
  }

  end(): void {
    shutdown(this.#open(), SHUT_WR)
  }

  close(): void {
    if (this.#fd >= 0) close(this.#release())
  }

  toSocket(): Socket {
    if (this.#socket) return this.#socket
    const fd = this.#open()
    this.#socket = socketOf(fd, {
      idleTimeout: this.#idleTimeout,
      idleError: () => new ErrnoError(constants.errno.ETIMEDOUT, 'read'),
      closed: ({ bytesRead, bytesWritten }) => {
        this.#tally?.received(bytesRead)
        this.#tally?.sent(bytesWritten)
      },
    })
    this.#release()
    return this.#socket
  }

  #release(): number {
    const fd = this.#fd
    this.#releasing?.()
    this.#fd = -1
    return fd
  }

  #open(): number {
    if (this.#fd < 0) throw closedError()
    return this.#fd
  }
}

// The time limit of readAsync and writeAsync, told as the blocking calls tell it.
function timedOut(syscall: string): (error: Error) => never {
  return (error) => {
    throw error.name === 'TimeoutError' ? new ErrnoError(constants.errno.ETIMEDOUT, syscall) : error
  }
}

// The descriptor blocks, so «would block» means that SO_RCVTIMEO or SO_SNDTIMEO ran out.
function inTime(result: number | null, syscall: string): number {
  if (result === null) throw new ErrnoError(constants.errno.ETIMEDOUT, syscall)
  return result
}

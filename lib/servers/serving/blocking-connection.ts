// A connection in a process of its own: a descriptor in blocking mode, so that readSync is one read(2).
import type { Socket } from 'node:net'
import { constants } from 'node:os'
import { codedError, ErrnoError } from '../../errors.js'
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
import { rejected } from '../unwatched.js'

export interface BlockingOptions {
  /** A descriptor that is readable, or hung up, when the server ends: what HTTP minds. */
  ending?: number
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
  #sending: Promise<void> | undefined // writes that are under way, and the end behind them
  #reading = 0
  #closing = false

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
    if (this.#sending) throw underWay('writeSync')
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
    const fd = this.#open()
    this.#reading++
    try {
      const count = await readAsync(fd, bytes, 0, bytes.length, this.#patience()).catch(timedOut('read'))
      this.#tally?.received(count)
      return count
    } finally {
      this.#reading--
    }
  }

  write(data: Data): Promise<void> {
    try {
      const bytes = asBytes(data)
      if (!this.#isOpen) return rejected(closedError())
      return this.#inTurn(() => this.#writeAll(bytes))
    } catch (error) {
      return Promise.reject(error as Error)
    }
  }

  // Writes that nobody waits for are not mixed: each begins when the one before it is over, and fails where that has failed.
  #inTurn(send: () => Promise<void>): Promise<void> {
    const sending = this.#sending ? this.#sending.then(send) : send()
    this.#sending = sending
    const over = (): void => this.#sent(sending)
    sending.then(over, over)
    return sending
  }

  #sent(sending: Promise<void>): void {
    if (this.#sending !== sending) return
    this.#sending = undefined
    if (this.#closing) close(this.#release())
  }

  /** Resolves when nothing is being sent any more, whether or not it went out. */
  async sent(): Promise<void> {
    while (this.#sending) await this.#sending.catch(() => {})
  }

  /** Whether something is being sent. */
  get isSending(): boolean {
    return this.#sending !== undefined
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    for (let sent = 0; sent < bytes.length;) {
      const left = bytes.length - sent
      const count = await writeAsync(this.#fd, bytes, sent, left, this.#patience()).catch(timedOut('write'))
      this.#tally?.sent(count)
      sent += count
    }
  }

  #patience(): { timeout?: number } {
    return this.#idleTimeout > 0 ? { timeout: this.#idleTimeout } : {}
  }

  end(): void {
    const fd = this.#open()
    if (this.#sending) void this.#inTurn(async () => shutdown(fd, SHUT_WR))
    else shutdown(fd, SHUT_WR)
  }

  /** What was given to `write` is still written. */
  close(): void {
    if (!this.#isOpen) return
    if (this.#sending) this.#closing = true
    else close(this.#release())
  }

  toSocket(): Socket {
    if (this.#socket) return this.#socket
    const fd = this.#open()
    if (this.#sending || this.#reading > 0) throw underWay('toSocket')
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

  get #isOpen(): boolean {
    return this.#fd >= 0 && !this.#closing
  }

  #open(): number {
    if (!this.#isOpen) throw closedError()
    return this.#fd
  }
}

function underWay(what: string): Error {
  const message = `Invalid state: ${what}: a read or write of this connection is still under way`
  return codedError(Error, 'ERR_INVALID_STATE', message)
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

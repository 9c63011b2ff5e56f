// A connection whose own thread does the blocking reads and writes, while its handler runs on the main thread.
import type { Socket } from 'node:net'
import { constants } from 'node:os'
import { codedError, ErrnoError } from '../../errors.js'
import { asInteger } from '../../posix/internal/arguments.js'
import { F_DUPFD_CLOEXEC, F_GETFL, F_SETFL, fcntl, O_NONBLOCK } from '../../posix/fcntl.js'
import type { SocketAddress } from '../../posix/socket/socket-address.js'
import {
  asBytes,
  BaseConnection,
  bytesToFill,
  closedError,
  DEFAULT_READ,
  detachedError,
  type ByteTally,
  type Data,
} from '../connection.js'
import { Deferred } from '../deferred.js'
import { socketOf } from '../socket-of.js'
import { rejected, unwatched } from '../unwatched.js'
import { CLOSE, END, READ_LANE, WRITE_LANE, type IoThreads } from './io-threads.js'

const { EAGAIN, ETIMEDOUT } = constants.errno

interface Waiter<T> {
  resolve(value: T): void
  reject(error: Error): void
}

export interface ThreadConnectionOptions {
  /** Milliseconds without a byte before a read or write fails with ETIMEDOUT; 0: none. */
  idleTimeout: number
  tally: ByteTally
}

export class ThreadConnection extends BaseConnection {
  readonly #threads: IoThreads
  readonly #options: ThreadConnectionOptions
  readonly #ended = new Deferred()
  readonly #destroyed = new Deferred()
  readonly #reads: (Waiter<Buffer | null> & { max: number })[] = []
  readonly #writes: (Waiter<void> | undefined)[] = [] // undefined: the half-close of end()
  #fd: number
  #id = 0
  #lastByte = 0
  #closing = false
  #socket: Socket | undefined

  constructor(fd: number, address: SocketAddress | undefined, threads: IoThreads, options: ThreadConnectionOptions) {
    super(address)
    this.#fd = fd
    this.#threads = threads
    this.#options = options
  }

  /** Starts its thread, which owns the descriptor from then on; gives 0, or the negative errno why there is none. */
  start(): number {
    const id = this.#threads.start(this.#fd, this.#options.idleTimeout, (...done) => this.#completed(...done))
    if (id < 0) return id
    this.#id = id
    return 0
  }

  get fd(): number {
    return this.#closing ? -1 : this.#fd
  }

  /** The socket that `toSocket` gave, if it did. */
  get socket(): Socket | undefined {
    return this.#socket
  }

  /** Resolves when `destroy` is called. */
  get destroyed(): Promise<void> {
    return this.#destroyed.promise
  }

  /** Resolves when its thread has closed the descriptor. */
  get ended(): Promise<void> {
    return this.#ended.promise
  }

  read(max?: number): Promise<Buffer | null>
  read(view: ArrayBufferView): Promise<number>
  async read(into: number | ArrayBufferView = DEFAULT_READ): Promise<Buffer | number | null> {
    if (typeof into !== 'object') return this.#read(asInteger('max', into, 1))
    const view = bytesToFill(into)
    if (view.length === 0) return 0
    const chunk = await this.#read(view.length)
    if (chunk !== null && view.length < chunk.length) throw detachedError()
    return chunk?.copy(view) ?? 0
  }

  #read(max: number): Promise<Buffer | null> {
    return new Promise((resolve, reject) => {
      const refused = this.#closing ? closedError() : failure(this.#threads.read(this.#id, max), 'read')
      if (refused) reject(refused)
      else this.#reads.push({ resolve, reject, max })
    })
  }

  write(data: Data): Promise<void> {
    try {
      const bytes = asBytes(data)
      const refused = this.#closing ? closedError() : failure(this.#threads.write(this.#id, bytes), 'write')
      if (refused) return rejected(refused)
      return unwatched(new Promise((resolve, reject) => this.#writes.push({ resolve, reject })))
    } catch (error) {
      return Promise.reject(error as Error)
    }
  }

  end(): void {
    if (this.#closing) throw closedError()
    const refused = failure(this.#threads.end(this.#id), 'shutdown')
    if (refused) throw refused
    this.#writes.push(undefined)
  }

  /** What was given to `write` is still written; reads that wait find the end of file. */
  close(): void {
    if (this.#closing) return
    this.#closing = true
    this.#closeWhenWritten()
  }

  // Where nothing is under way nobody need hear of the end.
  #closeWhenWritten(): void {
    if (this.#writes.length > 0) return
    const quietly = this.#reads.length === 0
    this.#threads.close(this.#id, quietly)
    if (quietly) this.#closed()
  }

  /** Closes now: writes that wait fail. */
  destroy(): void {
    this.#closing = true
    this.#threads.close(this.#id)
    this.#socket?.destroy()
    this.#destroyed.resolve()
  }

  toSocket(): Socket {
    if (this.#socket) return this.#socket
    if (this.#closing) throw closedError()
    if (this.#reads.length + this.#writes.length > 0) {
      throw codedError(Error, 'ERR_INVALID_STATE', 'toSocket: a read or write of this connection is still under way')
    }
    const fd = fcntl(this.#fd, F_DUPFD_CLOEXEC, 0)
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK)
    this.close()
    const { idleTimeout, tally } = this.#options
    this.#socket = socketOf(fd, {
      idleTimeout,
      closed: ({ bytesRead, bytesWritten }) => {
        tally.received(bytesRead)
        tally.sent(bytesWritten)
      },
    })
    return this.#socket
  }

  #completed(operation: number, result: number, data: Buffer | null): void {
    if (result > 0) this.#lastByte = performance.now()
    if (operation === READ_LANE) this.#readDone(result, data)
    else if (operation === CLOSE) this.#closed()
    else this.#writeDone(operation, result)
  }

  #readDone(result: number, data: Buffer | null): void {
    const { resolve, reject, max } = this.#reads.shift()!
    const error = this.#closing ? undefined : failure(result, 'read')
    if (data) this.#options.tally.received(data.length)
    if (!error) return resolve(data)
    // SO_RCVTIMEO counts this direction only; a connection with bytes in the other one is not idle.
    const active = performance.now() - this.#lastByte < this.#options.idleTimeout
    if (result === -EAGAIN && active && this.#threads.read(this.#id, max) === 0) {
      this.#reads.unshift({ resolve, reject, max })
    } else {
      reject(error)
    }
  }

  #writeDone(operation: number, result: number): void {
    const waiter = this.#writes.shift()
    const error = failure(result, operation === END ? 'shutdown' : 'write')
    if (operation === WRITE_LANE && result > 0) this.#options.tally.sent(result)
    if (error) waiter?.reject(error)
    else waiter?.resolve()
    if (this.#closing) this.#closeWhenWritten()
  }

  #closed(): void {
    for (const { resolve } of this.#reads.splice(0)) resolve(null)
    for (const waiter of this.#writes.splice(0)) waiter?.reject(closedError())
    this.#fd = -1
    this.#ended.resolve()
  }
}

// The descriptor blocks, so «would block» means that SO_RCVTIMEO or SO_SNDTIMEO ran out.
function failure(result: number, syscall: string): Error | undefined {
  if (result >= 0) return undefined
  return new ErrnoError(result === -EAGAIN ? ETIMEDOUT : result, syscall)
}

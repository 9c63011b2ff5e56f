// An eventServer's connection for `(conn) => ...` handlers: reading and writing are promises, and back pressure is not reading
// while nobody asks for what was read.
import type { Socket } from 'node:net'
import { codedError, ErrnoError } from '../errors.js'
import { asInteger } from '../posix/arguments.js'
import { asBytes, BaseConnection, closedError, type Connection, type Data } from './connection.js'
import type { EventHost } from './event-server.js'
import type { ConnectionHandler } from './handler.js'
import type { Link, Sink } from './reactor.js'
import { asError } from './server.js'

// Reading stops when so many bytes lie here unread.
const MOST_HELD = 64 * 1024

const DONE = Promise.resolve()
const FINISHED: IteratorReturnResult<undefined> = { done: true, value: undefined }

interface Waiting<T> {
  resolve(value: T): void
  reject(error: Error): void
}

/** Whoever waits for bytes: `take` gives them the shape that was asked for, of null at end of file. */
interface Reader extends Waiting<never> {
  readonly max: number
  readonly take: (chunk: Buffer | null) => unknown
}

// A handler may start a write and not wait for it: that the client went away meanwhile must not end the process.
function heeded<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {})
  return promise
}

const rejected = (error: Error): Promise<never> => heeded(Promise.reject(error))

const asChunk = (chunk: Buffer | null): Buffer | null => chunk
const asResult = (chunk: Buffer | null): IteratorResult<Buffer, undefined> =>
  chunk === null ? FINISHED : { done: false, value: chunk }

export class StreamConnection extends BaseConnection implements Connection, Link {
  /** @internal */
  slot: number
  readonly #host: EventHost<StreamConnection>
  #held: Buffer[] = []
  #heldBytes = 0
  #paused = false
  #ended = false // by the client
  #finished = false // by us
  /** @internal What broke the connection. */
  error: Error | undefined
  #reader: Reader | undefined
  #writers: Waiting<void>[] | undefined
  /** @internal Whether the descriptor is a net.Socket's now. */
  handedOver = false

  constructor(host: EventHost<StreamConnection>, slot: number) {
    super(undefined)
    this.#host = host
    this.slot = slot
  }

  get fd(): number {
    return this.#host.reactor.fdOf(this)
  }

  override get remoteAddress(): string | undefined {
    return this.#host.reactor.peerOf(this)?.address
  }

  override get remotePort(): number | undefined {
    return this.#host.reactor.peerOf(this)?.port
  }

  // ---- reading

  read(max?: number): Promise<Buffer | null> {
    const most = max === undefined ? Infinity : asInteger('max', max, 1)
    return this.#read(most, asChunk) as Promise<Buffer | null>
  }

  override [Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    return new Chunks(() => this.#read(Infinity, asResult) as Promise<IteratorResult<Buffer, undefined>>)
  }

  #read(max: number, take: Reader['take']): Promise<unknown> {
    if (this.#held.length > 0) return Promise.resolve(take(this.#takeHeld(max)))
    if (this.error) return Promise.reject(this.error)
    if (this.#ended) return Promise.resolve(take(null))
    if (this.slot < 0) return Promise.reject(closedError())
    if (this.#reader) {
      return Promise.reject(
        codedError(Error, 'ERR_INVALID_STATE', 'Invalid state: another read of this connection waits'),
      )
    }
    return new Promise((resolve, reject) => (this.#reader = { max, take, resolve, reject }))
  }

  #takeHeld(max: number): Buffer {
    const first = this.#held[0]!
    const chunk = first.length <= max ? first : first.subarray(0, max)
    if (chunk === first) this.#held.shift()
    else this.#held[0] = first.subarray(max)
    this.#heldBytes -= chunk.length
    if (this.#paused && this.#heldBytes < MOST_HELD) this.#setPaused(false)
    return chunk
  }

  #setPaused(paused: boolean): void {
    this.#paused = paused
    if (paused) this.#host.reactor.pause(this)
    else this.#host.reactor.resume(this)
  }

  /** @internal */
  received(chunk: Buffer): void {
    const reader = this.#reader
    const copy = Buffer.from(chunk)
    if (reader && copy.length <= reader.max) {
      this.#reader = undefined
      return (reader as Waiting<unknown>).resolve(reader.take(copy))
    }
    this.#held.push(copy)
    this.#heldBytes += copy.length
    if (!this.#paused && this.#heldBytes >= MOST_HELD) this.#setPaused(true)
    this.#serveReader()
  }

  #serveReader(): void {
    const reader = this.#reader
    if (!reader) return
    this.#reader = undefined
    void this.#read(reader.max, reader.take).then((value) => (reader as Waiting<unknown>).resolve(value), reader.reject)
  }

  /** @internal The client has sent its last byte. */
  peerEnded(): void {
    this.#ended = true
    this.#serveReader()
  }

  // ---- writing

  write(data: Data): Promise<void> {
    if (this.slot < 0 || this.#finished) return rejected(this.error ?? closedError())
    const queued = this.#host.reactor.writeNow(this, asBytes(data))
    if (queued === 0) return DONE
    if (queued < 0) return rejected(this.error ?? new ErrnoError(queued, 'send'))
    return heeded(new Promise((resolve, reject) => (this.#writers ??= []).push({ resolve, reject })))
  }

  /** @internal */
  drained(): void {
    const writers = this.#writers ?? []
    this.#writers = undefined
    for (const writer of writers) writer.resolve()
  }

  // ---- the end

  end(): void {
    this.#finished = true
    this.#host.reactor.finish(this)
  }

  close(): void {
    this.#finished = true
    this.#host.reactor.closeSoon(this)
    this.#giveUpReading(closedError())
  }

  /** @internal Nothing more will come. What was written before an orderly end was sent. */
  over(error: Error | undefined): void {
    this.error ??= error
    this.#giveUpReading(error ?? closedError())
    const writers = this.#writers ?? []
    this.#writers = undefined
    for (const writer of writers) {
      if (!error && this.#finished) writer.resolve()
      else writer.reject(error ?? closedError())
    }
  }

  #giveUpReading(error: Error): void {
    const reader = this.#reader
    this.#reader = undefined
    reader?.reject(error)
  }

  toSocket(): Socket {
    if (this.slot < 0) throw closedError()
    const socket = this.#host.handOver.take(this)
    this.handedOver = true
    for (const chunk of this.#held.splice(0).reverse()) socket.unshift(chunk)
    if (this.#ended) socket.push(null)
    return socket
  }
}

// What `for await` runs over: one promise a chunk.
class Chunks implements AsyncGenerator<Buffer> {
  next: () => Promise<IteratorResult<Buffer, undefined>>

  constructor(next: () => Promise<IteratorResult<Buffer, undefined>>) {
    this.next = next
  }

  async return(): Promise<IteratorResult<Buffer, undefined>> {
    return FINISHED
  }

  async throw(error: unknown): Promise<IteratorResult<Buffer, undefined>> {
    throw error
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

/** Runs the handler once a connection, and closes the connection when it has done. */
export class StreamSink implements Sink<StreamConnection> {
  readonly #host: EventHost<StreamConnection>
  readonly #serve: ConnectionHandler

  constructor(host: EventHost<StreamConnection>, serve: ConnectionHandler) {
    this.#host = host
    this.#serve = serve
  }

  open(slot: number): StreamConnection {
    const conn = new StreamConnection(this.#host, slot)
    void this.#run(conn)
    return conn
  }

  async #run(conn: StreamConnection): Promise<void> {
    try {
      this.#host.opened(conn)
      await this.#serve(conn)
    } catch (error) {
      if (error === conn.error) this.#host.clientError(conn.error as Error, conn)
      else this.#host.handlerFailed(asError(error), conn)
    }
    if (!conn.handedOver) conn.close()
  }

  data(conn: StreamConnection, chunk: Buffer): void {
    conn.received(chunk)
  }

  end(conn: StreamConnection): void {
    conn.peerEnded()
  }

  drain(conn: StreamConnection): void {
    conn.drained()
  }

  // An error reaches the handler, through whatever it waits for, and what it does not catch becomes a clientError.
  close(conn: StreamConnection, error: Error | undefined): void {
    conn.over(error)
  }

  settled(): void {
    this.#host.settled()
  }

  refused(error: ErrnoError): void {
    this.#host.refused(error)
  }
}

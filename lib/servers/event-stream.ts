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

// More than this is written before write() returns.
const MOST_TOGETHER = 16 * 1024
const EPIPE = 32

const FINISHED: IteratorReturnResult<undefined> = { done: true, value: undefined }

/** Whoever waits until the kernel has what he wrote. */
class Writer {
  readonly conn: StreamConnection
  readonly promise: Promise<void>
  resolve!: () => void
  reject!: (error: Error) => void

  constructor(conn: StreamConnection) {
    this.conn = conn
    this.promise = new Promise((resolve, reject) => {
      this.resolve = resolve
      this.reject = reject
    })
  }
}

/** Gives bytes the shape that was asked for, of null at end of file. */
type Take = (chunk: Buffer | null) => unknown

const ignore = (): void => {}

// A handler may start a write and not wait for it: that the client went away meanwhile must not end the process.
function rejected(error: Error): Promise<never> {
  const promise = Promise.reject(error)
  promise.catch(ignore)
  return promise
}

function refuse(writer: Writer, error: Error): void {
  writer.promise.catch(ignore)
  writer.reject(error)
}

/** What is written in one turn by all connections, handed to the kernel together when their handlers wait again. */
class Together {
  readonly #reactor: EventHost<StreamConnection>['reactor']
  #writers: Writer[] = []

  constructor(reactor: EventHost<StreamConnection>['reactor']) {
    this.#reactor = reactor
  }

  add(writer: Writer): void {
    if (this.#writers.push(writer) === 1) queueMicrotask(() => this.#flush())
  }

  #flush(): void {
    const writers = this.#writers
    this.#writers = []
    this.#reactor.flush()
    for (const writer of writers) writer.conn.flushed(writer)
  }
}

const asChunk = (chunk: Buffer | null): Buffer | null => chunk
const asResult = (chunk: Buffer | null): IteratorResult<Buffer, undefined> =>
  chunk === null ? FINISHED : { done: false, value: chunk }

export class StreamConnection extends BaseConnection implements Connection, Link {
  /** @internal */
  slot: number
  readonly #host: EventHost<StreamConnection>
  #held: Buffer[] | undefined
  #heldBytes = 0
  #paused = false
  #ended = false // by the client
  #finished = false // by us
  /** @internal What broke the connection. */
  error: Error | undefined
  // Whoever waits for bytes, at most so many.
  #resolve: ((value: unknown) => void) | undefined
  #reject: ((error: Error) => void) | undefined
  #max = Infinity
  #take: Take = asChunk
  #writers: Writer[] | undefined
  readonly #together: Together
  #over = false
  /** @internal Whether the descriptor is a net.Socket's now. */
  handedOver = false

  constructor(host: EventHost<StreamConnection>, together: Together, slot: number) {
    super(undefined)
    this.#host = host
    this.#together = together
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
    return new Chunks(this)
  }

  /** @internal */
  nextChunk(): Promise<IteratorResult<Buffer, undefined>> {
    return this.#read(Infinity, asResult) as Promise<IteratorResult<Buffer, undefined>>
  }

  #read(max: number, take: Take): Promise<unknown> {
    if (this.#heldBytes > 0) return Promise.resolve(take(this.#takeHeld(max)))
    if (this.error) return Promise.reject(this.error)
    if (this.#ended) return Promise.resolve(take(null))
    if (this.slot < 0) return Promise.reject(closedError())
    if (this.#resolve) {
      return Promise.reject(
        codedError(Error, 'ERR_INVALID_STATE', 'Invalid state: another read of this connection waits'),
      )
    }
    this.#max = max
    this.#take = take
    return new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  #takeHeld(max: number): Buffer {
    const held = this.#held!
    const first = held[0]!
    const chunk = first.length <= max ? first : first.subarray(0, max)
    if (chunk === first) held.shift()
    else held[0] = first.subarray(max)
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
    const copy = Buffer.from(chunk)
    if (this.#resolve && copy.length <= this.#max) return this.#serve(copy)
    ;(this.#held ??= []).push(copy)
    this.#heldBytes += copy.length
    if (!this.#paused && this.#heldBytes >= MOST_HELD) this.#setPaused(true)
    if (this.#resolve) this.#serve(this.#takeHeld(this.#max))
  }

  #serve(chunk: Buffer | null): void {
    const resolve = this.#resolve!
    this.#resolve = this.#reject = undefined
    resolve(this.#take(chunk))
  }

  /** @internal The client has sent its last byte. */
  peerEnded(): void {
    this.#ended = true
    if (this.#resolve) this.#serve(null)
  }

  // ---- writing

  write(data: Data): Promise<void> {
    if (this.slot < 0 || this.#finished) return rejected(this.error ?? closedError())
    const reactor = this.#host.reactor
    const bytes = typeof data === 'string' && data.length < MOST_TOGETHER / 3 ? data : asBytes(data)
    const queued =
      bytes.length <= MOST_TOGETHER ? reactor.writeSoon(this, bytes) : reactor.writeNow(this, asBytes(bytes))
    if (queued < 0) return rejected(this.error ?? new ErrnoError(queued, 'send'))
    const writer = new Writer(this)
    if (queued > 0) (this.#writers ??= []).push(writer)
    else this.#together.add(writer)
    return writer.promise
  }

  /** @internal What was written has been given to the kernel, which may not have taken all of it. */
  flushed(writer: Writer): void {
    const open = this.slot >= 0
    const queued = open ? this.#host.reactor.queuedOf(this) : 0
    if (queued > 0 || !(open || this.handedOver || this.#over)) (this.#writers ??= []).push(writer)
    else if (queued < 0 || this.error) refuse(writer, this.error ?? new ErrnoError(EPIPE, 'send'))
    else writer.resolve()
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

  /** @internal */
  handlerDone(): void {
    if (!this.handedOver) this.close()
  }

  /** @internal Nothing more will come. What was written before an orderly end was sent. */
  over(error: Error | undefined): void {
    this.#over = true
    this.error ??= error
    this.#giveUpReading(error ?? closedError())
    const writers = this.#writers ?? []
    this.#writers = undefined
    for (const writer of writers) {
      if (!error && this.#finished) writer.resolve()
      else refuse(writer, error ?? closedError())
    }
  }

  #giveUpReading(error: Error): void {
    const reject = this.#reject
    this.#resolve = this.#reject = undefined
    reject?.(error)
  }

  toSocket(): Socket {
    if (this.slot < 0) throw closedError()
    const socket = this.#host.handOver.take(this)
    this.handedOver = true
    for (const chunk of (this.#held ?? []).reverse()) socket.unshift(chunk)
    this.#held = undefined
    this.#heldBytes = 0
    if (this.#ended) socket.push(null)
    return socket
  }
}

// What `for await` runs over: one promise a chunk.
class Chunks implements AsyncGenerator<Buffer> {
  readonly #conn: StreamConnection

  constructor(conn: StreamConnection) {
    this.#conn = conn
  }

  next(): Promise<IteratorResult<Buffer, undefined>> {
    return this.#conn.nextChunk()
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
  readonly #together: Together

  constructor(host: EventHost<StreamConnection>, serve: ConnectionHandler) {
    this.#host = host
    this.#together = new Together(host.reactor)
    this.#serve = serve
  }

  open(slot: number): StreamConnection {
    const conn = new StreamConnection(this.#host, this.#together, slot)
    try {
      this.#host.opened(conn)
      this.#whenDone(conn, this.#serve(conn))
    } catch (error) {
      this.#failed(conn, error)
    }
    return conn
  }

  // Not an async function: what waits is kept small, for there may be thousands of them.
  #whenDone(conn: StreamConnection, served: void | Promise<void>): void {
    void Promise.resolve(served).then(
      () => conn.handlerDone(),
      (error: unknown) => this.#failed(conn, error),
    )
  }

  #failed(conn: StreamConnection, error: unknown): void {
    if (error === conn.error) this.#host.clientError(conn.error as Error, conn)
    else this.#host.handlerFailed(asError(error), conn)
    conn.handlerDone()
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

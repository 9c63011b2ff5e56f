// An eventServer's connection for `(conn) => ...` handlers: reading and writing are promises, and back pressure is not reading
// while the handler does not ask for what was read.
import { constants } from 'node:os'
import type { Socket } from 'node:net'
import { codedError, ErrnoError } from '../../errors.js'
import { asInteger } from '../../posix/internal/arguments.js'
import { byteLengthOf } from '../../posix/internal/memory-view.js'
import { BaseConnection, bytesToFill, closedError, type Connection, type Data, detachedError } from '../connection.js'
import type { DetachedSockets } from './detached-sockets.js'
import type { Link, Reactor } from './reactor.js'
import { Chunks, FINISHED } from './stream-chunks.js'
import { rejected } from '../unwatched.js'
import { type WriteBatch, Writer } from './pending-writes.js'

// Reading stops when so many bytes lie here unread.
const MOST_HELD = 64 * 1024

// More than this is written before write() returns.
const MOST_TOGETHER = 16 * 1024
const { EPIPE } = constants.errno

const NO_LIMIT = 0
const WRITTEN = Promise.resolve()

/** Gives bytes the shape that was asked for, of null at end of file. */
type Take = (chunk: Buffer | null) => unknown

const asChunk = (chunk: Buffer | null): Buffer | null => chunk
const asResult = (chunk: Buffer | null): IteratorResult<Buffer, undefined> =>
  chunk === null ? FINISHED : { done: false, value: chunk }

/** What the connections of a server share. @internal */
export interface StreamHost {
  readonly reactor: Reactor<StreamConnection>
  readonly handOver: DetachedSockets<StreamConnection>
  readonly together: WriteBatch
}

/** There may be thousands that only wait: what is not always needed is made when it is. */
export class StreamConnection extends BaseConnection implements Connection, Link {
  /** @internal */
  slot: number
  readonly #host: StreamHost
  #held: Buffer[] | undefined
  #heldBytes = 0
  #paused = false
  #ended = false // by the client
  #finished = false // by us
  /** @internal What broke the connection. */
  error: Error | undefined
  // The read that waits for bytes, at most so many.
  #resolve: ((value: unknown) => void) | undefined
  #max = NO_LIMIT
  #take: Take = asChunk
  #into: Uint8Array | undefined // that it is to lie in
  #writers: Writer[] | undefined
  #over = false
  /** @internal Whether the descriptor is a net.Socket's now. */
  handedOver = false

  constructor(host: StreamHost, slot: number) {
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

  read(max?: number): Promise<Buffer | null>
  read(view: ArrayBufferView): Promise<number>
  read(into?: number | ArrayBufferView): Promise<unknown> {
    if (typeof into === 'object') return this.#readInto(into)
    return this.#read(into === undefined ? NO_LIMIT : asInteger('max', into, 1), asChunk)
  }

  #readInto(view: ArrayBufferView): Promise<unknown> {
    const wasReading = this.#resolve !== undefined
    try {
      const into = bytesToFill(view)
      if (into.length === 0) return Promise.resolve(0)
      const count = this.#read(into.length, (chunk) => (chunk === null ? 0 : chunk.copy(into)))
      if (this.#resolve && !wasReading) this.#into = into
      return count
    } catch (error) {
      return Promise.reject(error)
    }
  }

  override [Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    return new Chunks(this)
  }

  /** @internal */
  nextChunk(): Promise<IteratorResult<Buffer, undefined>> {
    return this.#read(NO_LIMIT, asResult) as Promise<IteratorResult<Buffer, undefined>>
  }

  #read(max: number, take: Take): Promise<unknown> {
    if (this.#heldBytes > 0) return Promise.resolve(take(this.#takeHeld(max)))
    if (this.error) return Promise.reject(this.error)
    if (this.#ended) return Promise.resolve(take(null))
    if (this.slot < 0) return Promise.reject(closedError())
    if (this.#resolve) return Promise.reject(alreadyReading())
    this.#max = max
    this.#take = take
    return new Promise((resolve) => (this.#resolve = resolve))
  }

  #fits(chunk: Buffer): boolean {
    return this.#max === NO_LIMIT || chunk.length <= this.#max
  }

  #takeHeld(max: number): Buffer {
    const held = this.#held!
    const first = held[0]!
    const chunk = max === NO_LIMIT || first.length <= max ? first : first.subarray(0, max)
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

  /** @internal Puts bytes straight into the view that waits for some, if one does, and gives how many. */
  fill(bytes: Buffer, offset: number, length: number): number {
    const into = this.#into
    if (into === undefined) return 0
    const resolve = this.#resolve!
    this.#into = this.#resolve = undefined
    const count = bytes.copy(into, 0, offset, offset + Math.min(length, into.length))
    resolve(count > 0 ? count : Promise.reject(detachedError()))
    return count
  }

  /** @internal */
  received(chunk: Buffer): void {
    if (this.#resolve && this.#fits(chunk)) return this.#serve(chunk)
    ;(this.#held ??= []).push(chunk)
    this.#heldBytes += chunk.length
    if (!this.#paused && this.#heldBytes >= MOST_HELD) this.#setPaused(true)
    if (this.#resolve) this.#serve(this.#takeHeld(this.#max))
  }

  #serve(chunk: Buffer | null): void {
    const resolve = this.#resolve!
    this.#into = this.#resolve = undefined
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
    const { reactor, together } = this.#host
    const soon = reactor.sendsTogether && isSmall(data)
    const queued = soon ? reactor.writeSoon(this, data) : reactor.writeNow(this, data)
    if (queued < 0) return rejected(this.error ?? new ErrnoError(queued, 'send'))
    if (queued === 0 && !soon) return WRITTEN
    const writer = new Writer(this)
    if (queued > 0) this.#waits(writer)
    else together.add(writer)
    return writer.promise
  }

  #waits(writer: Writer): void {
    ;(this.#writers ??= []).push(writer)
  }

  /** @internal What was written has been given to the kernel, which may not have taken all of it. */
  flushed(writer: Writer): void {
    const open = this.slot >= 0
    const queued = open ? this.#host.reactor.queuedOf(this) : 0
    if (queued > 0 || !(open || this.handedOver || this.#over)) this.#waits(writer)
    else if (queued < 0 || this.error) writer.refuse(this.error ?? new ErrnoError(EPIPE, 'send'))
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
      else writer.refuse(error ?? closedError())
    }
  }

  // A promise's own reject function would be one closure more for each connection that waits.
  #giveUpReading(error: Error): void {
    const resolve = this.#resolve
    this.#into = this.#resolve = undefined
    resolve?.(Promise.reject(error))
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

const isSmall = (data: Data | null): boolean =>
  typeof data === 'string' ? data.length <= MOST_TOGETHER / 3 : data !== null && byteLengthOf(data) <= MOST_TOGETHER

function alreadyReading(): Error {
  return codedError(Error, 'ERR_INVALID_STATE', 'Invalid state: another read of this connection waits')
}

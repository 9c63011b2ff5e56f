// A channel as one of its two ends sees it: messages out, and in, to listeners or to an iteration, no faster than they are wanted.
import { codedError } from '../../errors.js'
import { isNotAReport, notAReport } from '../not-a-report.js'
import { closeAll, FrameSocket } from './frame-socket.js'
import { luggageOf, ReceivedHandle, type SendHandle } from './handles.js'
import { frameOf, MESSAGE, valueIn } from './message-frames.js'
import { closeHandles, MessageQueue, type Waiting } from './message-queue.js'
import { rethrowLater } from './rethrow-later.js'

// Bytes that wait to go out, or to be looked at, before the one side is told to wait and the other is not read from.
const HIGH_WATER_MARK = 1 << 18

/** Whose channel it is. */
export interface ChannelOwner {
  /** Whether there are listeners for messages. */
  isListening(): boolean
  message(value: unknown, handles: ReceivedHandle[]): void
  drained(): void
  /** The other end sends nothing more, or, with an error, is not listened to any longer. `finish` is the owner's to call. */
  closed(error?: Error): void
  /** After `finish`, when listeners have heard all that came before. */
  finished(): void
  /** A frame of another kind than a message. @throws ERR_POSIX_ASYNC_REPORT */
  other(kind: number, body: Buffer): void
}

export class Channel {
  readonly #socket: FrameSocket
  readonly #owner: ChannelOwner
  readonly #queue = new MessageQueue()
  #readers: (() => void)[] = []
  #held: ReceivedHandle[] = []
  #iterations = 0
  #isReferenced = true
  #isToDeliver = false
  #over: { error: Error | undefined } | undefined
  #hasToldEnd = false

  /** @param fd one end of a connected Unix stream socket, owned from here on. @throws ErrnoError; the descriptor is the caller's then */
  constructor(fd: number, maxMessage: number, owner: ChannelOwner) {
    this.#owner = owner
    this.#socket = new FrameSocket(fd, maxMessage, {
      frame: (kind, body, fds) => this.#frame(kind, body, fds),
      drained: () => {
        this.#reference()
        owner.drained()
      },
      ended: (error) => owner.closed(error),
    })
  }

  get connected(): boolean {
    return this.#socket.writable && this.#socket.here
  }

  /** Bytes that wait to go out. */
  get queued(): number {
    return this.#socket.queued
  }

  /** Those of the message that an iteration gave last. */
  get handles(): readonly ReceivedHandle[] {
    return this.#held
  }

  get isIterated(): boolean {
    return this.#iterations > 0
  }

  /** Whether something has come or waits, or nothing will come any more: then this end is not handed on. */
  get isUsed(): boolean {
    return this.#queue.length > 0 || this.#socket.used || this.#over !== undefined || !this.#socket.writable
  }

  get fd(): number {
    return this.#socket.fd
  }

  /** As ForkedPort.send. */
  send(value: unknown, handles?: readonly SendHandle[]): boolean {
    if (!this.#socket.here) {
      throw codedError(Error, 'ERR_INVALID_STATE', "Invalid state: the channel is the parent's, and this is a child")
    }
    if (!this.#socket.writable) throw codedError(Error, 'ERR_IPC_CHANNEL_CLOSED', 'Channel closed')
    const { fds, leave } = luggageOf(handles)
    try {
      this.sendFrame(frameOf(value, fds.length), fds)
    } catch (error) {
      closeAll(fds)
      throw error
    }
    leave()
    return this.#socket.queued < HIGH_WATER_MARK
  }

  /** @param fds owned from here on */
  sendFrame(frame: Buffer, fds: readonly number[] = []): void {
    this.#socket.write(frame, fds)
    if (this.#socket.queued > 0) this.#reference()
  }

  /** Sends what is queued, waiting while the other end is behind. */
  flush(): void {
    this.#socket.flush()
  }

  /** Sends what is queued, and nothing after it. Idempotent. */
  disconnect(): void {
    this.#socket.end()
  }

  /** Whether it keeps the process alive while it has listeners; it does from the start. What waits to go out does in any case. */
  keepAlive(wanted: boolean): void {
    this.#isReferenced = wanted
    this.#reference()
  }

  #reference(): void {
    const wanted = this.#isReferenced && this.#isWanted && !this.#over
    if (wanted || this.#socket.queued > 0) this.#socket.ref()
    else this.#socket.unref()
  }

  get #isWanted(): boolean {
    return this.#iterations > 0 || this.#owner.isListening()
  }

  get #isListening(): boolean {
    return this.#iterations === 0 && this.#owner.isListening()
  }

  /** The first listener is added, or the last removed. */
  changed(): void {
    if (this.#isListening && this.#queue.length > 0) this.#deliverSoon()
    this.#socket.read(this.#isWanted && this.#queue.weight < HIGH_WATER_MARK)
    this.#reference()
  }

  #deliverSoon(): void {
    if (this.#isToDeliver) return
    this.#isToDeliver = true
    setImmediate(() => this.#deliver())
  }

  #deliver(): void {
    this.#isToDeliver = false
    for (let next; this.#isListening && (next = this.#queue.shift());) this.#tell(next)
    this.changed()
    this.#tellEnd()
  }

  #frame(kind: number, body: Buffer, fds: readonly number[]): void {
    const handles = fds.map((fd) => new ReceivedHandle(fd))
    if (kind !== MESSAGE) return this.#other(kind, { body, handles })
    if (this.#isListening && this.#queue.length === 0) return this.#tell({ body, handles })
    this.#queue.push({ body, handles })
    this.#readers.shift()?.()
    if (this.#queue.weight >= HIGH_WATER_MARK) this.#socket.read(false)
  }

  #other(kind: number, { body, handles }: Waiting): void {
    closeHandles(handles)
    try {
      if (handles.length > 0) throw notAReport('descriptors beside no message')
      this.#owner.other(kind, body)
    } catch (error) {
      this.#break(error as Error)
    }
  }

  #tell({ body, handles }: Waiting): void {
    try {
      const value = valueIn(body)
      rethrowLater(() => this.#owner.message(value, handles))
    } catch (error) {
      if (isNotAReport(error)) this.#break(error)
      else throw error
    } finally {
      closeHandles(handles)
    }
  }

  // The other end has sent what is not accepted: nothing more is heard of it.
  #break(error: Error): void {
    this.#queue.clear()
    this.#owner.closed(error)
    this.#socket.close()
  }

  /** Takes in what the other end has left, and closes. */
  drainAndClose(): void {
    this.#socket.drain()
    this.#socket.close()
  }

  /** Closes both ways at once: what is queued, or was not looked at, is lost. Idempotent. */
  close(): void {
    this.#socket.close()
    this.#queue.clear()
    this.finish()
  }

  /** All that will ever come has come. Iterations end when they have given it, with `error` where there is one. Idempotent. */
  finish(error?: Error): void {
    if (this.#over) return
    this.#over = { error }
    this.#reference()
    for (const wake of this.#readers.splice(0)) wake()
    if (!this.#isWanted) this.#queue.closeHandles()
    if (this.#isListening && this.#queue.length > 0) this.changed()
    else this.#tellEnd()
  }

  #tellEnd(): void {
    if (!this.#over || this.#hasToldEnd) return
    this.#hasToldEnd = true
    this.#owner.finished()
  }

  // The next message, or undefined where none will come any more.
  async #next(): Promise<Waiting | undefined> {
    for (;;) {
      const next = this.#queue.shift()
      if (next ?? this.#over) return next
      this.changed()
      await new Promise<void>((resolve) => this.#readers.push(resolve))
    }
  }

  /** The messages; throws at their end what went wrong. */
  async *iterate(): AsyncGenerator<unknown, void, undefined> {
    this.#iterations++
    try {
      for (let next; (next = await this.#next());) yield this.#open(next)
      if (this.#over?.error) throw this.#over.error
    } finally {
      this.#hold([])
      this.#iterations--
      this.changed()
    }
  }

  #open({ body, handles }: Waiting): unknown {
    this.#hold(handles)
    try {
      return valueIn(body)
    } catch (error) {
      this.#break(error as Error)
      throw error
    }
  }

  #hold(handles: ReceivedHandle[]): void {
    closeHandles(this.#held)
    this.#held = handles
  }
}

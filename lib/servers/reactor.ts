// The one file that talks to the native reactor: batches of what happened in, operations out, through shared memory.
// What lies where, and the numbers, are those of native/core/reactor/shared.h; change both together.
import { ErrnoError } from '../errors.js'
import { native } from '../native.js'
import { asBytes, type Data } from './connection.js'

export type Backend = 'epoll' | 'poll' | 'select' | 'io_uring'

export interface ReactorOptions {
  backend: Backend
  edgeTriggered: boolean
  /** Infinity: no limit. */
  maxConnections: number
  /** Milliseconds; 0: none. */
  idleTimeout: number
  /** While so many bytes of a connection wait to be sent, it is not read from. */
  highWaterMark: number
  /** The number of a native handler at work, which then serves the connections. */
  handler?: number
}

/** A connection as the reactor knows it. */
export interface Link {
  /** Its place in the reactor's tables; -1 from when it is closed, here or by the client. */
  slot: number
}

/** Who is told. Nothing of it may throw. */
export interface Sink<L extends Link> {
  open(slot: number): L
  /** `chunk` is valid until the batch is over. */
  data(link: L, chunk: Buffer): void
  end(link: L): void
  drain(link: L): void
  /** The last that is told of a link. `error` where it did not end in order. */
  close(link: L, error: Error | undefined): void
  /** A client could not be taken: no descriptor is left (EMFILE ...: it waits), or select(2) has no room (ERANGE: it is gone). */
  refused(error: ErrnoError): void
  /** Links were closed in this batch, which is over. */
  settled(): void
}

const kind = { open: 0, data: 1, end: 2, drain: 3, close: 4, refused: 5 } as const
const reason = { closed: 0, timedOut: 1, detached: 2 } as const
const operation = { write: 0, finish: 1, closeSoon: 2, destroy: 3, pause: 4, resume: 5, release: 6 } as const

// The control block, in 32-bit integers.
const RECORDS = 0
const OPERATIONS = 1
const OUT_USED = 2
const IN_BATCH = 3
const CLOSED = 4
const STATISTICS = 16
const STATISTICS_COUNT = 8
const MOST_RECORDS = 2048
const MOST_OPERATIONS = 4096
const FIRST_RECORD = STATISTICS + 2 * STATISTICS_COUNT
const FIRST_OPERATION = FIRST_RECORD + 4 * MOST_RECORDS
const QUEUED = FIRST_OPERATION + 4 * MOST_OPERATIONS
// The data block, in bytes: what was read, then what is to be written and did not lie there.
const SLAB_SIZE = 1024 * 1024
const OUT_SIZE = 256 * 1024
// More than this is handed over by itself rather than copied.
const MOST_COPIED = 32 * 1024

const EPIPE = 32
const ETIMEDOUT = 110

// What fails first where the kernel refuses a back end.
const MADE_BY = { epoll: 'epoll_create1', poll: 'eventfd', select: 'eventfd', io_uring: 'io_uring_setup' } as const

function refusal(errno: number, backend: Backend): ErrnoError {
  const error = new ErrnoError(errno, MADE_BY[backend])
  if (backend === 'io_uring' && (error.code === 'ENOSYS' || error.code === 'EPERM'))
    error.message +=
      ": no io_uring of Linux 6.3 or later here, or switched off (kernel.io_uring_disabled, a container's seccomp profile); backend 'epoll' serves as well"
  return error
}

export class Reactor<L extends Link> {
  readonly #handle: object
  readonly #control: Int32Array
  readonly #statistics: Float64Array
  readonly #memory: ArrayBuffer
  readonly #bytes: Buffer
  #sink!: Sink<L>
  readonly #links: (L | undefined)[] = []
  #open = 0
  #anyClosed = false
  // The chunk that the sink is being given, which is most often what is written back.
  #chunk: Buffer | undefined
  #offset = 0

  /** Throws ErrnoError where the kernel gives no descriptors or thread. */
  constructor(options: ReactorOptions) {
    const parts = native.reactorCreate(
      options.backend,
      options.edgeTriggered,
      Math.min(options.maxConnections, 0xffffffff),
      options.idleTimeout,
      options.highWaterMark,
      options.handler ?? -1,
      () => this.#batch(),
    )
    if (typeof parts === 'number') throw refusal(parts, options.backend)
    this.#handle = parts.handle
    this.#control = new Int32Array(parts.control)
    this.#statistics = new Float64Array(parts.control, 4 * STATISTICS, STATISTICS_COUNT)
    this.#memory = parts.data
    this.#bytes = Buffer.from(parts.data)
  }

  /**
   * Accepts from a listening descriptor, which is borrowed until `unlisten`, and tells `sink`. Throws ErrnoError; ERANGE: the number is
   * beyond what select(2) can take.
   */
  listen(fd: number, sink: Sink<L>): void {
    this.#sink = sink
    const error = native.reactorListen(this.#handle, fd)
    if (error < 0) throw new ErrnoError(error, 'listen')
  }

  unlisten(fd: number): void {
    native.reactorUnlisten(this.#handle, fd)
  }

  /** Gives everything back at once; nothing more is told. */
  close(): void {
    native.reactorClose(this.#handle)
  }

  stats() {
    const [accepted = 0, active = 0, rejected = 0, errors = 0, bytesIn = 0, bytesOut = 0] = this.#statistics
    return { accepted, active, rejected, errors, bytesIn, bytesOut }
  }

  /** Whether a connection is open, or its end has still to be told. */
  get busy(): boolean {
    return this.#control[CLOSED] === 0 && (this.#open > 0 || this.#statistics[1]! > 0)
  }

  /** Closes every connection now. */
  destroyAll(): void {
    native.reactorDestroyAll(this.#handle)
  }

  // ---- what happened

  #batch(): void {
    const control = this.#control
    for (let i = 0; i < control[RECORDS]!; i++) {
      const at = FIRST_RECORD + 4 * i
      const slot = control[at + 1]!
      if (control[at] === kind.data) this.#data(slot, control[at + 2]!, control[at + 3]!)
      else this.#event(control[at]!, slot, control[at + 2]!, control[at + 3]!)
    }
    this.#chunk = undefined
    if (this.#anyClosed) this.#tellSettled()
  }

  #tellSettled(): void {
    this.#anyClosed = false
    this.#sink.settled()
  }

  #data(slot: number, offset: number, length: number): void {
    const link = this.#links[slot]!
    if (link.slot !== slot) return
    const chunk = this.#bytes.subarray(offset, offset + length)
    this.#chunk = chunk
    this.#offset = offset
    this.#sink.data(link, chunk)
  }

  #event(what: number, slot: number, a: number, b: number): void {
    if (what === kind.open) {
      this.#open++
      this.#links[slot] = this.#sink.open(slot)
      return
    }
    const link = this.#links[slot]
    if (what === kind.close) this.#closed(slot, link, a, b)
    else if (what === kind.refused) this.#sink.refused(new ErrnoError(a, 'accept4'))
    else if (!link || link.slot !== slot) return
    else if (what === kind.end) this.#sink.end(link)
    else if (what === kind.drain) this.#sink.drain(link)
  }

  #closed(slot: number, link: L | undefined, errno: number, why: number): void {
    this.#anyClosed = true
    if (link) this.#open--
    this.#links[slot] = undefined
    if (!link || why === reason.detached) return
    const error = why === reason.timedOut ? ETIMEDOUT : errno
    link.slot = slot // once more, so that the sink can still ask who it was
    this.#sink.close(link, error ? new ErrnoError(error, 'recv') : undefined)
    link.slot = -1
  }

  // ---- what is to be done

  #note(what: number, slot: number, a: number, b: number): void {
    const control = this.#control
    let count = control[OPERATIONS]!
    if (count === MOST_OPERATIONS) {
      this.flush()
      count = 0
    }
    const at = FIRST_OPERATION + 4 * count
    control[at] = what
    control[at + 1] = slot
    control[at + 2] = a
    control[at + 3] = b
    control[OPERATIONS] = count + 1
    if (count === 0 && control[IN_BATCH] === 0) queueMicrotask(() => this.flush())
  }

  /** Does what was noted: by itself at the end of a batch, and soon outside of one. */
  flush(): void {
    native.reactorFlush(this.#handle)
  }

  /** How many bytes of an open link the kernel would not take yet; negative where it has said that the client is gone. */
  queuedOf(link: L): number {
    return this.#control[QUEUED + link.slot]!
  }

  /** As `write`; negative where the kernel has already said that the client is gone. */
  writeSoon(link: L, data: Data): number {
    return this.queuedOf(link) < 0 ? -EPIPE : this.write(link, data)
  }

  /** Has `data` written when the batch is over, and gives how many bytes of the link the kernel would not take yet. */
  write(link: L, data: Data): number {
    const slot = link.slot
    if (slot < 0) return 0
    if (data === this.#chunk) return this.#send(slot, this.#offset, this.#chunk.length)
    if (typeof data === 'string' && data.length < MOST_COPIED / 3) return this.#copyString(slot, data)
    const bytes = asBytes(data)
    if (bytes.buffer === this.#memory) return this.#send(slot, bytes.byteOffset, bytes.length)
    if (bytes.length > MOST_COPIED) return Math.max(this.writeNow(link, bytes), 0)
    const at = this.#room(bytes.length)
    this.#bytes.set(bytes, at)
    return this.#copied(slot, at, bytes.length)
  }

  #copyString(slot: number, data: string): number {
    const at = this.#room(3 * data.length)
    return this.#copied(slot, at, this.#bytes.write(data, at, 'utf8'))
  }

  #room(length: number): number {
    if (this.#control[OUT_USED]! + length > OUT_SIZE) this.flush()
    return SLAB_SIZE + this.#control[OUT_USED]!
  }

  #copied(slot: number, at: number, length: number): number {
    this.#control[OUT_USED]! += length
    return this.#send(slot, at, length)
  }

  #send(slot: number, offset: number, length: number): number {
    if (length > 0) this.#note(operation.write, slot, offset, length)
    const queued = this.#control[QUEUED + slot]!
    return queued <= 0 ? 0 : (this.#control[QUEUED + slot] = queued + length)
  }

  /** Writes before it returns: the bytes that the kernel would not take yet, or a negative errno. */
  writeNow(link: L, data: Uint8Array): number {
    return native.reactorWrite(this.#handle, link.slot, data)
  }

  /** Sends end of file after what was written. */
  finish(link: L): void {
    if (link.slot >= 0) this.#note(operation.finish, link.slot, 0, 0)
  }

  /** Closes when everything written has been sent. Nothing but `close` is told of the link any more. */
  closeSoon(link: L): void {
    this.#last(operation.closeSoon, link)
  }

  /** Closes now. Nothing but `close` is told of the link any more. */
  destroy(link: L): void {
    this.#last(operation.destroy, link)
  }

  #last(what: number, link: L): void {
    const { slot } = link
    if (slot < 0) return
    link.slot = -1
    this.#note(what, slot, 0, 0)
  }

  pause(link: L): void {
    if (link.slot >= 0) this.#note(operation.pause, link.slot, 0, 0)
  }

  resume(link: L): void {
    if (link.slot >= 0) this.#note(operation.resume, link.slot, 0, 0)
  }

  /**
   * Gives the descriptor away, with what was received and not told of; nothing is told of the link any more, and it counts as
   * active until `release`. Throws EBUSY.
   */
  detach(link: L): { fd: number; rest: Buffer | undefined } {
    const fd = native.reactorDetach(this.#handle, link.slot)
    if (fd < 0) throw new ErrnoError(fd, 'toSocket')
    link.slot = -1
    return { fd, rest: native.reactorLeftover(this.#handle) }
  }

  release(): void {
    this.#note(operation.release, -1, 0, 0)
    this.flush()
  }

  fdOf(link: L): number {
    return link.slot < 0 ? -1 : native.reactorDescriptor(this.#handle, link.slot)
  }

  /** The client's address and port, while the link is open. */
  peerOf(link: L): { address: string; port: number } | undefined {
    const text = link.slot < 0 ? '' : native.reactorPeer(this.#handle, link.slot)
    const space = text.indexOf(' ')
    return space < 0 ? undefined : { address: text.slice(space + 1), port: Number(text.slice(0, space)) }
  }
}

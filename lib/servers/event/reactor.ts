// The one file that talks to the native reactor: batches of what happened in (reactor-batch.ts), operations out, through
// shared memory (reactor-memory.ts).
import { constants } from 'node:os'
import { ErrnoError } from '../../errors.js'
import { native } from '../../native.js'
import { byteLengthOf } from '../../posix/internal/memory-view.js'
import { asBytes, type Data } from '../connection.js'
import { asPeer, Batch, type Link, type Sink } from './reactor-batch.js'
import { operation, ReactorMemory } from './reactor-memory.js'

export type { Link, Sink }

export type Backend = 'epoll' | 'poll' | 'select' | 'io_uring'

export interface ReactorOptions {
  backend: Backend
  edgeTriggered: boolean
  /** Infinity: no limit. */
  maxConnections: number
  /** Milliseconds; 0: none. */
  idleTimeout: number
  /** Milliseconds that a client may wait for its first reply; 0: any. */
  headTimeout: number
  /** While so many bytes of a connection wait to be sent, it is not read from. */
  highWaterMark: number
  /** The number of a native handler at work, which then serves the connections. */
  handler?: number
}

// More than this is handed over by itself rather than copied.
const MOST_COPIED = 32 * 1024
const { EPIPE } = constants.errno

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
  readonly #memory: ReactorMemory
  /** Whether writes of one turn are better handed over together: one system call takes them all. */
  readonly sendsTogether: boolean
  #batch!: Batch<L>

  /** Throws ErrnoError where the kernel gives no descriptors or thread. */
  constructor(options: ReactorOptions) {
    const parts = native.reactorCreate(
      options.backend,
      options.edgeTriggered,
      Math.min(options.maxConnections, 0xffffffff),
      options.idleTimeout,
      options.headTimeout,
      options.highWaterMark,
      options.handler ?? -1,
      () => this.#batch.tell(),
    )
    if (typeof parts === 'number') throw refusal(parts, options.backend)
    this.#handle = parts.handle
    this.#memory = new ReactorMemory(parts.control, parts.data)
    this.sendsTogether = options.backend === 'io_uring'
  }

  /**
   * Accepts from a listening descriptor, which is borrowed until `unlisten`, and tells `sink`. Throws ErrnoError; ERANGE: the number is
   * beyond what select(2) can take.
   */
  listen(fd: number, sink: Sink<L>): void {
    this.#batch = new Batch(this.#memory, sink)
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
    return this.#memory.statistics()
  }

  /** Whether a connection is open, or its end has still to be told. */
  get busy(): boolean {
    return !this.#memory.closed && (this.#batch.open > 0 || this.#memory.active > 0)
  }

  /** Closes every connection now. */
  destroyAll(): void {
    native.reactorDestroyAll(this.#handle)
  }

  // ---- writing

  /** How many bytes of an open link the kernel would not take yet; negative where it has said that the client is gone. */
  queuedOf(link: L): number {
    return this.#memory.queued(link.slot)
  }

  /** Has `data` written when the batch is over, and gives how many bytes of the link the kernel would not take yet. */
  write(link: L, data: Data): number {
    const { slot } = link
    if (slot < 0) return 0
    const queued = this.#put(slot, data)
    this.#flushSoon()
    return queued
  }

  /** As `write`; negative where the kernel has already said that the client is gone. */
  writeSoon(link: L, data: Data): number {
    return this.queuedOf(link) < 0 ? -EPIPE : this.write(link, data)
  }

  /** Writes before it returns: the bytes that the kernel would not take yet, or a negative errno. */
  writeNow(link: L, data: Data): number {
    const { slot } = link
    if (this.#memory.queued(slot) < 0) return -EPIPE
    this.#put(slot, data)
    this.flush()
    const queued = this.#memory.queued(slot)
    return queued < 0 ? -EPIPE : queued
  }

  #put(slot: number, data: Data): number {
    const { chunk, offset } = this.#batch
    if (typeof data === 'string' && data.length < MOST_COPIED / 3) return this.#copyString(slot, data)
    if (data === chunk) return this.#send(slot, offset, byteLengthOf(chunk))
    const bytes = asBytes(data)
    if (chunk && this.#memory.holds(bytes)) return this.#send(slot, bytes.byteOffset, bytes.length)
    if (bytes.length > MOST_COPIED) return Math.max(native.reactorWrite(this.#handle, slot, bytes), 0)
    const at = this.#room(bytes.length)
    this.#memory.bytes.set(bytes, at)
    return this.#copied(slot, at, bytes.length)
  }

  #copyString(slot: number, data: string): number {
    const at = this.#room(3 * data.length)
    return this.#copied(slot, at, this.#memory.bytes.write(data, at, 'utf8'))
  }

  #room(length: number): number {
    if (!this.#memory.hasRoom(length)) this.flush()
    return this.#memory.out
  }

  #copied(slot: number, at: number, length: number): number {
    this.#memory.take(length)
    return this.#send(slot, at, length)
  }

  #send(slot: number, offset: number, length: number): number {
    if (length > 0) this.#note(operation.write, slot, offset, length)
    return this.#memory.addQueued(slot, length)
  }

  #note(what: number, slot: number, a: number, b: number): void {
    if (this.#memory.full) this.flush()
    this.#memory.note(what, slot, a, b)
  }

  // Inside a batch it is done when that is over.
  #flushSoon(): void {
    if (this.#memory.operations === 1 && !this.#memory.inBatch) queueMicrotask(() => this.flush())
  }

  /** Does what was noted: by itself at the end of a batch, and soon outside of one. */
  flush(): void {
    native.reactorFlush(this.#handle)
  }

  // ---- what else is to be done

  #ask(what: number, slot: number): void {
    this.#note(what, slot, 0, 0)
    this.#flushSoon()
  }

  /** Sends end of file after what was written. */
  finish(link: L): void {
    if (link.slot >= 0) this.#ask(operation.finish, link.slot)
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
    this.#ask(what, slot)
  }

  pause(link: L): void {
    if (link.slot >= 0) this.#ask(operation.pause, link.slot)
  }

  resume(link: L): void {
    if (link.slot >= 0) this.#ask(operation.resume, link.slot)
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

  // ---- who it is

  fdOf(link: L): number {
    return link.slot < 0 ? -1 : native.reactorDescriptor(this.#handle, link.slot)
  }

  /** The client's address and port, while the link is open. */
  peerOf(link: L): { address: string; port: number } | undefined {
    return asPeer(link.slot < 0 ? '' : native.reactorPeer(this.#handle, link.slot))
  }

  /** The same of a client that was closed unserved, in the batch that tells of it. */
  droppedPeer(number: number): { address: string; port: number } | undefined {
    return asPeer(native.reactorDroppedPeer(this.#handle, number))
  }
}

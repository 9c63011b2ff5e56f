// The one file that talks to the native threads: the native accept loop, and blocking I/O on threads of the connections' own.
import { check } from '../../errors.js'
import { constant, native } from '../../native.js'
import { asSpan } from '../../posix/internal/arguments.js'
import { Watch } from '../../posix/event-loop/watch.js'

const POLLIN = constant('POLLIN')

// Watches an event descriptor; where that fails, what it belongs to is undone.
function watching(fd: number, undo: () => void, callback: () => void): Watch {
  try {
    return new Watch(fd, POLLIN, callback)
  } catch (error) {
    undo()
    throw error
  }
}

export interface ThreadLimits {
  /** Connection threads at once. */
  maxThreads: number
  /** Whether threads are used again. */
  reuse: boolean
  /** Bytes; 0: the default. */
  stackSize: number
  /** Infinity: no limit. */
  maxConnections: number
  /** Milliseconds, 0: none. */
  idleTimeout: number
}

function discard(server: number): void {
  native.threadServerStop(server)
  native.threadServerShutdown(server)
  native.threadServerRelease(server)
}

export interface LoopCounts {
  accepted: number
  active: number
  rejected: number
  errors: number
  bytesIn: number
  bytesOut: number
  threads: number
}

/** A native thread that accepts, and the threads that it makes: no connection of it enters JavaScript. */
export class AcceptLoop {
  readonly #number: number
  readonly #watch: Watch
  readonly #running: number
  readonly #numbers = new Float64Array(6)
  readonly #bytes = new Float64Array(2)
  #done = false
  #fault = 0

  /**
   * @param running the number of a native handler at work
   * @param changed called when the last thread has left (`done`), or accepting has failed (`fault`)
   * @throws ErrnoError EAGAIN (no thread to be had), EMFILE ...
   */
  constructor(listener: number, running: number, limits: ThreadLimits, changed: () => void) {
    const { maxThreads, reuse, stackSize, idleTimeout } = limits
    const most = limits.maxConnections === Infinity ? -1 : limits.maxConnections
    const number = native.threadServerStart(listener, running, maxThreads, reuse, most, stackSize, idleTimeout)
    this.#number = check(number, 'pthread_create')
    this.#running = running
    this.#watch = watching(
      native.threadServerEventFd(number),
      () => discard(number),
      () => {
        native.threadServerHeard(number)
        this.counts()
        changed()
      },
    )
  }

  counts(): LoopCounts {
    this.#done = native.threadServerStats(this.#number, this.#numbers) === 1
    const [accepted = 0, active = 0, rejected = 0, errors = 0, threads = 0, fault = 0] = this.#numbers
    this.#fault = fault
    native.handlerCounters(this.#running, this.#bytes)
    const [bytesIn = 0, bytesOut = 0] = this.#bytes
    return { accepted, active, rejected, errors, bytesIn, bytesOut, threads }
  }

  /** Whether the last thread has left. */
  get done(): boolean {
    return this.#done
  }

  /** The negative errno that ended accepting, or 0. */
  get fault(): number {
    return this.#fault
  }

  /** Accepts no more. */
  stop(): void {
    native.threadServerStop(this.#number)
  }

  /** Ends all connections: their threads' reads and writes fail from now on. */
  shutdown(): void {
    native.threadServerShutdown(this.#number)
  }

  /** Lets go of it; threads that still run end by themselves. */
  release(): void {
    this.#watch.close()
    native.threadServerRelease(this.#number)
  }
}

// What a connection's thread has done.
export const READ = 0
export const WRITE = 1
export const END = 2
export const CLOSE = 3

/** Told what was done: bytes or a negative errno, and the bytes read. */
export type Completed = (operation: number, result: number, data: Buffer | null) => void

/** Threads that read and write, blocking, for connections; what they have done comes back once a batch. */
export class IoThreads {
  readonly #number: number
  readonly #watch: Watch
  readonly #connections = new Map<number, Completed>()

  /**
   * @param keep so many threads wait to be used again
   * @param stackSize bytes; 0: the default
   */
  constructor(keep: number, stackSize: number) {
    this.#number = check(native.threadIoOpen(keep, stackSize), 'eventfd')
    const number = this.#number
    this.#watch = watching(
      native.threadIoEventFd(number),
      () => native.threadIoRelease(number),
      () => this.#take(),
    )
  }

  // One entry into JavaScript for all that has been done.
  #take(): void {
    const batch = native.threadIoTake(this.#number)
    for (let i = 0; i < batch.length; i += 4) {
      const [id, operation, result, data] = batch.slice(i, i + 4) as [number, number, number, Buffer | null]
      const completed = this.#connections.get(id)
      if (operation === CLOSE) this.#connections.delete(id)
      completed?.(operation, result, data)
    }
  }

  /** How many threads there are. */
  get threads(): number {
    return native.threadIoThreadCount(this.#number)
  }

  /** Gives the connection's number, or the negative errno why there is no thread; `fd` then still belongs to the caller. */
  start(fd: number, idleTimeout: number, completed: Completed): number {
    const id = native.threadIoStart(this.#number, fd, idleTimeout)
    if (id > 0) this.#connections.set(id, completed)
    return id
  }

  read(connection: number, most: number): number {
    return native.threadIoRead(this.#number, connection, most)
  }

  write(connection: number, bytes: Uint8Array): number {
    const { view, offset, length } = asSpan(bytes)
    return native.threadIoWrite(this.#number, connection, view, offset, length)
  }

  end(connection: number): number {
    return native.threadIoEnd(this.#number, connection)
  }

  /**
   * Ends what is blocked, cancels what has not begun; CLOSE is completed last. `quietly`, where all that was ordered is completed: its thread
   * closes the descriptor and tells nobody.
   */
  close(connection: number, quietly = false): void {
    native.threadIoClose(this.#number, connection, quietly)
    if (quietly) this.#connections.delete(connection)
  }

  release(): void {
    this.#watch.close()
    native.threadIoRelease(this.#number)
  }
}

// The native accept loop: a thread that accepts, and the threads that it makes for a native handler. See: man 3 pthread_create
import { check } from '../../errors.js'
import { native } from '../../native.js'
import type { Watch } from '../../posix/event-loop/watch.js'
import { watching } from './event-fd-watch.js'

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
export class NativeAcceptLoop {
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

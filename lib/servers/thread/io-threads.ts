// Blocking I/O on threads of the connections' own: the one file that talks to those threads.
import { check } from '../../errors.js'
import { native } from '../../native.js'
import { asSpan } from '../../posix/internal/arguments.js'
import type { Watch } from '../../posix/event-loop/watch.js'
import { watching } from './event-fd-watch.js'

// What a connection's thread has done.
export const READ_LANE = 0
export const WRITE_LANE = 1
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

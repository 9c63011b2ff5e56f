// What the main thread and its isolates know of each other without a message, in memory that they share.
import { SHUT_RDWR, shutdown } from '../../posix/sys-socket.js'
import { close } from '../../posix/unistd.js'

/** Flags that the main thread sets for all isolates of a server. */
export class IsolateFlags {
  readonly memory: SharedArrayBuffer
  readonly #cells: Int32Array

  constructor(memory = new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT)) {
    this.memory = memory
    this.#cells = new Int32Array(memory)
  }

  /** Whether the server ends. */
  get closing(): boolean {
    return Atomics.load(this.#cells, 0) === 1
  }

  set closing(value: boolean) {
    Atomics.store(this.#cells, 0, Number(value))
  }

  /** Whether each connection is to be told. */
  get wantsConnections(): boolean {
    return Atomics.load(this.#cells, 1) === 1
  }

  set wantsConnections(value: boolean) {
    Atomics.store(this.#cells, 1, Number(value))
  }
}

const NONE = -1
const LENT = -2

/**
 * What one isolate is at: how many connections it serves, and the descriptor of the one that it reads and writes itself. That is the
 * isolate's to close; the main thread may shut it down meanwhile, for which it borrows it: so the number never means another file.
 */
export class IsolateCell {
  readonly memory: SharedArrayBuffer
  readonly #cells: Int32Array

  constructor(memory?: SharedArrayBuffer) {
    this.memory = memory ?? new SharedArrayBuffer(3 * Int32Array.BYTES_PER_ELEMENT)
    this.#cells = new Int32Array(this.memory)
    if (!memory) this.#cells[0] = this.#cells[2] = NONE
  }

  get active(): number {
    return Atomics.load(this.#cells, 1)
  }

  /** In the isolate. */
  addActive(by: number): void {
    Atomics.add(this.#cells, 1, by)
  }

  /** In the isolate: a descriptor that is to be closed when it has ended. */
  leave(fd: number): void {
    Atomics.store(this.#cells, 2, fd)
  }

  /** In the isolate. */
  hold(fd: number): void {
    Atomics.store(this.#cells, 0, fd)
  }

  /** In the isolate, before it closes the descriptor or gives it away: waits for the moment that it may be lent. */
  release(): void {
    for (;;) {
      const fd = Atomics.load(this.#cells, 0)
      if (fd === LENT) Atomics.wait(this.#cells, 0, LENT)
      else if (Atomics.compareExchange(this.#cells, 0, fd, NONE) === fd) return
    }
  }

  /** In the main thread: reads and writes of the connection fail from now on. False where the isolate holds none. */
  shutdown(): boolean {
    const fd = Atomics.load(this.#cells, 0)
    if (fd < 0 || Atomics.compareExchange(this.#cells, 0, fd, LENT) !== fd) return false
    try {
      shutdown(fd, SHUT_RDWR)
    } catch {
      // The client was gone already.
    }
    Atomics.store(this.#cells, 0, fd)
    Atomics.notify(this.#cells, 0)
    return true
  }

  /** In the main thread, when the isolate is dead: closes what it left. */
  close(): void {
    for (const cell of [0, 2]) {
      const fd = Atomics.exchange(this.#cells, cell, NONE)
      if (fd >= 0) close(fd)
    }
  }
}

// Whose turn it is at a file's own offset: what reads or writes there begins when the one before it is over, in the order of the calls.
import { currentOffset } from './backend.js'

/** The turns at the offset of one open file. */
export class Turns {
  readonly #fd: number
  #last: Promise<void> | undefined
  #hasOffset: boolean | undefined

  constructor(fd: number) {
    this.#fd = fd
  }

  /** Does `work` when it is its turn. On a pipe or terminal, which has no offset, a write does not wait for a read: at once. */
  take<T>(work: () => Promise<T>): Promise<T> {
    this.#hasOffset ??= currentOffset(this.#fd) !== null
    if (!this.#hasOffset) return work()
    const promise = this.#last ? this.#last.then(work) : work()
    const over: Promise<void> = promise.then(
      () => this.#leave(over),
      () => this.#leave(over),
    )
    this.#last = over
    return promise
  }

  #leave(over: Promise<void>): void {
    if (this.#last === over) this.#last = undefined
  }
}

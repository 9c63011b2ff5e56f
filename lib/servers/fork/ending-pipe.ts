// How a server tells all of its children at once that it ends: they have the reading end of a pipe, whose hang-up is the word. None of them can tell
// another anything by it. See: man 7 pipe.
import { keepInParent, release } from '../../fork/only-here.js'
import { close, pipe2 } from '../../posix/unistd.js'

export class EndingPipe {
  /** The end that children have. */
  readonly reader: number
  #writer: number
  #open = true

  /** @throws ErrnoError EMFILE, ENFILE */
  constructor() {
    ;[this.reader, this.#writer] = pipe2()
    keepInParent(this.reader)
    keepInParent(this.#writer)
  }

  /** Tells them. Idempotent. */
  tell(): void {
    if (this.#writer < 0) return
    release(this.#writer)
    close(this.#writer)
    this.#writer = -1
  }

  /** When there is no child any more. Idempotent. */
  close(): void {
    this.tell()
    if (!this.#open) return
    this.#open = false
    release(this.reader)
    close(this.reader)
  }
}

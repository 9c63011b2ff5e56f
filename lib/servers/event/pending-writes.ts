// Writes whose promises wait until the kernel has the bytes, where it did not take them at once.
import { unwatched } from '../unwatched.js'

/** A connection whose write waits. */
interface WritingConnection {
  /** The batch with this write was handed to the kernel. */
  flushed(writer: Writer): void
}

export class Writer {
  readonly conn: WritingConnection
  readonly promise: Promise<void>
  resolve!: () => void
  #reject!: (error: Error) => void

  constructor(conn: WritingConnection) {
    this.conn = conn
    this.promise = new Promise((resolve, reject) => {
      this.resolve = resolve
      this.#reject = reject
    })
  }

  refuse(error: Error): void {
    void unwatched(this.promise)
    this.#reject(error)
  }
}

/** What is written in one turn by all connections, handed to the kernel together when their handlers wait again. */
export class WriteBatch {
  readonly #reactor: { flush(): void }
  #writers: Writer[] = []

  constructor(reactor: { flush(): void }) {
    this.#reactor = reactor
  }

  add(writer: Writer): void {
    if (this.#writers.push(writer) === 1) queueMicrotask(() => this.#flush())
  }

  #flush(): void {
    const writers = this.#writers
    this.#writers = []
    this.#reactor.flush()
    for (const writer of writers) writer.conn.flushed(writer)
  }
}

// A pipe by which a child that serves one connection can leave one report. It is read when the child has ended, and only once: so a child costs
// its parent no turn of the loop, and has no way to keep it busy; and nothing but bytes goes through a pipe, no descriptor. See: man 7 pipe.
import { ErrnoError } from '../errors.js'
import { O_CLOEXEC, O_NONBLOCK } from '../posix/fcntl.js'
import { close, pipe2, read, write } from '../posix/unistd.js'
import { keepInParent, release } from './only-here.js'

/** Bytes that every pipe has room for, also that of a user who has many. */
export const MOST_LEFT = 8192

const buffer = Buffer.allocUnsafeSlow(MOST_LEFT + 1)

/** Made before the fork. */
export class ReportPipe {
  #reader: number
  #writer: number

  /** @throws ErrnoError EMFILE, ENFILE */
  constructor() {
    ;[this.#reader, this.#writer] = pipe2(O_CLOEXEC | O_NONBLOCK)
    keepInParent(this.#reader)
    keepInParent(this.#writer)
  }

  /** The child's end. */
  get writer(): number {
    return this.#writer
  }

  /** In the parent, after the fork. Idempotent. */
  closeWriter(): void {
    this.#writer = closed(this.#writer)
  }

  /** In the parent, when the child has ended: what it left, or undefined; and closes the pipe. */
  take(): Buffer | undefined {
    try {
      const length = read(this.#reader, buffer)
      return length ? Buffer.from(buffer.subarray(0, length)) : undefined
    } finally {
      this.close()
    }
  }

  /** Idempotent. */
  close(): void {
    this.closeWriter()
    this.#reader = closed(this.#reader)
  }
}

function closed(fd: number): -1 {
  if (fd >= 0) {
    release(fd)
    close(fd)
  }
  return -1
}

/** In the child: leaves the report, which is not cut: one that is too long is not what its parent accepts. */
export function leaveReport(writer: number, report: object): void {
  try {
    write(writer, JSON.stringify(report))
  } catch (error) {
    if (!(error instanceof ErrnoError)) throw error // EPIPE: the parent does not want to hear of it
  }
}

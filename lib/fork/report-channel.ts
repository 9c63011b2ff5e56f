// Reports from one child to its parent: JSON, each whole, over a socket of which only that child has the other end. So the parent knows by the
// descriptor which child speaks, whatever a report says; it believes nothing that it has not looked at, and reads a bounded number in each turn
// of its loop. See: man 7 unix for SOCK_SEQPACKET.
import { ErrnoError } from '../errors.js'
import { Watch } from '../posix/event-loop/watch.js'
import { POLLIN } from '../posix/poll.js'
import { MSG_DONTWAIT, MSG_TRUNC, recv, send } from '../posix/sys-socket.js'
import { _exit } from '../posix/fork.js'
import { notAReport } from './not-a-report.js'

/** Bytes that one report may have: what a child sends over is ended for. */
export const MOST_BYTES = 65_536
// Reports that are read in one turn of the loop, from all children together where they are no more than that, else one from each.
const MOST_A_TURN = 64
// Reports that a child which has ended may have left, more than its socket has room for.
const MOST_LEFT = 1024

/** In the child: sends a report, waiting while the parent is behind. Where the parent reads no more, the child is not wanted, and ends. */
export function sendReport(fd: number, report: object): void {
  try {
    send(fd, JSON.stringify(report))
  } catch {
    _exit(1)
  }
}

export interface ReportEvents<Report> {
  /** @throws what says that this is no report */
  parse(value: unknown): Report
  told(report: Report): void
  /** It has sent something else, and is not heard any more. */
  broken(error: Error): void
}

const buffer = Buffer.allocUnsafeSlow(MOST_BYTES)
let readers = 0

/** In the parent: hears one child. */
export class ReportReader<Report> {
  readonly #fd: number
  readonly #events: ReportEvents<Report>
  readonly #watch: Watch

  /** @param fd the parent's end, borrowed. @throws ErrnoError ENOMEM, ENOSPC */
  constructor(fd: number, events: ReportEvents<Report>) {
    this.#fd = fd
    this.#events = events
    this.#watch = new Watch(fd, POLLIN, () => this.#receive(Math.max(1, Math.floor(MOST_A_TURN / readers)))).unref()
    readers++
  }

  #receive(most: number): void {
    for (let i = 0; i < most && !this.#watch.closed; i++) {
      const report = this.#next()
      if (!report) return
      this.#events.told(report)
    }
  }

  // One that was sent, or undefined where there is none now, or there will be none any more.
  #next(): Report | undefined {
    const length = this.#read()
    if (length === null) return undefined
    if (length === 0) return void this.close()
    try {
      if (length > MOST_BYTES) throw notAReport(`a report of ${length} bytes`)
      return this.#events.parse(jsonIn(buffer.subarray(0, length)))
    } catch (error) {
      this.close()
      this.#events.broken(error as Error)
      return undefined
    }
  }

  // Descriptors that come along are closed by the kernel, for recv takes none. A child that has not read what it was sent leaves ECONNRESET
  // before what it has sent itself.
  #read(): number | null {
    try {
      return recv(this.#fd, buffer, MSG_DONTWAIT | MSG_TRUNC)
    } catch (error) {
      if (error instanceof ErrnoError && error.code === 'ECONNRESET') return this.#read()
      throw error
    }
  }

  /** When the child has ended: takes what it has left. Another process may have its end and go on sending, which is not waited for. */
  drain(): void {
    this.#receive(MOST_LEFT)
    this.close()
  }

  /** Idempotent. */
  close(): void {
    if (this.#watch.closed) return
    readers--
    this.#watch.close()
  }
}

/** @throws ERR_POSIX_ASYNC_REPORT */
export function jsonIn(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString()) as unknown
  } catch {
    throw notAReport('bytes that are no JSON')
  }
}

// Reports from children to their parent: messages over one socket pair that all children of a server share.
import { deserialize, serialize } from 'node:v8'
import { AF_UNIX } from '../posix/socket/socket-address.js'
import { MSG_DONTWAIT, recv, send, SOCK_SEQPACKET, socketpair } from '../posix/sys-socket.js'
import { Watch } from '../posix/event-loop/watch.js'
import { close } from '../posix/unistd.js'
import { POLLIN } from '../posix/poll.js'

// A message is kept whole by SOCK_SEQPACKET; longer ones are refused by the sender.
const MAX_MESSAGE = 65536

/** The parent receives, its children send. Forked with the children; messages arrive whole, in each child's order. */
export class ReportChannel<Message> {
  readonly #receiver: number
  readonly #sender: number
  readonly #buffer = Buffer.allocUnsafe(MAX_MESSAGE)
  readonly #onMessage: (message: Message) => void
  readonly #watch: Watch
  #open = true
  #onlySends = false

  constructor(onMessage: (message: Message) => void) {
    ;[this.#receiver, this.#sender] = socketpair(AF_UNIX, SOCK_SEQPACKET)
    this.#onMessage = onMessage
    try {
      this.#watch = new Watch(this.#receiver, POLLIN, () => this.receive()).unref()
    } catch (error) {
      close(this.#receiver)
      close(this.#sender)
      throw error
    }
  }

  /** What a child needs of it. */
  get sender(): number {
    return this.#sender
  }

  /** In a child that lives on: it only sends, and a send fails with EPIPE when the parent is gone. Idempotent. */
  keepSender(): void {
    if (this.#onlySends) return
    this.#onlySends = true
    close(this.#receiver)
  }

  /** In the parent: takes what has been sent up to now. */
  receive(): void {
    while (this.#open) {
      const length = recv(this.#receiver, this.#buffer, MSG_DONTWAIT)
      if (length === null || length === 0) return
      this.#onMessage(deserialize(this.#buffer.subarray(0, length)) as Message)
    }
  }

  /** In a child: sends, waiting while the parent is behind. A message over 64 KiB is refused: false. */
  send(message: Message): boolean {
    const bytes = serialize(message)
    if (bytes.length > MAX_MESSAGE) return false
    send(this.#sender, bytes)
    return true
  }

  /** In the parent. Takes what is there first. Idempotent. */
  close(): void {
    if (!this.#open) return
    this.receive()
    this.#open = false
    this.#watch.close()
    close(this.#receiver)
    close(this.#sender)
  }
}

/** An error in a form that fits a message, with as much of its text as is useful. */
export interface ErrorReport {
  name: string
  message: string
  stack: string
  code?: unknown
}

const TEXT = 8192

export function reportOf(error: Error): ErrorReport {
  const { name, message, stack = '', code } = error as NodeJS.ErrnoException
  const report: ErrorReport = { name, message: message.slice(0, TEXT), stack: stack.slice(0, 2 * TEXT) }
  if (code !== undefined) report.code = String(code)
  return report
}

export function errorOf({ name, message, stack, code }: ErrorReport): Error {
  const error = new Error(message)
  Object.defineProperty(error, 'name', { value: name, configurable: true, writable: true })
  return Object.assign(error, code === undefined ? {} : { code }, { stack })
}

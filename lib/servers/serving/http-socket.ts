// One connection of node:http: which requests are in work on it, since when it is idle, and how it ends.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { FIONREAD, ioctl } from '../../posix/sys-ioctl.js'
import { closeLingering } from './lingering-close.js'

/** How long a client that has asked, or has just connected, may be about to ask when its server ends. Milliseconds. */
export const LINGER = 500

// Whether bytes wait in the kernel that node:http has not been given.
function hasUnread(socket: Socket): boolean {
  const { fd = -1 } = (socket as { _handle?: { fd?: number } | null })._handle ?? (socket as { fd?: number })
  try {
    return fd >= 0 && (ioctl(fd, FIONREAD) as number) > 0
  } catch {
    return false // closed meanwhile
  }
}

export class HttpSocket {
  readonly #socket: Socket
  // What ends each request that is in work.
  readonly #inWork = new Map<ServerResponse, () => void>()
  #last: IncomingMessage | undefined
  #taken = false
  #isLingering = false
  // What was told to be the last reply.
  #lastReply: ServerResponse | undefined
  #idleSince = performance.now()
  #bytesRead = 0

  constructor(socket: Socket) {
    this.#socket = socket
    const { destroySoon } = socket
    socket.destroySoon = () => this.#closeSoon(() => destroySoon.call(socket))
  }

  /** No request is in work, and the application has not taken the socket. */
  get isIdle(): boolean {
    return this.#inWork.size === 0 && !this.#taken
  }

  /** A request is over with its response, or with its socket: a response that waits behind another one has no 'close' of its own then. */
  begin(request: IncomingMessage, response: ServerResponse, done: () => void): void {
    this.#last = request
    const over = (): void => {
      if (!this.#inWork.delete(response)) return
      this.#idleSince = performance.now()
      this.#bytesRead = this.#socket.bytesRead
      done()
    }
    this.#inWork.set(response, over)
    response.once('close', over)
  }

  /** The application has the socket, for a WebSocket or a tunnel: it is in work until it closes. */
  take(): void {
    this.#taken = true
  }

  /** The socket has closed. */
  over(): void {
    for (const over of [...this.#inWork.values()]) over()
  }

  /** The reply to what came last says "Connection: close", where it has not begun: those before it, pipelined, are not to end the connection. */
  endSoon(): void {
    const response = [...this.#inWork.keys()].at(-1)
    if (!response || response.headersSent || !response.shouldKeepAlive) return
    if (this.#lastReply && !this.#lastReply.headersSent) this.#lastReply.shouldKeepAlive = true
    response.shouldKeepAlive = false
    this.#lastReply = response
  }

  /**
   * Closes the connection where it has been idle for long enough. Gives the milliseconds until that may be, Infinity where it is not idle. A request
   * that has come in part is waited for as long as more of it comes.
   */
  closeIfIdle(): number {
    if (!this.isIdle || this.#isLingering) return Infinity
    const now = performance.now()
    const { bytesRead } = this.#socket
    if (bytesRead !== this.#bytesRead || hasUnread(this.#socket)) [this.#bytesRead, this.#idleSince] = [bytesRead, now]
    const left = this.#idleSince + LINGER - now
    if (left > 0) return left
    this.#socket.destroySoon()
    return Infinity
  }

  // node:http closes behind a reply that says so. Where the request has not come to its end, the rest of it is read.
  #closeSoon(destroySoon: () => void): void {
    const request = this.#last
    if (this.#isLingering) return
    if (!request || request.complete || this.#taken || this.#socket.destroyed) return destroySoon()
    this.#isLingering = true
    request.unpipe()
    request.resume()
    closeLingering(this.#socket, () => request.complete)
  }
}

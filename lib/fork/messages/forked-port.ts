// One end of a channel between two processes that are copies of one another, and a channel of two such ends. See: man 7 unix.
import { codedError, invalidArgType } from '../../errors.js'
import { asFd, asInteger } from '../../posix/internal/arguments.js'
import { AF_UNIX, SOCK_STREAM, socketpair } from '../../posix/sys-socket.js'
import { close } from '../../posix/unistd.js'
import { notAReport } from '../not-a-report.js'
import { Channel } from './channel.js'
import type { Movable } from './handles.js'
import { Messenger, type MessengerEvents } from './messenger.js'

/** Options of a ForkedPort. */
export interface ForkedPortOptions {
  /** Bytes that a message may have on its way in (default 1 GiB); nor may it take more than half of the heap. */
  maxMessage?: number | undefined
}

/** Events of a ForkedPort. */
export interface ForkedPortEvents extends MessengerEvents {
  /** Nothing comes any more: the other end has disconnected, or its process has ended. */
  disconnect: []
}

const MAX_MESSAGE = 2 ** 30

/** Throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE. */
export function asMaxMessage(options: unknown): number {
  if (typeof options !== 'object' || options === null) throw invalidArgType('options', 'of type object', options)
  const { maxMessage = MAX_MESSAGE } = options as ForkedPortOptions
  return maxMessage === Infinity ? Infinity : asInteger('options.maxMessage', maxMessage, 0, Number.MAX_SAFE_INTEGER)
}

/**
 * One end of a channel to another process: what the function of a forkedWorker() is given, or one of the two of forkedChannel(). What comes
 * waits until it is listened to or iterated over, and keeps the process alive only then; the other end waits too when the channel is full.
 * Nothing is believed of what comes: a message that is none, or too much, closes the port with an error (ERR_POSIX_ASYNC_REPORT).
 */
export class ForkedPort<Received = unknown, Sent = unknown>
  extends Messenger<Received, Sent, ForkedPortEvents>
  implements Movable
{
  /** @internal */
  protected readonly channel: Channel
  #failure: Error | undefined

  /**
   * @param fd one end of a connected Unix stream socket, which the port owns from here on
   * @throws ErrnoError EBADF, EMFILE; ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE; the descriptor is the caller's then
   */
  constructor(fd: number, options: ForkedPortOptions = {}) {
    super()
    const owner = this.ownerOf({
      closed: (error) => {
        this.#failure = error
        this.channel.finish(error)
      },
      finished: () => this.#tellEnd(),
      other: (kind) => {
        throw notAReport(`a frame of kind ${kind}`)
      },
    })
    this.channel = new Channel(asFd(fd), asMaxMessage(options), owner)
  }

  #tellEnd(): void {
    const isTold = this.channel.isIterated && this.listenerCount('error') === 0
    if (this.#failure && !isTold) this.emit('error', this.#failure)
    this.emit('disconnect')
  }

  /** Keeps the process alive while it has listeners, as it does from the start. */
  ref(): this {
    this.channel.keepAlive(true)
    return this
  }

  /** Lets the process end although it has listeners; what waits to go out is sent before. */
  unref(): this {
    this.channel.keepAlive(false)
    return this
  }

  /** Closes both ways at once: what is queued, or was not heard yet, is lost. Idempotent. */
  close(): void {
    this.channel.close()
  }

  /** The same as `close`. */
  [Symbol.dispose](): void {
    this.close()
  }

  /** @internal */
  movableFd(): number {
    if (this.channel.isUsed) {
      throw codedError(
        Error,
        'ERR_INVALID_STATE',
        'Invalid state: a port that was used cannot be sent to another process',
      )
    }
    return this.channel.fd
  }

  /** @internal */
  moved(): void {
    this.close()
  }
}

/**
 * Two ports that are connected with each other, each of which can be sent beside a message: so two workers talk without their parent. The
 * receiver makes a port of what comes: `new ForkedPort(handle.take())`.
 *
 * @throws ErrnoError EMFILE, ENFILE; ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see man 2 socketpair
 */
export function forkedChannel<A = unknown, B = unknown>(
  options: ForkedPortOptions = {},
): [ForkedPort<A, B>, ForkedPort<B, A>] {
  asMaxMessage(options)
  const [one, other] = socketpair(AF_UNIX, SOCK_STREAM)
  let first: ForkedPort<A, B> | undefined
  try {
    first = new ForkedPort(one, options)
    return [first, new ForkedPort(other, options)]
  } catch (error) {
    if (first) first.close()
    else close(one)
    close(other)
    throw error
  }
}

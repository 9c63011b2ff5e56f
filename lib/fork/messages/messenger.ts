// What a worker and a port have in common: an end of a channel as an EventEmitter, an async iterable, and a sender.
import { EventEmitter } from 'node:events'
import type { Channel, ChannelOwner } from './channel.js'
import type { ReceivedHandle, SendHandle } from './handles.js'

/** Events of either end of a channel. */
export interface MessengerEvents {
  /** A message, and the descriptors beside it: those that no listener has taken when all have returned are closed. */
  message: [value: any, handles: ReceivedHandle[]] // eslint-disable-line @typescript-eslint/no-explicit-any
  /** What was queued by `send` has gone out. */
  drain: []
  /** What went wrong; an iteration throws it too. */
  error: [error: Error]
}

/** One end of a channel to another process. */
export abstract class Messenger<Received, Sent, Events extends Record<keyof Events, unknown[]>>
  extends EventEmitter<Events>
  implements AsyncIterable<Received>
{
  /** @internal */
  protected abstract readonly channel: Channel

  constructor() {
    super()
    const hooks = this as unknown as EventEmitter
    // It is told before there is the listener, and nobody removes this one by `removeAllListeners('message')`.
    hooks.on('newListener', (name) => name === 'message' && queueMicrotask(() => this.channel.changed()))
    hooks.on('removeListener', (name) => name === 'message' && this.channel.changed())
  }

  /** What a channel asks of its owner. @internal */
  protected ownerOf(rest: Pick<ChannelOwner, 'closed' | 'finished' | 'other'>): ChannelOwner {
    const self = this as unknown as EventEmitter
    return {
      isListening: () => self.listenerCount('message') > 0,
      message: (value, handles) => void self.emit('message', value, handles),
      drained: () => void self.emit('drain'),
      ...rest,
    }
  }

  /** Whether messages can be sent. */
  get connected(): boolean {
    return this.channel.connected
  }

  /** Bytes that wait to go out. */
  get writableLength(): number {
    return this.channel.queued
  }

  /** The descriptors beside the message that an iteration gave last. Those that are not taken are closed when it goes on. */
  get handles(): readonly ReceivedHandle[] {
    return this.channel.handles
  }

  /**
   * Sends a message. It is cloned at once: what changes later does not change it.
   *
   * @param value what structured clone takes, of any size that the other end accepts
   * @param handles descriptors that go with it, 250 at most: see SendHandle
   * @returns whether more can go out at once; else 'drain' tells when. What is sent all the same is queued in memory
   * @throws DOMException 'DataCloneError' that names the part; ERR_IPC_CHANNEL_CLOSED after `disconnect` or the other process's end;
   *   ERR_INVALID_STATE (a handle that is in use; in a child whose parent's this is); ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE,
   *   ErrnoError EBADF, EMFILE (handles). Nothing was sent then.
   */
  send(value: Sent, handles?: readonly SendHandle[]): boolean {
    return this.channel.send(value, handles)
  }

  /** Sends what is queued, and nothing after it: the other end hears of that, and may go on sending. Idempotent. */
  disconnect(): void {
    this.channel.disconnect()
  }

  /**
   * The messages one after the other, in place of 'message'; throws at their end what went wrong. While none is asked for, the other end
   * waits when the channel is full.
   */
  [Symbol.asyncIterator](): AsyncGenerator<Received, void, undefined> {
    return this.channel.iterate() as AsyncGenerator<Received, void, undefined>
  }
}

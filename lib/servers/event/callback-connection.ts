// An eventServer's fast path: callbacks that all connections share, and a connection as small as can be.
import type { Socket } from 'node:net'
import type { ErrnoError } from '../../errors.js'
import { closedError, type Data, type EventConnection } from '../connection.js'
import type { EventHost } from './event-host.js'
import type { EventCallbacks } from '../handler.js'
import type { Link, Sink } from './reactor.js'
import { asError } from '../model.js'

/** What a connection of the fast path holds: 10,000 of them cost little more than their descriptors. */
export class CallbackConnection implements EventConnection, Link {
  /** @internal */
  slot: number
  readonly #host: EventHost<CallbackConnection>
  data: unknown = undefined

  constructor(host: EventHost<CallbackConnection>, slot: number) {
    this.#host = host
    this.slot = slot
  }

  get fd(): number {
    return this.#host.reactor.fdOf(this)
  }

  get remoteAddress(): string | undefined {
    return this.#host.reactor.peerOf(this)?.address
  }

  get remotePort(): number | undefined {
    return this.#host.reactor.peerOf(this)?.port
  }

  write(chunk: Data): number {
    return this.#host.reactor.write(this, chunk)
  }

  end(): void {
    this.#host.reactor.finish(this)
  }

  close(): void {
    this.#host.reactor.destroy(this)
  }

  pause(): void {
    this.#host.reactor.pause(this)
  }

  resume(): void {
    this.#host.reactor.resume(this)
  }

  toSocket(): Socket {
    if (this.slot < 0) throw closedError()
    return this.#host.handOver.take(this)
  }
}

/** Calls the callbacks; one that throws costs its own connection. */
export class CallbackSink implements Sink<CallbackConnection> {
  readonly keeps = false
  readonly #host: EventHost<CallbackConnection>
  readonly #callbacks: EventCallbacks

  constructor(host: EventHost<CallbackConnection>, callbacks: EventCallbacks) {
    this.#host = host
    this.#callbacks = callbacks
  }

  open(slot: number): CallbackConnection {
    const conn = new CallbackConnection(this.#host, slot)
    try {
      this.#host.opened(conn)
      this.#callbacks.open?.(conn)
    } catch (error) {
      this.#fail(conn, error)
    }
    return conn
  }

  data(conn: CallbackConnection, chunk: Buffer): void {
    try {
      this.#callbacks.data?.(conn, chunk)
    } catch (error) {
      this.#fail(conn, error)
    }
  }

  end(conn: CallbackConnection): void {
    try {
      if (this.#callbacks.end) this.#callbacks.end(conn)
      else this.#host.reactor.closeSoon(conn)
    } catch (error) {
      this.#fail(conn, error)
    }
  }

  drain(conn: CallbackConnection): void {
    try {
      this.#callbacks.drain?.(conn)
    } catch (error) {
      this.#fail(conn, error)
    }
  }

  close(conn: CallbackConnection, error: Error | undefined): void {
    if (error) this.#last(conn, () => this.#callbacks.error?.(conn, error))
    this.#last(conn, () => this.#callbacks.close?.(conn))
    if (error) this.#host.clientError(error, conn)
  }

  // One that throws does not keep the other from being called.
  #last(conn: CallbackConnection, callback: () => void): void {
    try {
      callback()
    } catch (thrown) {
      this.#host.clientError(asError(thrown), conn)
    }
  }

  settled(): void {
    this.#host.settled()
  }

  refused(error: ErrnoError): void {
    this.#host.refused(error)
  }

  dropped(number: number): void {
    this.#host.dropped(number)
  }

  #fail(conn: CallbackConnection, error: unknown): void {
    try {
      this.#host.handlerFailed(asError(error), conn)
    } finally {
      this.#host.reactor.destroy(conn)
    }
  }
}

// Runs an eventServer's `(conn) => ...` handler once a connection, and closes the connection when it has done.
import type { ErrnoError } from '../../errors.js'
import type { EventHost } from './event-host.js'
import type { ConnectionHandler } from '../handler.js'
import type { Sink } from './reactor.js'
import { asError } from '../model.js'
import { StreamConnection, type StreamHost } from './stream-connection.js'
import { WriteBatch } from './pending-writes.js'

export class StreamSink implements Sink<StreamConnection> {
  readonly keeps = true
  readonly #host: EventHost<StreamConnection>
  readonly #serve: ConnectionHandler
  readonly #shared: StreamHost

  constructor(host: EventHost<StreamConnection>, serve: ConnectionHandler) {
    this.#host = host
    this.#serve = serve
    const { reactor, handOver } = host
    this.#shared = { reactor, handOver, together: new WriteBatch(reactor) }
  }

  open(slot: number): StreamConnection {
    const conn = new StreamConnection(this.#shared, slot)
    try {
      this.#host.opened(conn)
      this.#whenDone(conn, this.#serve(conn))
    } catch (error) {
      this.#failed(conn, error)
    }
    return conn
  }

  // Not an async function: what waits is kept small, for there may be thousands of them.
  #whenDone(conn: StreamConnection, served: void | Promise<void>): void {
    void Promise.resolve(served).then(
      () => conn.handlerDone(),
      (error: unknown) => this.#failed(conn, error),
    )
  }

  #failed(conn: StreamConnection, error: unknown): void {
    if (conn.error && error === conn.error) this.#host.clientError(conn.error, conn)
    else this.#host.handlerFailed(asError(error), conn)
    conn.handlerDone()
  }

  fill(conn: StreamConnection, bytes: Buffer, offset: number, length: number): number {
    return conn.fill(bytes, offset, length)
  }

  data(conn: StreamConnection, chunk: Buffer): void {
    conn.received(chunk)
  }

  end(conn: StreamConnection): void {
    conn.peerEnded()
  }

  drain(conn: StreamConnection): void {
    conn.drained()
  }

  // An error reaches the handler, through whatever it waits for, and what it does not catch becomes a clientError.
  close(conn: StreamConnection, error: Error | undefined): void {
    conn.over(error)
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
}

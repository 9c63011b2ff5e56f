// An HTTP application on connections whose threads do the I/O: node:http is given a stream over each.
import { once } from 'node:events'
import { Duplex } from 'node:stream'
import type { Connection } from '../connection.js'
import { httpServer, type ConnectionHandler, type HttpApplication } from '../handler.js'

/** A connection as a stream. It ends with the connection, and the connection with it. */
class ConnectionStream extends Duplex {
  readonly remoteAddress: string | undefined
  readonly remotePort: number | undefined
  /** Requests under way. */
  requests = 0
  readonly #conn: Connection

  constructor(conn: Connection) {
    super({ allowHalfOpen: true })
    this.#conn = conn
    this.remoteAddress = conn.remoteAddress
    this.remotePort = conn.remotePort
  }

  override _read(): void {
    this.#conn.read().then(
      (chunk) => this.push(chunk),
      (error: Error) => this.destroy(error),
    )
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error) => void): void {
    this.#conn.write(chunk).then(() => done(), done)
  }

  override _final(done: (error?: Error) => void): void {
    try {
      this.#conn.end()
      done()
    } catch (error) {
      done(error as Error)
    }
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#conn.close()
    done(error)
  }
}

/** A handler that serves HTTP with one node:http server for all connections, and what is to be called when accepting stops. */
export function httpHandler(application: HttpApplication): { serve: ConnectionHandler; stop: () => void } {
  const server = httpServer(application)
  const streams = new Set<ConnectionStream>()
  let stopping = false
  // Keep-alive connections would hold a drain up: they go as soon as they have nothing under way.
  const closeIdle = (): void => {
    for (const stream of streams) if (stream.requests === 0) stream.end(() => stream.destroy())
  }
  server.prependListener('request', ({ socket }, response) => {
    const stream = socket as unknown as ConnectionStream
    stream.requests++
    response.once('close', () => {
      stream.requests--
      if (stopping) closeIdle()
    })
  })
  const serve = async (conn: Connection): Promise<void> => {
    const stream = new ConnectionStream(conn)
    streams.add(stream)
    server.emit('connection', stream)
    if (!stream.closed) await once(stream, 'close')
    streams.delete(stream)
  }
  const stop = (): void => {
    stopping = true
    closeIdle()
  }
  return { serve, stop }
}

// threadServer with a handler in JavaScript: a thread a connection for its I/O, the handler on the main thread.
import { constants } from 'node:os'
import { once } from 'node:events'
import { ErrnoError } from '../../errors.js'
import type { Accepted } from '../../posix/sys-socket.js'
import { close } from '../../posix/unistd.js'
import { Acceptor } from '../accept/acceptor.js'
import { Deferred } from '../deferred.js'
import type { ConnectionHandler } from '../handler.js'
import { asError, type Client, type Model, type RunningModel, type ServerHost, type ServerStats } from '../model.js'
import { ThreadConnection } from './thread-connection.js'
import { IoThreads } from './io-threads.js'
import { setTimeout } from '../../posix/internal/own-timers.js'

// Where no thread is to be had, the connection waits: so long, in milliseconds, doubled each time, and so often; then it is closed.
const FIRST_PAUSE = 10
const ATTEMPTS = 6

const temporary: readonly number[] = [-constants.errno.EAGAIN, -constants.errno.ENOMEM]

export interface ThreadModelOptions {
  maxThreads: number
  /** Threads are used again, up to maxThreads. */
  reuse: boolean
  stackSize: number
}

export interface ThreadHandler {
  serve: ConnectionHandler
  /** Called when accepting stops. */
  stop?(): void
}

/** A thread a connection, whose handler runs on the main thread. */
export const threadModel =
  (handler: ThreadHandler, options: ThreadModelOptions): Model =>
  (host) => {
    const threads = new IoThreads(options.reuse ? options.maxThreads : 0, options.stackSize)
    try {
      return new ThreadModel(host, handler, options, threads)
    } catch (error) {
      threads.release()
      throw error
    }
  }

class ThreadModel implements RunningModel {
  readonly name = 'thread'
  readonly #handler: ThreadHandler
  readonly #options: ThreadModelOptions
  readonly #served = new Set<ThreadConnection>()
  readonly #waiting = new Map<NodeJS.Timeout, Accepted>()
  readonly #drained = new Deferred()
  readonly #counts = { accepted: 0, rejected: 0, errors: 0, bytesIn: 0, bytesOut: 0 }
  readonly #tally = {
    received: (bytes: number): void => void (this.#counts.bytesIn += bytes),
    sent: (bytes: number): void => void (this.#counts.bytesOut += bytes),
  }
  #stopped = false
  #destroyed = false
  #finished = false
  readonly #host: ServerHost
  readonly #threads: IoThreads
  readonly #acceptor: Acceptor

  constructor(host: ServerHost, handler: ThreadHandler, options: ThreadModelOptions, threads: IoThreads) {
    this.#host = host
    this.#handler = handler
    this.#options = options
    this.#threads = threads
    this.#acceptor = new Acceptor(host.listener, {
      take: (accepted) => this.#take(accepted),
      failed: (error) => host.failed(error),
    })
  }

  get #active(): number {
    return this.#served.size + this.#waiting.size
  }

  #take(accepted: Accepted): boolean {
    this.#counts.accepted++
    if (this.#active >= this.#host.maxConnections) this.#reject(accepted)
    else this.#begin(accepted, 1)
    return this.#hasRoom()
  }

  #hasRoom(): boolean {
    return this.#active < this.#options.maxThreads && this.#waiting.size === 0
  }

  #reject({ fd, address }: Accepted): void {
    this.#counts.rejected++
    close(fd)
    this.#host.emit('drop', { remoteAddress: address.address, remotePort: address.port })
  }

  #begin(accepted: Accepted, attempt: number): void {
    const { idleTimeout } = this.#host
    const conn = new ThreadConnection(accepted.fd, accepted.address, this.#threads, { idleTimeout, tally: this.#tally })
    const error = conn.start()
    if (error === 0) void this.#serve(conn)
    else if (temporary.includes(error) && attempt < ATTEMPTS && !this.#stopped) this.#wait(accepted, attempt)
    else this.#refuse(accepted, error)
  }

  // Accepting rests meanwhile: see hasRoom.
  #wait(accepted: Accepted, attempt: number): void {
    const timer = setTimeout(
      () => {
        this.#waiting.delete(timer)
        this.#begin(accepted, attempt + 1)
        this.#settle()
      },
      FIRST_PAUSE * 2 ** (attempt - 1),
    )
    this.#waiting.set(timer, accepted)
  }

  #refuse(accepted: Accepted, error: number): void {
    const { address, port } = accepted.address
    this.#counts.errors++
    this.#reject(accepted)
    this.#host.clientError(new ErrnoError(error, 'pthread_create'), { remoteAddress: address, remotePort: port })
  }

  async #serve(conn: ThreadConnection): Promise<void> {
    this.#served.add(conn)
    await Promise.race([this.#handle(conn), conn.destroyed])
    conn.close()
    await conn.ended
    this.#served.delete(conn)
    this.#settle()
  }

  // Settles when the handler is done with the connection, and never rejects.
  async #handle(conn: ThreadConnection): Promise<void> {
    const client: Client = { remoteAddress: conn.remoteAddress, remotePort: conn.remotePort }
    try {
      this.#host.connection(client)
      await this.#handler.serve(conn)
      if (conn.socket && !conn.socket.closed) await once(conn.socket, 'close')
    } catch (error) {
      this.#failed(asError(error), client)
    }
  }

  #failed(error: Error, client: Client): void {
    if (this.#destroyed) return
    this.#counts.errors++
    this.#host.clientError(error, client)
  }

  #settle(): void {
    if (!this.#stopped) {
      if (this.#hasRoom()) this.#acceptor.resume()
    } else if (this.#active === 0) {
      this.#finish()
    }
  }

  #finish(): void {
    if (this.#finished) return
    this.#finished = true
    this.#threads.release()
    this.#drained.resolve()
  }

  stop(): void {
    this.#stopped = true
    this.#acceptor.stop()
    this.#handler.stop?.()
    this.#settle()
  }

  drained(): Promise<void> {
    return this.#drained.promise
  }

  destroy(): void {
    if (this.#stopped) this.#destroyed = true
    for (const [timer, accepted] of this.#waiting) {
      clearTimeout(timer)
      this.#reject(accepted)
    }
    this.#waiting.clear()
    for (const conn of this.#served) conn.destroy()
    this.#settle()
  }

  stats(): ServerStats {
    const threads = this.#finished ? 0 : this.#threads.threads
    return { ...this.#counts, active: this.#active, threads, exhaustions: this.#acceptor.exhaustions }
  }
}

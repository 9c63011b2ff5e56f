// eventServer: one thread serves all connections, by readiness (epoll, poll or select) or by completion (io_uring).
// See: man 7 epoll, man 2 poll, man 2 select, man 7 io_uring
import type { Server as HttpServer } from 'node:http'
import { codedError, type ErrnoError, invalidArgType, invalidArgValue } from '../errors.js'
import { asInteger } from '../posix/internal/arguments.js'
import { Deferred } from './deferred.js'
import { CallbackSink, type CallbackConnection } from './event/callback-connection.js'
import { StreamSink } from './event/stream-sink.js'
import { DetachedSockets } from './event/detached-sockets.js'
import type { EventHost } from './event/event-host.js'
import {
  httpServer,
  knownHandler,
  type EventCallbacks,
  type Handler,
  type HttpApplication,
  type KnownHandler,
} from './handler.js'
import { EVENT, RunningNative } from './serving/native-handler.js'
import { Reactor, type Backend, type Sink } from './event/reactor.js'
import { Server, type ServerOptions } from './server.js'
import type { Client, Model, ServerHost, ServerStats } from './model.js'
import type { StreamConnection } from './event/stream-connection.js'

/** Options of eventServer. */
export interface EventServerOptions extends ServerOptions {
  /**
   * What waits (default 'epoll'). 'select' serves descriptors below 1024 only; clients beyond are refused and told by one
   * 'clientError' with code ERANGE. 'io_uring' accepts, receives and sends by completion; it needs Linux 6.3.
   */
  backend?: Backend
  /** Whether epoll tells each arrival once (EPOLLET) rather than as long as there is something to read (default false). */
  edgeTriggered?: boolean
  /** While so many bytes wait to be sent to a client, nothing is read from it (default 65536). */
  highWaterMark?: number
  /**
   * Milliseconds from when a client is accepted to the first byte of a reply before its connection is closed (ETIMEDOUT), however many
   * bytes it sends meanwhile; from the first reply on `idleTimeout` counts. 0 (default): none. HTTP has node:http's own time limits.
   */
  headTimeout?: number
}

const BACKENDS: readonly unknown[] = ['epoll', 'poll', 'select', 'io_uring']
const HANDLERS = ['function', 'callbacks', 'native', 'http'] as const
const DEFAULT_HIGH_WATER_MARK = 65536
// How often idle HTTP connections are closed while the server drains, in milliseconds.
const SWEEP = 100
const NOBODY: Client = { remoteAddress: undefined, remotePort: undefined }

type Links = CallbackConnection | StreamConnection
type Served = Extract<KnownHandler, { kind: (typeof HANDLERS)[number] }>
type Settings = ReturnType<typeof checked>

class EventModel implements Model {
  readonly name = 'event'
  readonly #settings: Settings
  readonly #handler: Served
  #host: ServerHost | undefined
  #parts: EventHost<Links> | undefined
  #http: HttpServer | undefined
  #sweep: NodeJS.Timeout | undefined
  #running: RunningNative | undefined
  #handlerErrors = 0
  #exhaustions = 0
  #toldOfRange = false
  #stopped = false
  readonly #drained = new Deferred()

  constructor(settings: Settings, handler: Served) {
    this.#settings = settings
    this.#handler = handler
  }

  start(host: ServerHost): void {
    this.#host = host
    if (this.#handler.kind === 'native') this.#running = startNative(this.#handler.name)
    try {
      this.#open(host)
    } catch (error) {
      this.#finish()
      throw error
    }
  }

  #open({ maxConnections, idleTimeout, listener }: ServerHost): void {
    const options = {
      ...this.#settings,
      maxConnections,
      idleTimeout,
      ...(this.#running && { handler: this.#running.number }),
    }
    const reactor: Reactor<Links> = new Reactor<Links>(options)
    const handOver = new DetachedSockets(reactor, idleTimeout, () => this.#settle())
    this.#parts = this.#hostOf(reactor, handOver)
    reactor.listen(listener.fd, this.#sink())
  }

  #hostOf(reactor: Reactor<Links>, handOver: DetachedSockets<Links>): EventHost<Links> {
    const host = this.#host!
    return {
      reactor,
      handOver,
      opened: (client) => {
        if (host.wantsConnections) host.connection(client)
      },
      clientError: (error, client) => host.clientError(error, client),
      handlerFailed: (error, client) => {
        this.#handlerErrors++
        host.clientError(error, client)
      },
      refused: (error) => this.#refused(error),
      settled: () => this.#settle(),
    }
  }

  // A native handler's connections are not told of.
  #sink(): Sink<Links> {
    const host = this.#parts!
    const handler = this.#handler
    if (handler.kind === 'function')
      return new StreamSink(host as EventHost<StreamConnection>, handler.serve) as unknown as Sink<Links>
    const callbacks =
      handler.kind === 'callbacks'
        ? handler.callbacks
        : handler.kind === 'http'
          ? this.#httpCallbacks(handler.application)
          : {}
    return new CallbackSink(host as EventHost<CallbackConnection>, callbacks) as unknown as Sink<Links>
  }

  // node:http serves whatever sockets it is handed; 'listening' makes it keep track of them, as if it had a port of its own.
  #httpCallbacks(application: HttpApplication): EventCallbacks {
    const server = (this.#http = httpServer(application))
    server.emit('listening')
    return { open: (conn) => void server.emit('connection', conn.toSocket()) }
  }

  #refused(error: ErrnoError): void {
    if (error.code !== 'ERANGE') {
      this.#exhaustions++
    } else if (!this.#toldOfRange) {
      this.#toldOfRange = true
      this.#host!.clientError(error, NOBODY)
    }
  }

  stop(): void {
    this.#stopped = true
    this.#parts!.reactor.unlisten(this.#host!.listener.fd)
    this.#http?.close() // of its idle connections
    if (this.#http) this.#sweep = setInterval(() => this.#http!.closeIdleConnections(), SWEEP)
    this.#settle()
  }

  #settle(): void {
    const reactor = this.#parts!.reactor
    if (!this.#stopped || reactor.busy) return
    this.#finish()
    this.#drained.resolve()
  }

  #finish(): void {
    clearInterval(this.#sweep)
    this.#parts?.reactor.close()
    this.#running?.stop()
    this.#running = undefined
  }

  drained(): Promise<void> {
    return this.#drained.promise
  }

  destroy(): void {
    this.#parts!.handOver.destroy()
    this.#parts!.reactor.destroyAll()
  }

  stats(): ServerStats {
    const { reactor, handOver } = this.#parts!
    const stats = reactor.stats()
    const handed = handOver.bytes()
    return {
      ...stats,
      errors: stats.errors + this.#handlerErrors,
      bytesIn: stats.bytesIn + handed.in,
      bytesOut: stats.bytesOut + handed.out,
      exhaustions: this.#exhaustions,
    }
  }
}

function startNative(name: string): RunningNative {
  const running = new RunningNative(name)
  if (running.forms & EVENT) return running
  running.stop()
  const message = `the native handler ${name} has no on_data, so an eventServer cannot run it without blocking`
  throw codedError(TypeError, 'ERR_POSIX_ASYNC_HANDLER', message)
}

function checked(options: EventServerOptions) {
  if (typeof options !== 'object' || options === null) throw invalidArgType('options', 'of type object', options)
  const { backend = 'epoll', edgeTriggered = false, highWaterMark = DEFAULT_HIGH_WATER_MARK, headTimeout = 0 } = options
  if (!BACKENDS.includes(backend))
    throw invalidArgValue('options.backend', "must be 'epoll', 'poll', 'select' or 'io_uring'", backend)
  if (typeof edgeTriggered !== 'boolean')
    throw invalidArgType('options.edgeTriggered', 'of type boolean', edgeTriggered)
  if (edgeTriggered && backend !== 'epoll')
    throw invalidArgValue('options.edgeTriggered', `is not what ${backend} can do`, true)
  return {
    backend,
    edgeTriggered,
    highWaterMark: asInteger('options.highWaterMark', highWaterMark, 1),
    headTimeout: asInteger('options.headTimeout', headTimeout, 0),
  }
}

/**
 * Serves all connections on this thread, beside whatever else the event loop does. A batch of what happened enters JavaScript
 * once.
 *
 * @param options where to listen and the limits; `backend`, `edgeTriggered`, `highWaterMark`, `headTimeout`
 * @param handler `(conn) => ...`, where reading and writing are promises; an object of callbacks, the fast path;
 *   `native('echo')`, which never enters JavaScript (no 'connection' events then); `http(listener)`
 * @returns the server, listening
 * @throws ErrnoError EADDRINUSE, EACCES ... with the address; EMFILE where no descriptor is left; ENOSYS, EPERM from
 *   io_uring_setup where the kernel has none for us; ERR_INVALID_ARG_TYPE,
 *   ERR_INVALID_ARG_VALUE, ERR_OUT_OF_RANGE; ERR_POSIX_ASYNC_HANDLER
 */
export async function eventServer(options: EventServerOptions, handler: Handler): Promise<Server> {
  const known = knownHandler(handler, 'eventServer', HANDLERS)
  return Server.open(options, new EventModel(checked(options), known))
}

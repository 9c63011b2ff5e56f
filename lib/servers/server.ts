// What the four servers have in common, written once: options, listening, limits, drain and close, statistics, events.
import { channel } from 'node:diagnostics_channel'
import { namesOf, refuseUnknown } from '../posix/internal/known-options.js'
import { invalidArgType } from '../errors.js'
import { asInteger } from '../posix/internal/arguments.js'
import type { Listener, TcpAddress } from './accept/listener.js'
import { openListener, type ListenOptions } from './accept/open-listener.js'
import type { Model, RunningModel, ServerStats } from './model.js'
import { ServerEmitter } from './server-events.js'
import { Host, type HostLimits } from './server-host.js'
import { setTimeout } from '../posix/internal/own-timers.js'

/** Options of every server: where to listen, and the limits. */
export interface ServerOptions extends ListenOptions {
  /** Closes the server when it is aborted. */
  signal?: AbortSignal
  /** Connections served at once; one beyond is accepted, closed at once and counted as rejected (default: no limit). */
  maxConnections?: number
  /** Milliseconds without a byte in either direction before a connection is closed; 0 (default): none. */
  idleTimeout?: number
  /** Milliseconds that close() lets connections finish before they are cut off (default 30000). */
  gracefulTimeout?: number
  /** Whether close() waits for the connections that are being served (default); otherwise 'close' alone tells of their end. */
  blockOnClose?: boolean
}

const channels = {
  listening: channel('posix-async:server:listening'),
  close: channel('posix-async:server:close'),
}

const DEFAULT_GRACE = 30_000

/** The checked limits of a server. @internal */
export interface ServerLimits extends HostLimits {
  /** Milliseconds. */
  readonly gracefulTimeout: number
  readonly blockOnClose: boolean
}

/**
 * A running server; forkServer, threadServer, eventServer and syncServer make one.
 *
 * Events: 'listening'; 'connection' (client); 'clientError' (error, client); 'error' (error): the server can accept no more and closes;
 * 'close'; and the model's own. Also published on the diagnostics channels 'posix-async:server:listening', ':connection',
 * ':client-error' and ':close'.
 */
export class Server extends ServerEmitter implements AsyncDisposable {
  readonly #model: RunningModel
  readonly #listener: Listener
  readonly #ending: ServerLimits
  #closing: Promise<void> | undefined

  /** @internal */
  constructor(model: RunningModel, listener: Listener, ending: ServerLimits) {
    super()
    this.#model = model
    this.#listener = listener
    this.#ending = ending
  }

  /** Checks the options, listens, and starts the model. @internal */
  static open(options: ServerOptions, model: Model): Promise<Server> {
    return Server.openAs(options, model, (running, listener, limits) => new Server(running, listener, limits))
  }

  /** The same for a model whose servers have methods of their own. @internal */
  static async openAs<Running extends RunningModel, Kind extends Server>(
    options: ServerOptions,
    model: Model<Running>,
    create: (running: Running, listener: Listener, limits: ServerLimits) => Kind,
  ): Promise<Kind> {
    const limits = checkedLimits(options)
    options.signal?.throwIfAborted()
    const listener = await openListener(options)
    const host = new Host(listener, limits)
    let server: Kind
    try {
      server = create(await model(host), listener, limits)
    } catch (error) {
      listener.close()
      throw error
    }
    host.open(server)
    server.#closeOn(options.signal)
    // After the caller has had the server, and could add listeners, and before any connection.
    process.nextTick(() => server.#announce())
    return server
  }

  #announce(): void {
    if (this.#closing) return
    this.emit('listening')
    channels.listening.publish({ server: this })
  }

  #closeOn(signal: AbortSignal | undefined): void {
    if (!signal) return
    const onAbort = (): void => void this.close()
    signal.addEventListener('abort', onAbort, { once: true })
    this.once('close', () => signal.removeEventListener('abort', onAbort))
    if (signal.aborted) onAbort()
  }

  /** 'fork', 'thread', 'event' or 'sync'. */
  get model(): string {
    return this.#model.name
  }

  get listening(): boolean {
    return !this.#listener.closed
  }

  /** `{ address, family, port }`, or the path of a Unix socket; null once closed. */
  address(): TcpAddress | string | null {
    return this.#listener.address()
  }

  /** Counts since the start. */
  stats(): ServerStats {
    return this.#model.stats()
  }

  /**
   * Stops accepting and resolves when every connection has been served and every process and thread has ended; what still runs after
   * `gracefulTimeout` is cut off. With `blockOnClose: false` it resolves when nothing more is accepted. Idempotent: further calls give the
   * same promise.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  /** Cuts off all connections now. */
  closeAllConnections(): void {
    this.#model.destroy()
  }

  async #close(): Promise<void> {
    this.#model.stop()
    this.#listener.close()
    const over = this.#drain()
    if (this.#ending.blockOnClose) await over
  }

  async #drain(): Promise<void> {
    const timer = setTimeout(() => this.#model.destroy(), this.#ending.gracefulTimeout)
    await this.#model.drained()
    clearTimeout(timer)
    this.#listener.removeIfLast()
    this.emit('close')
    channels.close.publish({ server: this })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

/** The options of every server. */
export const SERVER_OPTIONS = namesOf<ServerOptions>({
  ...{ port: true, host: true, path: true, fd: true, backlog: true, ipv6Only: true, reusePort: true, noDelay: true },
  ...{ readableAll: true, writableAll: true, signal: true, maxConnections: true, idleTimeout: true },
  ...{ gracefulTimeout: true, blockOnClose: true },
})

/**
 * Throws ERR_INVALID_ARG_TYPE for what is no object of options, and ERR_INVALID_ARG_VALUE for an option that neither all servers have nor
 * one with `own`.
 */
export function asOptions<Options extends ServerOptions>(options: Options, own?: readonly string[]): Options {
  if (typeof options !== 'object' || options === null) throw invalidArgType('options', 'of type object', options)
  if (own !== undefined) refuseUnknown(options, [...SERVER_OPTIONS, ...own])
  return options
}

/** Checked, or the default. */
export function gracefulTimeoutOf({ gracefulTimeout = DEFAULT_GRACE }: ServerOptions): number {
  return asInteger('options.gracefulTimeout', gracefulTimeout, 0)
}

function checkedLimits(options: ServerOptions): ServerLimits {
  const { maxConnections = Infinity, idleTimeout = 0, signal, blockOnClose = true } = asOptions(options)
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw invalidArgType('options.signal', 'an AbortSignal', signal)
  }
  if (typeof blockOnClose !== 'boolean') throw invalidArgType('options.blockOnClose', 'of type boolean', blockOnClose)
  return {
    blockOnClose,
    maxConnections: maxConnections === Infinity ? Infinity : asInteger('options.maxConnections', maxConnections, 0),
    idleTimeout: asInteger('options.idleTimeout', idleTimeout, 0),
    gracefulTimeout: gracefulTimeoutOf(options),
  }
}

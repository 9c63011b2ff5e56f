// The model of eventServer: a reactor on this thread, and what its connections enter JavaScript with.
import { constants } from 'node:os'
import { codedError, ErrnoError } from '../../errors.js'
import type { EventConnection } from '../connection.js'
import { Deferred } from '../deferred.js'
import type { EventCallbacks, HttpApplication, KnownHandler } from '../handler.js'
import type { Client, Model, RunningModel, ServerHost, ServerStats } from '../model.js'
import { HttpSockets } from '../serving/http-sockets.js'
import { EVENT, RunningNative } from '../serving/native-handler.js'
import { CallbackSink, type CallbackConnection } from './callback-connection.js'
import { DetachedSockets } from './detached-sockets.js'
import type { EventHost } from './event-host.js'
import { Reactor, type Backend, type Sink } from './reactor.js'
import type { StreamConnection } from './stream-connection.js'
import { StreamSink } from './stream-sink.js'

const nothing = (): void => {}
const idleError = (): Error => new ErrnoError(constants.errno.ETIMEDOUT, 'read')
const UNKNOWN_CLIENT: Client = { remoteAddress: undefined, remotePort: undefined }

/** The kinds of handler that a reactor can serve. */
export const eventKinds = ['function', 'callbacks', 'native', 'http'] as const
export type EventHandler = Extract<KnownHandler, { kind: (typeof eventKinds)[number] }>

/** Checked options of eventServer. */
export interface EventSettings {
  readonly backend: Backend
  readonly edgeTriggered: boolean
  /** Bytes. */
  readonly highWaterMark: number
  /** Milliseconds; 0: none. */
  readonly headTimeout: number
}

type Links = CallbackConnection | StreamConnection

/** All connections on this thread. */
export const eventModel =
  (handler: EventHandler, settings: EventSettings): Model =>
  (host) => {
    const running = handler.kind === 'native' ? startNative(handler.name) : undefined
    try {
      return new EventModel(host, handler, settings, running)
    } catch (error) {
      running?.stop()
      throw error
    }
  }

class EventModel implements RunningModel {
  readonly name = 'event'
  readonly #host: ServerHost
  readonly #reactor: Reactor<Links>
  readonly #handOver: DetachedSockets<Links>
  readonly #running: RunningNative | undefined
  #http: HttpSockets | undefined
  #handlerErrors = 0
  #exhaustions = 0
  #toldOfRange = false
  #stopped = false
  #finished = false
  readonly #drained = new Deferred()

  /** @param running the handler, where it is native */
  constructor(host: ServerHost, handler: EventHandler, settings: EventSettings, running: RunningNative | undefined) {
    const { maxConnections, idleTimeout } = (this.#host = host)
    const options = { ...settings, maxConnections, idleTimeout, ...(running && { handler: running.number }) }
    this.#running = running
    this.#reactor = new Reactor<Links>(options)
    this.#handOver = new DetachedSockets(this.#reactor, idleTimeout, () => this.#settle())
    this.#listen(handler)
  }

  #listen(handler: EventHandler): void {
    try {
      this.#reactor.listen(this.#host.listener.fd, this.#sink(handler))
    } catch (error) {
      this.#reactor.close()
      throw error
    }
  }

  #eventHost(): EventHost<Links> {
    const host = this.#host
    return {
      reactor: this.#reactor,
      handOver: this.#handOver,
      opened: (client) => {
        if (host.wantsConnections) host.connection(client)
      },
      clientError: (error, client) => host.clientError(error, client),
      handlerFailed: (error, client) => {
        this.#handlerErrors++
        host.clientError(error, client)
      },
      refused: (error) => this.#refused(error),
      dropped: (number) => this.#dropped(number),
      settled: () => this.#settle(),
    }
  }

  // A native handler's connections are not told of.
  #sink(handler: EventHandler): Sink<Links> {
    const host = this.#eventHost()
    if (handler.kind === 'function')
      return new StreamSink(host as EventHost<StreamConnection>, handler.serve) as unknown as Sink<Links>
    const callbacks =
      handler.kind === 'callbacks'
        ? handler.callbacks
        : handler.kind === 'http'
          ? this.#httpCallbacks(host, handler.application)
          : {}
    return new CallbackSink(host as EventHost<CallbackConnection>, callbacks) as unknown as Sink<Links>
  }

  #httpCallbacks({ handOver, handlerFailed }: EventHost<Links>, application: HttpApplication): EventCallbacks {
    const http = (this.#http = new HttpSockets(application, { request: () => nothing, empty: nothing }))
    const open = (conn: EventConnection): void => {
      const client = { remoteAddress: conn.remoteAddress, remotePort: conn.remotePort }
      const socket = handOver.take(conn as CallbackConnection, idleError)
      socket.once('error', (error) => handlerFailed(error, client))
      http.serve(socket)
    }
    return { open }
  }

  #refused(error: ErrnoError): void {
    if (error.code !== 'ERANGE') {
      this.#exhaustions++
    } else if (!this.#toldOfRange) {
      this.#toldOfRange = true
      this.#host.clientError(error, UNKNOWN_CLIENT)
    }
  }

  #dropped(number: number): void {
    if (!this.#host.hears('drop')) return
    const { address, port } = this.#reactor.droppedPeer(number) ?? {}
    this.#host.emit('drop', { remoteAddress: address, remotePort: port })
  }

  stop(): void {
    this.#stopped = true
    this.#reactor.unlisten(this.#host.listener.fd)
    this.#http?.end()
    this.#settle()
  }

  #settle(): void {
    if (!this.#stopped || this.#finished || this.#reactor.busy) return
    this.#finish()
    this.#drained.resolve()
  }

  #finish(): void {
    this.#finished = true
    this.#reactor.close()
    this.#running?.stop()
  }

  drained(): Promise<void> {
    return this.#drained.promise
  }

  destroy(): void {
    this.#handOver.destroy()
    this.#reactor.destroyAll()
  }

  stats(): ServerStats {
    const stats = this.#reactor.stats()
    const handed = this.#handOver.bytes()
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

// The server as its model sees it, from before there is one: what a model tells while it starts waits for the server.
import { channel } from 'node:diagnostics_channel'
import type { EventEmitter } from 'node:events'
import { callSafely } from '../posix/event-loop/epoll-registry.js'
import type { Listener } from './accept/listener.js'
import type { Client, ServerHost } from './model.js'
import { UnheardErrors } from './unheard-error.js'

const channels = {
  connection: channel('posix-async:server:connection'),
  clientError: channel('posix-async:server:client-error'),
}

/** The limits that a model keeps. */
export interface HostLimits {
  /** Infinity: no limit. */
  readonly maxConnections: number
  /** Milliseconds, 0: none. */
  readonly idleTimeout: number
}

/** What is told to a server. */
export interface HostedServer extends Pick<EventEmitter, 'emit' | 'listenerCount'> {
  on(event: 'newListener', listener: (event: string) => void): unknown
  close(): Promise<void>
}

export class Host implements ServerHost {
  readonly listener: Listener
  readonly maxConnections: number
  readonly idleTimeout: number
  readonly #unheard = new UnheardErrors()
  #server: HostedServer | undefined
  // What was told before there was a server.
  #early: ((server: HostedServer) => void)[] = []

  constructor(listener: Listener, { maxConnections, idleTimeout }: HostLimits) {
    this.listener = listener
    this.maxConnections = maxConnections
    this.idleTimeout = idleTimeout
  }

  /** The model has started, and this is its server. */
  open(server: HostedServer): void {
    this.#server = server
    for (const tell of this.#early) tell(server)
    this.#early = []
  }

  #tell(tell: (server: HostedServer) => void): void {
    if (this.#server) tell(this.#server)
    else this.#early.push(tell)
  }

  get wantsConnections(): boolean {
    return (this.#server?.listenerCount('connection') ?? 0) > 0 || channels.connection.hasSubscribers
  }

  hears(...events: string[]): boolean {
    const server = this.#server
    return server !== undefined && events.some((event) => server.listenerCount(event) > 0)
  }

  onListener(callback: (event: string) => void): void {
    this.#tell((server) => server.on('newListener', callback))
  }

  connection(client: Client, ...more: unknown[]): void {
    this.#tell((server) => {
      server.emit('connection', client, ...more)
      if (channels.connection.hasSubscribers) channels.connection.publish({ server, client })
    })
  }

  // A listener that throws is an uncaughtException, and no reason to drop what else is to be done about a client.
  clientError(error: Error, client: Client): void {
    this.#tell((server) => {
      callSafely(() => server.emit('clientError', error, client) || this.#unheard.tell(error, client))
      if (channels.clientError.hasSubscribers) channels.clientError.publish({ server, error, client })
    })
  }

  failed(error: Error): void {
    this.#tell((server) => {
      void server.close()
      server.emit('error', error)
    })
  }

  emit(event: string, ...args: unknown[]): void {
    this.#tell((server) => callSafely(() => server.emit(event, ...args)))
  }
}

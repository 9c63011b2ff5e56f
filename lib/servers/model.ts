// What a concurrency model is to its server, and the server to its model. Nothing here knows a model.
import { codedError, shown } from '../errors.js'
import type { Accepted } from '../posix/sys-socket.js'
import type { Listener } from './accept/listener.js'

/** The counts that every server keeps; a model adds its own. */
export interface ServerStats {
  /** Connections accepted so far. */
  accepted: number
  /** Connections being served now. */
  active: number
  /** Connections accepted and closed unserved, because of a limit or because no process or thread could be made. */
  rejected: number
  /** Connections whose handler or I/O failed. */
  errors: number
  bytesIn: number
  bytesOut: number
  [model: string]: number
}

/** The other end of a connection. */
export interface Client {
  readonly remoteAddress: string | undefined
  readonly remotePort: number | undefined
}

export const clientOf = ({ address }: Pick<Accepted, 'address'>): Client => ({
  remoteAddress: address.address,
  remotePort: address.port,
})

/**
 * Begins to serve the host's listener in one way: a process a connection, a thread a connection, readiness ... Throws or rejects where that
 * cannot be; nothing is left running then.
 */
export type Model<Running extends RunningModel = RunningModel> = (host: ServerHost) => Running | Promise<Running>

/**
 * A model that serves. Its server calls `stop` once, waits for `drained`, and calls `destroy` when that takes too long. What happens is told
 * through the ServerHost that the model was given.
 */
export interface RunningModel {
  /** 'fork', 'thread', 'event', 'sync'. */
  readonly name: string
  /** No further connection is accepted; those being served go on. Called once, before the listener is closed. */
  stop(): void
  /** Resolves when no connection is being served and nothing the model made (threads, processes, handles) is left. */
  drained(): Promise<void>
  /** Cuts off what is still being served, at once; `drained` resolves soon afterwards. */
  destroy(): void
  /** The model's counts. */
  stats(): ServerStats
}

/** The server as its model sees it. */
export interface ServerHost {
  readonly listener: Listener
  /** Infinity: no limit. */
  readonly maxConnections: number
  /** Milliseconds, 0: none. */
  readonly idleTimeout: number
  /** Whether `connection` has a listener or a subscriber: without one, connections need not enter JavaScript. */
  readonly wantsConnections: boolean
  /** Whether one of these events of the model's own has a listener. */
  hears(...events: string[]): boolean
  /** Calls whenever a listener of an event is about to be added. */
  onListener(callback: (event: string) => void): void
  /** A connection was accepted and is served. */
  connection(client: Client, ...more: unknown[]): void
  /** A connection failed: its handler threw or rejected, or its I/O did. The server goes on. */
  clientError(error: Error, client: Client): void
  /** The server itself failed: it can accept no more. */
  failed(error: Error): void
  /** Any other event of the model ('fork', 'online', 'exit'). */
  emit(event: string, ...args: unknown[]): void
}

/** What a handler threw, as an Error. */
export function asError(thrown: unknown): Error {
  if (thrown instanceof Error) return thrown
  return codedError(Error, 'ERR_POSIX_ASYNC_HANDLER_THREW', `the handler threw ${shown(thrown)}`)
}

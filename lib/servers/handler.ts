// What serves a connection, told apart once: a function, callbacks, a native handler, a module, or an HTTP application.
import { createServer, Server as HttpServer, type RequestListener } from 'node:http'
import { codedError, invalidArgType } from '../errors.js'
import { NativeCode } from '../posix/native-code.js'
import type { Connection, EventConnection } from './connection.js'

export { native, NativeCode as NativeHandler } from '../posix/native-code.js'

/** Serves one connection; the connection is closed when it returns, or when the promise it returned settles. */
export type ConnectionHandler = (conn: Connection) => void | Promise<void>

/** Callbacks shared by all connections of an eventServer: its fast path. None of them may block. */
export interface EventCallbacks {
  open?(conn: EventConnection): void
  /**
   * `chunk` is valid until the call returns: copy what must stay. Writing the chunk itself, or a part of it, copies nothing: it is
   * sent as it is when the batch of callbacks is over, so leave it unchanged.
   */
  data?(conn: EventConnection, chunk: Buffer): void
  /** What was queued by `conn.write` has been handed to the kernel. */
  drain?(conn: EventConnection): void
  /** The client has sent its last byte; replies can still be written. Without this callback the connection is closed then. */
  end?(conn: EventConnection): void
  close?(conn: EventConnection): void
  /** The connection failed (reset, timed out); `close` follows. */
  error?(conn: EventConnection, error: Error): void
}

/** An application of node:http, Express or Fastify: what answers requests, or a node:http server that does. */
export type HttpApplication = RequestListener | HttpServer

/** Serves an application of node:http, Express or Fastify. */
export class HttpHandler {
  readonly application: HttpApplication

  constructor(application: HttpApplication) {
    this.application = application
  }
}

/** A node:http server that is given connections, and does not listen itself. */
export function httpServer(application: HttpApplication): HttpServer {
  return application instanceof HttpServer ? application : createServer(application)
}

/**
 * Serves HTTP.
 * @param application a `(request, response)` listener, an Express application, what a Fastify instance's `routing` is; or a node:http
 *   server that does not listen, with all its listeners: that of `upgrade`, for WebSockets, and of what else it emits
 * @throws ERR_INVALID_ARG_TYPE
 */
export function http(application: HttpApplication): HttpHandler {
  if (typeof application !== 'function' && !(application instanceof HttpServer)) {
    throw invalidArgType('application', 'a function or an http.Server', application)
  }
  return new HttpHandler(application)
}

/** What a server can be given to serve with; each server says which of them it takes. */
export type Handler = ConnectionHandler | EventCallbacks | NativeCode | HttpHandler | URL

/** A handler with its kind, so that a model chooses by one word. */
export type KnownHandler =
  | { kind: 'function'; serve: ConnectionHandler }
  | { kind: 'callbacks'; callbacks: EventCallbacks }
  | { kind: 'native'; name: string }
  | { kind: 'module'; url: URL }
  | { kind: 'http'; application: HttpApplication }

const words: Record<KnownHandler['kind'], string> = {
  function: 'a function',
  callbacks: 'an object of callbacks',
  native: "native('name')",
  module: 'the URL of a module',
  http: 'http(application)',
}

function tellApart(handler: unknown): KnownHandler | undefined {
  if (typeof handler === 'function') return { kind: 'function', serve: handler as ConnectionHandler }
  if (handler instanceof NativeCode)
    return handler.symbol === undefined ? { kind: 'native', name: handler.name } : undefined
  if (handler instanceof HttpHandler) return { kind: 'http', application: handler.application }
  if (handler instanceof URL) return { kind: 'module', url: handler }
  if (typeof handler === 'object' && handler !== null) return { kind: 'callbacks', callbacks: handler }
  return undefined
}

/**
 * The handler with its kind. Throws ERR_INVALID_ARG_TYPE for what is no handler, ERR_POSIX_ASYNC_HANDLER for a kind that `model` does not
 * serve.
 */
export function knownHandler<Kind extends KnownHandler['kind']>(
  handler: unknown,
  model: string,
  kinds: readonly Kind[],
): Extract<KnownHandler, { kind: Kind }> {
  const known = tellApart(handler)
  const expected = kinds.map((kind) => words[kind]).join(', ')
  if (!known) throw invalidArgType('handler', expected, handler)
  if (!(kinds as readonly string[]).includes(known.kind)) {
    const message = `${model} does not serve ${words[known.kind]}; it takes ${expected}`
    throw codedError(TypeError, 'ERR_POSIX_ASYNC_HANDLER', message)
  }
  return known as Extract<KnownHandler, { kind: Kind }>
}

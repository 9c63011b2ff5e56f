// The idiomatic half of the package: re-exports only.
export { ErrnoError } from './errors.js'
export { forkServer, type ForkServerOptions } from './servers/fork-server.js'
export { syncServer } from './servers/sync-server.js'
export { http, native, type ConnectionHandler, type EventCallbacks, type Handler } from './servers/handler.js'
export type { Connection, EventConnection } from './servers/connection.js'
export type { Client, Server, ServerOptions, ServerStats } from './servers/server.js'
export type { TcpAddress } from './servers/listener.js'
export type { Child, ExitStatus } from './fork/child.js'

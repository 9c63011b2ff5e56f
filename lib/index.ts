// The idiomatic half of the package: re-exports only.
export { ErrnoError } from './errors.js'
export type { FileStats } from './files/backend.js'
export { copyFile } from './files/copy-file.js'
export { File } from './files/file.js'
export { open, readFile, stat, writeFile } from './files/functions.js'
export type { FileData, FileReadOptions, ReadFileOptions, WriteFileOptions } from './files/options.js'
export { eventServer, type EventServerOptions } from './servers/event-server.js'
export { forkServer, type ForkServerOptions, type PreforkServerOptions } from './servers/fork-server.js'
export type { PreforkServer } from './servers/prefork/prefork-server.js'
export type { PreforkWorker } from './servers/prefork/worker.js'
export type { WorkerInfo } from './servers/prefork/worker-hooks.js'
export { syncServer, type SyncServerOptions } from './servers/sync-server.js'
export { threadServer, type ThreadServerOptions } from './servers/thread-server.js'
export {
  http,
  native,
  type ConnectionHandler,
  type EventCallbacks,
  type Handler,
  type HttpApplication,
} from './servers/handler.js'
export type { Connection, EventConnection } from './servers/connection.js'
export type { Server, ServerOptions } from './servers/server.js'
export type { Client, ServerStats } from './servers/model.js'
export type { ServerEvents } from './servers/server-events.js'
export type { TcpAddress } from './servers/accept/listener.js'
export type { Child, ExitStatus } from './fork/child.js'
export { checkpoint, type CheckpointOptions } from './fork/checkpoint.js'
export type { ChildDeath } from './fork/child-death.js'
export type { ForkedOptions } from './fork/child-task.js'
export { forked, type ForkedMapOptions } from './fork/forked.js'
export {
  forkedPool,
  type ForkedPool,
  type ForkedPoolEvents,
  type ForkedPoolOptions,
  type ForkedPoolRunOptions,
} from './fork/pool/forked-pool.js'
export { onFork } from './posix/after-fork/on-fork.js'
export { writeHeapSnapshot } from './fork/heap-snapshot.js'
export type { Limits } from './fork/limits.js'
export {
  forkedChannel,
  ForkedPort,
  type ForkedPortEvents,
  type ForkedPortOptions,
} from './fork/messages/forked-port.js'
export { ReceivedHandle, type SendHandle } from './fork/messages/handles.js'
export type { Messenger, MessengerEvents } from './fork/messages/messenger.js'
export {
  forkedWorker,
  type ForkedWorker,
  type ForkedWorkerEvents,
  type ForkedWorkerOptions,
} from './fork/worker/forked-worker.js'

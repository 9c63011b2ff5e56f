// forkServer: a child process a connection, or a fixed number of processes that share the listener. See: man 2 fork, accept, _exit.
import { forkModel } from './fork/fork-model.js'
import { checkedFork, FORK_OPTIONS, type ForkServerOptions } from './fork/fork-options.js'
import { knownHandler, type ConnectionHandler, type HttpHandler, type NativeHandler } from './handler.js'
import { PreforkServer } from './prefork/prefork-server.js'
import { asOptions, gracefulTimeoutOf, Server, type ServerOptions } from './server.js'
import { processKinds, type ProcessHandler } from './serving/process-handler.js'
import { preforkModel } from './prefork/prefork-model.js'
import { checkedWorkers, PREFORK_OPTIONS, type PreforkOptions } from './prefork/prefork-options.js'

export type { ForkServerOptions }

/** Options of forkServer with a fixed number of processes. */
export interface PreforkServerOptions extends ServerOptions, PreforkOptions {}

// Of a program that decides while it runs whether there are workers.
type EitherOptions = Omit<ForkServerOptions, 'workers'> &
  Partial<Omit<PreforkServerOptions, 'workers'>> & { workers?: number | 'auto' | undefined }

type ForkHandler = ConnectionHandler | NativeHandler | HttpHandler

/**
 * A server of processes, each of which has a copy-on-write copy of the whole heap and a runtime of its own, in which `conn.readSync`
 * and `conn.writeSync` may block.
 *
 * Without `workers`, a child for each connection, as the C example does: it is gone when the handler is done. Events beside those of every
 * server: 'fork' (child), 'exit' (child, code, signal), 'drop' (client). 'connection' comes with the child as second argument,
 * 'clientError' also when a child dies.
 *
 * With `workers: N`, so many processes from the start, which share the listener and serve one connection after another; with
 * `http(...)`, many at once. Who dies is replaced. See PreforkServer.
 *
 * @param options where to listen and the limits
 * @param handler runs in the child: a function, `native(...)` or `http(...)`
 * @throws (rejects) ErrnoError EADDRINUSE, EACCES ..., with address and port or path; ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE,
 *   ERR_POSIX_ASYNC_HANDLER; ENOTSUP in a Worker; what kept a worker from starting
 * @see man 2 fork
 */
export function forkServer(options: PreforkServerOptions, handler: ForkHandler): Promise<PreforkServer>
export function forkServer(options: ForkServerOptions, handler: ForkHandler): Promise<Server>
export function forkServer(options: EitherOptions, handler: ForkHandler): Promise<Server>
export async function forkServer(
  options: ForkServerOptions | PreforkServerOptions,
  handler: ForkHandler,
): Promise<Server> {
  const known = knownHandler(handler, 'forkServer', processKinds)
  asOptions(options, [...FORK_OPTIONS, ...PREFORK_OPTIONS])
  if (isPrefork(options)) return prefork(options, known)
  return Server.open(options, forkModel(known, checkedFork(options)))
}

const isPrefork = (options: ForkServerOptions | PreforkServerOptions): options is PreforkServerOptions =>
  options.workers !== undefined

function prefork(options: PreforkServerOptions, handler: ProcessHandler): Promise<PreforkServer> {
  const model = preforkModel(handler, checkedWorkers(options, gracefulTimeoutOf(options)))
  return Server.openAs(options, model, (running, listener, limits) => new PreforkServer(running, listener, limits))
}

// threadServer: a thread a connection, made with pthread_create and pthread_detach, or a fixed number of threads.
// See: man 7 pthreads; man 3 pthread_create, pthread_detach.
import { asInteger } from '../posix/arguments.js'
import {
  knownHandler,
  type ConnectionHandler,
  type HttpHandler,
  type KnownHandler,
  type NativeHandler,
} from './handler.js'
import { NativeThreadModel } from './native-thread-model.js'
import { asOptions, Server, type Model, type ServerOptions } from './server.js'
import { httpHandler } from './thread-http.js'
import { ThreadModel, type ThreadModelOptions } from './thread-model.js'

/** Options of threadServer. */
export interface ThreadServerOptions extends ServerOptions {
  /** Connections, each with its thread, at once; over it, accepting waits (default 1024). */
  maxThreads?: number
  /** A pool instead: so many threads, each serving one connection after another; over it, accepting waits. */
  threads?: number
  /** Bytes of stack for each thread (default 512 KiB, at least 128 KiB, at most 1 GiB). */
  stackSize?: number
}

const KINDS = ['function', 'native', 'http'] as const
type ThreadHandler = Extract<KnownHandler, { kind: (typeof KINDS)[number] }>

const DEFAULT_THREADS = 1024
const MOST_THREADS = 65_536
const SMALLEST_STACK = 128 * 1024
const LARGEST_STACK = 1024 ** 3

function checkedOptions({ threads, maxThreads = DEFAULT_THREADS, stackSize }: ThreadServerOptions): ThreadModelOptions {
  const most = asInteger('options.maxThreads', maxThreads, 1, MOST_THREADS)
  return {
    maxThreads: threads === undefined ? most : asInteger('options.threads', threads, 1, MOST_THREADS),
    reuse: threads !== undefined,
    stackSize: stackSize === undefined ? 0 : asInteger('options.stackSize', stackSize, SMALLEST_STACK, LARGEST_STACK),
  }
}

/**
 * A server with a thread for each connection.
 *
 * With a native handler it is the C example: a thread accepts, each connection has a thread of its own that reads, computes and writes,
 * and nothing of that enters JavaScript ('connection', 'clientError' and 'drop' are not emitted; `stats()` counts). With a function or
 * `http(...)`, the connection's thread does the blocking reads and writes, and the function runs on this thread, one piece at a time, with
 * `await conn.read()` and `await conn.write()`; `conn.readSync` and `conn.writeSync` throw ERR_POSIX_ASYNC_BLOCKS_OTHERS. A connection that
 * reads and writes at the same moment has a second thread while it does. Works in a Worker too.
 *
 * Where the kernel refuses a thread (EAGAIN), the connection waits up to 310 ms, then it is closed and counted as rejected. `stats()` has
 * `threads` too. Native code that still computes one second after close() has cut its connection off is left to end by itself.
 *
 * @param options where to listen and the limits
 * @param handler a function, `native(...)` or `http(...)`; the URL of a module is refused (ERR_POSIX_ASYNC_HANDLER)
 * @throws (rejects) ErrnoError EADDRINUSE, EACCES ..., with address and port or path; EAGAIN where no thread can be made;
 *   ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE, ERR_OUT_OF_RANGE, ERR_DLOPEN_FAILED, ERR_POSIX_ASYNC_HANDLER
 * @see man 3 pthread_create
 */
export async function threadServer(
  options: ThreadServerOptions,
  handler: ConnectionHandler | NativeHandler | HttpHandler,
): Promise<Server> {
  const known = knownHandler(handler, 'threadServer', KINDS)
  const checked = checkedOptions(asOptions(options))
  return Server.open(options, modelOf(known, checked))
}

function modelOf(known: ThreadHandler, options: ThreadModelOptions): Model {
  if (known.kind === 'native') return new NativeThreadModel(known.name, options)
  return new ThreadModel(known.kind === 'http' ? httpHandler(known.listener) : { serve: known.serve }, options)
}

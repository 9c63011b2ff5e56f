// threadServer: a thread a connection, made with pthread_create and pthread_detach, or a fixed number of threads.
// See: man 7 pthreads; man 3 pthread_create, pthread_detach.
import { availableParallelism } from 'node:os'
import { namesOf } from '../posix/internal/known-options.js'
import { outOfRange } from '../errors.js'
import { asInteger } from '../posix/internal/arguments.js'
import {
  knownHandler,
  type ConnectionHandler,
  type HttpHandler,
  type KnownHandler,
  type NativeHandler,
} from './handler.js'
import { isolatesModel } from './isolates/isolates-model.js'
import { nativeThreadModel } from './thread/native-thread-model.js'
import { asOptions, Server, type ServerOptions } from './server.js'
import type { Model } from './model.js'
import { httpHandler } from './thread/thread-http.js'
import { threadModel, type ThreadModelOptions } from './thread/thread-model.js'

/** Options of threadServer. */
export interface ThreadServerOptions extends ServerOptions {
  /** Connections, each with its thread, at once; over it, accepting waits (default 1024). */
  maxThreads?: number
  /**
   * A pool instead: so many threads, each serving one connection after another; over it, accepting waits. Of a module: how many isolates
   * (default: as many as there are processors for this process).
   */
  threads?: number
  /** Bytes of stack for each thread (default 512 KiB, at least 128 KiB, at most 1 GiB; of a module at least 1 MiB, by default Node's 4 MiB). */
  stackSize?: number
  /** Of a module: what each isolate finds as `workerData` of node:worker_threads. It is cloned; a SharedArrayBuffer in it is shared. */
  transfer?: unknown
}

const KINDS = ['function', 'native', 'http', 'module'] as const
type ThreadHandler = Extract<KnownHandler, { kind: (typeof KINDS)[number] }>

const DEFAULT_THREADS = 1024
const MOST_THREADS = 65_536
const SMALLEST_STACK = 128 * 1024
const LARGEST_STACK = 1024 ** 3
const SMALLEST_ISOLATE_STACK = 1024 ** 2

const OWN = namesOf<Omit<ThreadServerOptions, keyof ServerOptions>>({
  ...{ maxThreads: true, threads: true, stackSize: true, transfer: true },
})

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
 * With the URL of a module, whose default export is a function, `native(...)` or `http(...)`, JavaScript runs in parallel: `threads` isolates
 * (Workers), each of which blocks in accept on a thread of its own and serves one connection after another, with `conn.readSync` and
 * `conn.writeSync` or with promises; `http(...)` serves many at once in each. An isolate that dies (an exception that nobody catches,
 * `process.exit`, no memory) costs its own connections and is replaced. Events: 'online' (isolate), 'exit' (isolate, code, error) of one
 * that died, 'crashloop' (place). `stats()` has `restarts`.
 *
 * Where the kernel refuses a thread (EAGAIN), the connection waits up to 310 ms, then it is closed and counted as rejected. `stats()` has
 * `threads` too. Native code that still computes one second after close() has cut its connection off is left to end by itself.
 *
 * @param options where to listen and the limits
 * @param handler a function, `native(...)`, `http(...)` or the URL of a module
 * @throws (rejects) ErrnoError EADDRINUSE, EACCES ..., with address and port or path; EAGAIN where no thread can be made;
 *   ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE, ERR_OUT_OF_RANGE, ERR_DLOPEN_FAILED, ERR_POSIX_ASYNC_HANDLER; of a module
 *   ERR_POSIX_ASYNC_WORKER (its `cause` says why it cannot be loaded or serve) and ERR_WORKER_INIT_FAILED (no thread)
 * @see man 3 pthread_create
 */
export async function threadServer(
  options: ThreadServerOptions,
  handler: ConnectionHandler | NativeHandler | HttpHandler | URL,
): Promise<Server> {
  const known = knownHandler(handler, 'threadServer', KINDS)
  const checked = checkedOptions(asOptions(options, OWN))
  return Server.open(options, modelOf(known, checked, options.transfer))
}

function moduleModel(url: URL, { maxThreads, reuse, stackSize }: ThreadModelOptions, transfer: unknown): Model {
  if (stackSize > 0 && stackSize < SMALLEST_ISOLATE_STACK) {
    throw outOfRange('options.stackSize', `>= ${SMALLEST_ISOLATE_STACK} for a module`, stackSize)
  }
  const threads = reuse ? maxThreads : Math.min(availableParallelism(), maxThreads)
  return isolatesModel(url, { threads, stackSize, transfer })
}

function modelOf(known: ThreadHandler, options: ThreadModelOptions, transfer: unknown): Model {
  if (known.kind === 'module') return moduleModel(known.url, options, transfer)
  if (known.kind === 'native') return nativeThreadModel(known.name, options)
  return threadModel(known.kind === 'http' ? httpHandler(known.application) : { serve: known.serve }, options)
}

// eventServer: one thread serves all connections, by readiness (epoll, poll or select) or by completion (io_uring).
// See: man 7 epoll, man 2 poll, man 2 select, man 7 io_uring
import { namesOf } from '../posix/internal/known-options.js'
import { invalidArgType, invalidArgValue } from '../errors.js'
import { asInteger } from '../posix/internal/arguments.js'
import { eventKinds, eventModel, type EventSettings } from './event/event-model.js'
import type { Backend } from './event/reactor.js'
import { knownHandler, type Handler } from './handler.js'
import { asOptions, Server, type ServerOptions } from './server.js'

/** Options of eventServer. */
export interface EventServerOptions extends ServerOptions {
  /**
   * What waits (default 'epoll'). 'select' serves descriptors below 1024 only; clients beyond are refused and told by one
   * 'clientError' with code ERANGE. 'io_uring' accepts, receives and sends by completion; it needs Linux 6.3.
   */
  backend?: Backend
  /** Whether epoll tells each arrival once (EPOLLET) rather than as long as there is something to read (default false). */
  edgeTriggered?: boolean
  /** While so many bytes wait to be sent to a client, nothing is read from it (default 65536). */
  highWaterMark?: number
  /**
   * Milliseconds from when a client is accepted to the first byte of a reply before its connection is closed (ETIMEDOUT), however many
   * bytes it sends meanwhile; from the first reply on `idleTimeout` counts. 0 (default): none. HTTP has node:http's own time limits.
   */
  headTimeout?: number
}

const BACKENDS: readonly unknown[] = ['epoll', 'poll', 'select', 'io_uring']
const DEFAULT_HIGH_WATER_MARK = 65536

const OWN = namesOf<Omit<EventServerOptions, keyof ServerOptions>>({
  ...{ backend: true, edgeTriggered: true, highWaterMark: true, headTimeout: true },
})

function checked(options: EventServerOptions): EventSettings {
  const {
    backend = 'epoll',
    edgeTriggered = false,
    highWaterMark = DEFAULT_HIGH_WATER_MARK,
    headTimeout = 0,
  } = asOptions(options, OWN)
  if (!BACKENDS.includes(backend))
    throw invalidArgValue('options.backend', "must be 'epoll', 'poll', 'select' or 'io_uring'", backend)
  if (typeof edgeTriggered !== 'boolean')
    throw invalidArgType('options.edgeTriggered', 'of type boolean', edgeTriggered)
  if (edgeTriggered && backend !== 'epoll')
    throw invalidArgValue('options.edgeTriggered', `is not what ${backend} can do`, true)
  return {
    backend,
    edgeTriggered,
    highWaterMark: asInteger('options.highWaterMark', highWaterMark, 1),
    headTimeout: asInteger('options.headTimeout', headTimeout, 0),
  }
}

/**
 * Serves all connections on this thread, beside whatever else the event loop does. A batch of what happened enters JavaScript
 * once.
 *
 * @param options where to listen and the limits; `backend`, `edgeTriggered`, `highWaterMark`, `headTimeout`
 * @param handler `(conn) => ...`, where reading and writing are promises; an object of callbacks, the fast path;
 *   `native('echo')`, which never enters JavaScript (no 'connection' events then); `http(listener)`
 * @returns the server, listening
 * @throws ErrnoError EADDRINUSE, EACCES ... with the address; EMFILE where no descriptor is left; ENOSYS, EPERM from
 *   io_uring_setup where the kernel has none for us; ERR_INVALID_ARG_TYPE,
 *   ERR_INVALID_ARG_VALUE, ERR_OUT_OF_RANGE; ERR_POSIX_ASYNC_HANDLER
 */
export async function eventServer(options: EventServerOptions, handler: Handler): Promise<Server> {
  const known = knownHandler(handler, 'eventServer', eventKinds)
  return Server.open(options, eventModel(known, checked(options)))
}

// What is said of a handler's error where nothing listens to 'clientError': on standard error, with its stack, as Node.js does of an unhandled
// rejection. Clients that go away are no news, nor is a child's death, which its own standard error tells of.
import { ErrnoError } from '../errors.js'
import { sayOfError } from '../posix/internal/last-words.js'
import type { Client } from './model.js'

// A client that has gone, or was too slow; what it sent was no HTTP (HPE_...).
const ofClient = new Set([
  ...['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ECONNABORTED', 'ENOTCONN', 'EHOSTUNREACH', 'ENETUNREACH'],
  ...['ERR_STREAM_DESTROYED', 'ERR_STREAM_PREMATURE_CLOSE', 'ERR_HTTP_REQUEST_TIMEOUT', 'ERR_POSIX_ASYNC_CHILD'],
  'ERR_POSIX_ASYNC_WORKER',
])
// No process, thread or descriptor for a client: `stats()` counts those that were rejected.
const ofServer = new Set(['fork', 'pthread_create', 'accept4', 'pipe2', 'socketpair'])

const HOW = "server.on('clientError', (error, client) => ...) takes such errors over"

function isOfHandler(error: Error & { code?: unknown; syscall?: unknown }): boolean {
  const code = String(error.code)
  if (ofClient.has(code) || code.startsWith('HPE_')) return false
  return !(error instanceof ErrnoError && ofServer.has(error.syscall))
}

const nameOf = ({ remoteAddress, remotePort }: Client): string =>
  remoteAddress === undefined ? 'a client' : `${remoteAddress}:${remotePort}`

/** Tells of each error once. */
export class UnheardErrors {
  readonly #told = new WeakSet<Error>()
  #first = true

  tell(error: Error, client: Client): void {
    if (this.#told.has(error) || !isOfHandler(error)) return
    this.#told.add(error)
    const how = this.#first ? `(${HOW})\n` : ''
    this.#first = false
    sayOfError(`posix-async: a handler has failed for ${nameOf(client)}: `, error, how, 0)
  }
}

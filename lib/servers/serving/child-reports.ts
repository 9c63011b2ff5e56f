// What the children of a server tell it, each over a channel of its own: the fixed form of their reports, made in a child, and looked at field by
// field in the parent, to which a child may be a process with fewer rights that was taken over.
import { jsonIn, MOST_BYTES, sendReport } from '../../fork/report-channel.js'
import { notAReport } from '../../fork/not-a-report.js'
import { pack, unpackError, type Packed } from '../../fork/packed-error.js'
import { shorten } from '../../fork/packed-text.js'
import { asError, type Client, type ServerHost } from '../model.js'

/** A connection is served, was closed unserved, or has failed. */
export type ClientReport = { is: 'connection' | 'drop'; client: Client } | { is: 'error'; client: Client; error: Error }
/** A prefork worker can serve; is what others can be forked from; is about to leave, having done its share; could not begin to serve. */
export type LifeReport = { is: 'ready' | 'mold' | 'leaving' } | { is: 'failed'; error: Error }
/** A mold could not fork the worker with that number. */
export type UnforkedReport = { is: 'unforked'; key: number; error: Error }
export type WorkerReport = ClientReport | LifeReport | UnforkedReport

// Room for what is around an error.
const MOST_ERROR = MOST_BYTES - 4096
const LONGEST_ADDRESS = 256

/** An error as a report carries it, in so many bytes. */
export const packed = (error: unknown, most = MOST_ERROR): Packed => shorten(pack(asError(error)), most)

const isText = (value: unknown): value is string => typeof value === 'string' && value.length <= LONGEST_ADDRESS
const isWhole = (value: unknown, most: number): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= most

function asRecord(value: unknown): Record<string, unknown> {
  if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
  throw notAReport('no object')
}

function asClient(value: unknown): Client {
  const { remoteAddress, remotePort } = asRecord(value)
  if (remoteAddress !== undefined && !isText(remoteAddress)) throw notAReport('a client without an address')
  if (remotePort !== undefined && !isWhole(remotePort, 65_535)) throw notAReport('a client without a port')
  return { remoteAddress, remotePort }
}

/** What a worker has sent, where it has the form of a report. @throws ERR_POSIX_ASYNC_REPORT */
export function asWorkerReport(value: unknown): WorkerReport {
  const { is, client, error, key } = asRecord(value)
  switch (is) {
    case 'ready':
    case 'mold':
    case 'leaving':
      return { is }
    case 'connection':
    case 'drop':
      return { is, client: asClient(client) }
    case 'error':
      return { is, client: asClient(client), error: unpackError(error) }
    case 'failed':
      return { is, error: unpackError(error) }
    case 'unforked':
      if (!isWhole(key, Number.MAX_SAFE_INTEGER)) throw notAReport('the number of no worker')
      return { is, key, error: unpackError(error) }
    default:
      throw notAReport('a report of no kind that there is')
  }
}

/** The error that the child of a connection has left. @throws ERR_POSIX_ASYNC_REPORT */
export const asLeftError = (report: Buffer): Error => unpackError(asRecord(jsonIn(report))['error'])

/** In the parent: tells the server's listeners. */
export function tellOfClient(host: ServerHost, report: ClientReport): void {
  if (report.is === 'error') host.clientError(report.error, report.client)
  else if (report.is === 'drop') host.emit('drop', report.client)
  else host.connection(report.client)
}

/** Serves, and tells what the handler throws. Synchronous where `serve` is. */
export function guard(serve: () => void | Promise<void>, failed: (error: Error) => void): void | Promise<void> {
  const tell = (error: unknown): void => failed(asError(error))
  try {
    return serve()?.catch(tell)
  } catch (error) {
    tell(error)
  }
}

/** In a child that serves many: tells its parent. */
export class ChildReporter {
  readonly #fd: number

  /** @param fd the child's end of its channel, borrowed */
  constructor(fd: number) {
    this.#fd = fd
  }

  /** A connection is served. */
  connection({ remoteAddress, remotePort }: Client): void {
    sendReport(this.#fd, { is: 'connection', client: { remoteAddress, remotePort } })
  }

  /** A connection was accepted, and closed unserved. */
  dropped({ remoteAddress, remotePort }: Client): void {
    sendReport(this.#fd, { is: 'drop', client: { remoteAddress, remotePort } })
  }

  /** A connection has failed. */
  failed({ remoteAddress, remotePort }: Client, error: Error): void {
    sendReport(this.#fd, { is: 'error', client: { remoteAddress, remotePort }, error: packed(error) })
  }

  /** A turn of its own life. */
  reached(is: 'ready' | 'mold' | 'leaving'): void {
    sendReport(this.#fd, { is })
  }

  /** It could not begin to serve. */
  notStarted(error: unknown): void {
    sendReport(this.#fd, { is: 'failed', error: packed(error) })
  }

  /** In a mold: the worker with that number could not be forked. */
  unforked(key: number, error: unknown): void {
    sendReport(this.#fd, { is: 'unforked', key, error: packed(error) })
  }
}

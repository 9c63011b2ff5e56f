// What the children of a server tell it: errors of their clients, over one channel, and counts in shared memory.
import { errorOf, ReportChannel, reportOf, type ErrorReport } from '../../fork/channel.js'
import type { Counters } from './counters.js'
import { asError, type Client, type ServerHost } from '../model.js'

/** A connection is served, was closed unserved, or has failed. */
export type ClientReport =
  { client: Client } | { client: Client; dropped: true } | { client: Client; error: ErrorReport }
/**
 * A prefork worker, by the number its master gave it, can serve; could not begin to; is about to leave, having done its share; or is what
 * others can be forked from.
 */
export type WorkerReport = { worker: number; failure?: ErrorReport; leaving?: boolean; mold?: boolean }
/** A mold has forked the worker with that number, or could not. */
export type ForkReport = { forked: number; pid?: number; failure?: ErrorReport }

/** What the master of prefork workers hears. */
export interface WorkerReportHandler {
  worker(report: WorkerReport): void
  forked(report: ForkReport): void
}

/** In the parent it turns reports into the server's events; in a child it sends them. */
export class ChildReports {
  readonly #channel: ReportChannel<ClientReport | WorkerReport | ForkReport>
  readonly #tally: Counters

  constructor(host: ServerHost, tally: Counters, ears?: WorkerReportHandler) {
    this.#tally = tally
    this.#channel = new ReportChannel((report) => {
      if ('worker' in report) ears?.worker(report)
      else if ('forked' in report) ears?.forked(report)
      else if ('error' in report) host.clientError(errorOf(report.error), report.client)
      else if ('dropped' in report) host.emit('drop', report.client)
      else host.connection(report.client)
    })
  }

  /** The descriptor that a child needs to report. */
  get sender(): number {
    return this.#channel.sender
  }

  /** In a child: serves, and tells the parent what the handler throws. Synchronous where `serve` is. */
  guard(client: Client, serve: () => void | Promise<void>): void | Promise<void> {
    const tell = (error: unknown): void => this.failed(client, asError(error))
    try {
      return serve()?.catch(tell)
    } catch (error) {
      tell(error)
    }
  }

  /** In a child: a connection has failed. */
  failed(client: Client, error: Error): void {
    this.#tally.add('errors')
    this.#channel.send({ client, error: reportOf(error) })
  }

  /** In a child that serves many: see ReportChannel.keepSender. */
  keepSender(): void {
    this.#channel.keepSender()
  }

  /** In a child: a connection is served. */
  connection(client: Client): void {
    this.#channel.send({ client })
  }

  /** In a child: a connection was accepted, and closed unserved. */
  dropped(client: Client): void {
    this.#channel.send({ client, dropped: true })
  }

  /** In a prefork worker. */
  worker(report: WorkerReport | ForkReport): void {
    this.#channel.send(report)
  }

  /** In the parent: takes what was sent up to now, so that it comes before what follows. */
  receive(): void {
    this.#channel.receive()
  }

  close(): void {
    this.#channel.close()
  }
}

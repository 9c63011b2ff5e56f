// The children of a server that forks one a connection, seen from their parent: how long each may take, and how each has ended.
import { codedError } from '../../errors.js'
import type { Child, ExitStatus } from '../../fork/child.js'
import { callSafely } from '../../posix/event-loop/epoll-registry.js'
import type { ForkSettings } from './fork-options.js'
import { isNotAReport } from '../../fork/not-a-report.js'
import type { ReportPipe } from '../../fork/report-pipe.js'
import { asLeftError } from '../serving/child-reports.js'
import type { Counters } from '../serving/counters.js'
import type { Client, ServerHost } from '../model.js'
import { setTimeout } from '../../posix/internal/own-timers.js'

/** What they have of their server. */
export interface ChildrenServer {
  readonly host: ServerHost
  readonly tally: Counters
  readonly settings: Pick<ForkSettings, 'timeout' | 'cleanupTimeout'>
  /** A child has ended, and has been told of. */
  ended(): void
}

export class ConnectionChildren {
  readonly #server: ChildrenServer
  readonly #children = new Set<Child>()
  // Those that were killed because their connections were to end: no errors.
  readonly #cut = new WeakSet<Child>()

  constructor(server: ChildrenServer) {
    this.#server = server
  }

  /** Those that live. */
  get size(): number {
    return this.#children.size
  }

  /** One was forked, and serves this client. */
  adopt(child: Child, client: Client, report: ReportPipe): void {
    const { host } = this.#server
    this.#children.add(child)
    const late = this.#limitTime(child)
    void child.ended.then((status) => {
      clearTimeout(late)
      this.ended(child, client, status, report.take())
    })
    host.emit('fork', child)
    host.connection(client, child)
  }

  // SIGABRT, which a handler may hear and clean up; then SIGKILL.
  #limitTime(child: Child): NodeJS.Timeout | undefined {
    const { timeout, cleanupTimeout } = this.#server.settings
    if (timeout === 0) return undefined
    return setTimeout(() => {
      child.kill('SIGABRT')
      const kill = setTimeout(() => child.kill('SIGKILL'), cleanupTimeout)
      void child.ended.then(() => clearTimeout(kill))
    }, timeout)
  }

  /** A child has ended, and was waited for. @param report what it left, if anything */
  ended(child: Child, client: Client, status: ExitStatus, report: Buffer | undefined): void {
    const { host, ended } = this.#server
    this.#children.delete(child)
    if (report) callSafely(() => this.#failed(errorOf(child, report), client))
    if (status.code !== 0 && !this.#cut.delete(child)) callSafely(() => this.#failed(deathOf(child, status), client))
    callSafely(() => host.emit('exit', child, status.code, status.signal))
    ended()
  }

  #failed(error: Error, client: Client): void {
    this.#server.tally.add('errors')
    this.#server.host.clientError(error, client)
  }

  /** Cuts off all that live. */
  kill(): void {
    for (const child of this.#children) {
      this.#cut.add(child)
      child.kill('SIGKILL')
    }
  }
}

const deathOf = ({ pid }: Child, { code, signal }: ExitStatus): Error => {
  const how = signal ? `was killed by ${signal}` : `exited with code ${code}`
  return codedError(Error, 'ERR_POSIX_ASYNC_CHILD', `child ${pid} ${how}`)
}

// What its connection failed with, or that what it left says nothing of the kind.
function errorOf({ pid }: Child, report: Buffer): Error {
  try {
    return asLeftError(report)
  } catch (error) {
    if (!isNotAReport(error)) throw error
    return codedError(Error, error.code, `child ${pid}: ${error.message}`, { cause: error })
  }
}

// The children of a server that forks one a connection, seen from their parent: how long each may take, and how each has ended.
import { codedError } from '../../errors.js'
import type { Child, ExitStatus } from '../../fork/child.js'
import { callSafely } from '../../posix/event-loop/epoll-registry.js'
import type { ForkSettings } from './fork-options.js'
import type { ChildReports } from '../serving/child-reports.js'
import type { Counters } from '../serving/counters.js'
import type { Client, ServerHost } from '../model.js'

/** What they have of their server. */
export interface ChildrenServer {
  readonly host: ServerHost
  readonly tally: Counters
  readonly reports: ChildReports
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
  adopt(child: Child, client: Client): void {
    const { host } = this.#server
    this.#children.add(child)
    const late = this.#limitTime(child)
    void child.ended.then((status) => {
      clearTimeout(late)
      this.ended(child, client, status)
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

  /** A child has ended, whoever waited for it. */
  ended(child: Child, client: Client, status: ExitStatus): void {
    const { host, reports, ended } = this.#server
    reports.receive()
    this.#children.delete(child)
    if (status.code !== 0 && !this.#cut.delete(child)) callSafely(() => this.#failed(child, client, status))
    callSafely(() => host.emit('exit', child, status.code, status.signal))
    ended()
  }

  #failed({ pid }: Child, client: Client, { code, signal }: ExitStatus): void {
    const { host, tally } = this.#server
    tally.add('errors')
    const how = signal ? `was killed by ${signal}` : `exited with code ${code}`
    host.clientError(codedError(Error, 'ERR_POSIX_ASYNC_CHILD', `child ${pid} ${how}`), client)
  }

  /** Cuts off all that live. */
  kill(): void {
    for (const child of this.#children) {
      this.#cut.add(child)
      child.kill('SIGKILL')
    }
  }
}

// The model of forkServer without workers: the parent accepts, forks, and closes the client; the child serves and exits.
// See: man 2 fork, accept, _exit.
import type { ErrnoError } from '../../errors.js'
import { asExitStatus, Child, runInChild } from '../../fork/child.js'
import { keepInParent, release } from '../../fork/only-here.js'
import { compactHeap } from '../../fork/compact-heap.js'
import type { Accepted } from '../../posix/sys-socket.js'
import { close as closeFd } from '../../posix/unistd.js'
import { tryPrivileges } from '../serving/privileges.js'
import { ConnectionChild } from './connection-child.js'
import { ConnectionChildren } from './connection-children.js'
import { Deferred } from '../deferred.js'
import { EXHAUSTED_PAUSE } from '../accept/accept-errors.js'
import { AcceptMode, RETRY } from './accept-mode.js'
import { EndingPipe } from './ending-pipe.js'
import { clientOf } from '../model.js'
import type { ForkSettings } from './fork-options.js'
import { ReportPipe } from '../../fork/report-pipe.js'
import { Counters } from '../serving/counters.js'
import { processServer, type ProcessHandler, type ProcessServer } from '../serving/process-handler.js'
import { warmUpServing } from '../serving/warm-up.js'
import type { Model, RunningModel, ServerHost, ServerStats } from '../model.js'
import { setTimeout } from '../../posix/internal/own-timers.js'

// Of an accepted connection, which no other child may keep.
function close(fd: number): void {
  release(fd)
  closeFd(fd)
}

/** A child process a connection. */
export const forkModel =
  (handler: ProcessHandler, settings: ForkSettings): Model =>
  async (host) => {
    await warmUpServing()
    const server = processServer(handler)
    try {
      await tryPrivileges(settings.identity)
      return new ForkModel(host, handler, server, settings)
    } catch (error) {
      server.stop()
      throw error
    }
  }

class ForkModel implements RunningModel {
  readonly name = 'fork'
  readonly #settings: ForkSettings
  readonly #tally = Counters.private()
  // What children write to: bytes, and nothing that anything depends on.
  readonly #bytes = new Counters()
  // Accepted, and not yet a child's.
  readonly #waiting = new Set<Accepted>()
  // Of those, how many wait for descriptors.
  #starved = 0
  #stopped = false
  #destroyed = false
  readonly #host: ServerHost
  readonly #server: ProcessServer
  readonly #child: ConnectionChild
  readonly #children: ConnectionChildren
  readonly #accepting: AcceptMode
  // Of HTTP, whose connections have an end of their own when the server ends.
  readonly #ending: EndingPipe | undefined
  readonly #drained = new Deferred()

  constructor(host: ServerHost, handler: ProcessHandler, server: ProcessServer, settings: ForkSettings) {
    this.#host = host
    this.#server = server
    this.#settings = settings
    this.#ending = handler.kind === 'http' ? new EndingPipe() : undefined
    const [{ identity }, { idleTimeout }] = [settings, host]
    this.#child = new ConnectionChild({
      parent: process.pid,
      handler,
      server,
      identity,
      tally: this.#bytes,
      idleTimeout,
      ending: this.#ending?.reader ?? -1,
    })
    this.#children = new ConnectionChildren({ host, tally: this.#tally, settings, ended: () => this.#settle() })
    compactHeap()
    this.#child.warmUp()
    this.#accepting = this.#begin()
  }

  #begin(): AcceptMode {
    let accepting: AcceptMode | undefined
    try {
      accepting = this.#accept()
      accepting.resume(0)
      return accepting
    } catch (error) {
      accepting?.close()
      this.#ending?.close()
      throw error
    }
  }

  // What children have beside their client and their report.
  get #kept(): number[] {
    return this.#ending ? [...this.#settings.inherit, this.#ending.reader] : [...this.#settings.inherit]
  }

  #accept(): AcceptMode {
    return new AcceptMode({
      host: this.#host,
      settings: this.#settings,
      tally: this.#tally,
      kept: this.#kept,
      take: (accepted) => this.#take(accepted),
      serve: this.#child.serve,
      ended: (pid, waited, client, report) => {
        const status = asExitStatus(waited)
        this.#children.ended(new Child(pid, -1, status), client, status, report)
      },
      forkFailed: (accepted, error) => this.#forkFailed(this.#await(accepted), error, true),
      overLimit: (accepted) => this.#reject(this.#await(accepted)),
      rested: () => this.#settle(),
    })
  }

  #await(accepted: Accepted): Accepted {
    this.#waiting.add(accepted)
    keepInParent(accepted.fd)
    return accepted
  }

  // Of those that JavaScript has accepted.
  get #own(): number {
    return this.#waiting.size + this.#children.size
  }

  get #active(): number {
    return this.#own + this.#accepting.children
  }

  #take(accepted: Accepted): boolean {
    this.#tally.add('accepted')
    if (this.#active >= this.#host.maxConnections) this.#reject(accepted)
    else void this.#serve(this.#await(accepted), true)
    return this.#active < this.#settings.maxChildren
  }

  #reject(accepted: Accepted): void {
    this.#waiting.delete(accepted)
    this.#tally.add('rejected')
    close(accepted.fd)
    this.#host.emit('drop', clientOf(accepted))
  }

  async #serve(accepted: Accepted, again: boolean): Promise<void> {
    let child: Child
    let report: ReportPipe | undefined
    try {
      report = new ReportPipe()
      const keeps = [accepted.fd, report.writer, ...this.#kept]
      child = await runInChild(this.#child.main(accepted, report.writer), undefined, keeps)
    } catch (error) {
      report?.close()
      return this.#forkFailed(accepted, error as Error, again)
    }
    report.closeWriter()
    close(accepted.fd)
    this.#waiting.delete(accepted)
    this.#accepting.worked()
    this.#children.adopt(child, clientOf(accepted), report)
    if (this.#destroyed) this.#children.kill()
  }

  // Without descriptors the client waits until there are some, as others do in the kernel's queue.
  #waitForDescriptors(accepted: Accepted, again: boolean): void {
    this.#accepting.rest(EXHAUSTED_PAUSE)
    this.#starved++
    setTimeout(() => {
      this.#starved--
      void this.#serve(accepted, again)
    }, EXHAUSTED_PAUSE)
  }

  // A fork that fails is tried once more while the client waits; then the client is closed.
  #forkFailed(accepted: Accepted, error: Error, again: boolean): void {
    const { code } = error as Partial<ErrnoError>
    if (!this.#stopped && (code === 'EMFILE' || code === 'ENFILE')) return this.#waitForDescriptors(accepted, again)
    const passing = code === 'EAGAIN' || code === 'ENOMEM'
    if (!this.#stopped) this.#accepting.rest()
    if (passing && again && !this.#stopped) {
      setTimeout(() => void this.#serve(accepted, false), RETRY)
      return
    }
    this.#reject(accepted)
    this.#host.clientError(error, clientOf(accepted))
    this.#settle()
  }

  // After any change: accept on when there is room, or tell that all has ended.
  #settle(): void {
    if (!this.#stopped) {
      if (this.#starved === 0 && this.#active < this.#settings.maxChildren) this.#accepting.resume(this.#own)
    } else if (this.#active === 0) {
      this.#release()
      this.#drained.resolve()
    }
  }

  #release(): void {
    this.#accepting.close()
    this.#ending?.close()
    this.#server.stop()
  }

  stop(): void {
    this.#stopped = true
    this.#accepting.stop()
    this.#ending?.tell()
    this.#settle()
  }

  drained(): Promise<void> {
    return this.#drained.promise
  }

  destroy(): void {
    this.#destroyed = this.#stopped
    this.#children.kill()
    this.#accepting.kill()
  }

  stats(): ServerStats {
    const { children, exhaustions } = this.#accepting
    return {
      ...this.#tally.all(),
      bytesIn: this.#bytes.get('bytesIn'),
      bytesOut: this.#bytes.get('bytesOut'),
      active: this.#active,
      children: this.#children.size + children,
      exhaustions,
    }
  }
}

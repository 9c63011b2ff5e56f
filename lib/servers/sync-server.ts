// syncServer: one client at a time. Its loop of accept, serve and close runs in one child process, so that the caller goes on.
// See: man 2 accept.
import { codedError } from '../errors.js'
import { runInChild, type Child, type ExitStatus } from '../fork/child.js'
import { dieWithParent } from '../fork/die-with-parent.js'
import { takeOver } from '../posix/after-fork/repair-runtime.js'
import { AF_UNIX } from '../posix/socket/socket-address.js'
import { mmap, munmap } from '../posix/sys-mman.js'
import { SHUT_RDWR, SHUT_WR, shutdown, SOCK_SEQPACKET, socketpair, type Accepted } from '../posix/sys-socket.js'
import { close } from '../posix/unistd.js'
import { AcceptLoop } from './serving/accept-loop.js'
import { knownHandler, type ConnectionHandler, type HttpHandler, type NativeHandler } from './handler.js'
import { Deferred } from './deferred.js'
import { keepInChild, keepInParent, release } from '../fork/only-here.js'
import { notAReport } from '../fork/not-a-report.js'
import { ReportReader } from '../fork/report-channel.js'
import { asWorkerReport, ChildReporter, guard, tellOfClient, type WorkerReport } from './serving/child-reports.js'
import { Counters } from './serving/counters.js'
import { asInherit, type InheritOptions } from './serving/inherit.js'
import { asOptions, Server, type ServerOptions } from './server.js'
import type { Client, Model, RunningModel, ServerHost, ServerStats } from './model.js'
import { SharedNumbers } from './serving/scoreboard.js'
import { warmUpServing } from './serving/warm-up.js'
import { processKinds, processServer, type ProcessHandler, type ProcessServer } from './serving/process-handler.js'

const syncModel =
  (handler: ProcessHandler, inherit: readonly number[]): Model =>
  async (host) => {
    await warmUpServing()
    const server = processServer(handler)
    let memory: ArrayBuffer
    try {
      memory = mmap(null, BigInt64Array.BYTES_PER_ELEMENT)
    } catch (error) {
      server.stop()
      throw error
    }
    const model = new SyncModel(host, server, memory, inherit)
    await model.begin()
    return model
  }

class SyncModel implements RunningModel {
  readonly name = 'sync'
  readonly #host: ServerHost
  readonly #server: ProcessServer
  readonly #inherit: readonly number[]
  readonly #tally = new Counters()
  // The child is what the program serves with: it goes on there as in a worker.
  readonly #takeOver = takeOver(true, true)
  // Whether the child is to end.
  readonly #memory: ArrayBuffer
  readonly #ending: SharedNumbers<'closing'>
  // The parent's end of the socket to its child, whose closing tells it, and by which it reports; -1 when closed.
  #control = -1
  #reader: ReportReader<WorkerReport> | undefined
  #stopped = false
  #child: Child | undefined
  // The child was killed because its connection was to end, and another takes its place.
  #killedOnPurpose = false
  readonly #drained = new Deferred()

  constructor(host: ServerHost, server: ProcessServer, memory: ArrayBuffer, inherit: readonly number[]) {
    this.#host = host
    this.#server = server
    this.#memory = memory
    this.#ending = new SharedNumbers(['closing'], new BigInt64Array(memory))
    this.#inherit = inherit
  }

  /** Forks the child. @throws (rejects) what kept it from serving */
  async begin(): Promise<void> {
    const { listener } = this.#host
    try {
      // Another process that shares the listener may be quicker: then accept4 says so, and the child waits again for either end.
      listener.setNonBlocking(listener.inherited)
      await this.#fork()
    } catch (error) {
      this.#release()
      throw error
    }
  }

  async #fork(): Promise<void> {
    const parent = process.pid
    const [own, its] = socketpair(AF_UNIX, SOCK_SEQPACKET)
    this.#control = own
    keepInParent(own)
    try {
      const keeps = [this.#host.listener.fd, its, ...this.#inherit]
      this.#child = await runInChild(() => this.#loop(parent, its), undefined, keeps, this.#takeOver)
    } finally {
      close(its)
    }
    const child = this.#child
    await this.#listen(own, child)
    void child.ended.then((status) => this.#ended(child, status))
  }

  // A child that cannot be heard is not left to run.
  async #listen(own: number, child: Child): Promise<void> {
    const broken = (error: Error): void => this.#expel(error)
    const told = (report: WorkerReport): void => this.#told(report)
    try {
      this.#reader = new ReportReader(own, { parse: asWorkerReport, told, broken })
    } catch (error) {
      child.kill('SIGKILL')
      await child.ended
      throw error
    }
  }

  #told(report: WorkerReport): void {
    if ('client' in report) tellOfClient(this.#host, report)
    else this.#expel(notAReport(`"${report.is}" out of turn`))
  }

  // A child that has sent what it may not is ended, and the server with it.
  #expel(error: Error): void {
    this.#child?.kill('SIGKILL')
    this.#host.clientError(error, { remoteAddress: undefined, remotePort: undefined })
  }

  // Tells the child, unless it was told.
  #closeControl(): void {
    this.#reader?.drain()
    if (this.#control < 0) return
    release(this.#control)
    close(this.#control)
    this.#control = -1
  }

  #release(): void {
    this.#closeControl()
    munmap(this.#memory)
    this.#server.stop()
  }

  // In the child, for as long as it lives.
  async #loop(parent: number, control: number): Promise<void> {
    dieWithParent(parent)
    keepInChild(this.#host.listener.fd, control)
    const reports = new ChildReporter(control)
    // Where nobody else has the listener, the parent shuts it down and accept(2) fails.
    const { listener } = this.#host
    const stop = { fd: control, asked: () => this.#ending.get('closing') > 0 }
    const loop = new AcceptLoop(listener, stop, this.#tally, listener.inherited)
    for (let accepted = loop.next(); accepted; accepted = loop.next()) {
      await this.#serve(accepted, reports, control)
    }
  }

  async #serve({ fd, address }: Accepted, reports: ChildReporter, ending: number): Promise<void> {
    const client: Client = { remoteAddress: address.address, remotePort: address.port }
    const options = { idleTimeout: this.#host.idleTimeout, tally: this.#tally, ending }
    this.#tally.add('accepted')
    this.#tally.add('active')
    reports.connection(client)
    await guard(
      () => this.#server.serve(fd, address, options),
      (error) => {
        this.#tally.add('errors')
        reports.failed(client, error)
      },
    )
    this.#tally.add('active', -1)
  }

  #ended({ pid }: Child, { code, signal }: ExitStatus): void {
    this.#closeControl()
    const how = signal ? `was killed by ${signal}` : `exited with code ${code}`
    const error = codedError(Error, 'ERR_POSIX_ASYNC_CHILD', `the serving child ${pid} ${how}`)
    this.#lost(error)
    if (this.#killedOnPurpose && !this.#stopped) {
      this.#killedOnPurpose = false
      this.#fork().catch((error: Error) => this.#over(error))
      return
    }
    this.#over(error)
  }

  // The client that the child was serving, if there was one.
  #lost(error: Error): void {
    if (this.#tally.get('active') === 0) return
    this.#tally.add('active', -this.#tally.get('active'))
    if (this.#killedOnPurpose) return
    this.#tally.add('errors')
    this.#host.clientError(error, { remoteAddress: undefined, remotePort: undefined })
  }

  // No child is left, which is an error unless the server was stopped.
  #over(error: Error): void {
    this.#release()
    this.#drained.resolve()
    if (this.#stopped) return
    this.#stopped = true
    this.#host.failed(error)
  }

  stop(): void {
    if (this.#stopped) return
    this.#stopped = true
    this.#ending.set('closing', 1)
    shutdown(this.#control, SHUT_WR) // what it reports is still heard
    if (!this.#host.listener.isShared) shutdown(this.#host.listener.fd, SHUT_RDWR)
  }

  drained(): Promise<void> {
    return this.#drained.promise
  }

  destroy(): void {
    this.#killedOnPurpose = this.#child?.running === true
    this.#child?.kill('SIGKILL')
  }

  stats(): ServerStats {
    return this.#tally.all()
  }
}

/** Options of syncServer. */
export interface SyncServerOptions extends ServerOptions, InheritOptions {}

/**
 * The iterative server: one client after another, in one child process with blocking accept, read and write.
 *
 * @param options where to listen and the limits; `maxConnections` has no meaning here: clients wait in the backlog
 * @param handler runs in the child: a function, `native(...)` or `http(...)` (one connection at a time there too)
 * @throws (rejects) ErrnoError EADDRINUSE, EACCES ..., with address and port or path; EBADF (`inherit`);
 *   ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE, ERR_POSIX_ASYNC_HANDLER; ENOTSUP in a Worker
 */
export async function syncServer(
  options: SyncServerOptions,
  handler: ConnectionHandler | NativeHandler | HttpHandler,
): Promise<Server> {
  const known = knownHandler(handler, 'syncServer', processKinds)
  return Server.open(options, syncModel(known, asInherit(asOptions(options, ['inherit']).inherit)))
}

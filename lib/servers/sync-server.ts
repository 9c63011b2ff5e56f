// syncServer: one client at a time. Its loop of accept, serve and close runs in one child process, so that the caller goes on.
// See: man 2 accept.
import { codedError } from '../errors.js'
import { runInChild, type Child, type ExitStatus } from '../fork/child.js'
import { dieWithParent } from '../fork/die-with-parent.js'
import { SHUT_RDWR, shutdown, type Accepted } from '../posix/sys-socket.js'
import { close, pipe } from '../posix/unistd.js'
import { AcceptLoop } from './serving/accept-loop.js'
import { knownHandler, type ConnectionHandler, type HttpHandler, type NativeHandler } from './handler.js'
import { Deferred } from './deferred.js'
import { keepInChild, keepInParent, release } from '../fork/only-here.js'
import { ChildReports } from './serving/child-reports.js'
import { Counters } from './serving/counters.js'
import { asInherit, type InheritOptions } from './serving/inherit.js'
import { asOptions, Server, type ServerOptions } from './server.js'
import type { Client, Model, ServerHost, ServerStats } from './model.js'
import { Scoreboard } from './serving/scoreboard.js'
import { processKinds, processServer, type ProcessHandler, type ProcessServer } from './serving/process-handler.js'

class SyncModel implements Model {
  readonly name = 'sync'
  readonly #handler: ProcessHandler
  readonly #inherit: readonly number[]
  readonly #tally = new Counters()
  // The parent holds the writing end: its end tells the child.
  #stop!: [number, number]
  #cells: Scoreboard | undefined
  #told = false
  #stopped = false
  #host!: ServerHost
  #server!: ProcessServer
  #reports: ChildReports | undefined
  #child!: Child
  // The child was killed because its connection was to end, and another takes its place.
  #cut = false
  readonly #drained = new Deferred()

  constructor(handler: ProcessHandler, inherit: readonly number[]) {
    this.#handler = handler
    this.#inherit = inherit
  }

  async start(host: ServerHost): Promise<void> {
    this.#host = host
    this.#server = processServer(this.#handler)
    try {
      this.#cells = new Scoreboard(0)
      this.#stop = pipe()
      keepInParent(this.#stop[1])
      this.#reports = new ChildReports(host, this.#tally)
      // Who shares a listener may be quicker: then accept4 says so, and the child waits again for either end.
      host.listener.setNonBlocking(host.listener.inherited)
      await this.#fork()
    } catch (error) {
      this.#release()
      throw error
    }
  }

  async #fork(): Promise<void> {
    const parent = process.pid
    const { fd } = this.#host.listener
    const keeps = [fd, this.#stop[0], this.#reports!.sender, ...this.#inherit]
    this.#child = await runInChild(() => this.#loop(parent), undefined, keeps)
    void this.#child.ended.then((status) => this.#ended(status))
  }

  // Tells the child, unless it was told.
  #closeStop(): void {
    if (!this.#stop || this.#told) return
    this.#told = true
    this.#cells?.master.set('closing', 1)
    release(this.#stop[1])
    close(this.#stop[1])
  }

  #release(): void {
    this.#closeStop()
    if (this.#stop) close(this.#stop[0])
    this.#cells?.release()
    this.#reports?.close()
    this.#server.stop()
  }

  // In the child, for as long as it lives.
  async #loop(parent: number): Promise<void> {
    dieWithParent(parent)
    keepInChild(this.#host.listener.fd)
    this.#reports!.keepSender()
    // Where nobody else has the listener, the parent shuts it down and accept(2) fails.
    const { listener } = this.#host
    const told = this.#cells!.master
    const stop = { fd: this.#stop[0], asked: () => told.get('closing') > 0 }
    const loop = new AcceptLoop(listener, stop, this.#tally, listener.inherited)
    for (let accepted = loop.next(); accepted; accepted = loop.next()) {
      await this.#serve(accepted)
    }
  }

  async #serve({ fd, address }: Accepted): Promise<void> {
    const client: Client = { remoteAddress: address.address, remotePort: address.port }
    const options = { idleTimeout: this.#host.idleTimeout, tally: this.#tally }
    this.#tally.add('accepted')
    this.#tally.add('active')
    this.#reports!.connection(client)
    await this.#reports!.guard(client, () => this.#server.serve(fd, address, options))
    this.#tally.add('active', -1)
  }

  #ended({ code, signal }: ExitStatus): void {
    this.#tally.add('active', -this.#tally.get('active')) // a child that was killed was serving
    if (this.#cut && !this.#stopped) {
      this.#cut = false
      this.#fork().catch((error: Error) => this.#over(error))
      return
    }
    const how = signal ? `was killed by ${signal}` : `exited with code ${code}`
    this.#over(codedError(Error, 'ERR_POSIX_ASYNC_CHILD', `the serving child ${this.#child.pid} ${how}`))
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
    this.#closeStop()
    if (!this.#host.listener.inherited) shutdown(this.#host.listener.fd, SHUT_RDWR)
  }

  drained(): Promise<void> {
    return this.#drained.promise
  }

  destroy(): void {
    this.#cut = this.#child.running
    this.#child.kill('SIGKILL')
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
  return Server.open(options, new SyncModel(known, asInherit(asOptions(options).inherit)))
}

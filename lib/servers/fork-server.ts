// forkServer: a child process a connection. The parent accepts, forks, and closes the client; the child closes the listener,
// serves, closes the client, and exits. See: man 2 fork, accept, _exit.
import { codedError, ErrnoError } from '../errors.js'
import { dieWithParent } from '../fork/die-with-parent.js'
import { compileAhead } from '../fork/compile-ahead.js'
import { asExitStatus, Child, runInChild, runMain, type ExitStatus } from '../fork/child.js'
import { asInteger } from '../posix/arguments.js'
import { _exit, beginChild, isForkHooked } from '../posix/fork.js'
import { getppid } from '../posix/process-ids.js'
import { repairRuntime } from '../posix/runtime.js'
import { prctl } from '../posix/sys-prctl.js'
import type { Accepted } from '../posix/sys-socket.js'
import { close as closeFd } from '../posix/unistd.js'
import { Acceptor } from './acceptor.js'
import { clientOf, ForkAcceptor } from './fork-acceptor.js'
import { ChildIdentity, type ChildOptions } from './child-limits.js'
import { knownHandler, type ConnectionHandler, type HttpHandler, type NativeHandler } from './handler.js'
import { closeOthers, keepHere, letGo } from '../fork/only-here.js'
import { PreforkServer } from './prefork-server.js'
import { ProcessReports } from './process-reports.js'
import { ProcessTally } from './process-tally.js'
import {
  asOptions,
  gracefulTimeoutOf,
  Server,
  type Client,
  type Model,
  type ServerHost,
  type ServerOptions,
  type ServerStats,
} from './server.js'
import { processKinds, processServer, REHEARSALS, type ProcessHandler, type ProcessServer } from './serve-in-process.js'
import { Supervisor } from './supervisor.js'
import { checkedWorkers, type PreforkOptions } from './worker-options.js'

const handlerOf = (handler: ProcessHandler) =>
  handler.kind === 'function' ? handler.serve : handler.kind === 'http' ? handler.application : undefined

const ofEachConnection = ['fork', 'exit']

const DEFAULT_CHILDREN = 256
const DEFAULT_CLEANUP = 1000

/** Options of forkServer. */
export interface ForkServerOptions extends ServerOptions, ChildOptions {
  /** See PreforkServerOptions. */
  workers?: undefined
  /** Children at once; over it, accepting waits (default 256). */
  maxChildren?: number
  /** Milliseconds that one connection may take before its child is sent SIGABRT; 0 (default): any. */
  timeout?: number
  /** Milliseconds from that SIGABRT to SIGKILL (default 1000). */
  cleanupTimeout?: number
}

type ForkSettings = ReturnType<typeof checkedFork>

function checkedFork(options: ForkServerOptions) {
  const { maxChildren = DEFAULT_CHILDREN, timeout = 0, cleanupTimeout = DEFAULT_CLEANUP } = options
  return {
    maxChildren: asInteger('options.maxChildren', maxChildren, 1),
    timeout: asInteger('options.timeout', timeout, 0),
    cleanupTimeout: asInteger('options.cleanupTimeout', cleanupTimeout, 0),
    identity: new ChildIdentity(options),
  }
}

// A fork that fails is tried once more while the client waits; then the client is closed. Accepting rests meanwhile, longer
// after each failure. Milliseconds.
const RETRY = 50
const LONGEST_REST = 2000

// Of an accepted connection or a listener, which no other child may keep.
function close(fd: number): void {
  letGo(fd)
  closeFd(fd)
}

// A child that is none but takes on what all are to: where it can't, the server does not start.
async function tryIdentity(identity: ChildIdentity): Promise<void> {
  if (!identity.asked) return
  const child = await runInChild(() => {
    try {
      identity.apply()
    } catch {
      _exit(1)
    }
  })
  if ((await child.ended).code === 0) return
  throw codedError(Error, 'ERR_POSIX_ASYNC_WORKER', 'a child could not take on its user, group, limits and umask')
}

class ForkModel implements Model {
  readonly name = 'fork'
  // This very process, also when a child asks.
  readonly #pid = process.pid
  readonly #handler: ProcessHandler
  readonly #settings: ForkSettings
  readonly #tally = new ProcessTally()
  readonly #children = new Set<Child>()
  // Those that were killed because their connections were to end: no errors.
  readonly #cut = new WeakSet<Child>()
  // Accepted, and not yet a child's.
  readonly #waiting = new Set<Accepted>()
  #rest = RETRY
  #resting: NodeJS.Timeout | undefined
  #stopped = false
  #destroyed = false
  #host!: ServerHost
  // Who accepts: C++ where nobody is to be told of each connection, else JavaScript.
  #quietAcceptor!: ForkAcceptor
  #acceptor!: Acceptor
  #server!: ProcessServer
  #reports: ProcessReports | undefined
  #finish!: () => void
  readonly #drained = new Promise<void>((resolve) => (this.#finish = resolve))

  constructor(handler: ProcessHandler, settings: ForkSettings) {
    this.#handler = handler
    this.#settings = settings
  }

  async start(host: ServerHost): Promise<void> {
    this.#host = host
    this.#server = processServer(this.#handler)
    try {
      await tryIdentity(this.#settings.identity)
      this.#reports = new ProcessReports(host, this.#tally)
      this.#acceptor = new Acceptor(host.listener, {
        take: (accepted) => this.#take(accepted),
        failed: (error) => host.failed(error),
      })
      this.#acceptor.pause()
      this.#rehearse()
      this.#quietAcceptor = new ForkAcceptor(host.listener, this.#tally, {
        isAsked: () => this.#isQuiet() || this.#acceptAloud(),
        serve: (accepted) => this.#serveInChild(accepted),
        ended: (pid, status, client) =>
          this.#ended(new Child(pid, Promise.resolve({ status })), client, asExitStatus(status)),
        acceptFailed: () => this.#acceptAloud(),
        forkFailed: (accepted, error) => this.#forkFailed(this.#await(accepted), error, true),
        overLimit: (accepted) => this.#reject(this.#await(accepted)),
      })
      host.onListener((event) => {
        if (ofEachConnection.includes(event)) this.#quietAcceptor.tellAllEnds()
      })
      this.#accept()
    } catch (error) {
      this.#release()
      throw error
    }
  }

  #rehearse(): void {
    const nobody = { remoteAddress: undefined, remotePort: undefined }
    for (let i = 0; i < REHEARSALS; i++) {
      void this.#serveInChild()
      void this.#reports?.guard(nobody, () => {})
      closeOthers()
      this.#tally.received(0)
      this.#tally.sent(0)
    }
    compileAhead(
      handlerOf(this.#handler),
      forkServer,
      clientOf,
      runMain,
      beginChild,
      repairRuntime,
      dieWithParent,
      prctl,
      getppid,
    )
  }

  // Nobody hears of each connection, and there is nothing to do for each.
  #isQuiet(): boolean {
    return (
      !this.#host.wantsConnections &&
      !this.#host.hears(...ofEachConnection) &&
      this.#settings.timeout === 0 &&
      !isForkHooked()
    )
  }

  // JavaScript accepts, and tells of each connection; also where C++ has met an error, which JavaScript meets again and deals with.
  #acceptAloud(): false {
    this.#quietAcceptor.pause()
    this.#quietAcceptor.tellAllEnds()
    this.#acceptor.resume()
    return false
  }

  #accept(): void {
    if (!this.#isQuiet()) return void this.#acceptAloud()
    // The limits are counted by who accepts: not both at once.
    if (this.#children.size + this.#waiting.size > 0) return this.#acceptor.resume()
    this.#acceptor.pause()
    this.#quietAcceptor.resume(this.#settings.maxChildren, this.#host.maxConnections)
  }

  #await(accepted: Accepted): Accepted {
    this.#waiting.add(accepted)
    keepHere(accepted.fd)
    return accepted
  }

  #release(): void {
    this.#quietAcceptor?.close()
    this.#reports?.close()
    this.#server.stop()
  }

  get #active(): number {
    return this.#children.size + this.#waiting.size + (this.#quietAcceptor?.children ?? 0)
  }

  #take(accepted: Accepted): boolean {
    this.#tally.add('accepted')
    if (this.#active >= this.#host.maxConnections) {
      this.#reject(accepted)
    } else {
      void this.#serve(this.#await(accepted), true)
    }
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
    try {
      child = await runInChild(() => this.#serveInChild(accepted))
    } catch (error) {
      return this.#forkFailed(accepted, error as Error, again)
    }
    close(accepted.fd)
    this.#waiting.delete(accepted)
    this.#rest = RETRY
    this.#adopt(child, clientOf(accepted))
  }

  // Without a connection it is a rehearsal, see serve-in-process.ts.
  #serveInChild(accepted?: Accepted): void | Promise<void> {
    if (!accepted) return
    closeOthers(accepted.fd)
    const options = { idleTimeout: this.#host.idleTimeout, tally: this.#tally }
    return this.#reports!.guard(clientOf(accepted), () => {
      if (this.#settings.identity.asked) this.#settings.identity.apply()
      dieWithParent(this.#pid)
      return this.#server.serve(accepted.fd, accepted.address, options)
    })
  }

  #adopt(child: Child, client: Client): void {
    this.#children.add(child)
    if (this.#destroyed) this.#cutOff(child)
    const late = this.#limitTime(child)
    void child.ended.then((status) => {
      clearTimeout(late)
      this.#ended(child, client, status)
    })
    this.#host.emit('fork', child)
    this.#host.connection(client, child)
  }

  // SIGABRT, which a handler may hear and clean up; then SIGKILL.
  #limitTime(child: Child): NodeJS.Timeout | undefined {
    const { timeout, cleanupTimeout } = this.#settings
    if (timeout === 0) return undefined
    return setTimeout(() => {
      child.kill('SIGABRT')
      const kill = setTimeout(() => child.kill('SIGKILL'), cleanupTimeout)
      void child.ended.then(() => clearTimeout(kill))
    }, timeout)
  }

  #ended(child: Child, client: Client, { code, signal }: ExitStatus): void {
    this.#reports!.receive()
    this.#children.delete(child)
    if (code !== 0 && !this.#cut.delete(child)) {
      this.#tally.add('errors')
      const how = signal ? `was killed by ${signal}` : `exited with code ${code}`
      this.#host.clientError(codedError(Error, 'ERR_POSIX_ASYNC_CHILD', `child ${child.pid} ${how}`), client)
    }
    this.#host.emit('exit', child, code, signal)
    this.#settle()
  }

  #forkFailed(accepted: Accepted, error: Error, again: boolean): void {
    const passing = error instanceof ErrnoError && ['EAGAIN', 'ENOMEM'].includes(error.code)
    this.#restAWhile()
    if (passing && again && !this.#stopped) {
      setTimeout(() => void this.#serve(accepted, false), RETRY)
      return
    }
    this.#reject(accepted)
    this.#host.clientError(error, clientOf(accepted))
    this.#settle()
  }

  #restAWhile(): void {
    this.#acceptor.pause()
    this.#quietAcceptor.pause()
    if (this.#resting || this.#stopped) return
    this.#resting = setTimeout(() => {
      this.#resting = undefined
      this.#settle()
    }, this.#rest)
    this.#rest = Math.min(this.#rest * 2, LONGEST_REST)
  }

  // After any change: accept on when there is room, or tell that all has ended.
  #settle(): void {
    if (!this.#stopped) {
      if (this.#active < this.#settings.maxChildren && !this.#resting) this.#accept()
    } else if (this.#active === 0) {
      this.#release()
      this.#finish()
    }
  }

  stop(): void {
    this.#stopped = true
    clearTimeout(this.#resting)
    this.#acceptor.stop()
    this.#quietAcceptor.pause()
    this.#quietAcceptor.tellAllEnds()
    this.#settle()
  }

  drained(): Promise<void> {
    return this.#drained
  }

  destroy(): void {
    this.#destroyed = this.#stopped
    for (const child of this.#children) this.#cutOff(child)
    this.#quietAcceptor.kill()
  }

  #cutOff(child: Child): void {
    this.#cut.add(child)
    child.kill('SIGKILL')
  }

  stats(): ServerStats {
    return {
      ...this.#tally.all(),
      active: this.#active,
      children: this.#children.size + this.#quietAcceptor.children,
      exhaustions: this.#acceptor.exhaustions,
    }
  }
}

/** Options of forkServer with a fixed number of processes. */
export interface PreforkServerOptions extends ServerOptions, PreforkOptions {}

type ForkHandler = ConnectionHandler | NativeHandler | HttpHandler

/**
 * A server of processes, each of which has a copy-on-write copy of the whole heap and a runtime of its own, in which `conn.readSync`
 * and `conn.writeSync` may block.
 *
 * Without `workers`, a child for each connection, as the C example does: it is gone when the handler is done. Events beside those of every
 * server: 'fork' (child), 'exit' (child, code, signal), 'drop' (client). 'connection' comes with the child as second argument,
 * 'clientError' also when a child dies.
 *
 * With `workers: N`, so many processes from the start, which share the listener and serve one connection after another; with
 * `http(...)`, many at once. Who dies is replaced. See PreforkServer.
 *
 * @param options where to listen and the limits
 * @param handler runs in the child: a function, `native(...)` or `http(...)`
 * @throws (rejects) ErrnoError EADDRINUSE, EACCES ..., with address and port or path; ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE,
 *   ERR_POSIX_ASYNC_HANDLER; ENOTSUP in a Worker; what kept a worker from starting
 * @see man 2 fork
 */
export function forkServer(options: PreforkServerOptions, handler: ForkHandler): Promise<PreforkServer>
export function forkServer(options: ForkServerOptions, handler: ForkHandler): Promise<Server>
export async function forkServer(
  options: ForkServerOptions | PreforkServerOptions,
  handler: ForkHandler,
): Promise<Server> {
  const known = knownHandler(handler, 'forkServer', processKinds)
  asOptions(options)
  if (isPrefork(options)) return prefork(options, known)
  return Server.open(options, new ForkModel(known, checkedFork(options)))
}

const isPrefork = (options: ForkServerOptions | PreforkServerOptions): options is PreforkServerOptions =>
  options.workers !== undefined

function prefork(options: PreforkServerOptions, handler: ProcessHandler): Promise<PreforkServer> {
  const supervisor = new Supervisor(handler, checkedWorkers(options, gracefulTimeoutOf(options)))
  return Server.openAs(options, supervisor, (listener, grace) => new PreforkServer(supervisor, listener, grace))
}

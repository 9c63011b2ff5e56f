// A prefork worker, seen from inside: it accepts from the listener that all workers share, until it is told to end or has done its
// share.
import { signal, SIG_IGN } from '../posix/signal.js'
import type { Accepted } from '../posix/sys-socket.js'
import { close } from '../posix/unistd.js'
import { _exit } from '../posix/fork.js'
import { reportOf } from '../fork/channel.js'
import { dieWithParent } from '../fork/die-with-parent.js'
import { clientOf } from './fork-acceptor.js'
import { AcceptLoop } from './accept-loop.js'
import { serveHttp } from './http-worker.js'
import { closeOthers } from '../fork/only-here.js'
import { processMemory } from './process-memory.js'
import type { ProcessReports } from './process-reports.js'
import type { ProcessTally } from './process-tally.js'
import { asError, type Client, type ServerHost } from './server.js'
import type { ProcessHandler, ProcessServer } from './serve-in-process.js'
import { moldProcess } from './mold-process.js'
import { now, Told, type SharedCells, type WorkerCell } from './worker-cell.js'
import type { WorkerInfo } from './worker-hooks.js'
import type { WorkerSettings } from './worker-options.js'

/** Exit code of a worker that could not begin to serve. */
export const BOOT_FAILED = 3

// How often at most a worker looks at its own memory, in milliseconds.
const MEMORY_INTERVAL = 100

/** What all workers of a server have. */
export interface ServerShare {
  /** The master's process. */
  readonly parent: number
  readonly host: ServerHost
  readonly handler: ProcessHandler
  readonly server: ProcessServer
  readonly reports: ProcessReports
  readonly tally: ProcessTally
  readonly cells: SharedCells
  readonly settings: WorkerSettings
}

/** Which worker a child is to be: its number among all that there ever were, that of its cell, and what its hooks are told. */
export interface WorkerTask extends WorkerInfo {
  readonly key: number
  readonly at: number
}

/** What a worker has from whom it is forked. */
export interface WorkerSetup extends ServerShare {
  readonly key: number
  readonly info: WorkerInfo
  readonly cell: WorkerCell
  /** A socket to the master: its end of file ends the worker, a message says that its cell says what to do. */
  readonly control: number
}

/** In a child. */
export function setupOf(share: ServerShare, { key, at, id, generation }: WorkerTask, control: number): WorkerSetup {
  return { ...share, key, info: { id, generation }, cell: share.cells.worker(at), control }
}

/** What a worker has done so far, told to its master as it goes, and whether it is enough. */
export class WorkerShare {
  readonly #setup: WorkerSetup
  readonly #mostRequests: number
  readonly #timed: boolean
  // When those requests began that are in work, the oldest first.
  readonly #begun = new Set<{ at: number }>()
  #requests = 0
  #lookedAt = 0
  #told = false

  constructor(setup: WorkerSetup) {
    this.#setup = setup
    const { maxRequests, maxRequestsJitter, timeout } = setup.settings
    this.#timed = timeout > 0
    this.#mostRequests = maxRequests + Math.floor(Math.random() * (maxRequestsJitter + 1))
  }

  /** A connection was accepted. Gives what must be called at its end. */
  connected(client: Client): () => void {
    const { cell, cells, reports, tally } = this.#setup
    tally.add('accepted')
    tally.add('active')
    cell.add('active')
    if (cells.master.get('wantsConnections')) reports.connection(client)
    return () => {
      tally.add('active', -1)
      cell.add('active', -1)
    }
  }

  /** A connection was accepted that is one too many: closes it. */
  refuse({ fd, address }: Accepted): void {
    const { reports, tally } = this.#setup
    tally.add('accepted')
    tally.add('rejected')
    close(fd)
    reports.dropped(clientOf({ address }))
  }

  /** A connection failed. */
  failed(client: Client, error: Error): void {
    this.#setup.reports.failed(client, error)
  }

  /** A request begins: a whole connection, unless the handler is HTTP's. Gives what must be called at its end. */
  begin(): () => void | Promise<void> {
    const over = this.#timed ? this.#time() : undefined
    return () => {
      over?.()
      this.#setup.cell.set('requests', ++this.#requests)
      return this.#setup.settings.hooks.afterRequestComplete?.(this.#setup.info)
    }
  }

  // The master looks at when the oldest began.
  #time(): () => void {
    const request = { at: now() }
    this.#begun.add(request)
    this.#tellSince()
    return () => {
      this.#begun.delete(request)
      this.#tellSince()
    }
  }

  #tellSince(): void {
    const [oldest] = this.#begun
    this.#setup.cell.set('busySince', oldest?.at ?? 0)
  }

  /** Whether the worker is to make room for a fresh one, for which it asks once. */
  isDone(): boolean {
    if (this.#requests < this.#mostRequests && !this.#isTooLarge()) return false
    if (!this.#told) this.#setup.reports.worker({ worker: this.#setup.key, leaving: true })
    this.#told = true
    return true
  }

  #isTooLarge(): boolean {
    const { maxMemory } = this.#setup.settings
    if (maxMemory === Infinity || now() - this.#lookedAt < MEMORY_INTERVAL) return false
    this.#lookedAt = now()
    return processMemory().private > maxMemory
  }
}

// Gets ready, or tells why it can't.
async function boot({ key, parent, info, host, reports, settings, control }: WorkerSetup): Promise<void> {
  dieWithParent(parent)
  closeOthers(host.listener.fd, control)
  reports.keepSender()
  ignoreSignals()
  process.title = `posix-async (gen:${info.generation}) worker[${info.id}]`
  try {
    await settings.hooks.afterWorkerFork?.(info)
    settings.identity.apply()
    dieWithParent(parent)
    await settings.hooks.afterWorkerReady?.(info)
  } catch (error) {
    reports.worker({ worker: key, failure: reportOf(asError(error)) })
    _exit(BOOT_FAILED)
  }
  process.title = `posix-async (gen:${info.generation}) worker[${info.id}] ready`
  reports.worker({ worker: key })
}

async function serveOneByOne(setup: WorkerSetup, share: WorkerShare): Promise<void> {
  const { host, cell, control, tally } = setup
  const stop = { fd: control, asked: () => cell.get('told') !== Told.serve }
  const loop = new AcceptLoop(host.listener, stop, tally, true)
  for (let accepted = loop.next(); accepted; accepted = loop.next()) {
    await serveOne(setup, share, accepted)
    if (share.isDone()) break
  }
  loop.close()
}

// A synchronous handler costs no turn of the event loop.
function serveOne(setup: WorkerSetup, share: WorkerShare, accepted: Accepted): void | Promise<void> {
  const { host, reports, server, tally } = setup
  if (tally.get('active') >= host.maxConnections) return share.refuse(accepted)
  const { fd, address } = accepted
  const client = clientOf(accepted)
  const disconnected = share.connected(client)
  const done = share.begin()
  const serving = reports.guard(client, () => server.serve(fd, address, { idleTimeout: host.idleTimeout, tally }))
  if (serving) return serving.then(disconnected).then(done)
  disconnected()
  return done()
}

// Of a terminal they go to the whole process group, and of a service manager to all of its processes: the master hears them, and
// ends its workers in good order.
function ignoreSignals(): void {
  for (const name of ['SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGHUP'] as const) signal(name, SIG_IGN)
}

/** The whole life of a worker. */
export async function workerProcess(setup: WorkerSetup): Promise<void> {
  await boot(setup)
  const share = new WorkerShare(setup)
  const { cell, handler, info, settings } = setup
  if (handler.kind === 'http') await serveHttp(setup, share, handler.application)
  else await serveOneByOne(setup, share)
  if (cell.get('told') === Told.mold) await moldProcess(setup)
  await settings.hooks.beforeWorkerExit?.(info)
}

// threadServer with a module: so many isolates, each of which accepts on a thread of its own and runs the module's handler in parallel
// with the others. See: man 2 eventfd, by which all of them are told to end.
import { codedError } from '../../errors.js'
import { F_DUPFD_CLOEXEC, fcntl } from '../../posix/fcntl.js'
import { own } from '../../posix/internal/owned-fds.js'
import { EFD_NONBLOCK, eventfd, eventfd_write } from '../../posix/sys-eventfd.js'
import { SHUT_RDWR, shutdown } from '../../posix/sys-socket.js'
import { close } from '../../posix/unistd.js'
import { keepInParent, release } from '../../fork/only-here.js'
import { Deferred } from '../deferred.js'
import { IsolateFlags } from './isolate-state.js'
import { Isolate, type CommonSetup, type IsolateOptions } from './isolate.js'
import { Counters } from '../serving/counters.js'
import type { Model, RunningModel, ServerHost, ServerStats } from '../model.js'
import { Slot } from '../serving/slot.js'
import { setTimeout } from '../../posix/internal/own-timers.js'

// How long isolates whose connections were cut off may still compute before they are terminated, in milliseconds.
const LAST_GRACE = 1000

export interface IsolatesOptions extends IsolateOptions {
  threads: number
}

/** So many isolates, each with the handler of the module. */
export const isolatesModel =
  (url: URL, options: IsolatesOptions): Model =>
  async (host) => {
    const model = new IsolatesModel(host, url, options)
    await model.begin()
    return model
  }

class IsolatesModel implements RunningModel {
  readonly name = 'thread'
  readonly #url: URL
  readonly #options: IsolatesOptions
  readonly #slots: Slot<Isolate>[]
  readonly #alive = new Set<Isolate>()
  readonly #memory = Counters.sharedMemory()
  readonly #tally = new Counters(this.#memory)
  readonly #flags = new IsolateFlags()
  readonly #drained = new Deferred()
  readonly #owner = process.pid
  // A descriptor of their own: the server closes its when it stops, and isolates may look at theirs a moment longer.
  #listener = -1
  #stop = -1
  readonly #host: ServerHost
  #state: 'starting' | 'running' | 'stopped' = 'starting'
  #restarts = 0
  #patience: NodeJS.Timeout | undefined
  // Node waits for its Workers at its exit: those that are blocked in a read or a write must come to an end.
  readonly #onExit = (): void => {
    for (const isolate of this.#alive) isolate.cutOff()
  }

  constructor(host: ServerHost, url: URL, options: IsolatesOptions) {
    this.#host = host
    this.#url = url
    this.#options = options
    this.#slots = Array.from({ length: options.threads }, (_, id) => new Slot<Isolate>(id))
  }

  /** Makes the isolates. @throws (rejects) what kept one from serving */
  async begin(): Promise<void> {
    const host = this.#host
    host.onListener((event) => {
      if (event === 'connection') this.#wantConnections()
    })
    host.listener.setNonBlocking(true)
    this.#listener = fcntl(host.listener.fd, F_DUPFD_CLOEXEC, 0)
    process.once('exit', this.#onExit)
    keepInParent(this.#listener)
    try {
      this.#stop = eventfd(0, EFD_NONBLOCK)
      own(this.#stop)
      if (host.wantsConnections) this.#wantConnections()
      await this.#startAll()
    } catch (error) {
      this.stop()
      for (const isolate of this.#alive) isolate.terminate()
      await this.#drained.promise
      throw error
    }
  }

  // Where only some of the threads are to be had it begins with these.
  async #startAll(): Promise<void> {
    const failed = this.#slots.flatMap((slot) => this.#fill(slot) ?? [])
    if (this.#alive.size === 0) throw failed[0]!
    const begun = [...this.#alive]
    await Promise.all(begun.map(({ ready }) => ready))
    const broken = begun.find(({ isReady }) => !isReady)
    if (broken) throw notStarted(this.#url, broken.error)
    this.#state = 'running'
    for (const slot of this.#slots) if (!slot.worker) this.#refill(slot, slot.forkFailed())
  }

  get #setup(): CommonSetup {
    const { maxConnections, idleTimeout } = this.#host
    const [listener, stop, url] = [this.#listener, this.#stop, this.#url.href]
    return { url, listener, stop, maxConnections, idleTimeout, tally: this.#memory, flags: this.#flags.memory }
  }

  // Gives the error why there is no thread for it.
  #fill(slot: Slot<Isolate>): Error | undefined {
    try {
      const isolate = new Isolate(slot.id, this.#setup, this.#options, {
        connection: (client) => this.#host.connection(client),
        clientError: (error, client) => this.#host.clientError(error, client),
        ended: (ended, code, error) => this.#ended(slot, ended, code, error),
      })
      slot.worker = isolate
      this.#alive.add(isolate)
      void isolate.ready.then(() => isolate.isReady && this.#host.emit('online', isolate))
      return undefined
    } catch (error) {
      return error as Error
    }
  }

  #ended(slot: Slot<Isolate>, isolate: Isolate, code: number, error: Error | undefined): void {
    this.#alive.delete(isolate)
    slot.worker = undefined
    this.#tally.add('active', -isolate.active)
    if (!isolate.leaves) this.#lost(isolate, code, error)
    if (this.#state === 'running') this.#crashed(slot, isolate, code, error)
    this.#settle()
  }

  // Its clients; who they were, nothing tells.
  #lost({ id, active }: Isolate, code: number, cause: Error | undefined): void {
    this.#tally.add('errors', active)
    const message = `isolate ${id} exited with code ${code} while it served this client`
    const error = cause ?? codedError(Error, 'ERR_POSIX_ASYNC_WORKER', message)
    for (let i = 0; i < active; i++) {
      this.#host.clientError(error, { remoteAddress: undefined, remotePort: undefined })
    }
  }

  #crashed(slot: Slot<Isolate>, isolate: Isolate, code: number, error: Error | undefined): void {
    const delay = isolate.leaves ? 0 : slot.crashed()
    this.#host.emit('exit', isolate, code, error)
    if (delay > 0 && slot.tellOnce()) this.#host.emit('crashloop', slot.id)
    this.#refill(slot, delay)
  }

  #refill(slot: Slot<Isolate>, delay: number): void {
    slot.timer = setTimeout(() => {
      if (this.#state !== 'running') return
      this.#restarts++
      if (this.#fill(slot)) this.#refill(slot, slot.forkFailed())
      else slot.forked()
    }, delay)
  }

  // Isolates tell of each connection from now on.
  #wantConnections(): void {
    this.#flags.wantsConnections = true
  }

  stop(): void {
    if (this.#state === 'stopped') return
    this.#state = 'stopped'
    if (process.pid !== this.#owner) return this.#drained.resolve() // a forked child, where there are none
    this.#flags.closing = true
    for (const { timer } of this.#slots) clearTimeout(timer)
    if (this.#stop >= 0) eventfd_write(this.#stop, 1n)
    if (!this.#host.listener.isShared) shutdown(this.#listener, SHUT_RDWR)
    this.#settle()
  }

  #settle(): void {
    if (this.#state !== 'stopped' || this.#alive.size > 0 || this.#listener < 0) return
    clearTimeout(this.#patience)
    process.off('exit', this.#onExit)
    release(this.#listener)
    close(this.#listener)
    if (this.#stop >= 0) close(this.#stop)
    this.#listener = -1
    this.#drained.resolve()
  }

  drained(): Promise<void> {
    return this.#drained.promise
  }

  destroy(): void {
    if (process.pid !== this.#owner) return
    for (const isolate of this.#alive) isolate.cutOff()
    if (this.#state !== 'stopped') return
    this.#patience ??= setTimeout(() => {
      for (const isolate of this.#alive) isolate.terminate()
    }, LAST_GRACE)
  }

  stats(): ServerStats {
    return { ...this.#tally.all(), threads: this.#alive.size, restarts: this.#restarts }
  }
}

function notStarted({ href }: URL, cause: Error | undefined): Error {
  const message = `${href} could not be served: ${cause?.message ?? 'its isolate ended before it could begin'}`
  return Object.assign(codedError(Error, 'ERR_POSIX_ASYNC_WORKER', message), { cause })
}

// threadServer with a native handler: accepting, threads, reading and writing are native, and nothing enters JavaScript.
import { ErrnoError } from '../../errors.js'
import { Deferred } from '../deferred.js'
import { RunningNative } from '../serving/native-handler.js'
import type { Model, RunningModel, ServerHost, ServerStats } from '../model.js'
import type { ThreadModelOptions } from './thread-model.js'
import { NativeAcceptLoop } from './native-accept-loop.js'
import { setTimeout } from '../../posix/internal/own-timers.js'

// How long threads that were cut off may still compute before they are left to themselves, in milliseconds.
const LAST_GRACE = 1000

/** A thread a connection, with a native handler. @param handler its name or path */
export const nativeThreadModel =
  (handler: string, options: ThreadModelOptions): Model =>
  (host) => {
    const running = new RunningNative(handler)
    try {
      return new NativeThreadModel(host, running, options)
    } catch (error) {
      running.stop()
      throw error
    }
  }

class NativeThreadModel implements RunningModel {
  readonly name = 'thread'
  readonly #drained = new Deferred()
  readonly #running: RunningNative
  readonly #loop: NativeAcceptLoop
  #failed = false
  #last: ServerStats | undefined
  #patience: NodeJS.Timeout | undefined

  constructor(host: ServerHost, running: RunningNative, options: ThreadModelOptions) {
    this.#running = running
    const { maxConnections, idleTimeout } = host
    const limits = { ...options, maxConnections, idleTimeout }
    this.#loop = new NativeAcceptLoop(host.listener.fd, running.number, limits, () => this.#changed(host))
  }

  #changed(host: ServerHost): void {
    const { done, fault } = this.#loop
    if (done) this.#finish()
    if (fault < 0 && !this.#failed) {
      this.#failed = true
      host.failed(new ErrnoError(fault, 'accept4'))
    }
  }

  #finish(): void {
    if (this.#last) return
    clearTimeout(this.#patience)
    this.#last = this.stats()
    this.#loop.release()
    this.#running.stop()
    this.#drained.resolve()
  }

  stop(): void {
    if (this.#last) return
    this.#loop.stop()
  }

  drained(): Promise<void> {
    return this.#drained.promise
  }

  destroy(): void {
    if (this.#last) return
    this.#loop.shutdown()
    this.#patience ??= setTimeout(() => this.#finish(), LAST_GRACE)
  }

  stats(): ServerStats {
    return this.#last ?? { ...this.#loop.counts() }
  }
}

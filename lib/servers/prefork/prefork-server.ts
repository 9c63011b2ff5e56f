// A prefork server as its user sees it: a server whose workers can be counted, added, removed and replaced.
import type { Listener } from '../accept/listener.js'
import { knownHandler, type ConnectionHandler, type HttpHandler, type NativeHandler } from '../handler.js'
import { Server, type ServerLimits } from '../server.js'
import { processKinds } from '../serving/process-handler.js'
import type { PreforkModel } from './prefork-model.js'
import type { PreforkWorker } from './worker.js'

/**
 * What forkServer gives with `workers`.
 *
 * Events beside those of every server: 'fork' (worker), 'online' (worker), 'exit' (worker, code, signal), 'workersChanged' (count),
 * 'spawnError' (error): a replacement could not be forked or could not begin; 'crashloop' (id): the worker with that number has died
 * more than five times in ten seconds, and is replaced once a second from then on.
 */
export class PreforkServer extends Server {
  readonly #model: PreforkModel

  /** @internal */
  constructor(model: PreforkModel, listener: Listener, limits: ServerLimits) {
    super(model, listener, limits)
    this.#model = model
  }

  /** The workers that serve or begin to, in the order of their numbers. */
  get workers(): PreforkWorker[] {
    return this.#model.workers
  }

  /**
   * Replaces all workers, one after the other, without refusing a client: a new one is forked, and when it serves the old one leaves, in
   * `gracefulTimeout` at the latest. The number of workers stays what addWorker and removeWorker have made it.
   *
   * @param handler serves from now on (default: as before)
   * @throws (rejects) what kept a new worker from serving; the old ones go on then; ERR_SERVER_NOT_RUNNING
   */
  async reload(handler?: ConnectionHandler | NativeHandler | HttpHandler): Promise<void> {
    return this.#model.reload(handler && knownHandler(handler, 'forkServer', processKinds))
  }

  /**
   * Makes a mold of the worker that has served most, whose caches are warm and whose code is compiled, and replaces all workers by such as
   * are forked from it: a new generation that shares what the worker has come to have. It serves no more; it stays until the next
   * reload or refork. Where it dies, later workers are forked from the master again.
   *
   * @throws (rejects) ERR_POSIX_ASYNC_WORKER where no worker serves; what kept a new one from serving; ERR_SERVER_NOT_RUNNING
   */
  refork(): Promise<void> {
    return this.#model.refork()
  }

  /** One worker more. Resolves when it serves. @throws (rejects) what kept it from that */
  addWorker(): Promise<void> {
    return this.#model.addWorker()
  }

  /** One worker fewer: it leaves when it has done what it has begun. The last one stays: false. */
  removeWorker(): boolean {
    return this.#model.removeWorker()
  }

  /** All workers leave; the listener stays open, and clients wait in its queue until `reload`. */
  stopWorkers(): void {
    this.#model.rest()
  }
}

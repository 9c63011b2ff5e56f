// An isolate of threadServer, seen from the main thread: a Worker, the connection it holds, and its end.
import { Worker } from 'node:worker_threads'
import { unpackError } from '../../fork/packed-error.js'
import { Deferred } from '../deferred.js'
import { IsolateCell } from './isolate-state.js'
import type { IsolateReport, IsolateSetup } from './isolate-thread.js'
import type { Client } from '../model.js'

/** What all isolates of a server have in common. */
export type CommonSetup = Omit<IsolateSetup, 'cell'>

export interface IsolateOptions {
  /** `workerData` in the isolate. */
  transfer: unknown
  /** Bytes; 0: Node's default. */
  stackSize: number
}

export interface IsolateEvents {
  connection(client: Client): void
  clientError(error: Error, client: Client): void
  /** It has ended, and what it left is closed. `error` is what ended it, where it did not end by itself. */
  ended(isolate: Isolate, code: number, error: Error | undefined): void
}

const MIB = 1024 ** 2

export class Isolate {
  /** The number of its place, from 0; its successor has the same. */
  readonly id: number
  readonly threadId: number
  /** It is to end: no crash. */
  leaves = false
  readonly #worker: Worker
  readonly #cell = new IsolateCell()
  readonly #ready = new Deferred()
  readonly #events: IsolateEvents
  #isReady = false
  #error: Error | undefined

  /** @throws ERR_WORKER_INIT_FAILED where there is no thread to be had */
  constructor(id: number, setup: CommonSetup, { transfer, stackSize }: IsolateOptions, events: IsolateEvents) {
    this.id = id
    this.#events = events
    this.#worker = new Worker(new URL('./isolate-thread.js', import.meta.url), {
      name: `posix-async isolate ${id}`,
      workerData: transfer,
      ...(stackSize > 0 && { resourceLimits: { stackSizeMb: stackSize / MIB } }),
    })
    this.threadId = this.#worker.threadId
    this.#worker.on('message', (report: IsolateReport) => this.#told(report))
    this.#worker.once('error', (error) => (this.#error = error))
    this.#worker.once('exit', (code) => this.#ended(code))
    this.#worker.postMessage({ ...setup, cell: this.#cell.memory } satisfies IsolateSetup)
  }

  /** Resolves when it serves, or has ended. */
  get ready(): Promise<void> {
    return this.#ready.promise
  }

  get isReady(): boolean {
    return this.#isReady
  }

  /** Why it could not begin to serve, or what ended it. */
  get error(): Error | undefined {
    return this.#error
  }

  #told(report: IsolateReport): void {
    if ('failure' in report) {
      this.#error = unpackError(report.failure)
    } else if ('ready' in report) {
      this.#isReady = true
      this.#ready.resolve()
    } else if (report.error) {
      this.#events.clientError(unpackError(report.error), report.client)
    } else {
      this.#events.connection(report.client)
    }
  }

  #ended(code: number): void {
    this.#isReady = false
    this.#cell.close()
    this.#events.ended(this, code, this.#error)
    this.#ready.resolve()
  }

  /** How many connections it serves, or served when it ended. */
  get active(): number {
    return this.#cell.active
  }

  /** Ends its connection: reads and writes of it fail from now on. Where it has handed its connections on, it has to end with them. */
  cutOff(): void {
    if (this.active > 0 && !this.#cell.shutdown()) this.terminate()
  }

  /** Ends it, whatever it does. */
  terminate(): void {
    this.leaves = true
    void this.#worker.terminate()
  }
}

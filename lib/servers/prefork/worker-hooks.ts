// What a user may have run at the turns of prefork workers' lives.
import { invalidArgType } from '../../errors.js'
import type { ServerHost } from '../model.js'

/** A worker as its hooks see it. */
export interface WorkerInfo {
  /** The number of its place among the workers, from 0; its successor has the same. */
  readonly id: number
  /** How often the server had been reloaded or reforked when it was forked, plus 1. */
  readonly generation: number
}

/**
 * Called at the turns of a worker's life; a promise is awaited where the hook runs in the worker. Those that run in the master are events of
 * the server too, under the same names; `afterWorkerFork` and `afterWorkerReady` are events that the master emits when it hears of them.
 */
export interface WorkerHooks {
  /** In the master, before each fork. */
  beforeFork?(worker: WorkerInfo): void
  /** In the worker, first of all; `user`, `group` and `limits` do not hold yet. What it throws ends the start. */
  afterWorkerFork?(worker: WorkerInfo): void | Promise<void>
  /** In the worker, right before it accepts. What it throws ends the start. */
  afterWorkerReady?(worker: WorkerInfo): void | Promise<void>
  /** In the worker, after each connection (of HTTP: request). */
  afterRequestComplete?(worker: WorkerInfo): void | Promise<void>
  /** In the master, when a worker is over its `timeout`, before it is signalled. */
  afterWorkerTimeout?(worker: WorkerInfo & { readonly pid: number }): void
  /** In the worker, when it leaves in good order. */
  beforeWorkerExit?(worker: WorkerInfo): void | Promise<void>
  /** In the master. */
  afterWorkerExit?(
    worker: WorkerInfo & { readonly pid: number },
    status: { readonly code: number | null; readonly signal: NodeJS.Signals | null },
  ): void
  /** In the master, before a reload. What it throws is what reload() rejects with, and nothing has changed then. */
  onReload?(): void
  /** In the master, when a worker serves, has ended, or its place is gone: how many there are. */
  workersChanged?(count: number): void
}

const HOOKS = [
  'beforeFork',
  'afterWorkerFork',
  'afterWorkerReady',
  'afterRequestComplete',
  'afterWorkerTimeout',
  'beforeWorkerExit',
  'afterWorkerExit',
  'onReload',
  'workersChanged',
] as const

type HookName = (typeof HOOKS)[number]

/** @throws ERR_INVALID_ARG_TYPE */
export function hooksOf(options: WorkerHooks): WorkerHooks {
  for (const name of HOOKS) {
    const hook: unknown = options[name]
    if (hook !== undefined && typeof hook !== 'function') throw invalidArgType(`options.${name}`, 'a function', hook)
  }
  return options
}

/** Those that run in the master: called, and told as events. */
export class MasterHooks {
  readonly #hooks: WorkerHooks
  readonly #host: Pick<ServerHost, 'emit'>

  constructor(hooks: WorkerHooks, host: Pick<ServerHost, 'emit'>) {
    this.#hooks = hooks
    this.#host = host
  }

  tell(name: HookName, ...args: unknown[]): void {
    const hook = this.#hooks[name] as ((...args: unknown[]) => void) | undefined
    hook?.(...args)
    this.#host.emit(name, ...args)
  }
}

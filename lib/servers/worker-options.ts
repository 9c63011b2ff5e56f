// The options of prefork, checked once: how many workers, when they are replaced, and what runs at the turns of their lives.
import { availableParallelism } from 'node:os'
import { invalidArgType, invalidArgValue } from '../errors.js'
import { asInteger } from '../posix/arguments.js'
import { ChildIdentity, type ChildOptions } from './child-limits.js'

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

/** Options of a server with a fixed number of processes. */
export interface PreforkOptions extends ChildOptions, WorkerHooks {
  /** How many processes serve; 'auto': what WEB_CONCURRENCY says, or as many as there are processors to be used. */
  workers: number | 'auto'
  /** Connections (of HTTP: requests) after which a worker makes room for a fresh one (default: never). */
  maxRequests?: number
  /** Up to so many more, at random, so that workers do not leave all at once (default 0). */
  maxRequestsJitter?: number
  /** Bytes of memory of its own (not shared with the master) above which a worker makes room, between requests (default: any). */
  maxMemory?: number
  /** Milliseconds that one connection (of HTTP: request) may take before its worker is sent SIGABRT; 0 (default): any. */
  timeout?: number
  /** Milliseconds from that SIGABRT to SIGKILL (default 1000). */
  cleanupTimeout?: number
  /** Milliseconds that a worker may take from its fork until it can serve (default 10000). */
  spawnTimeout?: number
  /** So many workers in a row that could not begin to serve end the server (default: no number does). */
  maxConsecutiveSpawnErrors?: number
  /**
   * Requests after which the worker that has served so many becomes the mold of the next generation, as with refork(): a number, or one
   * for the first time, one for the second ..., of which the last holds for all that follow (default: never).
   */
  reforkAfter?: number | readonly number[]
  /** How many workers a refork exchanges at once (default 1). */
  reforkMaxUnavailable?: number
}

/** The same, checked. */
export type WorkerSettings = ReturnType<typeof checkedWorkers>

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

export type HookName = (typeof HOOKS)[number]

function hooksOf(options: PreforkOptions): WorkerHooks {
  for (const name of HOOKS) {
    const hook: unknown = options[name]
    if (hook !== undefined && typeof hook !== 'function') throw invalidArgType(`options.${name}`, 'a function', hook)
  }
  return options
}

/** The most workers that one server has. */
export const MOST_WORKERS = 4096

function workerCount(workers: unknown): number {
  if (workers !== 'auto') return asInteger('options.workers', workers, 1, MOST_WORKERS)
  const wish = process.env['WEB_CONCURRENCY']
  if (wish === undefined || wish === '') return availableParallelism()
  const count = Number(wish)
  if (Number.isInteger(count) && count >= 1 && count <= MOST_WORKERS) return count
  throw invalidArgValue('WEB_CONCURRENCY', `must be a whole number from 1 to ${MOST_WORKERS}`, wish)
}

function reforkNumbers(after: unknown): number[] {
  if (after === undefined) return []
  const numbers = (Array.isArray(after) ? after : [after]) as unknown[]
  return numbers.map((number) => asInteger('options.reforkAfter', number, 1))
}

/** @throws ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE, ERR_OUT_OF_RANGE */
export function checkedWorkers(options: PreforkOptions, gracefulTimeout: number) {
  const number = (name: keyof PreforkOptions, byDefault: number, least = 0): number => {
    const value = options[name] ?? byDefault
    return value === Infinity && byDefault === Infinity ? Infinity : asInteger(`options.${name}`, value, least)
  }
  return {
    workers: workerCount(options.workers),
    maxRequests: number('maxRequests', Infinity, 1),
    maxRequestsJitter: number('maxRequestsJitter', 0),
    maxMemory: number('maxMemory', Infinity, 1),
    timeout: number('timeout', 0),
    cleanupTimeout: number('cleanupTimeout', 1000),
    spawnTimeout: number('spawnTimeout', 10_000, 1),
    maxConsecutiveSpawnErrors: number('maxConsecutiveSpawnErrors', Infinity, 1),
    reforkAfter: reforkNumbers(options.reforkAfter),
    reforkMaxUnavailable: number('reforkMaxUnavailable', 1, 1),
    gracefulTimeout,
    identity: new ChildIdentity(options),
    hooks: hooksOf(options),
  }
}

// The options of prefork, checked once: how many workers, and when they are replaced.
import { namesOf } from '../../posix/internal/known-options.js'
import { processors } from './processors.js'
import { invalidArgValue } from '../../errors.js'
import { takeOver } from '../../posix/after-fork/repair-runtime.js'
import { asInteger } from '../../posix/internal/arguments.js'
import { asInherit } from '../serving/inherit.js'
import { Privileges, type ChildOptions } from '../serving/privileges.js'
import { hooksOf, type WorkerHooks } from './worker-hooks.js'

/** Options of a server with a fixed number of processes. */
export interface PreforkOptions extends ChildOptions, WorkerHooks {
  /** How many processes serve; 'auto': what WEB_CONCURRENCY says, or as many as there are processors to be used (affinity, and the
   * cgroup's quota of processor time, rounded down, at least 1). */
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
  /**
   * What becomes of the timers that the program has set before it called forkServer, in its workers: 'keep' (default), they go on in each, as an
   * application needs whose caches, rate limits and sessions look after themselves; or 'drop'. What the program awaits itself
   * (`timers/promises`, a promise that a timer resolves) does not go on in a worker.
   */
  timers?: 'keep' | 'drop'
  /**
   * What becomes of connections that the program has made before the first of its workers is forked, in these: 'reset' (default), they end there as if the other end had reset them
   * (ECONNRESET), so that clients of databases connect anew, in each worker; or 'silent', as in every other child.
   */
  connections?: 'reset' | 'silent'
  /** How many workers a refork exchanges at once (default 1). */
  reforkMaxUnavailable?: number
}

/** Their names. */
export const PREFORK_OPTIONS = namesOf<PreforkOptions>({
  ...{
    workers: true,
    maxRequests: true,
    maxRequestsJitter: true,
    maxMemory: true,
    timeout: true,
    cleanupTimeout: true,
  },
  ...{ timers: true, connections: true },
  ...{ spawnTimeout: true, maxConsecutiveSpawnErrors: true, reforkAfter: true, reforkMaxUnavailable: true },
  ...{ user: true, group: true, limits: true, umask: true, inherit: true },
  ...{ beforeFork: true, afterWorkerFork: true, afterWorkerReady: true, afterRequestComplete: true },
  ...{ afterWorkerTimeout: true, beforeWorkerExit: true, afterWorkerExit: true, onReload: true, workersChanged: true },
})

/** The same, checked. */
export type WorkerSettings = ReturnType<typeof checkedWorkers>

/** The most workers that one server has. */
export const MOST_WORKERS = 4096

function workerCount(workers: unknown): number {
  if (typeof workers === 'string' && workers !== 'auto') {
    throw invalidArgValue('options.workers', "must be a number or 'auto'", workers)
  }
  if (workers !== 'auto') return asInteger('options.workers', workers, 1, MOST_WORKERS)
  const wish = process.env['WEB_CONCURRENCY']
  if (wish === undefined || wish === '') return processors()
  const count = Number(wish)
  if (Number.isInteger(count) && count >= 1 && count <= MOST_WORKERS) return count
  throw invalidArgValue('WEB_CONCURRENCY', `must be a whole number from 1 to ${MOST_WORKERS}`, wish)
}

function reforkNumbers(after: unknown): number[] {
  if (after === undefined) return []
  const numbers = (Array.isArray(after) ? after : [after]) as unknown[]
  return numbers.map((number) => asInteger('options.reforkAfter', number, 1))
}

// The first is the default.
function asOneOf<T extends string>(name: string, value: unknown, known: readonly [T, ...T[]]): T {
  if (value === undefined) return known[0]
  if ((known as readonly unknown[]).includes(value)) return value as T
  throw invalidArgValue(name, `must be ${known.map((one) => `'${one}'`).join(' or ')}`, value)
}

/** @throws ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE, ERR_OUT_OF_RANGE */
export function checkedWorkers(options: PreforkOptions, gracefulTimeout: number) {
  const number = (name: keyof PreforkOptions, byDefault: number, least = 0, most?: number): number => {
    const value = options[name] ?? byDefault
    return value === Infinity && byDefault === Infinity ? Infinity : asInteger(`options.${name}`, value, least, most)
  }
  return {
    workers: workerCount(options.workers),
    maxRequests: number('maxRequests', Infinity, 1),
    maxRequestsJitter: number('maxRequestsJitter', 0),
    maxMemory: number('maxMemory', Infinity, 1, Number.MAX_SAFE_INTEGER),
    timeout: number('timeout', 0),
    cleanupTimeout: number('cleanupTimeout', 1000),
    spawnTimeout: number('spawnTimeout', 10_000, 1),
    maxConsecutiveSpawnErrors: number('maxConsecutiveSpawnErrors', Infinity, 1),
    reforkAfter: reforkNumbers(options.reforkAfter),
    reforkMaxUnavailable: number('reforkMaxUnavailable', 1, 1),
    gracefulTimeout,
    takeOver: takeOver(
      asOneOf('options.timers', options.timers, ['keep', 'drop']) === 'keep',
      asOneOf('options.connections', options.connections, ['reset', 'silent']) === 'reset',
    ),
    inherit: asInherit(options.inherit),
    identity: new Privileges(options),
    hooks: hooksOf(options),
  }
}

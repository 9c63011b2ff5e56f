// The options of forkServer with a child a connection, checked once.
import { namesOf } from '../../posix/internal/known-options.js'
import { asInteger } from '../../posix/internal/arguments.js'
import { asInherit } from '../serving/inherit.js'
import { Privileges, type ChildOptions } from '../serving/privileges.js'
import type { ServerOptions } from '../server.js'

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

/** The names of what a server has beside the options of all. */
export const FORK_OPTIONS = namesOf<Omit<ForkServerOptions, keyof ServerOptions>>({
  ...{ workers: true, maxChildren: true, timeout: true, cleanupTimeout: true },
  ...{ user: true, group: true, limits: true, umask: true, inherit: true },
})

/** The same, checked. */
export type ForkSettings = ReturnType<typeof checkedFork>

/** @throws ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE, ERR_OUT_OF_RANGE */
export function checkedFork(options: ForkServerOptions) {
  const { maxChildren = DEFAULT_CHILDREN, timeout = 0, cleanupTimeout = DEFAULT_CLEANUP } = options
  return {
    maxChildren: asInteger('options.maxChildren', maxChildren, 1),
    timeout: asInteger('options.timeout', timeout, 0),
    cleanupTimeout: asInteger('options.cleanupTimeout', cleanupTimeout, 0),
    inherit: asInherit(options.inherit),
    identity: new Privileges(options),
  }
}

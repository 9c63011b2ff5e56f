// What a prefork worker has from whom it is forked: all that its server's workers have, and which of them it is to be.
import { ChildReporter } from '../serving/child-reports.js'
import type { Counters } from '../serving/counters.js'
import type { ServerHost } from '../model.js'
import type { ProcessHandler, ProcessServer } from '../serving/process-handler.js'
import type { Scoreboard, ScoreboardEntry } from '../serving/scoreboard.js'
import type { WorkerInfo } from './worker-hooks.js'
import type { WorkerSettings } from './prefork-options.js'

/** What all workers of a server have. */
export interface PreforkContext {
  /** The master's process. */
  readonly parent: number
  readonly host: ServerHost
  readonly handler: ProcessHandler
  readonly server: ProcessServer
  readonly cells: Scoreboard
  readonly settings: WorkerSettings
  /** See AcceptLoop. */
  readonly waitersEventFd: number
}

/** Which worker a child is to be: its number among all that there ever were, and what its hooks are told. */
export interface WorkerTask extends WorkerInfo {
  readonly key: number
}

/** What a worker has from whom it is forked. */
export interface WorkerContext extends PreforkContext {
  readonly info: WorkerInfo
  readonly entry: ScoreboardEntry
  /** The counters of its entry. */
  readonly tally: Counters
  /**
   * A socket to the master, its own alone: its reports go there, its end of file ends the worker, and a message says that its entry says what
   * to do.
   */
  readonly control: number
  readonly reports: ChildReporter
}

/** In a child. */
export function setupOf(
  share: PreforkContext,
  { id, generation }: WorkerTask,
  control: number,
  entry: ScoreboardEntry,
): WorkerContext {
  const reports = new ChildReporter(control)
  return { ...share, info: { id, generation }, entry, tally: entry.counters, control, reports }
}

/** The descriptors that a worker has of the process that it is forked from. */
export function fdsOf(
  { host, waitersEventFd, settings }: Pick<PreforkContext, 'host' | 'waitersEventFd' | 'settings'>,
  control: number,
): number[] {
  return [host.listener.fd, control, waitersEventFd, ...settings.inherit]
}

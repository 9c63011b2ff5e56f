// What a prefork worker has from whom it is forked: all that its server's workers have, and which of them it is to be.
import type { ChildReports } from '../serving/child-reports.js'
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
  readonly reports: ChildReports
  readonly tally: Counters
  readonly cells: Scoreboard
  readonly settings: WorkerSettings
  /** See AcceptLoop. */
  readonly line: number
}

/** Which worker a child is to be: its number among all that there ever were, that of its cell, and what its hooks are told. */
export interface WorkerTask extends WorkerInfo {
  readonly key: number
  readonly at: number
}

/** What a worker has from whom it is forked. */
export interface WorkerContext extends PreforkContext {
  readonly key: number
  readonly info: WorkerInfo
  readonly cell: ScoreboardEntry
  /** A socket to the master: its end of file ends the worker, a message says that its cell says what to do. */
  readonly control: number
}

/** In a child. */
export function setupOf(
  share: PreforkContext,
  { key, at, id, generation }: WorkerTask,
  control: number,
): WorkerContext {
  return { ...share, key, info: { id, generation }, cell: share.cells.worker(at), control }
}

/** The descriptors that a worker has of the process that it is forked from. */
export function fdsOf({ host, reports, line, settings }: PreforkContext, control: number): number[] {
  return [host.listener.fd, control, reports.sender, line, ...settings.inherit]
}

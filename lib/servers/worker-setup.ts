// What a prefork worker has from whom it is forked: all that its server's workers have, and which of them it is to be.
import type { ProcessReports } from './process-reports.js'
import type { ProcessTally } from './process-tally.js'
import type { ServerHost } from './server.js'
import type { ProcessHandler, ProcessServer } from './serve-in-process.js'
import type { SharedCells, WorkerCell } from './worker-cell.js'
import type { WorkerInfo } from './worker-hooks.js'
import type { WorkerSettings } from './worker-options.js'

/** What all workers of a server have. */
export interface ServerShare {
  /** The master's process. */
  readonly parent: number
  readonly host: ServerHost
  readonly handler: ProcessHandler
  readonly server: ProcessServer
  readonly reports: ProcessReports
  readonly tally: ProcessTally
  readonly cells: SharedCells
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
export interface WorkerSetup extends ServerShare {
  readonly key: number
  readonly info: WorkerInfo
  readonly cell: WorkerCell
  /** A socket to the master: its end of file ends the worker, a message says that its cell says what to do. */
  readonly control: number
}

/** In a child. */
export function setupOf(share: ServerShare, { key, at, id, generation }: WorkerTask, control: number): WorkerSetup {
  return { ...share, key, info: { id, generation }, cell: share.cells.worker(at), control }
}

// The child of one connection, seen from inside; and what its parent compiles for it, so that all children have it.
import { runMain } from '../../fork/child.js'
import { compileAhead } from '../../fork/compile-ahead.js'
import { dieWithParent } from '../../fork/die-with-parent.js'
import { keepInChild } from '../../fork/only-here.js'
import { beginChild } from '../../posix/fork.js'
import { getppid } from '../../posix/unistd-ids.js'
import { repairRuntime } from '../../posix/after-fork/repair-runtime.js'
import { prctl } from '../../posix/sys-prctl.js'
import type { Accepted } from '../../posix/sys-socket.js'
import type { Privileges } from '../serving/privileges.js'
import { clientOf } from '../model.js'
import { leaveReport, MOST_LEFT } from '../../fork/report-pipe.js'
import type { ByteTally } from '../connection.js'
import { guard, packed } from '../serving/child-reports.js'
import { REHEARSALS, type ProcessHandler, type ProcessServer } from '../serving/process-handler.js'

/** What the children of a server have of their parent. */
export interface ChildSetup {
  /** The parent's process. */
  readonly parent: number
  readonly handler: ProcessHandler
  readonly server: ProcessServer
  readonly identity: Privileges
  readonly tally: ByteTally
  readonly idleTimeout: number
  /** Hung up when the server ends; -1: the handler does not mind. */
  readonly ending: number
}

// Bytes of a report beside its error.
const AROUND = 16

const nothing = (): void => {}

export class ConnectionChild {
  readonly #setup: ChildSetup

  constructor(setup: ChildSetup) {
    this.#setup = setup
  }

  /**
   * In a child, for as long as its connection lives. Without a connection it is a rehearsal.
   * @param report where it leaves the error of its connection, if there is one
   */
  readonly serve = (accepted?: Accepted, report = -1): void | Promise<void> => {
    if (!accepted) return
    const { fd, address } = accepted
    const { parent, server, identity, tally, idleTimeout, ending } = this.#setup
    keepInChild(fd, report, ...(ending < 0 ? [] : [ending]))
    const serve = (): void | Promise<void> => {
      if (identity.asked) identity.apply()
      dieWithParent(parent)
      return server.serve(fd, address, { idleTimeout, tally, ...(ending >= 0 && { ending }) })
    }
    return guard(serve, (error) => leaveReport(report, { error: packed(error, MOST_LEFT - AROUND) }))
  }

  /** What such a child runs. */
  main(accepted: Accepted, report: number): () => void | Promise<void> {
    return () => this.serve(accepted, report)
  }

  /** In the parent, before the first fork; see serve-in-process.ts. */
  rehearse(): void {
    const { handler, tally } = this.#setup
    for (let i = 0; i < REHEARSALS; i++) {
      void this.serve()
      void guard(nothing, nothing)
      tally.received(0)
      tally.sent(0)
    }
    const own = [ConnectionChild, clientOf, runMain, beginChild, repairRuntime, dieWithParent, prctl, getppid]
    compileAhead(functionOf(handler), ...own)
  }
}

const functionOf = (handler: ProcessHandler) =>
  handler.kind === 'function' ? handler.serve : handler.kind === 'http' ? handler.application : undefined

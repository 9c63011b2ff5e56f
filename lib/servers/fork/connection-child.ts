// The child of one connection, seen from inside; and what its parent compiles for it, so that all children have it.
import { runMain } from '../../fork/child.js'
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
import type { ProcessHandler, ProcessServer } from '../serving/process-handler.js'
import { warmUpChildren } from '../serving/warm-up.js'

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

export class ConnectionChild {
  readonly #setup: ChildSetup

  constructor(setup: ChildSetup) {
    this.#setup = setup
  }

  /**
   * In a child, for as long as its connection lives.
   * @param report where it leaves the error of its connection, if there is one
   */
  readonly serve = ({ fd, address }: Accepted, report: number): void | Promise<void> => {
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

  /** In the parent, before the first fork. */
  warmUp(): void {
    const { handler, tally } = this.#setup
    const own = [ConnectionChild, clientOf, runMain, beginChild, repairRuntime, dieWithParent, prctl, getppid]
    warmUpChildren(handler, tally, own)
  }
}

// Accepting for forkServer in C++ alone, from the event loop: as long as no listener is to be told of each connection, the parent enters
// JavaScript for none, and a child begins right behind its fork. What is out of the ordinary is told here. See native/loop/fork_acceptor.cc.
import { constants } from 'node:os'
import { check, ErrnoError } from '../../errors.js'
import { leaveUnsettled, runMain } from '../../fork/child.js'
import { native, type ForkAcceptorCallbacks } from '../../native.js'
import { findFetchParser } from '../../posix/after-fork/fetch-parser.js'
import { beginChild, forkError, prepareFork } from '../../posix/fork.js'
import { callSafely, keepLoopAlive, openReadiness } from '../../posix/event-loop/epoll-registry.js'
import { addressOut, receivedAddress } from '../../posix/socket/socket-address.js'
import type { Accepted } from '../../posix/sys-socket.js'
import type { Listener } from '../accept/listener.js'
import type { Counters } from '../serving/counters.js'
import { clientOf, type Client } from '../model.js'

/** What becomes of connections that C++ has accepted. */
export interface NativelyAccepted {
  /** In a child. @param report where it can leave a report: a pipe's end that does not block, and has room for MOST_LEFT bytes */
  readonly serve: (accepted: Accepted, report: number) => void | Promise<void>
  /** A child has ended, with this wait status: 0 where it was killed by `kill`; and what it left, if anything. */
  readonly ended: (pid: number, status: number, client: Client, report: Buffer | undefined) => void
  /** Takes over the connection, for which there is no child. */
  readonly forkFailed: (accepted: Accepted, error: Error) => void
  /** Takes over the connection, one more than there may be. */
  readonly overLimit: (accepted: Accepted) => void
}

export interface ForkAcceptorEvents {
  /** Before connections are accepted: whether that is to be done here. After false, JavaScript accepts. */
  readonly isAsked: () => boolean
  readonly acceptFailed: (error: ErrnoError) => void
}

const taken = (fd: number): Accepted => ({ fd, address: receivedAddress()! })

const callbacksOf = (
  { serve, ended, forkFailed, overLimit }: NativelyAccepted,
  { isAsked, acceptFailed }: ForkAcceptorEvents,
  memory: ForkAcceptorCallbacks['memory'],
): ForkAcceptorCallbacks => ({
  isAsked: () => {
    findFetchParser()
    return isAsked()
  },
  enter: (fd, report) => {
    beginChild()
    runMain(() => serve(taken(fd), report))
  },
  idle: leaveUnsettled,
  ended: (pid, status, report) => callSafely(() => ended(pid, status, clientOf(taken(-1)), report)),
  acceptFailed: (errno) => callSafely(() => acceptFailed(new ErrnoError(errno, 'accept4'))),
  forkFailed: (fd, why) => callSafely(() => forkFailed(taken(fd), forkError(why))),
  overLimit: (fd) => callSafely(() => overLimit(taken(fd))),
  memory,
})

export class ForkAcceptor {
  readonly #number: number
  #closed = false

  /**
   * Waits for `resume`. Counts what it accepts in `tally`.
   * @param kept the descriptors that children have beside 0 to 2 and their clients
   * @throws ErrnoError ENOTSUP (in a Worker)
   */
  constructor(
    listener: Listener,
    tally: Counters,
    kept: readonly number[],
    connections: NativelyAccepted,
    events: ForkAcceptorEvents,
  ) {
    prepareFork()
    openReadiness()
    const accepted = tally.cellsOf('accepted')
    const callbacks = callbacksOf(connections, events, [addressOut, accepted])
    const number = native.forkAcceptorOpen(listener.fd, callbacks, addressOut, accepted, Int32Array.from(kept))
    this.#number = check(number, 'fork')
    native.forkAcceptorSettle(this.#number)
    keepLoopAlive(1)
  }

  /** @throws ErrnoError ENOMEM, ENOSPC: the listener cannot be watched */
  resume(mostChildren: number, mostConnections: number): void {
    const most = (count: number): number => Math.min(count, 0xffffffff)
    check(native.forkAcceptorResume(this.#number, most(mostChildren), most(mostConnections)), 'epoll_ctl')
  }

  /** Connections wait in the kernel's queue until `resume`. */
  pause(): void {
    native.forkAcceptorPause(this.#number)
  }

  /** From now on every end is told, not only those that are errors. */
  tellAllEnds(): void {
    native.forkAcceptorTellAllEnds(this.#number)
  }

  /** Sends SIGKILL to every child, whose end is no error then. */
  kill(): void {
    native.forkAcceptorKill(this.#number, constants.signals.SIGKILL)
  }

  /** Those that live. */
  get children(): number {
    return native.forkAcceptorChildren(this.#number)
  }

  /** For good. Children that still run are not waited for. Idempotent. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    native.forkAcceptorClose(this.#number)
    keepLoopAlive(-1)
  }
}

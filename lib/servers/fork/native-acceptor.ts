// Accepting for forkServer in C++ alone, from the event loop: as long as nobody asks to be told of each connection, the parent enters
// JavaScript for none, and a child begins right behind its fork. What is out of the ordinary is told here. See native/loop/fork_acceptor.cc.
import { constants } from 'node:os'
import { check, ErrnoError } from '../../errors.js'
import { leaveUnsettled, runMain } from '../../fork/child.js'
import { native } from '../../native.js'
import { findFetchParser } from '../../posix/after-fork/fetch-parser.js'
import { beginChild, forkError, prepareFork } from '../../posix/fork.js'
import { callSafely, keepLoopAlive, openReadiness } from '../../posix/event-loop/epoll-registry.js'
import { addressOut, receivedAddress } from '../../posix/socket/socket-address.js'
import type { Accepted } from '../../posix/sys-socket.js'
import type { Listener } from '../accept/listener.js'
import type { Counters } from '../serving/counters.js'
import { clientOf, type Client } from '../model.js'

export interface ForkAcceptorEvents {
  /** Before connections are accepted: whether that is to be done here. Who says no accepts himself from then on. */
  isAsked(): boolean
  /** In the child. @param report where it can leave a report: a pipe's end that does not block, and has room for MOST_LEFT bytes */
  serve(accepted: Accepted, report: number): void | Promise<void>
  /** A child ended, with this wait status: 0 where it was killed by `kill`; and what it left, if anything. */
  ended(pid: number, status: number, client: Client, report: Buffer | undefined): void
  acceptFailed(error: ErrnoError): void
  /** Takes over the connection. */
  forkFailed(accepted: Accepted, error: Error): void
  /** Takes over the connection, one more than there may be. */
  overLimit(accepted: Accepted): void
}

const taken = (fd: number): Accepted => ({ fd, address: receivedAddress()! })

export class ForkAcceptor {
  readonly #number: number
  readonly #events: ForkAcceptorEvents
  #closed = false

  /**
   * Waits for `resume`. Counts what it accepts in `tally`.
   * @param kept the descriptors that children have beside 0 to 2 and their clients
   * @throws ErrnoError ENOTSUP (in a Worker)
   */
  constructor(listener: Listener, tally: Counters, kept: readonly number[], events: ForkAcceptorEvents) {
    this.#events = events
    prepareFork()
    openReadiness()
    const callbacks = {
      isAsked: () => {
        findFetchParser()
        return events.isAsked()
      },
      notice: (kind: number, a: number, b: number | string, report?: Buffer) =>
        callSafely(() => this.#notice(kind, a, b, report)),
      enter: (fd: number, report: number) => {
        beginChild()
        runMain(() => events.serve(taken(fd), report))
      },
      idle: leaveUnsettled,
      memory: [addressOut, tally.cellsOf('accepted')], // kept for as long as the callbacks are
    }
    const accepted = tally.cellsOf('accepted')
    const number = native.forkAcceptorOpen(listener.fd, callbacks, addressOut, accepted, Int32Array.from(kept))
    this.#number = check(number, 'fork')
    native.forkAcceptorSettle(this.#number)
    keepLoopAlive(1)
  }

  #notice(kind: number, a: number, b: number | string, report?: Buffer): void {
    const tell = [
      () => this.#events.ended(a, Number(b), clientOf(taken(-1)), report),
      () => this.#events.acceptFailed(new ErrnoError(a, 'accept4')),
      () => this.#events.forkFailed(taken(a), forkError(b)),
      () => this.#events.overLimit(taken(a)),
    ][kind]
    tell?.()
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

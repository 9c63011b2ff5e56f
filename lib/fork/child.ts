// A child process of the whole runtime: forked, run, waited for and ended, written once for the servers and for forked().
import { constants } from 'node:os'
import { _exit, forkFromLoop } from '../posix/fork.js'
import { lastWords } from '../posix/internal/last-words.js'
import { kill } from '../posix/signal.js'
import { waitpidAsync, WEXITSTATUS, WIFSIGNALED, WTERMSIG } from '../posix/sys-wait.js'

/** How a child ended: its exit code, or the signal that killed it; the other is null. */
export interface ExitStatus {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

// Of two names for one number (SIGABRT, SIGIOT) the first is the usual one; of the entries of a Map the last stays.
const signals = Object.entries(constants.signals).toReversed()
const signalNames = new Map(signals.map(([name, number]) => [number, name as NodeJS.Signals]))

/** What a wait status says. */
export function asExitStatus(status: number): ExitStatus {
  if (!WIFSIGNALED(status)) return { code: WEXITSTATUS(status), signal: null }
  return { code: null, signal: signalNames.get(WTERMSIG(status)) ?? (`SIG${WTERMSIG(status)}` as NodeJS.Signals) }
}

/** A running child, seen from its parent. */
export class Child {
  readonly pid: number
  /** Resolves when it has ended and was reaped. */
  readonly ended: Promise<ExitStatus>
  #running = true

  /** @param ended its wait status, from whoever waits for it (default: this process does) */
  constructor(pid: number, ended: Promise<{ status: number }> = waitpidAsync(pid)) {
    this.pid = pid
    this.ended = ended.then(({ status }) => {
      this.#running = false
      return asExitStatus(status)
    })
  }

  get running(): boolean {
    return this.#running
  }

  /** Sends a signal, unless the child has been reaped: the number may be another process's then. */
  kill(signal: NodeJS.Signals = 'SIGTERM'): void {
    if (this.#running) kill(this.pid, signal)
  }
}

/** Exit code of a child that waits for something that can never come, as node's own for an unsettled top-level await. */
export const UNSETTLED = 13

function die(error: unknown): never {
  lastWords(error)
  return _exit(1)
}

/** In a child: runs `main`, and leaves by `_exit(0)` when that has returned or its promise has resolved. */
export function runMain(main: () => void | Promise<void>): void {
  try {
    const ending = main()
    if (ending === undefined) _exit(0)
    ending.then(() => _exit(0), die)
  } catch (error) {
    die(error)
  }
}

/** In a child that has run out of events. */
export const leaveUnsettled = (): never => _exit(UNSETTLED)

/**
 * Forks as runInChild does, and gives the child's number in the parent, who may not be the one to wait for it (see forkSiblings).
 * @throws (rejects) as runInChild
 */
export function forkMain(main: () => void | Promise<void>, keepsOnly?: readonly number[]): Promise<number> {
  return forkFromLoop(() => runMain(main), leaveUnsettled, keepsOnly)
}

/**
 * Runs `main` in a child process, which leaves by `_exit(0)` when it has returned or its promise has resolved. Forks at the end of this turn
 * of the event loop; nothing of the caller's stack goes on in the child.
 *
 * @param main runs in the child only; what it throws ends the child with code 1 and a message on standard error
 * @param forked runs in the parent right after the fork, before the child is waited for
 * @param keepsOnly the descriptors of this process that the child has, beside 0 to 2 (default: all)
 * @throws (rejects) ErrnoError EAGAIN, ENOMEM, ENOTSUP; ERR_FORK_UNSAFE
 */
export async function runInChild(
  main: () => void | Promise<void>,
  forked?: () => void,
  keepsOnly?: readonly number[],
): Promise<Child> {
  const pid = await forkMain(main, keepsOnly)
  forked?.()
  return new Child(pid)
}

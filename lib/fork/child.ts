// A child process of the whole runtime: forked, run, waited for and ended, written once for the servers and for forked().
import { constants } from 'node:os'
import { ErrnoError } from '../errors.js'
import { generation } from '../posix/after-fork/fork-generation.js'
import type { Wait } from '../posix/event-loop/watch.js'
import { whenWritten } from '../posix/after-fork/file-writes.js'
import { leave, type TakeOver } from '../posix/after-fork/repair-runtime.js'
import { forkFromLoop } from '../posix/fork.js'
import { lastWords } from '../posix/internal/last-words.js'
import { kill, type Signal } from '../posix/signal.js'
import { pidfd_open, pidfd_send_signal } from '../posix/sys-pidfd.js'
import { waitPidfdAsync } from '../posix/event-loop/child-waits.js'
import { waitpid, WEXITSTATUS, WIFSIGNALED, WTERMSIG } from '../posix/sys-wait.js'
import { close } from '../posix/unistd.js'
import { keepInParent, release } from './only-here.js'

/** How a child ended: its exit code, or the signal that killed it; the other is null. Both are where another part of the program reaped it. */
export interface ExitStatus {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** Why it could not be waited for, and was killed for that. */
  readonly failure?: Error
}

// Of two names for one number (SIGABRT, SIGIOT) the first is the usual one; of the entries of a Map the last stays.
const signals = Object.entries(constants.signals).toReversed()
const signalNames = new Map(signals.map(([name, number]) => [number, name as NodeJS.Signals]))

/** What a wait status says. */
export function asExitStatus(status: number): ExitStatus {
  if (!WIFSIGNALED(status)) return { code: WEXITSTATUS(status), signal: null }
  return { code: null, signal: signalNames.get(WTERMSIG(status)) ?? (`SIG${WTERMSIG(status)}` as NodeJS.Signals) }
}

const isGone = (error: unknown): boolean => error instanceof ErrnoError && ['ECHILD', 'ESRCH'].includes(error.code)

// The numbers of children that are waited for, and the process, by its generation, that waits.
const waitedFor = new Map<number, number>()

/** Whether a number is a child's that this process waits for already. */
export const isWaitedFor = (pid: number): boolean => waitedFor.get(pid) === generation()

/** A running child, seen from its parent, and known by a descriptor, which never means another process as a number may. */
export class Child {
  readonly pid: number
  /** Resolves when it has ended and was reaped. */
  readonly ended: Promise<ExitStatus>
  #pidfd: number
  #waiting: Wait | undefined
  #isReferenced = true

  /**
   * @param pidfd owned from here on, and closed when the child has ended
   * @param status how it ended, where it has been reaped already; `pidfd` is -1 then
   */
  constructor(pid: number, pidfd: number, status?: ExitStatus) {
    this.pid = pid
    this.#pidfd = pidfd
    if (!status) keepInParent(pidfd)
    this.ended = status ? Promise.resolve(status) : this.#wait()
  }

  async #wait(): Promise<ExitStatus> {
    waitedFor.set(this.pid, generation())
    try {
      return asExitStatus((await waitPidfdAsync(this.#pidfd, (wait) => this.#began(wait))).status)
    } catch (error) {
      return isGone(error) ? { code: null, signal: null } : this.#killAtOnce(error as Error)
    } finally {
      waitedFor.delete(this.pid)
      release(this.#pidfd)
      close(this.#pidfd)
      this.#pidfd = -1
    }
  }

  #began(wait: Wait): void {
    this.#waiting = wait
    if (!this.#isReferenced) wait.reference(false)
  }

  /** Whether waiting for its end keeps this process alive, as it does from the start. */
  keepAlive(wanted: boolean): void {
    this.#isReferenced = wanted
    this.#waiting?.reference(wanted)
  }

  // The event loop has no room to watch it: it is not left to run unwatched.
  #killAtOnce(failure: Error): ExitStatus {
    this.kill('SIGKILL')
    const { status } = waitpid(this.pid)
    return { ...asExitStatus(status), failure }
  }

  get running(): boolean {
    return this.#pidfd >= 0
  }

  /** Sends a signal, unless the child has been reaped. */
  kill(signal: Signal = 'SIGTERM'): void {
    if (this.#pidfd < 0) return
    try {
      pidfd_send_signal(this.#pidfd, signal)
    } catch (error) {
      if (!isGone(error)) throw error
    }
  }
}

/**
 * The child of that number, which nobody else has waited for yet. One that could not be waited for is not left to run.
 * @throws ErrnoError EMFILE, ENOMEM
 */
export function childOf(pid: number): Child {
  try {
    return new Child(pid, pidfd_open(pid))
  } catch (error) {
    kill(pid, 'SIGKILL')
    waitpid(pid)
    throw error
  }
}

/** Exit code of a child that waits for something that can never come, as node's own for an unsettled top-level await. */
export const UNSETTLED = 13

function die(error: unknown): never {
  lastWords(error)
  return leave(1)
}

// How long the last writes to files may take, in milliseconds.
const PATIENCE = 5000

function leaveWritten(): void {
  const written = whenWritten(PATIENCE)
  if (written) void written.then(() => leave(0))
  else leave(0)
}

/** In a child: runs `main`, and leaves by `_exit(0)` when that has returned or its promise has resolved. */
export function runMain(main: () => void | Promise<void>): void {
  try {
    const ending = main()
    if (ending === undefined) leaveWritten()
    else ending.then(leaveWritten, die)
  } catch (error) {
    die(error)
  }
}

/** In a child that has run out of events. */
export const leaveUnsettled = (): never => leave(UNSETTLED)

/**
 * Forks as runInChild does, and gives the child's number in the parent, who may not be the one to wait for it (see forkSiblings).
 * @throws (rejects) as runInChild
 */
export function forkMain(
  main: () => void | Promise<void>,
  keepsOnly?: readonly number[],
  takeOver?: TakeOver,
): Promise<number> {
  return forkFromLoop(() => runMain(main), leaveUnsettled, keepsOnly, takeOver)
}

/**
 * Runs `main` in a child process, which leaves by `_exit(0)` when it has returned or its promise has resolved. Forks at the end of this turn
 * of the event loop; nothing of the caller's stack goes on in the child.
 *
 * @param main runs in the child only; what it throws ends the child with code 1 and a message on standard error
 * @param forked runs in the parent right after the fork, before the child is waited for
 * @param keepsOnly the descriptors of this process that the child has, beside 0 to 2 (default: all)
 * @param takeOver what of the program goes on in the child (default: nothing)
 * @throws (rejects) ErrnoError EAGAIN, ENOMEM, ENOTSUP, EMFILE (the child is killed then); ERR_FORK_UNSAFE
 */
export async function runInChild(
  main: () => void | Promise<void>,
  forked?: () => void,
  keepsOnly?: readonly number[],
  takeOver?: TakeOver,
): Promise<Child> {
  const pid = await forkMain(main, keepsOnly, takeOver)
  forked?.()
  return childOf(pid)
}

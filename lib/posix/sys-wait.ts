// sys/wait.h: waiting for children, and what their status says.
// child_process reaps its own children from the event loop, each by its number; a wait for any child (-1, 0, a group, P_ALL)
// takes them away from it, and their 'exit' events never come. Wait for the numbers that fork() gave.
import { check } from '../errors.js'
import { constant, native } from '../native.js'
import { asAbortSignal } from './internal/abort-signal.js'
import { asInteger, asTimeout, INT_MAX } from './internal/arguments.js'
import { openChild, reap, reapTraced, waitFor, type WaitInfo, type WaitResult } from './event-loop/child-waits.js'
import { whenReady, type WaitOptions } from './event-loop/watch.js'
import { close } from './unistd.js'

export type { WaitInfo, WaitResult } from './event-loop/child-waits.js'

export const WNOHANG = constant('WNOHANG')
export const WUNTRACED = constant('WUNTRACED')
export const WCONTINUED = constant('WCONTINUED')
export const WEXITED = constant('WEXITED')
export const WSTOPPED = constant('WSTOPPED')
export const WNOWAIT = constant('WNOWAIT')
export const P_ALL = constant('P_ALL')
export const P_PID = constant('P_PID')
export const P_PGID = constant('P_PGID')
export const P_PIDFD = constant('P_PIDFD')

const POLLIN = constant('POLLIN')

/**
 * Waits for a child to end and reaps it. Blocks the calling thread (and, on the main thread, every JavaScript callback, signal
 * handlers with them) unless `options` has WNOHANG; waitpidAsync does not block. An interrupting signal does not end it.
 *
 * @param pid a child; -1 for any, 0 for any of the caller's process group, -n for any of group n (see the top of this file)
 * @param options WNOHANG, WUNTRACED, WCONTINUED, or 0 (default)
 * @returns the child and its status; `pid` 0 where WNOHANG is given and there is nothing yet
 * @throws ErrnoError ECHILD (no such child, or already reaped), EINVAL; ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see man 2 waitpid
 */
export function waitpid(pid: number, options = 0): WaitResult {
  const status = new Int32Array(1)
  const found = native.waitpid(asInteger('pid', pid, -INT_MAX), status, asInteger('options', options))
  return { pid: check(found, 'waitpid'), status: status[0]! }
}

/**
 * Waits until a child changes its state. Blocks the calling thread as waitpid does; with WNOHANG, and on a PIDFD_NONBLOCK
 * descriptor, it does not.
 *
 * @param idtype P_PID, P_PGID, P_PIDFD or P_ALL
 * @param id the process, the group or the descriptor; not looked at for P_ALL
 * @param options what to wait for, at least one of WEXITED, WSTOPPED, WCONTINUED; with WNOHANG, and WNOWAIT to leave the
 *   child waitable
 * @returns the change, or `null` where WNOHANG is given and there is none
 * @throws ErrnoError ECHILD, EAGAIN (PIDFD_NONBLOCK and nothing yet), EBADF, EINVAL; ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see man 2 waitid
 */
export function waitid(idtype: number, id: number, options: number): WaitInfo | null {
  const which = asInteger('id', id, 0, INT_MAX)
  return waitFor(asInteger('idtype', idtype, 0), which, asInteger('options', options))
}

/**
 * Waits for a child to end and reaps it, without blocking the event loop: through a pidfd, with no handler for SIGCHLD. It reaps
 * that child only, so children of child_process in the same program keep their 'exit' events. A wait keeps the process alive.
 *
 * @param pid a child that fork() made
 * @param options `signal` gives up when it is aborted; `timeout` in milliseconds (default: none). The child is unharmed by
 *   both, and can be waited for again.
 * @returns the child and its status; `pid` 0 when the time is over
 * @throws ErrnoError ECHILD (not a child of the caller's, or already reaped), EMFILE; the signal's reason (AbortError);
 *   ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE; all as a rejection
 * @see man 2 pidfd_open, man 2 waitid
 */
export async function waitpidAsync(pid: number, options: WaitOptions = {}): Promise<WaitResult> {
  const child = asInteger('pid', pid, 1)
  asAbortSignal(options)
  const timeout = asTimeout(options.timeout)
  const end = timeout < 0 ? Infinity : performance.now() + timeout
  const pidfd = openChild(child)
  try {
    const ended = reap(pidfd)
    if (ended) return ended
    const events = await whenReady(pidfd, POLLIN, options)
    return (events === 0 ? null : await reapTraced(pidfd, end, options.signal)) ?? { pid: 0, status: 0 }
  } finally {
    close(pidfd)
  }
}

const asStatusNumber = (status: unknown): number => asInteger('status', status)
const signalBits = (status: number): number => asStatusNumber(status) & 0x7f

/** The child ended by itself: `_exit`, `process.exit`, or nothing left to do. @see man 2 wait */
export function WIFEXITED(status: number): boolean {
  return signalBits(status) === 0
}

/** The low 8 bits of the exit code, where WIFEXITED. @see man 2 wait */
export function WEXITSTATUS(status: number): number {
  return (asStatusNumber(status) >> 8) & 0xff
}

/** A signal ended the child. @see man 2 wait */
export function WIFSIGNALED(status: number): boolean {
  return signalBits(status) !== 0 && signalBits(status) !== 0x7f
}

/** The number of the signal that ended the child, where WIFSIGNALED. @see man 2 wait */
export function WTERMSIG(status: number): number {
  return signalBits(status)
}

/** The child left a core dump, where WIFSIGNALED. @see man 2 wait */
export function WCOREDUMP(status: number): boolean {
  return (asStatusNumber(status) & 0x80) !== 0
}

/** The child is stopped: seen with WUNTRACED. @see man 2 wait */
export function WIFSTOPPED(status: number): boolean {
  return (asStatusNumber(status) & 0xff) === 0x7f
}

/** The number of the signal that stopped the child, where WIFSTOPPED. @see man 2 wait */
export function WSTOPSIG(status: number): number {
  return WEXITSTATUS(status)
}

/** SIGCONT woke the stopped child: seen with WCONTINUED. @see man 2 wait */
export function WIFCONTINUED(status: number): boolean {
  return asStatusNumber(status) === 0xffff
}

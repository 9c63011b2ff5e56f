// sys/wait.h: waiting for children, and what their status says.
// child_process reaps its own children from the event loop, each by its number; a wait for any child (-1, 0, a group, P_ALL)
// takes them away from it, and their 'exit' events never come. Wait for the numbers that fork() gave.
import { check } from '../errors.js'
import { constant, native } from '../native.js'
import { asAbortSignal } from './internal/abort-signal.js'
import { asInteger, asTimeout, INT_MAX } from './internal/arguments.js'
import { WAIT_OPTIONS } from './internal/async-options.js'
import { openChild, reap, untilEnd, waitFor, type WaitInfo, type WaitResult } from './event-loop/child-waits.js'
import { whenChild } from './event-loop/child-news.js'
import type { WaitOptions } from './event-loop/watch.js'
import { usageOf, type ResourceUsage } from './internal/resource-usage.js'
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

/** What wait4 gives. */
export interface WaitUsage extends WaitResult {
  /** What the child has used, where one was reaped. */
  usage: ResourceUsage
}

/**
 * As waitpid, with what the child has used (RUSAGE_CHILDREN has the sum of all).
 * @throws ErrnoError ECHILD, EINVAL; ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see man 2 wait4
 */
export function wait4(pid: number, options = 0): WaitUsage {
  const [status, usage] = [new Int32Array(1), new Float64Array(9)]
  const which = asInteger('pid', pid, -INT_MAX)
  const found = check(native.wait4(which, status, asInteger('options', options), usage), 'wait4')
  return { pid: found, status: status[0]!, usage: usageOf(usage) }
}

/**
 * As waitpid, for any child: `waitpid(-1)`, which takes children of child_process too.
 * @throws ErrnoError ECHILD (there is none)
 * @see man 2 wait
 */
export function wait(): WaitResult {
  const status = new Int32Array(1)
  return { pid: check(native.waitpid(-1, status, 0), 'wait'), status: status[0]! }
}

/**
 * Waits for a child to end and reaps it, without blocking the event loop: through a pidfd, with no handler for SIGCHLD. It reaps
 * that child only, so children of child_process in the same program keep their 'exit' events. A wait keeps the process alive.
 *
 * @param pid a child that fork() made; -1 for any, 0 for any of the caller's process group, -n for any of group n: these hear of children by
 *   a listener for SIGCHLD, on the main thread only, and take children of child_process too
 * @param options `signal` gives up when it is aborted; `timeout` in milliseconds (default: none). The child is unharmed by
 *   both, and can be waited for again.
 * @returns the child and its status; `pid` 0 when the time is over
 * @throws ErrnoError ECHILD (not a child of the caller's, or already reaped), EMFILE; ENOTSUP (0 and below, not on the main thread); the
 *   signal's reason (AbortError); ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE; all as a rejection
 * @see man 2 pidfd_open, man 2 waitid
 */
export async function waitpidAsync(pid: number, options: WaitOptions = {}): Promise<WaitResult> {
  const child = asInteger('pid', pid, -INT_MAX)
  const signal = asAbortSignal(options, WAIT_OPTIONS)
  const timeout = asTimeout(options.timeout)
  if (child <= 0) return (await whenChild('waitpid', () => reapAny(child), timeout, signal)) ?? { pid: 0, status: 0 }
  const pidfd = openChild(child)
  try {
    return (await untilEnd(pidfd, () => reap(pidfd), timeout, signal)) ?? { pid: 0, status: 0 }
  } finally {
    close(pidfd)
  }
}

function reapAny(pid: number): WaitResult | null {
  const found = waitpid(pid, WNOHANG)
  return found.pid === 0 ? null : found
}

/**
 * As waitid, without blocking the event loop. A wait keeps the process alive.
 *
 * @param flags as waitid's `options`. WEXITED alone for P_PID and P_PIDFD is heard of through a descriptor, on any thread; all else by a
 *   listener for SIGCHLD, on the main thread only
 * @param options `signal`, `timeout`
 * @returns the change, or `null` when the time is over
 * @throws as a rejection, what waitid throws; ErrnoError ENOTSUP (see `flags`); the signal's reason
 * @see man 2 waitid
 */
export async function waitidAsync(
  idtype: number,
  id: number,
  flags: number,
  options: WaitOptions = {},
): Promise<WaitInfo | null> {
  const [kind, which, how] = [asInteger('idtype', idtype, 0), asInteger('id', id, 0), asInteger('flags', flags)]
  const signal = asAbortSignal(options, WAIT_OPTIONS)
  const timeout = asTimeout(options.timeout)
  const attempt = (): WaitInfo | null => waitFor(kind, which, how | WNOHANG)
  const isEnd = (how & (WSTOPPED | WCONTINUED)) === 0
  if (!isEnd || (kind !== P_PID && kind !== P_PIDFD)) return whenChild('waitid', attempt, timeout, signal)
  if (kind === P_PIDFD) return untilEnd(which, attempt, timeout, signal)
  const pidfd = openChild(which, 'waitid')
  try {
    return await untilEnd(pidfd, attempt, timeout, signal)
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

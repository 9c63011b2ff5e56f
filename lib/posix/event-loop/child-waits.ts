// Children by descriptors that name them, and what a wait gives, in waitid's form and in waitpid's. Internal. See: man 2 waitid, man 2 pidfd_open
import { constants } from 'node:os'
import { check, ErrnoError } from '../../errors.js'
import { constant, native } from '../../native.js'
import { Wait, whenReady } from './watch.js'
import { setTimeout } from '../internal/own-timers.js'

const { ECHILD, ESRCH } = constants.errno
const CLD_EXITED = constant('CLD_EXITED')
const CLD_DUMPED = constant('CLD_DUMPED')
const POLLIN = constant('POLLIN')
const P_PIDFD = constant('P_PIDFD')
const WEXITED = constant('WEXITED')
const WNOHANG = constant('WNOHANG')
const WNOWAIT = constant('WNOWAIT')

export interface WaitResult {
  /** The child; 0 where none has anything to tell yet. */
  pid: number
  /** What the W macros read. */
  status: number
}

/** What waitid tells of a child. */
export interface WaitInfo {
  pid: number
  /** The child's real user. */
  uid: number
  /** CLD_EXITED, CLD_KILLED, CLD_DUMPED, CLD_STOPPED, CLD_TRAPPED or CLD_CONTINUED. */
  code: number
  /** The exit code for CLD_EXITED; the number of the signal for all others. */
  status: number
}

/** waitid, with arguments that were checked; null where nothing is to be told yet. */
export function waitFor(idtype: number, id: number, options: number): WaitInfo | null {
  const info = new Int32Array(4)
  check(native.waitid(idtype, id, info, options), 'waitid')
  const [pid = 0, uid = 0, code = 0, status = 0] = info
  return pid === 0 ? null : { pid, uid: uid >>> 0, code, status }
}

/** What waitpid would have given for what waitid gave. */
export function asStatus({ code, status }: WaitInfo): number {
  if (code === CLD_EXITED) return (status & 0xff) << 8
  return status | (code === CLD_DUMPED ? 0x80 : 0)
}

/** The end of the child that a descriptor names, which is reaped by that; null where it has not ended. */
export function reap(pidfd: number): WaitResult | null {
  const info = waitFor(P_PIDFD, pidfd, WEXITED | WNOHANG)
  return info && { pid: info.pid, status: asStatus(info) }
}

/**
 * What `attempt` gives once the child that a descriptor names has ended; null when the time is over. A child that has ended is its tracer's
 * first (strace, gdb), and nothing tells when it is its parent's: then it is asked for again and again. See: man 2 ptrace
 */
export async function untilEnd<T>(
  pidfd: number,
  attempt: () => T | null,
  timeout: number,
  signal?: AbortSignal,
): Promise<T | null> {
  const end = timeout < 0 ? Infinity : performance.now() + timeout
  const ended = attempt()
  if (ended !== null) return ended
  if ((await whenReady(pidfd, POLLIN, { signal, timeout })) === 0) return null
  for (;;) {
    const found = attempt()
    if (found !== null || performance.now() >= end) return found
    await new Promise<void>((resolve) => setTimeout(resolve, 1))
    signal?.throwIfAborted()
  }
}

/** A descriptor that names a child, which the caller owns. @throws ErrnoError ECHILD, EMFILE */
export function openChild(pid: number, syscall = 'waitpid'): number {
  const pidfd = native.pidfd_open(pid, 0)
  // A number that is nobody's is not a child of ours either.
  if (pidfd === -ESRCH) throw new ErrnoError(ECHILD, syscall)
  return check(pidfd, 'pidfd_open')
}

/**
 * Waits for the child that a descriptor names, which stays open, and reaps it.
 * @param began is given the wait, which it may have not keep the process alive
 * @throws (rejects) ErrnoError ECHILD where it was reaped already, or is no child of this process
 */
export async function waitPidfdAsync(pidfd: number, began?: (wait: Wait) => void): Promise<WaitResult> {
  const ended = reap(pidfd)
  if (ended) return ended
  await new Promise((resolve, reject) => {
    const wait = new Wait(pidfd, POLLIN, resolve, reject)
    wait.start()
    began?.(wait)
  })
  return (await untilEnd(pidfd, () => reap(pidfd), -1))!
}

/** Whether a descriptor names a child of this process, alive or not reaped yet. */
export function isChild(pidfd: number): boolean {
  try {
    waitFor(P_PIDFD, pidfd, WEXITED | WNOHANG | WNOWAIT)
    return true
  } catch (error) {
    if (error instanceof ErrnoError && error.code === 'ECHILD') return false
    throw error
  }
}

// sys/pidfd.h: a descriptor that names one process, whatever becomes of its number.
// It is readable (poll, epoll) once that process has ended, and waitid(P_PIDFD) reaps exactly it.
import { check } from '../errors.js'
import { constant, native } from '../native.js'
import { asFd, asInteger, INT_MAX } from './internal/arguments.js'
import { asSignalNumber, type Signal } from './internal/signal-set.js'

export const PIDFD_NONBLOCK = constant('PIDFD_NONBLOCK')

/**
 * Opens a descriptor for a process, close-on-exec as the kernel makes it. A zombie counts, a reaped process does not. Opened
 * for a child of the caller's that nobody else reaps, it names that child for certain.
 *
 * @param pid a process (not a thread) in the caller's pid namespace
 * @param flags 0 (default) or PIDFD_NONBLOCK: waitid on it throws EAGAIN instead of waiting
 * @returns the descriptor, which the caller owns
 * @throws ErrnoError ESRCH (no such process), EINVAL (a flag, or the id of a thread), EMFILE, ENFILE, ENODEV, ENOMEM;
 *   ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see man 2 pidfd_open
 */
export function pidfd_open(pid: number, flags = 0): number {
  return check(native.pidfd_open(asInteger('pid', pid, 1), asInteger('flags', flags)), 'pidfd_open')
}

/**
 * Sends a signal to the process that a descriptor names, and to no other that has its number since.
 *
 * @param pidfd a process's descriptor, borrowed
 * @param signal number or name; 0 only asks whether it could be sent
 * @param flags 0 (default)
 * @throws ErrnoError ESRCH (it has ended and was reaped), EPERM, EBADF, EINVAL; ERR_UNKNOWN_SIGNAL, ERR_INVALID_ARG_TYPE,
 *   ERR_OUT_OF_RANGE
 * @see man 2 pidfd_send_signal
 */
export function pidfd_send_signal(pidfd: number, signal: Signal | 0, flags = 0): void {
  const number = asSignalNumber(signal, 0)
  check(native.pidfd_send_signal(asFd(pidfd, 'pidfd'), number, asInteger('flags', flags)), 'pidfd_send_signal')
}

/**
 * A second descriptor, in this process, for an open file of another one. It is close-on-exec. Asks for the rights of
 * ptrace(2): the same user and, in many containers, CAP_SYS_PTRACE.
 *
 * @param pidfd a process's descriptor, borrowed
 * @param targetFd the number that the file has there
 * @param flags 0 (default)
 * @returns the descriptor, which the caller owns
 * @throws ErrnoError EBADF (either), EPERM, ESRCH, EMFILE, EINVAL; ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see man 2 pidfd_getfd
 */
export function pidfd_getfd(pidfd: number, targetFd: number, flags = 0): number {
  const target = asInteger('targetFd', targetFd, 0, INT_MAX)
  return check(native.pidfd_getfd(asFd(pidfd, 'pidfd'), target, asInteger('flags', flags)), 'pidfd_getfd')
}

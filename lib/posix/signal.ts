// signal.h: sending signals, blocking them, asking for them. Handlers are `process.on('SIGTERM', ...)`, Node's own.
import { constants } from 'node:os'
import { check, ErrnoError, invalidArgType, invalidArgValue, outOfRange } from '../errors.js'
import { constant, native } from '../native.js'
import { asInteger, INT_MAX } from './internal/arguments.js'
import { asSignalNumber, asSignalSet, signalsOf, type Signal } from './internal/signal-set.js'

export { SIGRTMAX, SIGRTMIN, signalName, type Signal } from './internal/signal-set.js'

export const {
  SIGHUP,
  SIGINT,
  SIGQUIT,
  SIGILL,
  SIGTRAP,
  SIGABRT,
  SIGBUS,
  SIGFPE,
  SIGKILL,
  SIGUSR1,
  SIGSEGV,
  SIGUSR2,
  SIGPIPE,
  SIGALRM,
  SIGTERM,
  SIGSTKFLT,
  SIGCHLD,
  SIGCONT,
  SIGSTOP,
  SIGTSTP,
  SIGTTIN,
  SIGTTOU,
  SIGURG,
  SIGXCPU,
  SIGXFSZ,
  SIGVTALRM,
  SIGPROF,
  SIGWINCH,
  SIGIO,
  SIGPWR,
  SIGSYS,
} = constants.signals
export const SIG_BLOCK = constant('SIG_BLOCK')
export const SIG_UNBLOCK = constant('SIG_UNBLOCK')
export const SIG_SETMASK = constant('SIG_SETMASK')
/** What a signal does by default: end the process, stop it, or nothing. */
export const SIG_DFL = 0
/** The signal is thrown away. */
export const SIG_IGN = 1
export const SI_USER = constant('SI_USER')
export const SI_KERNEL = constant('SI_KERNEL')
export const SI_QUEUE = constant('SI_QUEUE')
export const SI_TIMER = constant('SI_TIMER')
export const SI_MESGQ = constant('SI_MESGQ')
export const SI_ASYNCIO = constant('SI_ASYNCIO')
export const SI_TKILL = constant('SI_TKILL')
export const CLD_EXITED = constant('CLD_EXITED')
export const CLD_KILLED = constant('CLD_KILLED')
export const CLD_DUMPED = constant('CLD_DUMPED')
export const CLD_TRAPPED = constant('CLD_TRAPPED')
export const CLD_STOPPED = constant('CLD_STOPPED')
export const CLD_CONTINUED = constant('CLD_CONTINUED')

/**
 * Sends a signal to a process. It is gone the moment this returns; a pidfd is what still names the same process later.
 *
 * @param pid a process; 0 for the caller's process group, -n for group n, -1 for all that it may signal
 * @param signal number or name; 0 only asks whether it could be sent
 * @throws ErrnoError ESRCH, EPERM; ERR_UNKNOWN_SIGNAL, ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see man 2 kill
 */
export function kill(pid: number, signal: Signal | 0): void {
  const to = asInteger('pid', pid, -INT_MAX)
  check(native.kill(to, asSignalNumber(signal, 0)), 'kill')
}

/**
 * Sends a signal to the calling thread; to the process, and so to any thread that does not block it, is `kill(getpid(), ...)`.
 *
 * @throws ERR_UNKNOWN_SIGNAL, ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see man 3 raise
 */
export function raise(signal: Signal): void {
  check(native.raise(asSignalNumber(signal)), 'raise')
}

/**
 * Sends a signal with a number beside it, which signalfd and sigtimedwait give as `int`. Real-time signals queue: each that is
 * sent arrives, in order.
 *
 * @param pid a process
 * @param signal number or name; 0 only asks
 * @param value a 32-bit integer (default 0)
 * @throws ErrnoError ESRCH, EPERM, EAGAIN (RLIMIT_SIGPENDING); ERR_UNKNOWN_SIGNAL, ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see man 3 sigqueue
 */
export function sigqueue(pid: number, signal: Signal | 0, value = 0): void {
  const to = asInteger('pid', pid, 1)
  check(native.sigqueue(to, asSignalNumber(signal, 0), asInteger('value', value)), 'sigqueue')
}

const NO_SET = new BigUint64Array(0)

/**
 * Changes which signals the calling thread blocks, and only it: a signal sent to the process still reaches any other thread, and
 * Node has several. `sigprocmask` is what a program means that has no threads of its own.
 *
 * @param how SIG_BLOCK, SIG_UNBLOCK or SIG_SETMASK
 * @param set signals, by number or name; leave it out, or null, to change nothing
 * @returns the signals that were blocked before, as numbers, ascending
 * @throws ErrnoError EINVAL; ERR_UNKNOWN_SIGNAL, ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see man 3 pthread_sigmask
 */
export function pthread_sigmask(how: number, set?: Iterable<Signal> | null): number[] {
  const signals = set === undefined || set === null ? NO_SET : asSignalSet(set)
  const old = new BigUint64Array(1)
  check(native.pthread_sigmask(asInteger('how', how), signals, old), 'pthread_sigmask')
  return signalsOf(old)
}

/**
 * Changes which signals the process blocks. Blocking reaches every thread: the caller's, the helpers that Node runs (the
 * collector, the thread pool), Workers, and all that they start later; without that a blocked SIGUSR2 sent to the process would
 * end it by way of a helper. Unblocking reaches the calling thread, which suffices for a signal to be taken.
 *
 * A blocked signal waits: for sigtimedwait, for a signalfd, or to be unblocked. Leave alone what the runtime lives on: SIGCHLD
 * (child_process), SIGSEGV, SIGBUS, SIGFPE and SIGILL (WebAssembly, crashes), SIGPROF (profiler), and the real-time signals
 * SIGRTMAX-2 and SIGRTMAX-3, with which fork() stops the other threads and this function reaches them. Programs started with
 * child_process begin with nothing blocked; children of fork() block what their parent did.
 *
 * @param how SIG_BLOCK, SIG_UNBLOCK or SIG_SETMASK
 * @param set signals, by number or name (SIGKILL and SIGSTOP stay as they are); leave it out, or null, to change nothing
 * @returns the signals that the calling thread blocked before, as numbers, ascending
 * @throws ErrnoError EINVAL, EBUSY (a thread in an uninterruptible wait, or no real-time signal free to ask it with: the
 *   caller's own mask is as before); ERR_UNKNOWN_SIGNAL, ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see man 2 sigprocmask, man 7 signal
 */
export function sigprocmask(how: number, set?: Iterable<Signal> | null): number[] {
  const signals = set === undefined || set === null ? NO_SET : asSignalSet(set)
  const old = new BigUint64Array(1)
  check(native.pthread_sigmask(asInteger('how', how), signals, old), 'sigprocmask')
  if (signals.length > 0 && how !== SIG_UNBLOCK) blockElsewhere(signals, old)
  return signalsOf(old)
}

function blockElsewhere(signals: BigUint64Array, old: BigUint64Array): void {
  const result = native.block_in_other_threads(signals)
  if (result === 0) return
  native.pthread_sigmask(SIG_SETMASK, old, new BigUint64Array(1))
  throw new ErrnoError(result, 'sigprocmask')
}

/**
 * The signals that were sent and wait because they are blocked, for the calling thread or for the process.
 * @returns numbers, ascending
 * @see man 2 sigpending
 */
export function sigpending(): number[] {
  const set = new BigUint64Array(1)
  check(native.sigpending(set), 'sigpending')
  return signalsOf(set)
}

export interface SignalInfo {
  /** The signal's number. */
  signo: number
  /** SI_USER, SI_QUEUE, SI_TKILL ...; CLD_EXITED ... for SIGCHLD. */
  code: number
  /** Who sent it; for SIGCHLD the child. */
  pid: number
  /** The sender's real user. */
  uid: number
  /** What sigqueue sent; for SIGCHLD the exit code or signal. */
  int: number
}

/**
 * Takes a blocked signal, waiting for it. Blocks the calling thread; a signalfd does not. An interrupting signal of another kind
 * does not end the wait, which goes on with the time that remains.
 *
 * @param set what to wait for, blocked beforehand with sigprocmask
 * @param timeout milliseconds, fractions allowed; 0 only looks; negative, null or left out waits for ever
 * @returns the signal, or `null` when the time is over
 * @throws ERR_UNKNOWN_SIGNAL, ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see man 2 sigtimedwait
 */
export function sigtimedwait(set: Iterable<Signal>, timeout?: number | null): SignalInfo | null {
  const info = new Int32Array(4)
  const result = native.sigtimedwait(asSignalSet(set), asMilliseconds(timeout), info)
  if (result === -constants.errno.EAGAIN) return null
  const signo = check(result, 'sigtimedwait')
  const [code = 0, pid = 0, uid = 0, int = 0] = info
  return { signo, code, pid, uid: uid >>> 0, int }
}

// Unlike poll's timeout, this one keeps its fraction.
function asMilliseconds(timeout: unknown): number {
  if (timeout === null || timeout === undefined || timeout === Infinity) return -1
  if (typeof timeout !== 'number') throw invalidArgType('timeout', 'of type number or null', timeout)
  if (Number.isNaN(timeout)) throw outOfRange('timeout', 'a number of milliseconds', timeout)
  return Math.min(timeout, Number.MAX_SAFE_INTEGER / 1e6)
}

/**
 * Sets what a signal does, to one of the two things that need no handler. A listener of `process.on` for it goes silent until it
 * is removed and added again, and the two signals that Node itself handles (SIGINT and SIGTERM, to restore the terminal) lose that.
 * A program started by child_process inherits SIG_IGN, as exec keeps it. SIGPIPE, which Node ignores, ends the process again with SIG_DFL, at the
 * next write (of this package or of Node's own streams) to a pipe or socket that nobody reads; send and its kin keep it from that.
 *
 * @param signum number or name; not SIGKILL or SIGSTOP
 * @param disposition SIG_DFL or SIG_IGN
 * @returns what it was: SIG_DFL, SIG_IGN, or `null` where a function handled it
 * @throws ErrnoError EINVAL; ERR_INVALID_ARG_VALUE, ERR_UNKNOWN_SIGNAL, ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see man 2 signal
 */
export function signal(signum: Signal, disposition: typeof SIG_DFL | typeof SIG_IGN): 0 | 1 | null {
  const number = asSignalNumber(signum, 1, 'signum')
  if (disposition !== SIG_DFL && disposition !== SIG_IGN) {
    throw invalidArgValue(
      'disposition',
      'must be SIG_DFL or SIG_IGN; a handler is added with process.on()',
      disposition,
    )
  }
  const before = check(native.signal(number, disposition), 'signal')
  return before === SIG_DFL || before === SIG_IGN ? before : null
}

/**
 * Chooses whether a handled signal breaks off the system calls that wait. Node's handlers let the kernel begin them again; without
 * that they come back with EINTR, which the functions here never show but other native code may. For the handler that is there
 * now: `process.on` for a first listener installs a new one.
 *
 * @param sig number or name
 * @param flag true: break off; false: begin again
 * @throws ErrnoError EINVAL; ERR_UNKNOWN_SIGNAL, ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see man 3 siginterrupt
 */
export function siginterrupt(sig: Signal, flag: boolean): void {
  const number = asSignalNumber(sig, 1, 'sig')
  if (typeof flag !== 'boolean') throw invalidArgType('flag', 'of type boolean', flag)
  check(native.siginterrupt(number, flag), 'siginterrupt')
}

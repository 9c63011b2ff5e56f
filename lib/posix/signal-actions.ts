// signal.h: what a signal does, signals to groups and threads, and waiting for one.
import { check, invalidArgType, invalidArgValue } from '../errors.js'
import { constant, native } from '../native.js'
import { asInteger } from './internal/arguments.js'
import { asWaitLimits, type AsyncOptions } from './internal/async-options.js'
import { asSignalNumber, asSignalSet, signalsOf, type Signal } from './internal/signal-set.js'
import { whenReady } from './event-loop/watch.js'
import { SIG_DFL, SIG_IGN, sigtimedwait, type SignalInfo } from './signal.js'
import { signalfd } from './sys-signalfd.js'
import { close } from './unistd.js'

/** SIGCHLD: not where a child is stopped. */
export const SA_NOCLDSTOP = constant('SA_NOCLDSTOP')
/** SIGCHLD: children leave nothing to wait for, child_process's neither. */
export const SA_NOCLDWAIT = constant('SA_NOCLDWAIT')
/** System calls that the handler interrupts are begun again. */
export const SA_RESTART = constant('SA_RESTART')
const CHANGEABLE = SA_NOCLDSTOP | SA_NOCLDWAIT | SA_RESTART

/** What a signal does. */
export interface SignalAction {
  /** SIG_DFL, SIG_IGN, or `null` for a function: Node's, which calls the listeners of `process.on`. */
  readonly handler: 0 | 1 | null
  /** SA_NOCLDSTOP, SA_NOCLDWAIT, SA_RESTART, and what else is set. */
  readonly flags: number
  /** What is blocked while the handler runs. */
  readonly mask: readonly number[]
}

/** What to change of it. */
export interface NewSignalAction {
  /** SIG_DFL or SIG_IGN; left out: the handler that there is stays. */
  readonly handler?: 0 | 1
  /** Which of SA_NOCLDSTOP, SA_NOCLDWAIT and SA_RESTART are to be set, the others not; left out: as they are. */
  readonly flags?: number
}

/**
 * Asks what a signal does, and changes it. A function of JavaScript's can be no handler, which runs in the middle of anything:
 * `process.on` has it called by the event loop.
 *
 * @param signum number or name; not SIGKILL or SIGSTOP
 * @param act what to change; left out or null: nothing
 * @returns what it did before
 * @throws ErrnoError EINVAL; ERR_INVALID_ARG_VALUE (a function, other flags), ERR_UNKNOWN_SIGNAL, ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see man 2 sigaction
 */
export function sigaction(signum: Signal, act?: NewSignalAction | null): SignalAction {
  const number = asSignalNumber(signum, 1, 'signum')
  const { handler, flags } = asAction(act ?? {})
  const [found, mask] = [new Int32Array(2), new BigUint64Array(1)]
  const keep = -1
  check(native.sigaction(number, handler ?? keep, flags ?? keep, CHANGEABLE, found, mask), 'sigaction')
  const [before = 0, had = 0] = found
  return { handler: before === SIG_DFL || before === SIG_IGN ? before : null, flags: had >>> 0, mask: signalsOf(mask) }
}

function asAction(act: unknown): NewSignalAction {
  if (typeof act !== 'object' || act === null) throw invalidArgType('act', 'of type object', act)
  const { handler, flags } = act as NewSignalAction
  if (handler !== undefined && handler !== SIG_DFL && handler !== SIG_IGN) {
    throw invalidArgValue('act.handler', 'must be SIG_DFL or SIG_IGN; a handler is added with process.on()', handler)
  }
  if (flags !== undefined && (asInteger('act.flags', flags, 0) & ~CHANGEABLE) !== 0) {
    throw invalidArgValue('act.flags', 'must be of SA_NOCLDSTOP, SA_NOCLDWAIT and SA_RESTART', flags)
  }
  return { ...(handler !== undefined && { handler }), ...(flags !== undefined && { flags }) }
}

/**
 * Sends a signal to a process group.
 * @param pgrp the group; 0: the caller's own
 * @param signal number or name; 0 only asks
 * @throws ErrnoError ESRCH, EPERM; ERR_UNKNOWN_SIGNAL, ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see man 3 killpg
 */
export function killpg(pgrp: number, signal: Signal | 0): void {
  const group = asInteger('pgrp', pgrp, 0)
  if (group === 1) throw invalidArgValue('pgrp', 'must not be 1, which kill takes as every process', pgrp)
  check(native.kill(group === 0 ? 0 : -group, asSignalNumber(signal, 0)), 'killpg')
}

/**
 * Sends a signal to one thread.
 * @param tgid its process
 * @param tid the thread, as gettid gives it
 * @param signal number or name; 0 only asks
 * @throws ErrnoError ESRCH, EPERM, EAGAIN; ERR_UNKNOWN_SIGNAL, ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see man 2 tgkill
 */
export function tgkill(tgid: number, tid: number, signal: Signal | 0): void {
  const [process, thread] = [asInteger('tgid', tgid, 1), asInteger('tid', tid, 1)]
  check(native.tgkill(process, thread, asSignalNumber(signal, 0)), 'tgkill')
}

/** What a signal means, in English: 15 gives 'Terminated'. @throws ERR_UNKNOWN_SIGNAL, ERR_OUT_OF_RANGE @see man 3 strsignal */
export function strsignal(signal: Signal): string {
  return native.strsignal(asSignalNumber(signal))
}

/**
 * Waits until a signal is handled, with the signals of `mask` and no others blocked for the time of the call. Blocks the calling thread; the
 * listeners of `process.on` are called after it. Block the signal before with sigprocmask, or one that comes earlier, or to another thread
 * of Node's, is missed.
 *
 * @param mask what is blocked meanwhile, by number or name
 * @throws ERR_UNKNOWN_SIGNAL, ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see man 2 sigsuspend
 */
export function sigsuspend(mask: Iterable<Signal>): void {
  check(native.sigsuspend(asSignalSet(mask, 'mask')), 'sigsuspend')
}

/**
 * As sigtimedwait, without a time limit.
 * @throws ERR_UNKNOWN_SIGNAL, ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see man 2 sigwaitinfo
 */
export function sigwaitinfo(set: Iterable<Signal>): SignalInfo {
  return sigtimedwait(set, null)!
}

/**
 * As sigwaitinfo, without blocking the event loop: by a signalfd. A wait keeps the process alive.
 *
 * @param set what to wait for, blocked beforehand with sigprocmask
 * @param options `signal`, `timeout`
 * @throws as a rejection, ErrnoError EMFILE; the signal's reason; a TimeoutError; ERR_UNKNOWN_SIGNAL, ERR_INVALID_ARG_TYPE
 * @see man 2 sigwaitinfo
 */
export async function sigwaitinfoAsync(set: Iterable<Signal>, options?: AsyncOptions): Promise<SignalInfo> {
  const signals = signalsOf(asSignalSet(set))
  const limits = asWaitLimits(options)
  const fd = signalfd(-1, signals)
  try {
    for (;;) {
      const taken = sigtimedwait(signals, 0)
      if (taken) return taken
      await whenReady(fd, constant('POLLIN'), { signal: limits })
    }
  } finally {
    close(fd)
  }
}

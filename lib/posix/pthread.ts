// pthread.h: POSIX threads whose start routines are native code. No JavaScript ever runs on them.
// A thread is a number that no other thread ever has: one that is gone is ESRCH, in a forked child too, where none of them lives.
import { constants } from 'node:os'
import { asAbortSignal } from './internal/abort-signal.js'
import { WAIT_OPTIONS } from './internal/async-options.js'
import { check, codedError, ErrnoError, invalidArgType, invalidArgValue } from '../errors.js'
import { constant, native as addon } from '../native.js'
import { asData, asInteger } from './internal/arguments.js'
import { NativeCode } from './native-code.js'
import { asAttributes, asCpuSet, cpusOf, emptyCpuSet, type PthreadAttributes } from './internal/pthread-attributes.js'
import { whenReady, type WaitOptions } from './event-loop/watch.js'
import { asSignalNumber, type Signal } from './internal/signal-set.js'

export type { PthreadAttributes }

/** Bytes of the smallest stack that a thread can have. */
export const PTHREAD_STACK_MIN = constant('PTHREAD_STACK_MIN')
/** What joining a cancelled thread gives. */
export const PTHREAD_CANCELED = constant('PTHREAD_CANCELED')

const POLLIN = constant('POLLIN')
const { EBUSY, ETIMEDOUT } = constants.errno

function asThread(value: unknown): number {
  return asInteger('thread', value, 1)
}

function routineNumber(routine: string | NativeCode): number {
  const { name, symbol } = typeof routine === 'string' ? { name: routine } : routine
  const found = symbol === undefined ? addon.routineFind(name) : addon.routineOpen(name, symbol)
  if (typeof found === 'string') throw codedError(Error, 'ERR_DLOPEN_FAILED', found)
  if (found >= 0) return found
  throw invalidArgValue('routine', "must be 'fibonacci', 'join', 'sleep' or native('./file.so', 'symbol')", name)
}

/**
 * Makes a thread, which begins with `routine(arg)`. It runs until the routine returns, and ends with the process; it does not keep the
 * process alive. As in C it takes over the calling thread's signal mask. Join it or detach it, or what it had stays taken.
 *
 * @param routine 'fibonacci' (of the number it is given, by the recursive function), 'join' (the thread it is given, whose result or negative
 *   errno it returns), 'sleep' (for so many milliseconds, which it returns), or `native('./file.so', 'symbol')`: a function
 *   `void *symbol(void *arg)`
 * @param arg a number, which is what `arg` is then (`(intptr_t)arg`; default 0); or bytes, a string as UTF-8: `arg` points to a copy from
 *   malloc(3) with a zero behind it, and the routine is to free(3) it, as in C
 * @returns the thread
 * @throws ErrnoError EAGAIN (no thread or memory to be had: RLIMIT_NPROC, threads-max, pids cgroup), EINVAL (a stack below PTHREAD_STACK_MIN or
 *   too small for its guard, no processor that the process may use), ENOMEM; ERR_DLOPEN_FAILED, ERR_INVALID_ARG_TYPE,
 *   ERR_INVALID_ARG_VALUE, ERR_OUT_OF_RANGE
 * @see man 3 pthread_create, man 3 pthread_attr_init
 */
export function pthread_create(
  routine: string | NativeCode,
  arg: number | string | ArrayBufferView | ArrayBuffer | null = 0,
  attr: PthreadAttributes = {},
): number {
  if (typeof routine !== 'string' && !(routine instanceof NativeCode)) {
    throw invalidArgType('routine', "of type string or what native('./file.so', 'symbol') gives", routine)
  }
  const { detached, stackSize, guardSize, cpus } = asAttributes(attr)
  const argument = asArgument(arg ?? 0)
  const start = routineNumber(routine)
  const thread = addon.pthread_create(start, ...argument, detached, stackSize, guardSize, cpus)
  return check(thread, 'pthread_create')
}

function asArgument(arg: unknown): [hasBytes: boolean, argument: number, bytes: Uint8Array | undefined] {
  if (typeof arg === 'number') {
    return [false, asInteger('arg', arg, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER), undefined]
  }
  return [true, 0, asData(arg, undefined, undefined, 'arg').view]
}

// A `void *` as the number that it is.
function asResult([value]: BigInt64Array): number | bigint {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value!
}

function join(thread: number): number | bigint {
  const result = new BigInt64Array(1)
  check(addon.pthread_join(thread, result), 'pthread_join')
  return asResult(result)
}

/**
 * Waits until a thread has ended, without blocking the event loop, and gives what its routine returned. The wait keeps the process alive.
 *
 * @param thread what pthread_create gave
 * @param options `signal` gives up when it is aborted; `timeout` in milliseconds (default: none). The thread is unharmed by both, and can be
 *   joined again
 * @returns the routine's `void *` as a number (beyond 2^53 a bigint); PTHREAD_CANCELED where it was cancelled
 * @throws as a rejection, ErrnoError ESRCH (no such thread, or joined before), EINVAL (detached, or another thread waits for it already, or not made by
 *   pthread_create), EDEADLK (the calling thread itself), ETIMEDOUT (the time is over), EMFILE; the signal's reason; ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see man 3 pthread_join
 */
export async function pthread_join(thread: number, options: WaitOptions = {}): Promise<number | bigint> {
  asAbortSignal(options, WAIT_OPTIONS)
  const end = check(addon.pthread_claim(asThread(thread), true), 'pthread_join')
  try {
    if ((await whenReady(end, POLLIN, options)) === 0) throw new ErrnoError(ETIMEDOUT, 'pthread_join')
  } catch (error) {
    addon.pthread_give_up(thread)
    throw error
  }
  return join(thread)
}

/**
 * As pthread_join, blocking the calling thread: on the main thread, everything that JavaScript does. Promise form: `pthread_join`.
 * @throws ErrnoError as pthread_join rejects; EDEADLK too where the thread waits for the calling one, itself or through others
 * @see man 3 pthread_join
 */
export function pthread_joinSync(thread: number): number | bigint {
  check(addon.pthread_claim(asThread(thread), false), 'pthread_join')
  return join(thread)
}

/**
 * Joins a thread if it has ended.
 * @returns what its routine returned, or `null` while it runs
 * @throws ErrnoError ESRCH, EINVAL, EDEADLK; ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see man 3 pthread_tryjoin_np
 */
export function pthread_tryjoin_np(thread: number): number | bigint | null {
  const result = new BigInt64Array(1)
  const error = addon.pthread_tryjoin_np(asThread(thread), result)
  if (error === -EBUSY) return null
  check(error, 'pthread_tryjoin_np')
  return asResult(result)
}

/**
 * Nobody will join the thread: at its end, what it had is given back.
 * @throws ErrnoError ESRCH (no such thread, or joined before), EINVAL (detached already, or another thread waits for it); ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see man 3 pthread_detach
 */
export function pthread_detach(thread: number): void {
  check(addon.pthread_detach(asThread(thread)), 'pthread_detach')
}

/**
 * The calling thread: the main one, or a Worker's. It can be named, bound to processors and signalled, but not joined.
 * @see man 3 pthread_self
 */
export function pthread_self(): number {
  return addon.pthread_self()
}

/**
 * Sends a signal to a thread. What the signal does, it does to the whole process: a handler (`process.on`) runs on the event loop as ever,
 * and the thread's waiting system call may be interrupted.
 * @param signal number or name; 0 only asks whether the thread runs
 * @throws ErrnoError ESRCH (it has ended), EINVAL (a signal that the C library keeps for itself); ERR_UNKNOWN_SIGNAL, ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see man 3 pthread_kill
 */
export function pthread_kill(thread: number, signal: Signal | 0): void {
  check(addon.pthread_kill(asThread(thread), asSignalNumber(signal, 0)), 'pthread_kill')
}

/**
 * Asks a thread to end at its next cancellation point (most system calls that wait). Joining it then gives PTHREAD_CANCELED. A thread of
 * the runtime's own must not be cancelled: ask for it only what pthread_create gave.
 * @throws ErrnoError ESRCH (it has ended), EPERM (not made by pthread_create); ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see man 3 pthread_cancel, man 7 pthreads
 */
export function pthread_cancel(thread: number): void {
  check(addon.pthread_cancel(asThread(thread)), 'pthread_cancel')
}

/**
 * Names a thread, as ps -L, top -H and debuggers show it.
 * @param name at most 15 bytes
 * @throws ErrnoError ERANGE (too long), ESRCH (it has ended); ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see man 3 pthread_setname_np
 */
export function pthread_setname_np(thread: number, name: string): void {
  if (typeof name !== 'string') throw invalidArgType('name', 'of type string', name)
  check(addon.pthread_setname_np(asThread(thread), name), 'pthread_setname_np')
}

/** A thread's name. @throws ErrnoError ESRCH @see man 3 pthread_getname_np */
export function pthread_getname_np(thread: number): string {
  const name = addon.pthread_getname_np(asThread(thread))
  if (typeof name === 'number') throw new ErrnoError(name, 'pthread_getname_np')
  return name
}

/**
 * Binds a thread to processors, by their numbers from 0.
 * @throws ErrnoError EINVAL (none of them is one that the process may use), ESRCH; ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see man 3 pthread_setaffinity_np
 */
export function pthread_setaffinity_np(thread: number, cpus: readonly number[]): void {
  check(addon.pthread_setaffinity_np(asThread(thread), asCpuSet('cpus', cpus)), 'pthread_setaffinity_np')
}

/** The processors that a thread may run on, ascending. @throws ErrnoError ESRCH @see man 3 pthread_getaffinity_np */
export function pthread_getaffinity_np(thread: number): number[] {
  const set = emptyCpuSet()
  check(addon.pthread_getaffinity_np(asThread(thread), set), 'pthread_getaffinity_np')
  return cpusOf(set)
}

/**
 * What a running thread was made with.
 * @throws ErrnoError ESRCH (it has ended), ENOMEM
 * @see man 3 pthread_getattr_np
 */
export function pthread_getattr_np(thread: number): Required<Omit<PthreadAttributes, 'cpus'>> {
  const sizes = new Float64Array(3)
  check(addon.pthread_getattr_np(asThread(thread), sizes), 'pthread_getattr_np')
  const [detached = 0, stackSize = 0, guardSize = 0] = sizes
  return { detached: detached === 1, stackSize, guardSize }
}

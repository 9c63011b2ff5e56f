// sched.h: how threads share the processors, and the namespaces that one thread can have for itself.
import { check, invalidArgValue } from '../errors.js'
import { constant, native } from '../native.js'
import { asFd, asInteger } from './internal/arguments.js'
import { asCpuSet, cpusOf, emptyCpuSet } from './internal/pthread-attributes.js'

export const SCHED_OTHER = constant('SCHED_OTHER')
export const SCHED_BATCH = constant('SCHED_BATCH')
export const SCHED_IDLE = constant('SCHED_IDLE')
export const SCHED_FIFO = constant('SCHED_FIFO')
export const SCHED_RR = constant('SCHED_RR')
export const CLONE_NEWCGROUP = constant('CLONE_NEWCGROUP')
export const CLONE_NEWIPC = constant('CLONE_NEWIPC')
export const CLONE_NEWNET = constant('CLONE_NEWNET')
export const CLONE_NEWUTS = constant('CLONE_NEWUTS')

const asPid = (pid: unknown): number => asInteger('pid', pid, 0)

/** Lets another thread that waits for this processor have it. @see man 2 sched_yield */
export function sched_yield(): void {
  check(native.sched_yield(), 'sched_yield')
}

/** The number of the processor that the calling thread runs on now. @see man 3 sched_getcpu */
export function sched_getcpu(): number {
  return check(native.sched_getcpu(), 'sched_getcpu')
}

/**
 * The policy of a thread.
 * @param pid a thread, as gettid gives it; 0: the calling one
 * @returns SCHED_OTHER, SCHED_BATCH, SCHED_IDLE, SCHED_FIFO or SCHED_RR
 * @throws ErrnoError ESRCH; ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see man 2 sched_getscheduler
 */
export function sched_getscheduler(pid: number): number {
  return check(native.sched_getscheduler(asPid(pid)), 'sched_getscheduler')
}

/**
 * Sets the policy of one thread, which those that it makes later and forked children have too. Node's other threads keep theirs.
 * @param pid a thread; 0: the calling one
 * @param policy SCHED_OTHER, SCHED_BATCH or SCHED_IDLE with priority 0; SCHED_FIFO or SCHED_RR with 1 to 99
 * @throws ErrnoError EINVAL, EPERM, ESRCH; ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see man 2 sched_setscheduler
 */
export function sched_setscheduler(pid: number, policy: number, priority = 0): void {
  const [to, how, level] = [asPid(pid), asInteger('policy', policy), asInteger('priority', priority)]
  check(native.sched_setscheduler(to, how, level), 'sched_setscheduler')
}

/**
 * The priority of a thread under SCHED_FIFO and SCHED_RR; 0 under the others.
 * @throws ErrnoError ESRCH; ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see man 2 sched_getparam
 */
export function sched_getparam(pid: number): number {
  return check(native.sched_getparam(asPid(pid)), 'sched_getparam')
}

/** The least priority that a policy has. @throws ErrnoError EINVAL @see man 2 sched_get_priority_min */
export function sched_get_priority_min(policy: number): number {
  return check(native.sched_get_priority_min(asInteger('policy', policy)), 'sched_get_priority_min')
}

/** The highest priority that a policy has. @throws ErrnoError EINVAL @see man 2 sched_get_priority_max */
export function sched_get_priority_max(policy: number): number {
  return check(native.sched_get_priority_max(asInteger('policy', policy)), 'sched_get_priority_max')
}

/**
 * Binds one thread to processors. Those that it makes later and forked children are bound too; Node's other threads are not.
 * @param pid a thread; 0: the calling one
 * @param cpus their numbers, from 0
 * @throws ErrnoError EINVAL (none that is there), EPERM, ESRCH; ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see man 2 sched_setaffinity
 */
export function sched_setaffinity(pid: number, cpus: readonly number[]): void {
  check(native.sched_setaffinity(asPid(pid), asCpuSet('cpus', cpus)), 'sched_setaffinity')
}

/**
 * The processors that a thread may run on, ascending.
 * @throws ErrnoError ESRCH; ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see man 2 sched_getaffinity
 */
export function sched_getaffinity(pid: number): number[] {
  const set = emptyCpuSet()
  check(native.sched_getaffinity(asPid(pid), set), 'sched_getaffinity')
  return cpusOf(set)
}

const OWN = CLONE_NEWCGROUP | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWUTS

/**
 * Gives the calling thread namespaces of its own: host name, network, System V and POSIX queues, cgroups' root. Node's other threads (name
 * look-ups are theirs) stay in those that they have; children and threads that this one makes get the new ones. Call it in a forked child
 * before all else. Of the other kinds a process of several threads can have none to itself (users, mounts), or could start no thread any
 * more (processes, time).
 *
 * @param flags CLONE_NEWUTS, CLONE_NEWNET, CLONE_NEWIPC, CLONE_NEWCGROUP
 * @throws ErrnoError EPERM (without CAP_SYS_ADMIN), ENOSPC, ENOMEM; ERR_INVALID_ARG_VALUE (other flags), ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see man 2 unshare
 */
export function unshare(flags: number): void {
  if ((asInteger('flags', flags) & ~OWN) !== 0) {
    throw invalidArgValue('flags', 'must be namespaces that one thread can have for itself', flags)
  }
  check(native.unshare_namespaces(flags), 'unshare')
}

/**
 * Puts the calling thread into a namespace of another process, of those kinds that unshare knows.
 *
 * @param fd what was opened of /proc/PID/ns/, borrowed
 * @param nstype the kind that it is to be: CLONE_NEWUTS, CLONE_NEWNET, CLONE_NEWIPC or CLONE_NEWCGROUP
 * @throws ErrnoError EBADF, EINVAL (another kind), EPERM; ERR_INVALID_ARG_VALUE, ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see man 2 setns
 */
export function setns(fd: number, nstype: number): void {
  const kind = asInteger('nstype', nstype)
  if (![CLONE_NEWCGROUP, CLONE_NEWIPC, CLONE_NEWNET, CLONE_NEWUTS].includes(kind)) {
    throw invalidArgValue('nstype', 'must be a namespace that one thread can have for itself', nstype)
  }
  check(native.setns(asFd(fd), kind), 'setns')
}

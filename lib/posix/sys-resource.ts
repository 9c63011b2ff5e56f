// sys/resource.h: limits of a process, and what it has used.
import { check, invalidArgType, outOfRange } from '../errors.js'
import { constant, native } from '../native.js'
import { asInteger } from './internal/arguments.js'
import { usageOf, type ResourceUsage } from './internal/resource-usage.js'

export const RLIMIT_AS = constant('RLIMIT_AS')
export const RLIMIT_CORE = constant('RLIMIT_CORE')
export const RLIMIT_CPU = constant('RLIMIT_CPU')
export const RLIMIT_DATA = constant('RLIMIT_DATA')
export const RLIMIT_FSIZE = constant('RLIMIT_FSIZE')
export const RLIMIT_MEMLOCK = constant('RLIMIT_MEMLOCK')
export const RLIMIT_MSGQUEUE = constant('RLIMIT_MSGQUEUE')
export const RLIMIT_NICE = constant('RLIMIT_NICE')
export const RLIMIT_NOFILE = constant('RLIMIT_NOFILE')
export const RLIMIT_NPROC = constant('RLIMIT_NPROC')
export const RLIMIT_RSS = constant('RLIMIT_RSS')
export const RLIMIT_RTPRIO = constant('RLIMIT_RTPRIO')
export const RLIMIT_RTTIME = constant('RLIMIT_RTTIME')
export const RLIMIT_SIGPENDING = constant('RLIMIT_SIGPENDING')
export const RLIMIT_STACK = constant('RLIMIT_STACK')
export const RUSAGE_SELF = constant('RUSAGE_SELF')
export const RUSAGE_CHILDREN = constant('RUSAGE_CHILDREN')
export const RUSAGE_THREAD = constant('RUSAGE_THREAD')
/** No limit. */
export const RLIM_INFINITY = Infinity

/** A limit, in the unit of its resource (bytes, seconds, a count); Infinity is none. */
export interface ResourceLimit {
  /** What the kernel enforces; the process may raise it up to `hard`. */
  readonly soft: number
  /** The ceiling; only root raises it. */
  readonly hard: number
}

const RLIM_INFINITY_BITS = 2n ** 64n - 1n

const toBits = (name: string, value: unknown): bigint => {
  if (value === Infinity) return RLIM_INFINITY_BITS
  return BigInt(asInteger(name, value, 0, Number.MAX_SAFE_INTEGER))
}
const fromBits = (bits: bigint): number => (bits === RLIM_INFINITY_BITS ? Infinity : Number(bits))

function prlimitBits(syscall: string, pid: number, resource: number, wanted: BigUint64Array): ResourceLimit {
  const old = new BigUint64Array(2)
  const target = asInteger('pid', pid, 0)
  check(native.prlimit(target, asInteger('resource', resource, 0, 0xff), wanted, old), syscall)
  return { soft: fromBits(old[0]!), hard: fromBits(old[1]!) }
}

function asLimit(limit: unknown): BigUint64Array {
  if (typeof limit !== 'object' || limit === null) throw invalidArgType('limit', 'of type object', limit)
  const { soft, hard } = limit as ResourceLimit
  const bits = BigUint64Array.of(toBits('limit.soft', soft), toBits('limit.hard', hard))
  if (bits[0]! > bits[1]!) throw outOfRange('limit.soft', `<= ${hard}`, soft)
  return bits
}

/**
 * A limit of this process.
 * @param resource RLIMIT_NOFILE, RLIMIT_AS ...
 * @throws ErrnoError EINVAL
 * @see man 2 getrlimit
 */
export function getrlimit(resource: number): ResourceLimit {
  return prlimitBits('getrlimit', 0, resource, new BigUint64Array(0))
}

/**
 * Sets a limit of this process; forked children and programs inherit it.
 * @throws ErrnoError EPERM (a higher hard limit), EINVAL; ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see man 2 setrlimit
 */
export function setrlimit(resource: number, limit: ResourceLimit): void {
  prlimitBits('setrlimit', 0, resource, asLimit(limit))
}

/**
 * Asks for, and with `limit` sets, a limit of another process.
 * @param pid 0: this one
 * @returns the limit before
 * @throws ErrnoError ESRCH, EPERM, EINVAL
 * @see man 2 prlimit
 */
export function prlimit(pid: number, resource: number, limit?: ResourceLimit): ResourceLimit {
  return prlimitBits('prlimit', pid, resource, limit === undefined ? new BigUint64Array(0) : asLimit(limit))
}

export type { ResourceUsage } from './internal/resource-usage.js'

/**
 * What a process has used so far.
 * @param who RUSAGE_SELF (default), RUSAGE_CHILDREN (ended and waited for), RUSAGE_THREAD (the calling thread)
 * @throws ErrnoError EINVAL
 * @see man 2 getrusage
 */
export function getrusage(who: number = RUSAGE_SELF): ResourceUsage {
  const fields = new Float64Array(9)
  check(native.getrusage(asInteger('who', who), fields), 'getrusage')
  return usageOf(fields)
}

export const PRIO_PROCESS = constant('PRIO_PROCESS')
export const PRIO_PGRP = constant('PRIO_PGRP')
export const PRIO_USER = constant('PRIO_USER')

/**
 * How much way a process, a group or a user's processes give: the highest of theirs.
 *
 * @param which PRIO_PROCESS, PRIO_PGRP or PRIO_USER
 * @param who its number; 0: the caller's (on Linux the calling thread's alone, for PRIO_PROCESS)
 * @returns -20 (gives least) to 19 (gives most)
 * @throws ErrnoError EINVAL, ESRCH; ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see man 2 getpriority
 */
export function getpriority(which: number, who: number): number {
  const priority = new Int32Array(1)
  check(native.getpriority(asInteger('which', which), asWho(who), priority), 'getpriority')
  return priority[0]!
}

/**
 * Sets how much way a process, a group or a user's processes give. Forked children inherit it.
 *
 * @param which PRIO_PROCESS, PRIO_PGRP or PRIO_USER
 * @param who its number; 0: the caller's (on Linux the calling thread's alone, for PRIO_PROCESS)
 * @param priority -20 (gives least) to 19 (gives most); what is beyond is taken as the nearest of these
 * @throws ErrnoError EACCES (less than it has, without the right), EINVAL, EPERM, ESRCH; ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see man 2 setpriority
 */
export function setpriority(which: number, who: number, priority: number): void {
  const [kind, of, value] = [asInteger('which', which), asWho(who), asInteger('priority', priority)]
  check(native.setpriority(kind, of, value), 'setpriority')
}

const asWho = (who: unknown): number => asInteger('who', who, 0, 0xffffffff)

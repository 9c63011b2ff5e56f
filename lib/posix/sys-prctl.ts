// sys/prctl.h: what a process tells the kernel about itself. Those operations whose one argument is a number.
import { check } from '../errors.js'
import { constant, native } from '../native.js'
import { asInteger } from './internal/arguments.js'

export const PR_SET_PDEATHSIG = constant('PR_SET_PDEATHSIG')
export const PR_SET_DUMPABLE = constant('PR_SET_DUMPABLE')
export const PR_GET_DUMPABLE = constant('PR_GET_DUMPABLE')
export const PR_SET_NO_NEW_PRIVS = constant('PR_SET_NO_NEW_PRIVS')
export const PR_GET_NO_NEW_PRIVS = constant('PR_GET_NO_NEW_PRIVS')

const UINT_MAX = 2 ** 32 - 1

/**
 * Tells the kernel, or asks it, something about the calling process.
 *
 * @param operation PR_SET_PDEATHSIG (the signal that this process gets when its parent ends; 0: none; a fork and a change of user take it
 *   back), PR_SET_NO_NEW_PRIVS (1, for good: no program that is executed gains rights), PR_SET_DUMPABLE, and the PR_GET_ of both
 * @returns what PR_GET_ asks for; otherwise 0
 * @throws ErrnoError EINVAL
 * @see man 2 prctl
 */
export function prctl(operation: number, argument = 0): number {
  return check(native.prctl(asInteger('operation', operation), asInteger('argument', argument, 0, UINT_MAX)), 'prctl')
}

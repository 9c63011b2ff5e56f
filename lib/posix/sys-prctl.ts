// sys/prctl.h: what a process tells the kernel about itself.
import { constants } from 'node:os'
import { check, ErrnoError, invalidArgType, invalidArgValue } from '../errors.js'
import { constant, native } from '../native.js'
import { asInteger, asPath } from './internal/arguments.js'

declare const givesName: unique symbol
/** The operation whose answer is a string. */
export type NameQuery = number & { readonly [givesName]: true }

export const PR_SET_PDEATHSIG = constant('PR_SET_PDEATHSIG')
export const PR_GET_PDEATHSIG = constant('PR_GET_PDEATHSIG')
export const PR_SET_DUMPABLE = constant('PR_SET_DUMPABLE')
export const PR_GET_DUMPABLE = constant('PR_GET_DUMPABLE')
export const PR_SET_NO_NEW_PRIVS = constant('PR_SET_NO_NEW_PRIVS')
export const PR_GET_NO_NEW_PRIVS = constant('PR_GET_NO_NEW_PRIVS')
export const PR_SET_NAME = constant('PR_SET_NAME')
export const PR_GET_NAME = constant('PR_GET_NAME') as NameQuery
export const PR_SET_CHILD_SUBREAPER = constant('PR_SET_CHILD_SUBREAPER')
export const PR_GET_CHILD_SUBREAPER = constant('PR_GET_CHILD_SUBREAPER')
export const PR_SET_KEEPCAPS = constant('PR_SET_KEEPCAPS')
export const PR_GET_KEEPCAPS = constant('PR_GET_KEEPCAPS')
export const PR_SET_TIMERSLACK = constant('PR_SET_TIMERSLACK')
export const PR_GET_TIMERSLACK = constant('PR_GET_TIMERSLACK')
export const PR_SET_THP_DISABLE = constant('PR_SET_THP_DISABLE')
export const PR_GET_THP_DISABLE = constant('PR_GET_THP_DISABLE')

const UINT_MAX = 2 ** 32 - 1
const NAME_MAX = 15

// What the kernel fills an int with, whose place is its argument.
const filling = new Set([PR_GET_PDEATHSIG, PR_GET_CHILD_SUBREAPER])
const numeric = new Set([
  ...[PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_GET_DUMPABLE, PR_SET_NO_NEW_PRIVS, PR_GET_NO_NEW_PRIVS],
  ...[PR_SET_CHILD_SUBREAPER, PR_SET_KEEPCAPS, PR_GET_KEEPCAPS, PR_SET_TIMERSLACK, PR_GET_TIMERSLACK],
  ...[PR_SET_THP_DISABLE, PR_GET_THP_DISABLE],
])

/**
 * Tells the kernel, or asks it, something about the calling process or thread. Other operations are refused: their arguments are addresses.
 *
 * @param operation of the process: PR_SET_PDEATHSIG (the signal that it gets when its parent ends; 0: none; a fork and a change of user take
 *   it back), PR_SET_CHILD_SUBREAPER (1: descendants whose parent ends are its children; not inherited by a fork), PR_SET_NO_NEW_PRIVS (1, for
 *   good: no program that is executed gains rights), PR_SET_DUMPABLE, PR_SET_THP_DISABLE. Of the calling thread: PR_SET_NAME (a string, up to
 *   15 bytes: what ps and top show; on the main thread of the process), PR_SET_TIMERSLACK (nanoseconds; 0: the default), PR_SET_KEEPCAPS. And
 *   the PR_GET_ of each
 * @param argument the value of PR_SET_ (default 0)
 * @returns what PR_GET_ asks for, a string for PR_GET_NAME; otherwise 0
 * @throws ErrnoError EINVAL (another operation too); ERR_INVALID_ARG_VALUE (a name that is too long), ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see man 2 prctl
 */
export function prctl(operation: NameQuery): string
export function prctl(operation: number, argument?: number | string): number
export function prctl(operation: number, argument: number | string = 0): number | string {
  const what = asInteger('operation', operation)
  if (what === PR_SET_NAME) return check(native.prctl_set_name(asName(argument)), 'prctl')
  if (what === (PR_GET_NAME as number)) return native.prctl_get_name()
  if (filling.has(what)) return asked(what)
  if (numeric.has(what)) return check(native.prctl(what, asInteger('argument', argument, 0, UINT_MAX)), 'prctl')
  throw new ErrnoError(constants.errno.EINVAL, 'prctl')
}

function asName(name: unknown): string {
  if (typeof name !== 'string') throw invalidArgType('argument', 'of type string', name)
  if (Buffer.byteLength(asPath(name, 'argument')) <= NAME_MAX) return name
  throw invalidArgValue('argument', 'must have 15 bytes at most', name)
}

function asked(operation: number): number {
  const answer = new Int32Array(1)
  check(native.prctl_ask(operation, answer), 'prctl')
  return answer[0]!
}

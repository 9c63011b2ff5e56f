// What a serving child is made to be before it serves: its limits, its umask, and the user it works as.
// See: man 2 setrlimit, umask, setgroups, setresgid, setresuid.
import { readFileSync } from 'node:fs'
import { codedError, ErrnoError, invalidArgType, invalidArgValue } from '../../errors.js'
import { forked } from '../../fork/forked.js'
import { asLimits, setLimits, type CheckedLimits, type Limits } from '../../fork/limits.js'
import { asInteger } from '../../posix/internal/arguments.js'
import { hasCapabilities, otherRights, setNoNewPrivileges } from '../../posix/internal/task-rights.js'
import { getgroups, getresgid, getresuid, setgroups, setresgid, setresuid, setuid } from '../../posix/unistd-ids.js'
import type { InheritOptions } from './inherit.js'
import { umask as setUmask } from '../../posix/sys-stat.js'

/** What a child becomes before it serves. */
export interface ChildOptions extends InheritOptions {
  /** The user that children work as: a number, or a name of /etc/passwd. Takes root. */
  user?: string | number
  /** Their group (default: the user's own of /etc/passwd): a number, or a name of /etc/group. Supplementary groups are dropped. */
  group?: string | number
  /** Resource limits of each child. */
  limits?: Limits
  /** Mode bits that files which children make do not get. */
  umask?: number
}

const ID_MAX = 0xfffffffe

function linesOf(file: string): string[][] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
}

function idOf(option: string, file: string, value: unknown): number {
  if (typeof value === 'number') return asInteger(option, value, 0, ID_MAX)
  if (typeof value !== 'string') throw invalidArgType(option, 'of type string or number', value)
  const entry = linesOf(file).find(([name]) => name === value)
  if (!entry) throw invalidArgValue(option, `must be a name of ${file} or a number`, value)
  return Number(entry[2])
}

function primaryGroup(user: number): number {
  const entry = linesOf('/etc/passwd').find(([, , uid]) => Number(uid) === user)
  if (!entry)
    throw invalidArgValue('options.group', 'must be given for a user that /etc/passwd does not have', undefined)
  return Number(entry[3])
}

/** The options, checked; what they ask for, done by `apply` in a child, for good. */
export class Privileges {
  readonly #limits: CheckedLimits
  readonly #umask: number | undefined
  readonly #user: number | undefined
  readonly #group: number | undefined

  /** @throws ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE, ERR_OUT_OF_RANGE */
  constructor({ user, group, limits, umask }: ChildOptions) {
    this.#limits = asLimits(limits)
    this.#umask = umask === undefined ? undefined : asInteger('options.umask', umask, 0, 0o777)
    this.#user = user === undefined ? undefined : idOf('options.user', '/etc/passwd', user)
    if (group !== undefined) this.#group = idOf('options.group', '/etc/group', group)
    else if (this.#user !== undefined) this.#group = primaryGroup(this.#user)
  }

  /** Whether there is anything to do. */
  get asked(): boolean {
    return this.#limits.length > 0 || this.#umask !== undefined || this.#group !== undefined
  }

  /**
   * In a child. Groups go first, for who is no longer root cannot drop them. What a process has that root forked already with less is found
   * to be so and left.
   * @throws ErrnoError EPERM, EINVAL; ERR_POSIX_ASYNC_PRIVILEGES where something is left of what was to be dropped, or can't be looked at
   */
  apply(): void {
    setLimits(this.#limits)
    if (this.#umask !== undefined) setUmask(this.#umask)
    if (this.#group === undefined) return
    if (!this.#isAlready(this.#group)) this.#becomeGroup(this.#group)
    if (this.#user !== undefined) this.#becomeUser(this.#user)
    const left = (this.#user && setNoNewPrivileges()) || otherRights()
    if (left) throw notDropped(this.#name, left)
  }

  get #name(): string {
    return this.#user === undefined ? `group ${this.#group}` : `user ${this.#user}`
  }

  // Forked by a process that has dropped its rights already, which may not ask for the same again.
  #isAlready(group: number): boolean {
    const users = this.#user === undefined ? [] : getresuid()
    return getgroups().length === 0 && getresgid().every((id) => id === group) && users.every((id) => id === this.#user)
  }

  #becomeGroup(group: number): void {
    setgroups([])
    setresgid(group, group, group)
    if (getgroups().length > 0 || getresgid().some((id) => id !== group)) throw notDropped(`group ${group}`)
  }

  // The way back must be closed.
  #becomeUser(user: number): void {
    setresuid(user, user, user)
    if (getresuid().some((id) => id !== user)) throw notDropped(this.#name)
    if (user === 0) return
    if (canBecomeRoot()) throw notDropped(this.#name)
    if (hasCapabilities()) throw notDropped(this.#name, 'capabilities are left to it')
  }
}

function canBecomeRoot(): boolean {
  try {
    setuid(0)
    return true
  } catch (error) {
    if (error instanceof ErrnoError) return false
    throw error
  }
}

function notDropped(what: string, why?: string): Error {
  const message = `the child could not become ${what} and nothing else${why ? `: ${why}` : ''}`
  return codedError(Error, 'ERR_POSIX_ASYNC_PRIVILEGES', message)
}

/** A child that does no more than take on what all are to. @throws (rejects) ERR_POSIX_ASYNC_WORKER where it can't: its `cause` says why */
export async function tryPrivileges(privileges: Privileges): Promise<void> {
  if (!privileges.asked) return
  try {
    await forked(() => privileges.apply())
  } catch (cause) {
    const message = `a child could not take on its user, group, limits and umask: ${(cause as Error).message}`
    throw Object.assign(codedError(Error, 'ERR_POSIX_ASYNC_WORKER', message), { cause })
  }
}

// What every thread of this process may do, as the kernel shows it: a change of user that one of them has missed is found here.
// See: man 7 credentials, man 7 capabilities, man 2 prctl for PR_SET_NO_NEW_PRIVS.
import { check, ErrnoError } from '../../errors.js'
import { native } from '../../native.js'

/** Whether this thread has any capability, in effect or at hand. @throws ErrnoError */
export const hasCapabilities = (): boolean => check(native.hasCapabilities(), 'capget') === 1

/**
 * From now on no program that this process executes gains rights, as one with the set-user-ID bit would: in every thread, for good.
 * Gives what kept it from that, in words.
 */
export function setNoNewPrivileges(): string | undefined {
  const result = native.setNoNewPrivileges()
  return result === 0
    ? undefined
    : `no_new_privs could not be set in each thread: ${new ErrnoError(result, 'prctl').message}`
}

/**
 * What keeps the process from being sure that every thread has the users, groups and capabilities of this one, in words; undefined where
 * every one has.
 */
export function otherRights(): string | undefined {
  const found = native.findTaskOfOtherRights()
  if (found === 0) return undefined
  if (found > 0) return `thread ${found} has others`
  return `/proc does not show those of each thread: ${new ErrnoError(found, 'open').message}`
}

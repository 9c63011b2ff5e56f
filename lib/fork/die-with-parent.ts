// A child that is of no use without its parent ends with it, whatever it is doing. See: man 2 prctl for PR_SET_PDEATHSIG.
import { constants } from 'node:os'
import { _exit } from '../posix/fork.js'
import { getppid } from '../posix/unistd-ids.js'
import { prctl, PR_SET_PDEATHSIG } from '../posix/sys-prctl.js'

/** Exit code of a child whose parent was gone already. */
const ORPHAN = 1

/**
 * In a child: the kernel kills it (SIGKILL) when its parent ends. A change of user takes the wish
 * back, so it is told again after one.
 * @param parent the parent's number, asked before the fork: where another has taken its place it was too late to wish
 */
export function dieWithParent(parent: number): void {
  prctl(PR_SET_PDEATHSIG, constants.signals.SIGKILL)
  if (getppid() !== parent) _exit(ORPHAN)
}

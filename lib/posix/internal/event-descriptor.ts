// Whether a descriptor is one of the kernel's own kinds of events: reading any other would give bytes that mean nothing.
import { readlinkSync } from 'node:fs'
import { constants } from 'node:os'
import { ErrnoError } from '../../errors.js'
import { asFd } from './arguments.js'

// Undefined for what is closed, which the call itself tells, and where there is no /proc.
function nameOf(fd: number): string | undefined {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`)
  } catch {
    return undefined
  }
}

const NAMES = {
  eventfd: 'anon_inode:[eventfd]',
  inotify: 'anon_inode:inotify',
  signalfd: 'anon_inode:[signalfd]',
  timerfd: 'anon_inode:[timerfd]',
}

/** @throws ErrnoError EINVAL where it is another kind of descriptor; ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE */
export function asEventDescriptor(fd: unknown, kind: keyof typeof NAMES, syscall: string): number {
  const number = asFd(fd)
  const name = nameOf(number)
  if (name !== undefined && name !== NAMES[kind]) throw new ErrnoError(constants.errno.EINVAL, syscall)
  return number
}

// unistd.h, grp.h: who the process is. Its numbers, session, users and groups; alarm.
// The set functions reach every thread of the process, as POSIX asks and as the bare system calls do not.
import { check } from '../errors.js'
import { native } from '../native.js'
import { asInteger, asList } from './internal/arguments.js'

const ID_MAX = 0xfffffffe

const asPid = (value: unknown, name = 'pid'): number => asInteger(name, value, 0)
const asId = (name: string, value: unknown): number => asInteger(name, value, 0, ID_MAX)
/** An id, or -1 to leave it as it is. */
const asIdOrKeep = (name: string, value: unknown): number => (value === -1 ? ID_MAX + 1 : asId(name, value))

/** The process's number, asked of the kernel: right in a forked child too. @see man 2 getpid */
export function getpid(): number {
  return native.getpid()
}

/** The parent's number; it changes when the parent dies. @see man 2 getppid */
export function getppid(): number {
  return native.getppid()
}

/** The calling thread's number: the process's own on the main thread, another in each Worker. @see man 2 gettid */
export function gettid(): number {
  return native.gettid()
}

/** The process group of the caller. @see man 2 getpgrp */
export function getpgrp(): number {
  return native.getpgrp()
}

/**
 * The process group of `pid` (0, the default: the caller).
 * @throws ErrnoError ESRCH
 * @see man 2 getpgid
 */
export function getpgid(pid = 0): number {
  return check(native.getpgid(asPid(pid)), 'getpgid')
}

/**
 * Puts `pid` (0: the caller) into the process group `group` (0: a new one of its own number).
 * @throws ErrnoError EACCES, EPERM, ESRCH
 * @see man 2 setpgid
 */
export function setpgid(pid: number, group: number): void {
  check(native.setpgid(asPid(pid), asPid(group, 'group')), 'setpgid')
}

/**
 * The session of `pid` (0, the default: the caller).
 * @throws ErrnoError ESRCH
 * @see man 2 getsid
 */
export function getsid(pid = 0): number {
  return check(native.getsid(asPid(pid)), 'getsid')
}

/**
 * Makes the caller the leader of a new session, without a terminal.
 * @returns the session's number
 * @throws ErrnoError EPERM where the caller leads a process group already
 * @see man 2 setsid
 */
export function setsid(): number {
  return check(native.setsid(), 'setsid')
}

/**
 * Has SIGALRM sent to the process after `seconds` (0 cancels). Without a handler (`process.on('SIGALRM', ...)`) it ends the process.
 * A forked child has no alarm.
 * @param seconds whole seconds, as in C
 * @returns seconds that were left of the alarm before, or 0
 * @see man 2 alarm
 */
export function alarm(seconds: number): number {
  return native.alarm(asInteger('seconds', seconds, 0, 0xffffffff))
}

/** The real user. @see man 2 getuid */
export function getuid(): number {
  return native.getuid()
}

/** The effective user, whose permissions the process has. @see man 2 geteuid */
export function geteuid(): number {
  return native.geteuid()
}

/** The real group. @see man 2 getgid */
export function getgid(): number {
  return native.getgid()
}

/** The effective group. @see man 2 getegid */
export function getegid(): number {
  return native.getegid()
}

/** The real, effective and saved user or group. */
export type Ids = [real: number, effective: number, saved: number]

/** All three users of the process. @see man 2 getresuid */
export function getresuid(): Ids {
  const ids = new Uint32Array(3)
  check(native.getresuid(ids), 'getresuid')
  return [ids[0]!, ids[1]!, ids[2]!]
}

/** All three groups of the process. @see man 2 getresgid */
export function getresgid(): Ids {
  const ids = new Uint32Array(3)
  check(native.getresgid(ids), 'getresgid')
  return [ids[0]!, ids[1]!, ids[2]!]
}

/** The supplementary groups. @see man 2 getgroups */
export function getgroups(): number[] {
  const groups = new Uint32Array(check(native.getgroups(new Uint32Array(0)), 'getgroups'))
  check(native.getgroups(groups), 'getgroups')
  return [...groups]
}

/**
 * Becomes the user `uid` in every thread; from root for good. Drop groups first: setgroups, setgid, then setuid.
 * @throws ErrnoError EPERM, EAGAIN
 * @see man 2 setuid
 */
export function setuid(uid: number): void {
  check(native.setuid(asId('uid', uid)), 'setuid')
}

/** Sets the effective user in every thread. @throws ErrnoError EPERM @see man 2 seteuid */
export function seteuid(uid: number): void {
  check(native.seteuid(asId('uid', uid)), 'seteuid')
}

/**
 * Sets real, effective and saved user in every thread; -1 leaves one as it is.
 * @throws ErrnoError EPERM, EAGAIN
 * @see man 2 setresuid
 */
export function setresuid(real: number, effective: number, saved: number): void {
  const ids = [asIdOrKeep('real', real), asIdOrKeep('effective', effective), asIdOrKeep('saved', saved)] as const
  check(native.setresuid(...ids), 'setresuid')
}

/** Sets the group in every thread, as setuid sets the user. @throws ErrnoError EPERM @see man 2 setgid */
export function setgid(gid: number): void {
  check(native.setgid(asId('gid', gid)), 'setgid')
}

/** Sets the effective group in every thread. @throws ErrnoError EPERM @see man 2 setegid */
export function setegid(gid: number): void {
  check(native.setegid(asId('gid', gid)), 'setegid')
}

/**
 * Sets real, effective and saved group in every thread; -1 leaves one as it is.
 * @throws ErrnoError EPERM
 * @see man 2 setresgid
 */
export function setresgid(real: number, effective: number, saved: number): void {
  const ids = [asIdOrKeep('real', real), asIdOrKeep('effective', effective), asIdOrKeep('saved', saved)] as const
  check(native.setresgid(...ids), 'setresgid')
}

/**
 * Sets the supplementary groups in every thread.
 * @param groups at most 65536 numbers; `[]` drops all
 * @throws ErrnoError EPERM, EINVAL (too many)
 * @see man 2 setgroups
 */
export function setgroups(groups: readonly number[]): void {
  check(native.setgroups(Uint32Array.from(asList('groups', groups, (gid, name) => asId(name, gid)))), 'setgroups')
}

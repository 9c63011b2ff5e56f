// How the master comes to know a worker that a mold has forked, without believing either: the worker speaks on its own channel, and the kernel says
// with each message which process has sent it (SCM_CREDENTIALS). Nobody but root can claim another's number, so that the worst a hostile mold can do
// is to present itself, or a process that plays along. See: man 7 unix.
import { randomBytes } from 'node:crypto'
import { codedError, ErrnoError } from '../../errors.js'
import { Child, isWaitedFor } from '../../fork/child.js'
import { notAReport } from '../../fork/not-a-report.js'
import { whenReady } from '../../posix/event-loop/watch.js'
import { _exit } from '../../posix/fork.js'
import { POLLIN } from '../../posix/poll.js'
import { recvmsg } from '../../posix/socket/socket-messages.js'
import { setsockopt, SO_PASSCRED, SOL_SOCKET } from '../../posix/socket/socket-options.js'
import { MSG_DONTWAIT, recv, send } from '../../posix/sys-socket.js'
import { pidfd_open } from '../../posix/sys-pidfd.js'
import { isChild } from '../../posix/event-loop/child-waits.js'
import { close } from '../../posix/unistd.js'

const HELLO = 'here'
const LONGEST = 64

/** In the worker: says that it is there, and says again what it is answered. */
export function introduce(control: number): void {
  const answer = Buffer.alloc(LONGEST)
  try {
    send(control, HELLO)
    const length = recv(control, answer)
    if (!length) _exit(0) // the master does not want it any more
    send(control, answer.subarray(0, length!))
  } catch (error) {
    if (error instanceof ErrnoError && error.code === 'EPIPE') _exit(0) // neither here
    throw error
  }
}

/** In the master, before the worker's end is given away. */
export function expectIntroduction(own: number): void {
  setsockopt(own, SOL_SOCKET, SO_PASSCRED, 1)
}

/**
 * In the master: the process that introduces itself on a worker's channel. It is asked for a number that it cannot have known once a descriptor
 * holds it, so that it is the same process from then on.
 *
 * @throws (rejects) ERR_POSIX_ASYNC_REPORT where it is no child of this process, or one that has its place already; ERR_POSIX_ASYNC_WORKER where
 *   it ended before; the signal's reason
 */
export async function introduced(own: number, signal: AbortSignal): Promise<Child> {
  const pid = await senderOf(HELLO, own, signal)
  const pidfd = openNewChild(pid)
  try {
    const question = randomBytes(16).toString('hex')
    send(own, question, MSG_DONTWAIT)
    if ((await senderOf(question, own, signal)) !== pid) throw notAReport('the answer of another process')
    return new Child(pid, pidfd)
  } catch (error) {
    close(pidfd)
    throw error
  }
}

async function senderOf(text: string, own: number, signal: AbortSignal): Promise<number> {
  const buffer = Buffer.alloc(LONGEST)
  await whenReady(own, POLLIN, { signal })
  const message = recvmsg(own, buffer, MSG_DONTWAIT)
  const { bytes = 0, fds = [], credentials = null } = message ?? {}
  for (const fd of fds) close(fd)
  if (bytes === 0) throw codedError(Error, 'ERR_POSIX_ASYNC_WORKER', 'a worker ended before it had introduced itself')
  if (fds.length > 0 || !credentials || buffer.toString('latin1', 0, bytes) !== text)
    throw notAReport('no introduction')
  return credentials.pid
}

function openNewChild(pid: number): number {
  if (pid <= 0 || isWaitedFor(pid)) throw notAReport('the introduction of a process that is known')
  const pidfd = openProcess(pid)
  if (isChild(pidfd)) return pidfd
  close(pidfd)
  throw notAReport('the introduction of a process that is no child')
}

function openProcess(pid: number): number {
  try {
    return pidfd_open(pid)
  } catch (error) {
    if (error instanceof ErrnoError && error.code === 'ESRCH') throw notAReport('the introduction of no process')
    throw error
  }
}

// unistd.h: daemon, composed of fork, setsid and dup2 as glibc composes it.
import { close, dup2 } from './unistd.js'
import { _exit, fork } from './fork.js'
import { open, O_RDWR } from './fcntl.js'
import { setsid } from './unistd-ids.js'

/**
 * Goes on in the background: forks, ends the parent with `_exit(0)`, and makes the child, where this returns, the leader of a
 * session without a terminal. What the event loop had (servers, timers) goes on in the child. Main thread only.
 *
 * What the parent has not yet written out (a pipe's or socket's stream with data in its queue) is the child's to write: end or
 * drain such streams before.
 *
 * @param nochdir false (default) changes to `/`
 * @param noclose false (default) turns standard input, output and error into `/dev/null`
 * @throws ErrnoError EAGAIN, ENOMEM; ENOTSUP in a Worker
 * @see man 3 daemon
 */
export function daemon(nochdir = false, noclose = false): void {
  if (fork({ handles: 'keep' }) > 0) _exit(0)
  setsid()
  if (!nochdir) process.chdir('/')
  if (noclose) return
  const nothing = open('/dev/null', O_RDWR)
  for (const fd of [0, 1, 2]) dup2(nothing, fd)
  if (nothing > 2) close(nothing)
}

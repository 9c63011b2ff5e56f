// pty.h, utmp.h: pseudo terminals, and a child that has one as its own.
import { check } from '../errors.js'
import { native } from '../native.js'
import { asFd } from './internal/arguments.js'
import { _exit, fork, type ForkOptions } from './fork.js'
import { ioctl, TIOCSCTTY, TIOCSWINSZ, type Winsize } from './sys-ioctl.js'
import { tcsetattr, TCSANOW, type Termios } from './termios.js'
import { close, dup2 } from './unistd.js'
import { setsid } from './unistd-ids.js'

/** What a pseudo terminal begins with. */
export interface PtyOptions {
  readonly termios?: Termios
  readonly winsize?: Winsize
}

/** Both sides of a pseudo terminal: the caller's own, close-on-exec. */
export interface Pty {
  /** What reads what is written to the terminal, and types for it. */
  readonly master: number
  /** The terminal, which a program has as its standard input and output. */
  readonly slave: number
}

/**
 * Opens a pseudo terminal. It becomes nobody's controlling terminal; its name is `ptsname(master)`.
 *
 * @param options `termios` and `winsize` to begin with (default: the kernel's, and 0 by 0)
 * @throws ErrnoError EMFILE, ENFILE, ENOENT (no /dev/ptmx), ENOSPC (too many); ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see man 3 openpty
 */
export function openpty(options: PtyOptions = {}): Pty {
  const pair = new Int32Array(2)
  check(native.openpty(pair), 'openpty')
  const [master = 0, slave = 0] = pair
  try {
    if (options?.termios !== undefined) tcsetattr(slave, TCSANOW, options.termios)
    if (options?.winsize !== undefined) ioctl(slave, TIOCSWINSZ, options.winsize)
    return { master, slave }
  } catch (error) {
    close(master)
    close(slave)
    throw error
  }
}

/**
 * Makes a terminal the calling process's own: a new session with it as its controlling terminal, and as descriptors 0, 1 and 2. For a
 * forked child.
 *
 * @param fd the terminal, which is closed
 * @throws ErrnoError EPERM (the caller leads a process group), ENOTTY, EBADF; ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see man 3 login_tty
 */
export function login_tty(fd: number): void {
  asFd(fd)
  setsid()
  ioctl(fd, TIOCSCTTY, 0)
  for (const standard of [0, 1, 2]) dup2(fd, standard)
  if (fd > 2) close(fd)
}

/** What forkpty gives. */
export interface Forkpty {
  /** The child; 0 in the child. */
  readonly pid: number
  /** The master, the parent's own; -1 in the child. */
  readonly master: number
}

/**
 * Forks a child that has a new pseudo terminal as its controlling terminal and as its descriptors 0, 1 and 2. Main thread only, as fork.
 *
 * @param options `termios` and `winsize`
 * @param forkOptions as for fork
 * @throws ErrnoError EAGAIN, EMFILE, ENOMEM and what openpty throws; what fork throws
 * @see man 3 forkpty
 */
export function forkpty(options?: PtyOptions, forkOptions?: ForkOptions): Forkpty {
  const { master, slave } = openpty(options)
  const pid = forkOr(forkOptions, () => [master, slave].forEach(close))
  if (pid > 0) {
    close(slave)
    return { pid, master }
  }
  close(master)
  try {
    login_tty(slave)
  } catch {
    _exit(1) // as C's: nobody is left to be told
  }
  return { pid: 0, master: -1 }
}

function forkOr(options: ForkOptions | undefined, failed: () => void): number {
  try {
    return fork(options)
  } catch (error) {
    failed()
    throw error
  }
}

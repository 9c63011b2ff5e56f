// unistd.h: exec. Another program takes this process's place, with its number, its descriptors that are not close-on-exec, and its parent.
import { check } from '../errors.js'
import { native, type PathName } from '../native.js'
import { asFd, asPathName, shownPath } from './internal/arguments.js'
import { asArguments, asEnvironment, type Environment } from './internal/program.js'

/**
 * Executes a program in the place of this one. Threads, Workers, 'exit' listeners, data that streams have queued: nothing of it is left, and
 * nothing runs. Descriptors are close-on-exec here: what the program is to have is put under its number by `dup2` (0, 1 and 2 are kept) or
 * kept by `fcntl(fd, F_SETFD, 0)`. Signals that this thread blocks stay blocked, those that are ignored stay so (but SIGPIPE, which Node
 * ignores, does as by default again), and handlers are gone. In a forked child it ends that child's copy only.
 *
 * @param path the program, or a script that begins with #!
 * @param argv its arguments, the first of which is its own name
 * @param envp its environment (default: `process.env` as it is now)
 * @returns never
 * @throws ErrnoError E2BIG, EACCES, ENOENT, ENOEXEC, ENOTDIR, ETXTBSY ... with `path`, where this process goes on; ERR_INVALID_ARG_TYPE,
 *   ERR_INVALID_ARG_VALUE
 * @see man 2 execve
 */
export function execve(path: PathName, argv: readonly PathName[], envp?: Environment): never {
  return execute('execve', path, false, argv, envp)
}

/** As execve, with this process's environment. @see man 3 execv */
export function execv(path: PathName, argv: readonly PathName[]): never {
  return execute('execv', path, false, argv, undefined)
}

/** As execv; a `file` without a slash is looked for in the folders of PATH. @see man 3 execvp */
export function execvp(file: PathName, argv: readonly PathName[]): never {
  return execute('execvp', file, true, argv, undefined)
}

/** As execve; a `file` without a slash is looked for in the folders of this process's PATH. @see man 3 execvpe */
export function execvpe(file: PathName, argv: readonly PathName[], envp?: Environment): never {
  return execute('execvpe', file, true, argv, envp)
}

/**
 * As execve, for the program that is open as `fd`. A script cannot be executed so where `fd` is close-on-exec.
 * @throws ErrnoError EBADF, EACCES, ENOEXEC, ENOENT (a script) ...; ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE, ERR_OUT_OF_RANGE
 * @see man 3 fexecve
 */
export function fexecve(fd: number, argv: readonly PathName[], envp?: Environment): never {
  const [file, list, environment] = [asFd(fd), asArguments(argv), asEnvironment(envp)]
  return check(native.fexecve(file, list, environment), 'fexecve') as never
}

function execute(syscall: string, path: PathName, searches: boolean, argv: unknown, envp: unknown): never {
  const [file, list, environment] = [asPathName(path), asArguments(argv), asEnvironment(envp)]
  return check(native.execve(file, searches, list, environment), syscall, { path: shownPath(file) }) as never
}

// Which descriptors of the server's process its children have: the option `inherit`, checked. All others stay where they are.
// See: man 2 close_range, man 2 fcntl.
import { invalidArgType } from '../../errors.js'
import { F_GETFD, fcntl } from '../../posix/fcntl.js'
import { asFd } from '../../posix/internal/arguments.js'

export interface InheritOptions {
  /**
   * Descriptors of this process that a handler uses in the children, such as that of a file that was opened before (default: none). Beside
   * them, standard input, output and error, and what it serves with, a child has no descriptor of this process: what uses another fails
   * with EBADF.
   */
  inherit?: readonly number[]
}

/** @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE; ErrnoError EBADF: one is not open */
export function asInherit(inherit: unknown = []): readonly number[] {
  if (!Array.isArray(inherit)) throw invalidArgType('options.inherit', 'an instance of Array', inherit)
  const fds = inherit.map((fd: unknown, at) => asFd(fd, `options.inherit[${at}]`))
  for (const fd of fds) fcntl(fd, F_GETFD)
  return fds
}

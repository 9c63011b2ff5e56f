// sys/ioctl.h: those requests that are no function of their own. Any other is refused: what its argument points at is known to its driver only.
import { check, invalidArgType, invalidArgValue } from '../errors.js'
import { constant, native } from '../native.js'
import { asFd, asInteger } from './internal/arguments.js'

/** How many bytes can be read at once: an int. */
export const FIONREAD = constant('FIONREAD')
/** How many bytes a terminal, or a socket (SIOCOUTQ), has not sent yet: an int. */
export const TIOCOUTQ = constant('TIOCOUTQ')
/** The size of a terminal's window. */
export const TIOCGWINSZ = constant('TIOCGWINSZ')
/** Sets the size of a terminal's window; its foreground programs hear SIGWINCH. */
export const TIOCSWINSZ = constant('TIOCSWINSZ')
/** Makes a terminal the controlling one of this session's leader; the argument 1 lets root take it from another session. */
export const TIOCSCTTY = constant('TIOCSCTTY')
/** Gives the controlling terminal up. */
export const TIOCNOTTY = constant('TIOCNOTTY')
/** The file shares the blocks of another, whose descriptor is the argument, until one of them is written. */
export const FICLONE = constant('FICLONE')

/** C's struct winsize. */
export interface Winsize {
  readonly row: number
  readonly col: number
  /** Pixels; 0 where nobody has said. */
  readonly xpixel?: number
  readonly ypixel?: number
}

/**
 * Asks a device, a socket or a file for something that has no function of its own.
 *
 * @param fd an open descriptor, borrowed
 * @param request FIONREAD, TIOCOUTQ, TIOCGWINSZ, TIOCSWINSZ, TIOCSCTTY, TIOCNOTTY or FICLONE
 * @param argument a window's size for TIOCSWINSZ; a number for TIOCSCTTY (default 0) and FICLONE (a descriptor)
 * @returns a number for FIONREAD and TIOCOUTQ, a size for TIOCGWINSZ, and 0 for all others
 * @throws ErrnoError EBADF, ENOTTY (not that kind of descriptor), EPERM, EINVAL, EXDEV, ENOTSUP, EIO (a terminal that was hung up);
 *   ERR_INVALID_ARG_VALUE (another request), ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see man 2 ioctl, man 2 ioctl_tty, man 2 ioctl_ficlone
 */
export function ioctl(fd: number, request: number, argument?: number | Winsize): number | Required<Winsize> {
  asFd(fd)
  switch (asInteger('request', request, 0, 0xffffffff)) {
    case FIONREAD:
    case TIOCOUTQ:
      return askForInt(fd, request)
    case TIOCGWINSZ:
      return askForSize(fd)
    case TIOCSWINSZ:
      return check(native.ioctl_memory(fd, request, asSize(argument)), 'ioctl')
    case TIOCSCTTY:
    case TIOCNOTTY:
    case FICLONE:
      return check(native.ioctl(fd, request, asInteger('argument', argument ?? 0)), 'ioctl')
    default:
      throw invalidArgValue('request', 'must be one of those that this function knows', request)
  }
}

function askForInt(fd: number, request: number): number {
  const answer = new Int32Array(2) // with room for a window's size, which the addon asks for
  check(native.ioctl_memory(fd, request, answer), 'ioctl')
  return answer[0]!
}

function askForSize(fd: number): Required<Winsize> {
  const answer = new Uint16Array(4)
  check(native.ioctl_memory(fd, TIOCGWINSZ, answer), 'ioctl')
  const [row = 0, col = 0, xpixel = 0, ypixel = 0] = answer
  return { row, col, xpixel, ypixel }
}

function asSize(size: unknown): Uint16Array {
  if (typeof size !== 'object' || size === null) throw invalidArgType('argument', 'of type object', size)
  const { row, col, xpixel = 0, ypixel = 0 } = size as Winsize
  const fields = Object.entries({ row, col, xpixel, ypixel })
  return Uint16Array.from(fields, ([name, value]) => asInteger(`argument.${name}`, value, 0, 0xffff))
}

// termios.h: how a terminal treats what is typed and written, and which group of processes it belongs to.
import { check, ErrnoError, invalidArgType } from '../errors.js'
import { constants } from 'node:os'
import { constant, native } from '../native.js'
import { asFd, asInteger, asSpan, bytesOf } from './internal/arguments.js'

export const BRKINT = constant('BRKINT')
export const CREAD = constant('CREAD')
export const CS8 = constant('CS8')
export const CSIZE = constant('CSIZE')
export const ECHO = constant('ECHO')
export const ECHOE = constant('ECHOE')
export const ECHOK = constant('ECHOK')
export const ECHONL = constant('ECHONL')
export const ICANON = constant('ICANON')
export const ICRNL = constant('ICRNL')
export const IEXTEN = constant('IEXTEN')
export const IGNBRK = constant('IGNBRK')
export const IGNCR = constant('IGNCR')
export const INLCR = constant('INLCR')
export const INPCK = constant('INPCK')
export const ISIG = constant('ISIG')
export const ISTRIP = constant('ISTRIP')
export const IXOFF = constant('IXOFF')
export const IXON = constant('IXON')
export const NCCS = constant('NCCS')
export const NOFLSH = constant('NOFLSH')
export const ONLCR = constant('ONLCR')
export const OPOST = constant('OPOST')
export const PARENB = constant('PARENB')
export const TCIFLUSH = constant('TCIFLUSH')
export const TCIOFF = constant('TCIOFF')
export const TCIOFLUSH = constant('TCIOFLUSH')
export const TCION = constant('TCION')
export const TCOFLUSH = constant('TCOFLUSH')
export const TCOOFF = constant('TCOOFF')
export const TCOON = constant('TCOON')
export const TCSADRAIN = constant('TCSADRAIN')
export const TCSAFLUSH = constant('TCSAFLUSH')
export const TCSANOW = constant('TCSANOW')
export const TOSTOP = constant('TOSTOP')
export const VEOF = constant('VEOF')
export const VERASE = constant('VERASE')
export const VINTR = constant('VINTR')
export const VKILL = constant('VKILL')
export const VMIN = constant('VMIN')
export const VQUIT = constant('VQUIT')
export const VSTART = constant('VSTART')
export const VSTOP = constant('VSTOP')
export const VSUSP = constant('VSUSP')
export const VTIME = constant('VTIME')

const UINT_MAX = 0xffffffff

/** C's struct termios. The flags are bits of the constants above. */
export interface Termios {
  /** BRKINT, ICRNL, IXON ... */
  readonly iflag: number
  /** OPOST, ONLCR ... */
  readonly oflag: number
  /** CSIZE, CREAD, PARENB ... */
  readonly cflag: number
  /** ECHO, ICANON, ISIG ... */
  readonly lflag: number
  /** The control characters: cc[VMIN], cc[VINTR] ... */
  readonly cc: Uint8Array
  /** The C library's codes of the speeds: to be given back as they are. */
  readonly ispeed: number
  readonly ospeed: number
}

const toTermios = ([iflag, oflag, cflag, lflag, ispeed, ospeed]: Uint32Array, cc: Uint8Array): Termios => ({
  ...{ iflag: iflag!, oflag: oflag!, cflag: cflag!, lflag: lflag!, cc, ispeed: ispeed!, ospeed: ospeed! },
})

function fromTermios(termios: unknown): [Uint32Array, Uint8Array] {
  if (typeof termios !== 'object' || termios === null) throw invalidArgType('termios', 'of type object', termios)
  const { iflag, oflag, cflag, lflag, cc, ispeed, ospeed } = termios as Termios
  const fields = Object.entries({ iflag, oflag, cflag, lflag, ispeed, ospeed })
  const flags = Uint32Array.from(fields, ([name, value]) => asInteger(`termios.${name}`, value, 0, UINT_MAX))
  const bytes = bytesOf(asSpan(cc, 0, undefined, 'termios.cc'))
  asInteger('termios.cc.length', bytes.length, NCCS, NCCS)
  return [flags, bytes.slice()]
}

/**
 * How a terminal is set.
 * @param fd a terminal, borrowed
 * @throws ErrnoError EBADF, ENOTTY, EIO (hung up); ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see man 3 tcgetattr
 */
export function tcgetattr(fd: number): Termios {
  const [flags, cc] = [new Uint32Array(6), new Uint8Array(NCCS)]
  check(native.tcgetattr(asFd(fd), flags, cc), 'tcgetattr')
  return toTermios(flags, cc)
}

/**
 * Sets a terminal, which belongs to all processes that have it open: what is changed is to be set back. Blocks the calling thread while there
 * is output that was not sent, with TCSADRAIN and TCSAFLUSH. In a background process it raises SIGTTOU.
 *
 * @param fd a terminal, borrowed
 * @param actions TCSANOW, TCSADRAIN (when all output is sent) or TCSAFLUSH (then, and input that was not read is dropped)
 * @param termios what tcgetattr gave, with other values; the kernel takes what of it the terminal can do
 * @throws ErrnoError EBADF, ENOTTY, EINVAL, EIO; ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see man 3 tcsetattr
 */
export function tcsetattr(fd: number, actions: number, termios: Termios): void {
  const [flags, cc] = fromTermios(termios)
  check(native.tcsetattr(asFd(fd), asInteger('actions', actions), flags, cc), 'tcsetattr')
}

/**
 * The same with everything off that a terminal does to bytes: no echo, no lines, no signals, no line ends.
 * @returns another one; `termios` stays as it is
 * @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see man 3 cfmakeraw
 */
export function cfmakeraw(termios: Termios): Termios {
  const [flags, cc] = fromTermios(termios)
  native.cfmakeraw(flags, cc)
  return toTermios(flags, cc)
}

/**
 * Waits until all that was written to a terminal is sent. Blocks the calling thread: for ever, where nobody reads a pseudo terminal.
 * @throws ErrnoError EBADF, ENOTTY, EIO; ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see man 3 tcdrain
 */
export function tcdrain(fd: number): void {
  check(native.tcdrain(asFd(fd)), 'tcdrain')
}

/**
 * Drops what was received and not read, or written and not sent.
 * @param queue TCIFLUSH, TCOFLUSH or TCIOFLUSH
 * @throws ErrnoError EBADF, ENOTTY, EINVAL, EIO; ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see man 3 tcflush
 */
export function tcflush(fd: number, queue: number): void {
  check(native.tcflush(asFd(fd), asInteger('queue', queue)), 'tcflush')
}

/**
 * Stops output, or the other side's, and lets it go on.
 * @param action TCOOFF, TCOON, TCIOFF or TCION
 * @throws ErrnoError EBADF, ENOTTY, EINVAL, EIO; ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see man 3 tcflow
 */
export function tcflow(fd: number, action: number): void {
  check(native.tcflow(asFd(fd), asInteger('action', action)), 'tcflow')
}

/**
 * Sends a break. Blocks the calling thread for a quarter of a second and more, on a serial line.
 * @param duration 0 (default): as long as it is usual
 * @throws ErrnoError EBADF, ENOTTY, EIO; ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see man 3 tcsendbreak
 */
export function tcsendbreak(fd: number, duration = 0): void {
  check(native.tcsendbreak(asFd(fd), asInteger('duration', duration, 0)), 'tcsendbreak')
}

/**
 * The process group in the foreground of the controlling terminal.
 * @throws ErrnoError EBADF, ENOTTY (also: not this session's); ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see man 3 tcgetpgrp
 */
export function tcgetpgrp(fd: number): number {
  return check(native.tcgetpgrp(asFd(fd)), 'tcgetpgrp')
}

/**
 * Brings a process group of this session to the foreground of its terminal. In a background process it raises SIGTTOU.
 * @throws ErrnoError EBADF, ENOTTY, EINVAL, EPERM; ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see man 3 tcsetpgrp
 */
export function tcsetpgrp(fd: number, pgrp: number): void {
  check(native.tcsetpgrp(asFd(fd), asInteger('pgrp', pgrp, 1)), 'tcsetpgrp')
}

/**
 * The name of the other side of a pseudo terminal.
 * @param fd the master, borrowed
 * @throws ErrnoError ENOTTY (no master, or closed); ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see man 3 ptsname
 */
export function ptsname(fd: number): string {
  const name = native.ptsname(asFd(fd))
  if (name === '') throw new ErrnoError(constants.errno.ENOTTY, 'ptsname')
  return name
}

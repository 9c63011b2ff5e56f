// sys/signalfd.h: signals behind a descriptor, instead of a handler.
import { check, checkOrNull } from '../errors.js'
import { constant, native } from '../native.js'
import { asInteger } from './internal/arguments.js'
import { asEventDescriptor } from './internal/event-descriptor.js'
import { asSignalSet, type Signal } from './internal/signal-set.js'

export const SFD_CLOEXEC = constant('SFD_CLOEXEC')
export const SFD_NONBLOCK = constant('SFD_NONBLOCK')

const INFO_BYTES = 128

/** One signal that was sent: C's signalfd_siginfo without its ssi_. Which fields mean something depends on `code`. */
export interface SignalfdSiginfo {
  signo: number
  errno: number
  /** SI_USER, SI_QUEUE ...; CLD_EXITED ... for SIGCHLD. */
  code: number
  pid: number
  uid: number
  fd: number
  tid: number
  band: number
  overrun: number
  trapno: number
  /** The exit code or signal of the child, for SIGCHLD. */
  status: number
  /** What sigqueue sent. */
  int: number
  ptr: bigint
  utime: bigint
  stime: bigint
  addr: bigint
}

/**
 * Makes a descriptor that takes signals, or gives one another mask. As in C it takes only signals that are blocked, in every thread:
 * call `sigprocmask(SIG_BLOCK, mask)` first, which sees to all of Node's threads, or the signal does what it does by default.
 * SIGKILL and SIGSTOP in the mask count for nothing. It takes signals sent to the process, and to the thread that reads.
 * The descriptor is close-on-exec whether or not `flags` says so.
 *
 * @param fd -1 for a new descriptor, or a signalfd
 * @param mask the signals to take, by number or name
 * @param flags SFD_NONBLOCK (default 0)
 * @returns the descriptor, which the caller owns; `fd` where it was not -1
 * @throws ErrnoError EBADF, EINVAL (not a signalfd, a flag), EMFILE, ENFILE, ENODEV, ENOMEM; ERR_UNKNOWN_SIGNAL,
 *   ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see man 2 signalfd
 */
export function signalfd(fd: number, mask: Iterable<Signal>, flags = 0): number {
  const signals = asSignalSet(mask, 'mask')
  const how = asInteger('flags', flags) | SFD_CLOEXEC
  return check(native.signalfd(asInteger('fd', fd, -1), signals, how), 'signalfd')
}

/**
 * Takes signals that wait: C's read(2), decoded. Blocks the calling thread until there is one, unless the descriptor is
 * SFD_NONBLOCK.
 *
 * @param fd a signalfd, borrowed
 * @param max at most so many (default 16)
 * @returns at least one; `null` if it would block
 * @throws ErrnoError EBADF, EINVAL (not a signalfd); ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see man 2 signalfd
 */
export function signalfd_read(fd: number, max = 16): SignalfdSiginfo[] | null {
  const room = new DataView(new ArrayBuffer(asInteger('max', max, 1, 0xffff) * INFO_BYTES))
  const bytes = checkOrNull(native.read(asEventDescriptor(fd, 'signalfd', 'read'), room, 0, room.byteLength), 'read')
  if (bytes === null) return null
  return Array.from({ length: bytes / INFO_BYTES }, (_, index) => decode(room, index * INFO_BYTES))
}

// x64 and arm64 are both little-endian.
function decode(view: DataView, at: number): SignalfdSiginfo {
  const unsigned = (offset: number): number => view.getUint32(at + offset, true)
  const signed = (offset: number): number => view.getInt32(at + offset, true)
  const long = (offset: number): bigint => view.getBigUint64(at + offset, true)
  return {
    signo: unsigned(0),
    errno: signed(4),
    code: signed(8),
    pid: unsigned(12),
    uid: unsigned(16),
    fd: signed(20),
    tid: unsigned(24),
    band: unsigned(28),
    overrun: unsigned(32),
    trapno: unsigned(36),
    status: signed(40),
    int: signed(44),
    ptr: long(48),
    utime: long(56),
    stime: long(64),
    addr: long(72),
  }
}

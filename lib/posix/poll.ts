// poll.h: waiting for one of several descriptors.
import { check, invalidArgType } from '../errors.js'
import { constant, native } from '../native.js'
import { asExactTimeout, asInteger, asList, asTimeout } from './internal/arguments.js'
import { asSignalMask, type SignalMask } from './internal/wait-mask.js'
import { lookUntil, type SignalOptions, type TakenEvents, type Wanted } from './event-loop/look-until.js'

export const POLLIN = constant('POLLIN')
export const POLLPRI = constant('POLLPRI')
export const POLLOUT = constant('POLLOUT')
export const POLLRDHUP = constant('POLLRDHUP')
export const POLLERR = constant('POLLERR')
export const POLLHUP = constant('POLLHUP')
export const POLLNVAL = constant('POLLNVAL')
export const POLLRDNORM = constant('POLLRDNORM')
export const POLLRDBAND = constant('POLLRDBAND')
export const POLLWRNORM = constant('POLLWRNORM')
export const POLLWRBAND = constant('POLLWRBAND')

/** C's struct pollfd. */
export interface PollFd {
  /** An open descriptor, borrowed; a negative one is skipped, and its `revents` is 0. */
  fd: number
  /** What to wait for: POLLIN, POLLOUT ... POLLERR, POLLHUP and POLLNVAL come unasked. */
  readonly events: number
  /** Set by the call: what holds. */
  revents?: number
}

const UNASKED = POLLERR | POLLHUP | POLLNVAL

interface Checked {
  entry: PollFd
  fd: number
  events: number
}

function asPollFd(entry: unknown, name: string): Checked {
  if (typeof entry !== 'object' || entry === null) throw invalidArgType(name, 'of type object', entry)
  const { fd, events } = entry as PollFd
  return {
    entry: entry as PollFd,
    fd: asInteger(`${name}.fd`, fd),
    events: asInteger(`${name}.events`, events, 0, 0xffff),
  }
}

// What is asked of the kernel is what was read of the caller's objects once, whatever they say later.
class PollFds {
  readonly count: number
  // Two elements a descriptor: its number, then events and revents in one (the machines we run on are little-endian).
  readonly packed: Int32Array
  readonly #checked: readonly Checked[]

  constructor(fds: unknown) {
    this.#checked = asList('fds', fds, asPollFd)
    this.count = this.#checked.length
    this.packed = Int32Array.from(this.#checked.flatMap(({ fd, events }) => [fd, events]))
  }

  wanted(): Wanted[] {
    return this.#checked.flatMap(({ fd, events }): Wanted[] => (fd < 0 ? [] : [[fd, events | POLLERR]]))
  }

  /** Adds what readiness has told, which a look need not find again. How many have something to tell. */
  add(told: TakenEvents): number {
    let count = 0
    for (const [i, { fd, events }] of this.#checked.entries()) {
      const revents = (told.get(fd) ?? 0) & (events | UNASKED)
      // What was closed under that number tells nothing of what has it now.
      if (revents & POLLNVAL) this.packed[2 * i + 1] = events
      this.packed[2 * i + 1]! |= revents << 16
      if (this.packed[2 * i + 1]! >>> 16 !== 0) count++
    }
    return count
  }

  giveBack(): void {
    for (const [i, { entry }] of this.#checked.entries()) entry.revents = this.packed[2 * i + 1]! >>> 16
  }
}

/**
 * Waits until a descriptor is ready. Blocks the calling thread; an interrupting signal does not end it, it goes on with the time
 * that is left.
 *
 * @param fds the descriptors and what is wanted of each; `revents` is set in each of them, `events` stays as it is
 * @param timeout milliseconds, rounded up; 0 only looks; negative, null or left out waits for ever
 * @returns how many have `revents` other than 0; 0 when the time is over
 * @throws ErrnoError EINVAL (more than RLIMIT_NOFILE), ENOMEM; ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE. A closed descriptor is no
 * error: its `revents` is POLLNVAL
 * @see man 2 poll
 */
export function poll(fds: readonly PollFd[], timeout?: number | null): number {
  const polled = new PollFds(fds)
  const count = check(native.poll(polled.packed, polled.count, asTimeout(timeout)), 'poll')
  polled.giveBack()
  return count
}

/**
 * As `poll`, to the nanosecond, with the signals of `sigmask` and no others blocked for the time of the call.
 *
 * @param timeout milliseconds with their fraction; negative, null or left out waits for ever
 * @param sigmask signal numbers or names; null or left out keeps the thread's own mask
 * @throws what `poll` throws, and ERR_UNKNOWN_SIGNAL
 * @see man 2 ppoll
 */
export function ppoll(fds: readonly PollFd[], timeout?: number | null, sigmask?: SignalMask | null): number {
  const polled = new PollFds(fds)
  const count = native.ppoll(polled.packed, polled.count, asExactTimeout(timeout), asSignalMask(sigmask))
  check(count, 'ppoll')
  polled.giveBack()
  return count
}

/**
 * As `poll`, without blocking: the event loop goes on meanwhile.
 *
 * @param fds as for `poll`; the numbers and events are those of the moment of the call
 * @param timeout milliseconds; negative, null or left out waits for ever
 * @throws what `poll` throws, and the signal's reason (all as a rejection)
 * @see man 2 poll
 */
export async function pollAsync(
  fds: readonly PollFd[],
  timeout?: number | null,
  options?: SignalOptions,
): Promise<number> {
  const polled = new PollFds(fds)
  const look = (told: TakenEvents): number | undefined => {
    check(native.poll(polled.packed, polled.count, 0), 'poll')
    return polled.add(told) || undefined
  }
  const count = (await lookUntil(look, polled.wanted(), asTimeout(timeout), options)) ?? 0
  polled.giveBack()
  return count
}

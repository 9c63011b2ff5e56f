// sys/select.h: waiting for one of several descriptors, numbers below FD_SETSIZE only.
import { constants } from 'node:os'
import { check, ErrnoError } from '../errors.js'
import { constant, native } from '../native.js'
import { asExactTimeout, asFd, asInteger, asList } from './internal/arguments.js'
import { asSignalMask, OWN_MASK, type SignalMask } from './internal/wait-mask.js'
import { lookUntil, type SignalOptions, type TakenEvents, type Wanted } from './event-loop/look-until.js'

/** One more than the highest descriptor that an fd_set can hold (1024). */
export const FD_SETSIZE = constant('FD_SETSIZE')
const WORDS = FD_SETSIZE / 32

// What each of select's three sets means in terms of poll(2), as the kernel has it (fs/select.c).
const POLLERR = constant('POLLERR')
const POLLHUP = constant('POLLHUP')
const POLLNVAL = constant('POLLNVAL')
const READ = constant('POLLRDNORM') | constant('POLLRDBAND') | constant('POLLIN') | POLLHUP | POLLERR
const WRITE = constant('POLLWRBAND') | constant('POLLWRNORM') | constant('POLLOUT') | POLLERR
const EXCEPT = constant('POLLPRI')
const SETS = [READ, WRITE, EXCEPT] as const

/** The descriptors that are ready, in the order in which they were given. */
export interface Selected {
  read: number[]
  write: number[]
  except: number[]
}

type Fds = readonly number[] | null | undefined

// The three sets as C has them, a bit a descriptor, one behind the other.
class FdSets {
  readonly lists: readonly (readonly number[])[]
  readonly bits = new Int32Array(3 * WORDS)
  nfds = 0

  constructor(readFds: Fds, writeFds: Fds, exceptFds: Fds) {
    const asSmallFd = (fd: unknown, name: string): number => asInteger(name, asFd(fd, name), 0, FD_SETSIZE - 1)
    const listOf = (name: string, fds: Fds): number[] => asList(name, fds ?? [], asSmallFd)
    this.lists = [listOf('readFds', readFds), listOf('writeFds', writeFds), listOf('exceptFds', exceptFds)]
    this.fill()
  }

  fill(): this {
    this.bits.fill(0)
    for (const [set, fds] of this.lists.entries()) {
      for (const fd of fds) {
        this.bits[set * WORDS + (fd >>> 5)]! |= 1 << (fd & 31)
        if (fd >= this.nfds) this.nfds = fd + 1
      }
    }
    return this
  }

  selected(): Selected {
    const isSet = (set: number) => (fd: number) => (this.bits[set * WORDS + (fd >>> 5)]! & (1 << (fd & 31))) !== 0
    const [read, write, except] = this.lists.map((fds, set) => fds.filter(isSet(set)))
    return { read: read!, write: write!, except: except! }
  }

  /** Adds what readiness has told, which a look need not find again. Whether any is ready. @throws ErrnoError EBADF: one was closed */
  add(told: TakenEvents): boolean {
    for (const [set, fds] of this.lists.entries()) {
      for (const fd of fds) {
        const revents = told.get(fd) ?? 0
        if (revents & POLLNVAL) throw new ErrnoError(constants.errno.EBADF, 'select')
        if (revents & SETS[set]!) this.bits[set * WORDS + (fd >>> 5)]! |= 1 << (fd & 31)
      }
    }
    return this.bits.some((word) => word !== 0)
  }

  /** What each set does not hear of errors and hang-ups must not wake it: they last. */
  wanted(): Wanted[] {
    return this.lists.flatMap((fds, set) => {
      const events = SETS[set]!
      return fds.map((fd): Wanted => [fd, events, (POLLERR | POLLHUP) & ~events])
    })
  }
}

/**
 * Waits until a descriptor is ready. Blocks the calling thread; an interrupting signal does not end it, it goes on with the time
 * that is left. There is no `nfds`: it is one more than the highest number given.
 *
 * @param readFds wanted readable (at end of file too); null stands for none
 * @param writeFds wanted writable
 * @param exceptFds wanted with an exceptional condition: urgent data of a socket
 * @param timeout milliseconds with their fraction; 0 only looks; negative, null or left out waits for ever
 * @returns those that are ready; three empty arrays when the time is over
 * @throws ErrnoError EBADF (one is closed), EINVAL, ENOMEM; ERR_OUT_OF_RANGE for a number that is negative or no smaller than
 * FD_SETSIZE; ERR_INVALID_ARG_TYPE
 * @see man 2 select
 */
export function select(readFds: Fds, writeFds?: Fds, exceptFds?: Fds, timeout?: number | null): Selected {
  const sets = new FdSets(readFds, writeFds, exceptFds)
  check(native.pselect(sets.nfds, sets.bits, asExactTimeout(timeout), OWN_MASK), 'select')
  return sets.selected()
}

/**
 * As `select`, with the signals of `sigmask` and no others blocked for the time of the call.
 *
 * @param sigmask signal numbers or names; null or left out keeps the thread's own mask
 * @throws what `select` throws, and ERR_UNKNOWN_SIGNAL
 * @see man 2 pselect
 */
export function pselect(
  readFds: Fds,
  writeFds?: Fds,
  exceptFds?: Fds,
  timeout?: number | null,
  sigmask?: SignalMask | null,
): Selected {
  const sets = new FdSets(readFds, writeFds, exceptFds)
  check(native.pselect(sets.nfds, sets.bits, asExactTimeout(timeout), asSignalMask(sigmask)), 'pselect')
  return sets.selected()
}

/**
 * As `select`, without blocking: the event loop goes on meanwhile.
 *
 * @throws what `select` throws, and the signal's reason (all as a rejection)
 * @see man 2 select
 */
export async function selectAsync(
  readFds: Fds,
  writeFds?: Fds,
  exceptFds?: Fds,
  timeout?: number | null,
  options?: SignalOptions,
): Promise<Selected> {
  const sets = new FdSets(readFds, writeFds, exceptFds)
  const look = (told: TakenEvents): Selected | undefined => {
    check(native.pselect(sets.nfds, sets.fill().bits, 0, OWN_MASK), 'select')
    return sets.add(told) ? sets.selected() : undefined
  }
  const selected = await lookUntil(look, sets.wanted(), asExactTimeout(timeout), options)
  return selected ?? { read: [], write: [], except: [] }
}

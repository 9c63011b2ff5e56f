// sys/epoll.h: waiting for any of many descriptors that the kernel remembers.
import { check, invalidArgType } from '../errors.js'
import { constant, native } from '../native.js'
import { asEpollEvents } from './internal/epoll-events.js'
import { asExactTimeout, asFd, asInteger, asTimeout } from './internal/arguments.js'
import { asAbortSignal } from './internal/abort-signal.js'
import { asSignalMask, type SignalMask } from './internal/wait-mask.js'
import { onClose } from './event-loop/close-hooks.js'
import { waitOnThread } from './event-loop/epoll-wait.js'
import { hasConsumed, isConsumed } from './event-loop/epoll-thread.js'
import { lookUntil, type SignalOptions } from './event-loop/look-until.js'

export const EPOLL_CLOEXEC = constant('EPOLL_CLOEXEC')
export const EPOLL_CTL_ADD = constant('EPOLL_CTL_ADD')
export const EPOLL_CTL_MOD = constant('EPOLL_CTL_MOD')
export const EPOLL_CTL_DEL = constant('EPOLL_CTL_DEL')
export const EPOLLIN = constant('EPOLLIN')
export const EPOLLPRI = constant('EPOLLPRI')
export const EPOLLOUT = constant('EPOLLOUT')
export const EPOLLERR = constant('EPOLLERR')
export const EPOLLHUP = constant('EPOLLHUP')
export const EPOLLRDNORM = constant('EPOLLRDNORM')
export const EPOLLRDBAND = constant('EPOLLRDBAND')
export const EPOLLWRNORM = constant('EPOLLWRNORM')
export const EPOLLWRBAND = constant('EPOLLWRBAND')
export const EPOLLMSG = constant('EPOLLMSG')
export const EPOLLRDHUP = constant('EPOLLRDHUP')
export const EPOLLEXCLUSIVE = constant('EPOLLEXCLUSIVE')
export const EPOLLWAKEUP = constant('EPOLLWAKEUP')
export const EPOLLONESHOT = constant('EPOLLONESHOT')
/** Edge-triggered: bit 31, so `EPOLLIN | EPOLLET` is a negative number in JavaScript, which epoll_ctl takes all the same. */
export const EPOLLET = constant('EPOLLET')

/** C's struct epoll_event. */
export interface EpollEvent {
  /** EPOLLIN and the like, with EPOLLET, EPOLLONESHOT, EPOLLEXCLUSIVE. */
  events: number
  /** What epoll_wait gives back for this descriptor: any whole number of up to 53 bits. The descriptor unless given. */
  data?: number
}

/**
 * Makes an epoll instance.
 *
 * @param flags EPOLL_CLOEXEC (default) or 0
 * @returns its descriptor, which the caller owns
 * @throws ErrnoError EINVAL, EMFILE, ENFILE, ENOMEM
 * @see man 2 epoll_create1
 */
export function epoll_create1(flags: number = EPOLL_CLOEXEC): number {
  const epfd = check(native.epoll_create1(asInteger('flags', flags)), 'epoll_create1')
  filledHere.add(epfd)
  return epfd
}

/**
 * Adds, changes or deletes a descriptor of an epoll instance. Delete a descriptor before it is closed: the kernel forgets it by
 * itself only when no duplicate of it is open anywhere, a forked child's included.
 *
 * @param epfd an epoll instance, borrowed
 * @param op EPOLL_CTL_ADD, EPOLL_CTL_MOD or EPOLL_CTL_DEL
 * @param fd the descriptor, borrowed
 * @param event what to wait for; not used by EPOLL_CTL_DEL
 * @throws ErrnoError EBADF, EEXIST, EINVAL, ELOOP, ENOENT, ENOMEM, ENOSPC, EPERM (a regular file, a directory)
 * @see man 2 epoll_ctl
 */
export function epoll_ctl(epfd: number, op: number, fd: number, event: EpollEvent = { events: 0 }): void {
  const operation = asInteger('op', op)
  if (typeof event !== 'object' || event === null) throw invalidArgType('event', 'of type object', event)
  const events = asEpollEvents(event.events, 'event.events')
  const max = Number.MAX_SAFE_INTEGER
  const data = event.data === undefined ? asFd(fd) : asInteger('event.data', event.data, -max, max)
  check(native.epoll_ctl(asFd(epfd, 'epfd'), operation, asFd(fd), events, data), 'epoll_ctl')
  if (operation === EPOLL_CTL_DEL || !isConsumed(fd, events)) return
  consumed.add(epfd)
  if (!filledHere.has(epfd)) filledHere.clear() // any of them may be the same instance by another number
}

// The instances in which there is something whose events a look consumes.
const consumed = new Set<number>()
// Those that have in them what epoll_ctl here was told, and nothing else: not a second number of an instance, nor one that came from elsewhere.
const filledHere = new Set<number>()
const forget = (fd: number): void => {
  consumed.delete(fd)
  filledHere.delete(fd)
}
onClose((fd) => (consumed.has(fd) || filledHere.has(fd) ? { done: () => forget(fd) } : undefined))

const holdsConsumed = (epfd: number): boolean => consumed.has(epfd) || (!filledHere.has(epfd) && hasConsumed(epfd))

const MAX_EVENTS = 1 << 16

function room(maxEvents: unknown): Float64Array {
  return new Float64Array(2 * asInteger('maxEvents', maxEvents, 1, MAX_EVENTS))
}

function unpack(pairs: Float64Array, count: number): Required<EpollEvent>[] {
  const ready: Required<EpollEvent>[] = []
  for (let i = 0; i < 2 * count; i += 2) ready.push({ events: pairs[i]!, data: pairs[i + 1]! })
  return ready
}

/**
 * Waits until a descriptor of the instance is ready. Blocks the calling thread; an interrupting signal does not end it, it goes
 * on with the time that is left.
 *
 * @param epfd an epoll instance, borrowed
 * @param maxEvents at most so many, from 1 to 65536; what is ready beyond them comes first the next time
 * @param timeout milliseconds, rounded up; 0 only looks; negative, null or left out waits for ever
 * @returns an event a ready descriptor; none when the time is over
 * @throws ErrnoError EBADF, EINVAL (not an epoll instance); ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see man 2 epoll_wait
 */
export function epoll_wait(epfd: number, maxEvents: number, timeout?: number | null): Required<EpollEvent>[] {
  const pairs = room(maxEvents)
  return unpack(pairs, check(native.epoll_wait(asFd(epfd, 'epfd'), pairs, maxEvents, asTimeout(timeout)), 'epoll_wait'))
}

/**
 * As `epoll_wait`, to the nanosecond (to the millisecond before Linux 5.11), with the signals of `sigmask` and no others blocked
 * for the time of the call.
 *
 * @param timeout milliseconds with their fraction; negative, null or left out waits for ever
 * @param sigmask signal numbers or names; null or left out keeps the thread's own mask
 * @throws what `epoll_wait` throws, and ERR_UNKNOWN_SIGNAL
 * @see man 2 epoll_pwait2
 */
export function epoll_pwait2(
  epfd: number,
  maxEvents: number,
  timeout?: number | null,
  sigmask?: SignalMask | null,
): Required<EpollEvent>[] {
  const pairs = room(maxEvents)
  const exact = asExactTimeout(timeout)
  const count = native.epoll_pwait2(asFd(epfd, 'epfd'), pairs, maxEvents, exact, asSignalMask(sigmask))
  return unpack(pairs, check(count, 'epoll_pwait2'))
}

/**
 * As `epoll_wait`, without blocking: the event loop goes on meanwhile.
 *
 * @throws what `epoll_wait` throws, and the signal's reason (all as a rejection)
 * @see man 2 epoll_wait
 */
export async function epoll_waitAsync(
  epfd: number,
  maxEvents: number,
  timeout?: number | null,
  options?: SignalOptions,
): Promise<Required<EpollEvent>[]> {
  const pairs = room(maxEvents)
  const look = (): Required<EpollEvent>[] | undefined => {
    const count = check(native.epoll_wait(asFd(epfd, 'epfd'), pairs, maxEvents, 0), 'epoll_wait')
    return count > 0 ? unpack(pairs, count) : undefined
  }
  const limit = asTimeout(timeout)
  if (!holdsConsumed(epfd)) return (await lookUntil(look, [[asFd(epfd, 'epfd'), EPOLLIN]], limit, options)) ?? []
  const taken = await waitOnThread(look, epfd, maxEvents, limit, asAbortSignal(options))
  return Array.isArray(taken) ? taken : unpack(taken.pairs, taken.count)
}

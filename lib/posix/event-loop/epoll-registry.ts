// Waits for descriptors: merged to one registration a descriptor in the environment's one epoll instance
// (native/loop/readiness.cc), and events brought back to each wait. Internal; readiness.ts is its face.
import { constants } from 'node:os'
import { check } from '../../errors.js'
import { constant, native, shared } from '../../native.js'
import { onClose } from './close-hooks.js'
import { ConsumedEvents } from './consumed-events.js'
import { forgetEpollThreads, isConsumed } from './epoll-thread.js'

const EPOLL_CTL_ADD = constant('EPOLL_CTL_ADD')
const EPOLL_CTL_DEL = constant('EPOLL_CTL_DEL')
const EPOLL_CTL_MOD = constant('EPOLL_CTL_MOD')
const EPOLLET = constant('EPOLLET')
const EPOLLONESHOT = constant('EPOLLONESHOT')
const POLLIN = constant('POLLIN')
const POLLNVAL = constant('POLLNVAL')
const ALWAYS_HEARD = constant('POLLERR') | constant('POLLHUP')
const { ENOENT, EEXIST, EBADF } = constants.errno

/** One wait for a descriptor. POLLNVAL says that it was closed meanwhile, and is the last that is told. */
export interface Interest {
  /** POLLIN and the like; with 0 nothing is told for now. */
  events: number
  /** Leaves with the first event. */
  readonly once: boolean
  /** What of POLLERR and POLLHUP, which the kernel tells unasked, is nothing to it (default: neither). */
  readonly deafTo?: number
  /** Keeps the event loop alive. */
  referenced: boolean
  notify(revents: number): void
}

/** The kernel reports the id and not the number, so that an event of a descriptor closed meanwhile finds no registration. */
export interface Registration {
  readonly fd: number
  readonly id: number
  readonly interests: Interest[]
  /** The kernel was told of it, and has it for as long as the descriptor is open. */
  known: boolean
  /** The kernel reports it now. */
  armed: boolean
  /** It is in the instance of those whose events a look consumes. */
  isConsumed: boolean
}

// The instance is one, so is this: see `shared`.
const state = shared('epoll-registry', () => ({
  byFd: new Map<number, Registration>(),
  byId: new Map<number, Registration>(),
  retired: new Set<number>(), // ids that went while the present batch is delivered
  opened: false,
  delivering: false,
  lastId: 0,
}))
const { byFd, byId, retired } = state

/** What an environment waits for. */
export interface Watches {
  readonly byFd: Map<number, Registration>
  readonly byId: Map<number, Registration>
  /** How many interests keep the event loop alive. */
  keepers: number
  /** How often this process and those that it was forked from have forgotten theirs. */
  timesForgotten: number
  /** Forgets what threads of its own wait for. */
  readonly forgetThreads: () => void
}

const pairs = new Int32Array(2 * 1024)

/** Keeps the event loop alive (1), or no more (-1), for the sake of one wait. */
export function keepLoopAlive(by: 1 | -1): void {
  const keepers = (watches.keepers += by)
  if (keepers === 0 || (keepers === 1 && by === 1)) native.readinessKeepAlive(keepers > 0)
}

function create(fd: number): Registration {
  do state.lastId = (state.lastId + 1) | 0
  while (byId.has(state.lastId))
  const registration = { fd, id: state.lastId, interests: [], known: false, armed: false, isConsumed: false }
  byFd.set(fd, registration)
  byId.set(state.lastId, registration)
  return registration
}

function remove(registration: Registration): void {
  if (byFd.get(registration.fd) === registration) byFd.delete(registration.fd)
  byId.delete(registration.id)
  if (state.delivering) retired.add(registration.id)
}

function removeInterest({ interests }: Registration, interest: Interest): boolean {
  const at = interests.indexOf(interest)
  if (at < 0) return false
  interests.splice(at, 1)
  if (interest.referenced) keepLoopAlive(-1)
  return true
}

// One-shot where no interest stays: then what is ready and not waited for wakes nothing, and asking again is one call. Edge-triggered where no
// interest wants a hang-up: it lasts, and would be reported again and again.
function mask({ interests }: Registration): number {
  let events = 0
  let how = EPOLLONESHOT
  let isDeaf = true
  for (const interest of interests) {
    events |= interest.events
    if (interest.events === 0) continue
    if (!interest.once) how = 0
    if (!interest.deafTo) isDeaf = false
  }
  if (events === 0) return 0
  return (events | (isDeaf ? EPOLLET : how)) >>> 0
}

// The kernel is told every time, even where it should know: only its answer says whether the number is the same file still.
function arm(registration: Registration): number {
  const { fd, id } = registration
  const events = mask(registration)
  if (events === 0) return disarm(registration)
  if (isConsumed(fd, events) !== registration.isConsumed) {
    disarm(registration)
    registration.isConsumed = !registration.isConsumed
  }
  let result = control(registration, registration.known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, events, id)
  if (result === -EEXIST) result = control(registration, EPOLL_CTL_MOD, fd, events, id)
  registration.known = registration.armed = result === 0
  return result
}

function control({ isConsumed }: Registration, operation: number, fd: number, events: number, id: number): number {
  return isConsumed
    ? consumedEvents.control(operation, fd, events, id)
    : native.readinessControl(operation, fd, events, id)
}

function disarm(registration: Registration): number {
  if (registration.known) control(registration, EPOLL_CTL_DEL, registration.fd, 0, 0)
  registration.known = registration.armed = false
  return 0
}

// The descriptor is not what they waited for any more. They hear it on the next tick: this may be deep in a call of close().
function closed(registration: Registration): void {
  remove(registration)
  for (const interest of [...registration.interests]) {
    removeInterest(registration, interest)
    process.nextTick(() => interest.notify(POLLNVAL))
  }
}

function rearm(registration: Registration): void {
  if (arm(registration) < 0) closed(registration)
}

/** Calls; what it throws becomes an uncaughtException and does not keep the rest of a batch from being heard. */
export function callSafely(call: () => void): void {
  try {
    call()
  } catch (error) {
    process.nextTick(() => {
      throw error
    })
  }
}

function tell(registration: Registration, revents: number): void {
  const { interests } = registration
  const events = mask(registration)
  const oneShot = (events & EPOLLONESHOT) !== 0
  let heard = (events & EPOLLET) !== 0 // told once, it need not be asked not to be told again
  if (oneShot) registration.armed = false
  for (const interest of interests.length > 1 ? [...interests] : interests) {
    const unasked = ALWAYS_HEARD & ~(interest.deafTo ?? 0)
    const got = interest.events === 0 ? 0 : revents & (interest.events | unasked)
    if (got === 0 || !interests.includes(interest)) continue
    heard = true
    if (interest.once) removeInterest(registration, interest)
    callSafely(() => interest.notify(got))
  }
  // An interest that was not meant waits on; and what no interest wants any more is not to be reported again.
  if (interests.length > 0 && (oneShot ? !registration.armed : !heard)) rearm(registration)
  else if (interests.length === 0 && !oneShot) abandon(registration)
}

// Nothing waits for it: it is not to be reported any more.
function abandon(registration: Registration): void {
  disarm(registration)
  remove(registration)
}

function deliver(told: Int32Array, count: number): void {
  let orphan = false
  state.delivering = true
  for (let i = 0; i < count; i++) {
    const id = told[2 * i]!
    const registration = byId.get(id)
    if (registration) tell(registration, told[2 * i + 1]!)
    else orphan ||= !retired.has(id)
  }
  state.delivering = false
  retired.clear()
  if (orphan) renewWatches()
}

/** What the loop does for threads that wait for an instance of their own. */
export const loop = { listen, keepAlive: keepLoopAlive }

const consumedEvents = shared(
  'consumed-events',
  () =>
    new ConsumedEvents(loop, (told, count) => {
      // An orphan in there is one that nothing waits for any more.
      const known = Array.from({ length: count }, (_, i) => i).filter((i) => byId.has(told[2 * i]!))
      deliver(Int32Array.from(known.flatMap((i) => [told[2 * i]!, told[2 * i + 1]!])), known.length)
    }),
)

const watches = shared<Watches>('watches', () => ({
  byFd,
  byId,
  keepers: 0,
  timesForgotten: 0,
  forgetThreads: () => {
    consumedEvents.forget()
    forgetEpollThreads()
  },
}))

function listen(fd: number, callback: () => void): () => void {
  const interest = { events: POLLIN, once: false, referenced: false, notify: callback }
  const registration = join(fd, interest)
  if (typeof registration === 'number') return check(registration, 'epoll_ctl') as never
  return () => leave(registration, interest)
}

/** Tells at once of what was taken by now, before a wait for `registration` is given up. */
export function flush({ isConsumed }: Registration): void {
  if (isConsumed) consumedEvents.flush()
}

/** Makes the epoll instance, where there is none yet. @throws ErrnoError EMFILE, ENFILE, ENOMEM */
export function openReadiness(): void {
  if (state.opened) return
  check(
    native.readinessOpen(pairs, (count) => deliver(pairs, count)),
    'epoll_create1',
  )
  state.opened = true
}

/** Adds an interest to its descriptor. Gives its registration, or the negative errno of epoll_ctl(2). */
export function join(fd: number, interest: Interest): Registration | number {
  openReadiness()
  let registration = byFd.get(fd) ?? create(fd)
  registration.interests.push(interest)
  if (interest.referenced) keepLoopAlive(1)
  let result = arm(registration)
  if (result === -ENOENT || (result === -EBADF && registration.interests.length > 1)) {
    // Closed by other code, and the number perhaps taken again: waits that began before ours are for another file.
    removeInterest(registration, interest)
    closed(registration)
    registration = create(fd)
    registration.interests.push(interest)
    if (interest.referenced) keepLoopAlive(1)
    result = arm(registration)
  }
  if (result === 0) return registration
  removeInterest(registration, interest)
  if (registration.interests.length === 0) remove(registration)
  return result
}

/** Takes an interest away; a registration without interests is deleted. What is one-shot may stay: it is reported once more at most. */
export function leave(registration: Registration, interest: Interest): void {
  const isLasting = !interest.once || registration.isConsumed || (mask(registration) & EPOLLET) !== 0
  if (!removeInterest(registration, interest) || !isLasting) return
  if (registration.interests.length > 0) return rearm(registration)
  abandon(registration)
}

/** Tells the kernel of an interest's new `events`. */
export function changed(registration: Registration): void {
  if (registration.interests.length > 0) rearm(registration)
}

/** Whether an interest keeps the event loop alive. */
export function reference(registration: Registration, interest: Interest, referenced: boolean): void {
  if (interest.referenced === referenced) return
  interest.referenced = referenced
  if (registration.interests.includes(interest)) keepLoopAlive(referenced ? 1 : -1)
}

// When a descriptor is closed or replaced, nothing is reported of it any more, even where another process has it open.
onClose((fd) => {
  const registration = byFd.get(fd)
  if (!registration) return undefined
  return {
    pause: () => void disarm(registration),
    resume: () => rearm(registration),
    done: () => closed(registration),
  }
})

/** How often this process and its forebears have forgotten: what an object made before is not this process's own any more. */
export function forgotten(): number {
  return watches.timesForgotten
}

/** In the child of a fork: nothing is waited for, and no interest is told. The instance itself is renewed natively. */
export function forgetWatches(own: Watches = watches): void {
  for (const registration of own.byFd.values()) registration.interests.length = 0
  own.byFd.clear()
  own.byId.clear()
  if (own.keepers > 0) native.readinessKeepAlive(false)
  own.keepers = 0
  own.forgetThreads()
  own.timesForgotten++
}

/**
 * A new epoll instance with what is waited for now. Rids us of what cannot be deleted by number: the kernel goes on reporting
 * a descriptor that was closed behind our back while another process, or a duplicate, has the file open.
 */
export function renewWatches(): void {
  if (state.opened) check(native.readinessRenew(), 'epoll_create1')
  consumedEvents.forget()
  for (const registration of [...byFd.values()]) {
    registration.known = registration.armed = false
    if (mask(registration) !== 0) rearm(registration)
    else if (registration.interests.length === 0) remove(registration)
  }
}

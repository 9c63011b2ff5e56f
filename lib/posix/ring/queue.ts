// The two queues of a ring as JavaScript sees them: entries are written into shared memory and handed over at the end of the turn, many by
// one system call; completions come back in batches, each to the request it belongs to. Internal; io-uring.ts is its face.
import { constants } from 'node:os'
import { codedError, ErrnoError } from '../../errors.js'
import { constant, native } from '../../native.js'
import { callSafely } from '../event-loop/epoll-registry.js'
import { onClose, type Closing } from '../event-loop/close-hooks.js'
import { afterKeptFork, generation } from '../after-fork/fork-generation.js'
import type { Block } from '../internal/pinned-memory.js'
import { Group, Held } from './held.js'
import { ENTRY_WORDS, writeEntry, type Sqe, type RingFile } from './sqe.js'
import { nobody, InFlight, type Request } from './in-flight.js'

const { EAGAIN, ECANCELED } = constants.errno

// native/loop/ring_loop.h has the same numbers: a header, entries of 64 bytes, completions of three words.
const PENDING = 0
const IN_BATCH = 1
const HEADER_WORDS = 16
const RESULT_WORDS = 3
const MOST_RESULTS = 1024

const IOSQE_IO_LINK = constant('IOSQE_IO_LINK')
const IOSQE_IO_HARDLINK = constant('IOSQE_IO_HARDLINK')
const IOSQE_IO_DRAIN = constant('IOSQE_IO_DRAIN')
const IORING_OP_ASYNC_CANCEL = constant('IORING_OP_ASYNC_CANCEL')
const IORING_ASYNC_CANCEL_ALL = 1
const IORING_ASYNC_CANCEL_FD = 2
const IORING_ASYNC_CANCEL_FD_FIXED = 8
const HIGH = 2 ** 32
export const IORING_CQE_F_MORE = constant('IORING_CQE_F_MORE')

const entryAt = (number: number): number => HEADER_WORDS + number * ENTRY_WORDS
const invalidState = (why: string): Error => codedError(Error, 'ERR_INVALID_STATE', `Invalid state: ${why}`)

/** Submission and completion of one ring. */
export class RingQueue {
  readonly #words: Int32Array
  readonly #entries: number
  readonly #handle: object
  readonly #results: Int32Array
  readonly #requests = new InFlight()
  readonly #born = generation()
  #scheduled = false
  #extra = 0 // IOSQE_ flags of what is being prepared
  #chain: Group | undefined // the one that is being built
  readonly #held = new Held()
  #out = 0 // requests that were written for the kernel and are not over
  #draining = false // one that drains is among them
  #idle: (() => void) | undefined
  #closed: Promise<void> | undefined
  #freed = false

  /**
   * @param entries a power of two
   * @param completions held in memory, 0 for twice as many
   * @throws ErrnoError ENOSYS, EPERM, ENOMEM, EMFILE of io_uring_setup
   */
  constructor(entries: number, completions: number) {
    this.#entries = entries
    this.#words = new Int32Array(entryAt(entries) + MOST_RESULTS * RESULT_WORDS)
    this.#results = this.#words.subarray(entryAt(entries))
    const handle = native.ringCreate(entries, completions, this.#words, (count) => this.#deliver(count))
    if (typeof handle === 'number') throw new ErrnoError(handle, 'io_uring_setup')
    this.#handle = handle
    queues.add(this)
  }

  /** @throws ERR_INVALID_STATE when it is the parent's of this forked child */
  refuseParents(): void {
    if (this.#born !== generation()) throw invalidState("this ring is the parent's; a forked child makes its own")
  }

  /** @throws ERR_INVALID_STATE when it is closed, or the parent's of this forked child */
  usable(): object {
    this.refuseParents()
    if (this.#closed) throw invalidState('the ring is closed')
    return this.#handle
  }

  /** Not the parent's, and not freed yet. */
  get isOwn(): boolean {
    return this.#born === generation() && !this.#freed
  }

  get inFlight(): number {
    return this.#requests.count
  }

  /**
   * Writes an entry, to be handed over at the end of this turn, or keeps it until it is its turn.
   * @throws ERR_INVALID_STATE; ErrnoError EAGAIN where the kernel takes no more at present
   */
  prepare(request: Request, entry: Sqe): void {
    this.usable()
    if (this.#chain) return this.#link(this.#chain, request, entry)
    const drains = (this.#extra & IOSQE_IO_DRAIN) !== 0
    const isUrgent = entry.code === IORING_OP_ASYNC_CANCEL && !drains
    if (!isUrgent && this.#mustWait(drains)) return this.#hold(request, entry, drains)
    this.#makeRoom()
    this.#write(this.#requests.admit(request, entry), entry, 0)
    this.#draining ||= drains
  }

  #link(chain: Group, request: Request, sqe: Sqe): void {
    if (chain.entries.length === this.#entries) throw new ErrnoError(EAGAIN, 'io_uring_enter')
    chain.drains ||= (this.#extra & IOSQE_IO_DRAIN) !== 0
    chain.entries.push({ request, sqe, flags: this.#extra & ~IOSQE_IO_DRAIN })
    this.#requests.admit(request, sqe)
  }

  #hold(request: Request, sqe: Sqe, drains: boolean): void {
    const group = new Group()
    group.drains = drains
    group.entries.push({ request, sqe, flags: 0 })
    this.#requests.admit(request, sqe)
    this.#held.push(group)
  }

  // As the kernel has it: what drains waits for all before it, and all after it waits for that.
  #mustWait(drains: boolean): boolean {
    if (this.#out === 0) this.#draining = false
    return this.#held.first !== undefined || this.#draining || (drains && this.#out > 0)
  }

  #makeRoom(): void {
    if (!this.#hasRoom(1)) throw new ErrnoError(EAGAIN, 'io_uring_enter')
  }

  // A chain goes in one piece.
  #hasRoom(count: number): boolean {
    if (this.#words[PENDING]! + count > this.#entries) this.#handOver(this.#words[PENDING]!)
    return this.#words[PENDING]! + count <= this.#entries
  }

  #write(slot: number, entry: Sqe, flags: number): void {
    const words = this.#words
    writeEntry(words, entryAt(words[PENDING]!), entry, flags, slot, this.#requests.useOf(slot))
    words[PENDING]!++
    this.#out++
    if (!this.#scheduled && words[IN_BATCH] === 0) this.#schedule()
  }

  // What is held and may go now.
  #advance(): void {
    for (let group = this.#held.first; group; group = this.#held.first) {
      const { entries, drains } = group
      if (this.#out === 0) this.#draining = false
      if (this.#draining || (drains && this.#out > 0) || !this.#hasRoom(entries.length)) return
      this.#held.shift()
      entries.forEach(({ request, sqe }, at) => this.#write(request.slot, sqe, group.flagsOf(at)))
      this.#draining = drains
    }
  }

  /** Asks the kernel to give `request` up: it completes with ECANCELED, unless it was quicker. */
  cancel(request: Request): void {
    if (!this.isOwn || !this.#requests.has(request)) return
    if (this.#chain?.entries.some((entry) => entry.request === request)) this.#giveUp(this.#chain.remove(request))
    else if (!this.#giveUp(this.#held.remove(request))) this.#cancelInKernel(request.slot)
  }

  #cancelInKernel(slot: number): void {
    this.#makeRoom()
    const entry = { code: IORING_OP_ASYNC_CANCEL, address: slot + this.#requests.useOf(slot) * HIGH }
    this.#write(this.#requests.admit(nobody, entry), entry, 0)
  }

  /** Gives up what is held for a descriptor. How many there were. */
  cancelHeld(fd: RingFile): number {
    return this.#held.on(fd).filter((request) => this.#giveUp(this.#held.remove(request))).length
  }

  // The kernel has never seen them: they are over on the next tick.
  #giveUp(requests: readonly Request[]): boolean {
    if (requests.length === 0) return false
    process.nextTick(() => {
      for (const request of requests) {
        this.#requests.release(request.slot)
        request.completed(-ECANCELED, 0)
      }
      this.#advance()
      if (this.#requests.count === 0) this.#idle?.()
    })
    return true
  }

  /** A descriptor is to be closed: what was prepared for it is handed over while it is open, and given up when it is closed. */
  whenClosed(fd: number): Closing | undefined {
    if (!this.isOwn || this.inFlight === 0) return undefined
    this.submit()
    const requests = this.#requests.on(fd)
    return requests.length === 0 ? undefined : { done: () => requests.forEach((request) => this.cancel(request)) }
  }

  /** What is prepared in `body` is linked, each to the next; a `hard` link goes on after a failure. */
  chain<T>(body: () => T, hard: boolean): T {
    if (this.#chain) throw invalidState('links within links')
    const chain = new Group()
    this.#chain = chain
    try {
      return this.#flagged(hard ? IOSQE_IO_HARDLINK : IOSQE_IO_LINK, body)
    } finally {
      this.#chain = undefined
      if (chain.entries.length > 0) {
        this.#held.push(chain)
        this.#advance()
      }
    }
  }

  /** What is prepared in `body` begins when all that was prepared before is over. */
  drained<T>(body: () => T): T {
    return this.#flagged(IOSQE_IO_DRAIN, body)
  }

  #flagged<T>(flags: number, body: () => T): T {
    this.usable()
    const before = this.#extra
    this.#extra |= flags
    try {
      return body()
    } finally {
      this.#extra = before
    }
  }

  #schedule(): void {
    this.#scheduled = true
    process.nextTick(() => {
      this.#scheduled = false
      this.submit()
    })
  }

  /** Hands over what is prepared, now and not at the end of the turn. */
  submit(): void {
    if (!this.isOwn) return
    this.#handOver(this.#words[PENDING]!)
    this.#advance()
  }

  #handOver(count: number): void {
    const words = this.#words
    const left = native.ringSubmit(this.#handle, count)
    if (left >= 0 && count > 0) {
      words.copyWithin(HEADER_WORDS, entryAt(count), entryAt(words[PENDING]!))
      words[PENDING]! -= count
    }
    if (left !== 0) setImmediate(() => this.submit())
  }

  #deliver(count: number): void {
    const results = this.#results
    const requests = this.#requests
    for (let at = 0; at < count * RESULT_WORDS; at += RESULT_WORDS) {
      const slot = results[at]!
      const flags = results[at + 2]!
      const request = requests.at(slot)
      if (!request) continue
      if ((flags & IORING_CQE_F_MORE) === 0) {
        requests.release(slot)
        this.#out--
      }
      request.completed(results[at + 1]!, flags)
    }
    this.#advance()
    if (requests.count === 0) this.#idle?.()
  }

  /** Cancels all that is in flight, and frees the ring when it is over. */
  close(): Promise<void> {
    if (!this.isOwn) return Promise.resolve()
    return (this.#closed ??= this.#finish())
  }

  async #finish(): Promise<void> {
    for (const request of this.#requests.all()) this.cancel(request)
    this.submit()
    if (this.inFlight > 0) await new Promise<void>((resolve) => (this.#idle = resolve))
    await new Promise((resolve) => setImmediate(resolve)) // out of the batch
    this.#freed = true
    queues.delete(this)
    native.ringClose(this.#handle)
  }

  /** In the child of a fork: whoever waits hears that it is the parent's. */
  lose(): void {
    for (const request of this.#requests.all()) request.lost()
  }

  /** io_uring_register(2), with an argument at the beginning of a block or none: value or negative errno. */
  register(operation: number, argument: Block | undefined, count: number): number {
    return native.ringRegister(this.usable(), operation, argument?.token, count)
  }

  /** Whether the kernel has each operation, by its number. */
  probe(): Uint8Array {
    const can = new Uint8Array(256)
    const error = native.ringProbe(this.usable(), can)
    if (error < 0) throw new ErrnoError(error, 'io_uring_register')
    return can
  }
}

/** What gives up whatever is in flight on a descriptor. */
export function cancelFd(fd: RingFile): Sqe {
  const isFixed = typeof fd !== 'number'
  const kind = IORING_ASYNC_CANCEL_FD | (isFixed ? IORING_ASYNC_CANCEL_FD_FIXED : 0)
  return { code: IORING_OP_ASYNC_CANCEL, fd: isFixed ? fd.index : fd, flags: IORING_ASYNC_CANCEL_ALL | kind }
}

const queues = new Set<RingQueue>()
onClose((fd) => {
  const concerned = [...queues].map((queue) => queue.whenClosed(fd)).filter((one) => one !== undefined)
  if (concerned.length === 0) return undefined
  return { done: () => concerned.forEach((one) => callSafely(() => one.done())) }
})
afterKeptFork(() => {
  for (const queue of queues) queue.lose()
})

// The requests of a ring on their way to the kernel and back: chained, held until their turn comes, handed over (submission.ts), completed in
// batches, cancelled. Internal; io-uring.ts is its face.
import { constants } from 'node:os'
import { setImmediate } from 'node:timers'
import { codedError, ErrnoError } from '../../errors.js'
import { constant, native } from '../../native.js'
import type { Closing } from '../event-loop/close-hooks.js'
import { generation } from '../after-fork/fork-generation.js'
import type { Block } from '../internal/pinned-memory.js'
import { Group, Held } from './held.js'
import type { RingFile, Sqe } from './sqe.js'
import { RESULT_WORDS, resultsIn, ringWords, Submission } from './submission.js'
import { InFlight, unheard, type Request } from './in-flight.js'
import { addRing, removeRing } from './open-rings.js'
import { RequestOrder } from './order.js'

const { EAGAIN, ECANCELED } = constants.errno

const IORING_OP_ASYNC_CANCEL = constant('IORING_OP_ASYNC_CANCEL')
const HIGH = 2 ** 32
export const IORING_CQE_F_MORE = constant('IORING_CQE_F_MORE')

const invalidState = (why: string): Error => codedError(Error, 'ERR_INVALID_STATE', `Invalid state: ${why}`)

/** Submission and completion of one ring. */
export class RingQueue {
  readonly #entries: number
  readonly #handle: object
  readonly #results: Int32Array
  readonly #submission: Submission
  readonly #requests = new InFlight()
  readonly #born = generation()
  readonly #order = new RequestOrder()
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
    const words = ringWords(entries)
    this.#results = resultsIn(words, entries)
    const handle = native.ringCreate(entries, completions, words, (count) => this.#deliver(count))
    if (typeof handle === 'number') throw new ErrnoError(handle, 'io_uring_setup')
    this.#handle = handle
    this.#submission = new Submission(handle, words, entries, () => this.submit())
    addRing(this)
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
    const { chain, drains } = this.#order
    if (chain) return this.#link(chain, request, entry)
    const isUrgent = entry.code === IORING_OP_ASYNC_CANCEL && !drains
    if (!isUrgent && this.#mustWait(drains)) return this.#hold(request, entry, drains)
    this.#makeRoom()
    this.#write(this.#requests.admit(request, entry), entry, 0)
    this.#draining ||= drains
  }

  #link(chain: Group, request: Request, sqe: Sqe): void {
    if (chain.entries.length === this.#entries) throw new ErrnoError(EAGAIN, 'io_uring_enter')
    chain.drains ||= this.#order.drains
    chain.entries.push({ request, sqe, flags: this.#order.linkFlags })
    this.#requests.admit(request, sqe)
  }

  #hold(request: Request, sqe: Sqe, drains: boolean): void {
    this.#requests.admit(request, sqe)
    this.#held.push(Group.of({ request, sqe, flags: 0 }, drains))
  }

  // As the kernel has it: what drains waits for all before it, and all after it waits for that.
  #mustWait(drains: boolean): boolean {
    if (this.#out === 0) this.#draining = false
    return this.#held.first !== undefined || this.#draining || (drains && this.#out > 0)
  }

  #makeRoom(): void {
    if (!this.#submission.hasRoom(1)) throw new ErrnoError(EAGAIN, 'io_uring_enter')
  }

  #write(slot: number, entry: Sqe, flags: number): void {
    this.#submission.write(entry, flags, slot, this.#requests.useOf(slot))
    this.#out++
  }

  // What is held and may go now.
  #advance(): void {
    for (let group = this.#held.first; group; group = this.#held.first) {
      const { entries, drains } = group
      if (this.#out === 0) this.#draining = false
      if (this.#draining || (drains && this.#out > 0) || !this.#submission.hasRoom(entries.length)) return
      this.#held.shift()
      entries.forEach(({ request, sqe }, at) => this.#write(request.slot, sqe, group.flagsOf(at)))
      this.#draining = drains
    }
  }

  /** Asks the kernel to give `request` up: it completes with ECANCELED, unless it was quicker. */
  cancel(request: Request): void {
    if (!this.isOwn || !this.#requests.has(request)) return
    const { chain } = this.#order
    if (chain?.entries.some((entry) => entry.request === request)) this.#giveUp(chain.remove(request))
    else if (!this.#giveUp(this.#held.remove(request))) this.#cancelInKernel(request.slot)
  }

  #cancelInKernel(slot: number): void {
    this.#makeRoom()
    const entry = { code: IORING_OP_ASYNC_CANCEL, address: slot + this.#requests.useOf(slot) * HIGH }
    this.#write(this.#requests.admit(unheard, entry), entry, 0)
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
    this.usable()
    const chain = new Group()
    try {
      return this.#order.linked(chain, hard, body)
    } finally {
      if (chain.entries.length > 0) {
        this.#held.push(chain)
        this.#advance()
      }
    }
  }

  /** What is prepared in `body` begins when all that was prepared before is over. */
  drained<T>(body: () => T): T {
    this.usable()
    return this.#order.drained(body)
  }

  /** Hands over what is prepared, now and not at the end of the turn. */
  submit(): void {
    if (!this.isOwn) return
    this.#submission.handOver()
    this.#advance()
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
    removeRing(this)
    native.ringClose(this.#handle)
  }

  /** In the child of a fork: each request is told that it is the parent's. */
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

// The two queues of a ring as JavaScript sees them: entries are written into shared memory and handed over at the end of the turn, many by
// one system call; completions come back in batches, each to the request it belongs to. Internal; io-uring.ts is its face.
import { constants } from 'node:os'
import { codedError, ErrnoError } from '../../errors.js'
import { constant, native } from '../../native.js'
import { callSafely } from '../event-loop/epoll-registry.js'
import { onClose } from '../event-loop/close-hooks.js'
import { afterKeptFork, generation } from '../after-fork/fork-generation.js'
import type { Block } from '../internal/pinned-memory.js'
import { clearFlags, ENTRY_WORDS, writeEntry, type Sqe, type RingFile } from './sqe.js'
import { nobody, InFlight, type Request } from './in-flight.js'

const { EAGAIN } = constants.errno

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
  #chain = -1 // where the chain that is being built begins, in entries
  #extra = 0 // IOSQE_ flags of what is being prepared
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
   * Writes an entry, to be handed over at the end of this turn.
   * @throws ERR_INVALID_STATE; ErrnoError EAGAIN where the kernel takes no more at present
   */
  prepare(request: Request, entry: Sqe): void {
    if (request !== nobody) this.usable()
    const words = this.#words
    if (words[PENDING]! === this.#entries) this.#makeRoom()
    const slot = this.#requests.admit(request)
    writeEntry(words, entryAt(words[PENDING]!), entry, this.#extra, slot, this.#requests.useOf(slot))
    words[PENDING]!++
    if (!this.#scheduled && words[IN_BATCH] === 0) this.#schedule()
  }

  /** Asks the kernel to give `request` up: it completes with ECANCELED, unless it was quicker. */
  cancel(request: Request): void {
    if (!this.isOwn || !this.#requests.has(request)) return
    const { slot } = request
    this.prepare(nobody, { code: IORING_OP_ASYNC_CANCEL, address: slot + this.#requests.useOf(slot) * HIGH })
  }

  /** A descriptor is about to be closed: its number may be another file's when what is prepared is handed over. */
  beforeClose(fd: number): void {
    if (!this.isOwn || this.inFlight === 0) return
    this.prepare(nobody, cancelFd(fd))
    this.submit()
  }

  /** What is prepared in `body` is linked, each to the next; a `hard` link goes on after a failure. */
  chain<T>(body: () => T, hard: boolean): T {
    if (this.#chain >= 0) throw invalidState('links within links')
    const flags = hard ? IOSQE_IO_HARDLINK : IOSQE_IO_LINK
    this.#chain = this.#words[PENDING]!
    try {
      return this.#flagged(flags, body)
    } finally {
      const last = this.#words[PENDING]! - 1
      if (last >= this.#chain) clearFlags(this.#words, entryAt(last), flags)
      this.#chain = -1
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

  // A chain that is being built stays whole: only what is in front of it goes.
  #makeRoom(): void {
    this.#handOver(this.#chain < 0 ? this.#entries : this.#chain)
    if (this.#words[PENDING]! === this.#entries) throw new ErrnoError(EAGAIN, 'io_uring_enter')
    if (this.#chain > 0) this.#chain = 0
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
    if (this.isOwn) this.#handOver(this.#words[PENDING]!)
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
      if ((flags & IORING_CQE_F_MORE) === 0) requests.release(slot)
      request.completed(results[at + 1]!, flags)
    }
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
  for (const queue of queues) callSafely(() => queue.beforeClose(fd))
})
afterKeptFork(() => {
  for (const queue of queues) queue.lose()
})

// The two queues of a ring as JavaScript sees them: entries are written into shared memory and handed over at the end of the turn, many by
// one system call; completions come back in batches, each to the request it belongs to. Internal; io-uring.ts is its face.
import { constants } from 'node:os'
import { codedError, ErrnoError } from '../errors.js'
import { constant, native } from '../native.js'
import { callSafely, forgotten } from './registrations.js'
import { aboutToClose } from './closing.js'

const { EAGAIN } = constants.errno

// native/io_uring.cc has the same numbers: a header, entries of 64 bytes, completions of three words.
const PENDING = 0
const IN_BATCH = 1
const HEADER_WORDS = 16
const ENTRY_WORDS = 16
const RESULT_WORDS = 3
const MOST_RESULTS = 1024

// struct io_uring_sqe, in words
const FD = 1
const OFFSET = 2
const ADDRESS = 4
const LENGTH = 6
/** rw_flags, msg_flags, open_flags ...: what each operation calls the word at this place. */
export const FLAGS = 7
const USER_DATA = 8
/** buf_index or buf_group, the lower half of its word. */
export const BUFFER = 10
/** splice_fd_in, file_index. */
export const FILE = 11

const IOSQE_FIXED_FILE = constant('IOSQE_FIXED_FILE')
const IOSQE_IO_LINK = constant('IOSQE_IO_LINK')
const IOSQE_IO_HARDLINK = constant('IOSQE_IO_HARDLINK')
const IOSQE_IO_DRAIN = constant('IOSQE_IO_DRAIN')
const IORING_OP_ASYNC_CANCEL = constant('IORING_OP_ASYNC_CANCEL')
const IORING_ASYNC_CANCEL_ALL = 1
const IORING_ASYNC_CANCEL_FD = 2
export const IORING_CQE_F_MORE = constant('IORING_CQE_F_MORE')

const HIGH = 2 ** 32

/** A descriptor of a ring's own table: quicker to work on than a number of the process. */
export class FixedFile {
  readonly index: number
  /** @param index where it is in the table of the ring that registered it */
  constructor(index: number) {
    this.index = index
  }
}

/** Somebody who has begun an operation: hears of each completion, the last of them without IORING_CQE_F_MORE. */
export interface Request {
  /** Where it is in the table of its ring. */
  slot: number
  completed(result: number, flags: number): void
}

const nobody: Request = { slot: -1, completed: () => {} }

/** Submission and completion of one ring. */
export class RingQueue {
  readonly words: Int32Array
  readonly #entries: number
  readonly #handle: object
  readonly #results: Int32Array
  readonly #requests: (Request | undefined)[] = []
  readonly #userData: number[] = [] // the upper word of each request's: another one each time the slot is used
  readonly #free: number[] = []
  readonly #born = forgotten()
  #uses = 0
  #inFlight = 0
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
    const results = HEADER_WORDS + entries * ENTRY_WORDS
    this.words = new Int32Array(results + MOST_RESULTS * RESULT_WORDS)
    this.#results = this.words.subarray(results)
    const handle = native.ringCreate(entries, completions, this.words, (count) => this.#deliver(count))
    if (typeof handle === 'number') throw new ErrnoError(handle, 'io_uring_setup')
    this.#handle = handle
    queues.add(this)
  }

  /** @throws ERR_INVALID_STATE when it is closed, or the parent's of this forked child */
  usable(): object {
    if (this.#born !== forgotten()) {
      const message = "Invalid state: this ring is the parent's; a forked child makes its own"
      throw codedError(Error, 'ERR_INVALID_STATE', message)
    }
    if (this.#closed) throw codedError(Error, 'ERR_INVALID_STATE', 'Invalid state: the ring is closed')
    return this.#handle
  }

  /** Not the parent's, and not freed yet. */
  get isOwn(): boolean {
    return this.#born === forgotten() && !this.#freed
  }

  get inFlight(): number {
    return this.#inFlight
  }

  /**
   * Writes an entry; gives where it is in `words`, for what is particular to its operation.
   * @throws ERR_INVALID_STATE; ErrnoError EAGAIN where the kernel takes no more at present
   */
  prepare(
    request: Request,
    operation: number,
    fd: number | FixedFile,
    address: number,
    length: number,
    offset: number,
  ): number {
    if (request !== nobody) this.usable()
    if (this.words[PENDING]! === this.#entries) this.#makeRoom()
    const slot = this.#admit(request)
    const isFixed = typeof fd !== 'number'
    const { words } = this
    const at = HEADER_WORDS + words[PENDING]! * ENTRY_WORDS
    words[at] = operation | ((this.#extra | (isFixed ? IOSQE_FIXED_FILE : 0)) << 8)
    words[at + FD] = isFixed ? fd.index : fd
    setLong(words, at + OFFSET, offset)
    setLong(words, at + ADDRESS, address)
    words[at + LENGTH] = length
    words[at + FLAGS] = 0
    words[at + USER_DATA] = slot
    words[at + USER_DATA + 1] = this.#userData[slot]!
    for (let word = at + BUFFER; word < at + ENTRY_WORDS; word++) words[word] = 0
    words[PENDING]!++
    if (!this.#scheduled && words[IN_BATCH] === 0) this.#schedule()
    return at
  }

  /** Sets `ioprio`, where operations have flags of their own. */
  setPriority(at: number, flags: number): void {
    this.words[at] = (this.words[at]! & 0xffff) | (flags << 16)
  }

  /** Sets more IOSQE_ flags of an entry. */
  addFlags(at: number, flags: number): void {
    this.words[at]! |= flags << 8
  }

  #admit(request: Request): number {
    const slot = this.#free.pop() ?? this.#requests.length
    this.#requests[slot] = request
    request.slot = slot
    this.#userData[slot] = this.#uses = (this.#uses + 1) & 0x3fffffff
    this.#inFlight++
    return slot
  }

  /** Asks the kernel to give `request` up: it completes with ECANCELED, unless it was quicker. */
  cancel(request: Request): void {
    const { slot } = request
    if (this.#requests[slot] !== request || !this.isOwn) return
    const at = this.prepare(nobody, IORING_OP_ASYNC_CANCEL, -1, 0, 0, 0)
    this.words[at + ADDRESS] = slot
    this.words[at + ADDRESS + 1] = this.#userData[slot]!
  }

  /** Asks the kernel to give up whatever is in flight on a descriptor. */
  cancelFd(request: Request, fd: number | FixedFile): void {
    const at = this.prepare(request, IORING_OP_ASYNC_CANCEL, fd, 0, 0, 0)
    const fixed = typeof fd === 'number' ? 0 : 8 // IORING_ASYNC_CANCEL_FD_FIXED
    this.words[at + FLAGS] = IORING_ASYNC_CANCEL_ALL | IORING_ASYNC_CANCEL_FD | fixed
    if (fixed) this.words[at]! &= ~(IOSQE_FIXED_FILE << 8)
  }

  /** A descriptor is about to be closed: its number may be another file's when what is prepared is handed over. */
  beforeClose(fd: number): void {
    if (!this.isOwn || this.#inFlight === 0) return
    this.cancelFd(nobody, fd)
    this.submit()
  }

  /** What is prepared in `body` is linked, each to the next; a `hard` link goes on after a failure. */
  chain<T>(body: () => T, hard: boolean): T {
    return this.#flagged(hard ? IOSQE_IO_HARDLINK : IOSQE_IO_LINK, true, body)
  }

  /** What is prepared in `body` begins when all that was prepared before is over. */
  drained<T>(body: () => T): T {
    return this.#flagged(IOSQE_IO_DRAIN, false, body)
  }

  #flagged<T>(flags: number, isChain: boolean, body: () => T): T {
    this.usable()
    if (isChain && this.#chain >= 0) throw codedError(Error, 'ERR_INVALID_STATE', 'Invalid state: links within links')
    if (isChain) this.#chain = this.words[PENDING]!
    const before = this.#extra
    this.#extra |= flags
    try {
      return body()
    } finally {
      this.#extra = before
      if (isChain) this.#endChain(flags)
    }
  }

  #endChain(flags: number): void {
    const last = this.words[PENDING]! - 1
    if (last >= this.#chain) this.words[HEADER_WORDS + last * ENTRY_WORDS]! &= ~(flags << 8)
    this.#chain = -1
  }

  // A chain that is being built stays whole: only what is in front of it goes.
  #makeRoom(): void {
    this.#handOver(this.#chain < 0 ? this.#entries : this.#chain)
    if (this.words[PENDING]! === this.#entries) throw new ErrnoError(EAGAIN, 'io_uring_enter')
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
    if (this.isOwn) this.#handOver(this.words[PENDING]!)
  }

  #handOver(count: number): void {
    const { words } = this
    const left = native.ringSubmit(this.#handle, count)
    if (left >= 0 && count > 0) {
      const from = HEADER_WORDS + count * ENTRY_WORDS
      words.copyWithin(HEADER_WORDS, from, HEADER_WORDS + words[PENDING]! * ENTRY_WORDS)
      words[PENDING]! -= count
    }
    if (left !== 0) setImmediate(() => this.submit())
  }

  #deliver(count: number): void {
    const results = this.#results
    for (let at = 0; at < count * RESULT_WORDS; at += RESULT_WORDS) {
      const slot = results[at]!
      const flags = results[at + 2]!
      const request = this.#requests[slot]
      if (!request) continue
      if ((flags & IORING_CQE_F_MORE) === 0) {
        this.#requests[slot] = undefined
        this.#free.push(slot)
        this.#inFlight--
      }
      request.completed(results[at + 1]!, flags)
    }
    if (this.#inFlight === 0) this.#idle?.()
  }

  /** Cancels all that is in flight, and frees the ring when it is over. */
  close(): Promise<void> {
    if (!this.isOwn) return Promise.resolve()
    return (this.#closed ??= this.#finish())
  }

  async #finish(): Promise<void> {
    for (const request of [...this.#requests]) if (request) this.cancel(request)
    this.submit()
    if (this.#inFlight > 0) await new Promise<void>((resolve) => (this.#idle = resolve))
    await new Promise((resolve) => setImmediate(resolve)) // out of the batch
    this.#freed = true
    queues.delete(this)
    native.ringClose(this.#handle)
  }

  /** io_uring_register(2): value or negative errno. */
  register(operation: number, address: number, count: number): number {
    return native.ringRegister(this.usable(), operation, address, count)
  }

  /** Whether the kernel has each operation, by its number. */
  probe(): Uint8Array {
    const can = new Uint8Array(256)
    const error = native.ringProbe(this.usable(), can)
    if (error < 0) throw new ErrnoError(error, 'io_uring_register')
    return can
  }
}

function setLong(words: Int32Array, at: number, value: number): void {
  words[at] = value
  words[at + 1] = value < 0 ? -1 : Math.floor(value / HIGH)
}

const queues = new Set<RingQueue>()
aboutToClose((fd) => {
  for (const queue of queues) callSafely(() => queue.beforeClose(fd))
})

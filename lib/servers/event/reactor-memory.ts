// The memory that the native reactor shares with JavaScript: records of what happened, operations of what is to be done, and
// the bytes of both. What lies where, and the numbers, are those of native/core/reactor/shared.h; change both together.

export const kind = { open: 0, data: 1, end: 2, drain: 3, close: 4, refused: 5, dropped: 6 } as const
export const reason = { closed: 0, timedOut: 1, detached: 2 } as const
export const operation = { write: 0, finish: 1, closeSoon: 2, destroy: 3, pause: 4, resume: 5, release: 6 } as const

// The control block, in 32-bit integers.
const RECORDS = 0
const OPERATIONS = 1
const OUT_USED = 2
const IN_BATCH = 3
const CLOSED = 4
const STATISTICS = 16
const STATISTICS_COUNT = 8
const MOST_RECORDS = 2048
const MOST_OPERATIONS = 4096
const FIRST_RECORD = STATISTICS + 2 * STATISTICS_COUNT
const FIRST_OPERATION = FIRST_RECORD + 4 * MOST_RECORDS
const QUEUED = FIRST_OPERATION + 4 * MOST_OPERATIONS
// The data block, in bytes: what was read, then what is to be written and did not lie there.
const SLAB_SIZE = 1024 * 1024
const OUT_SIZE = 256 * 1024

export class ReactorMemory {
  /** The data block. */
  readonly bytes: Buffer
  /** The control block: records are read here, four integers each, from `firstRecord` on. */
  readonly control: Int32Array
  readonly #statistics: Float64Array
  readonly #block: ArrayBuffer

  constructor(control: ArrayBuffer, data: ArrayBuffer) {
    this.#block = data
    this.bytes = Buffer.from(data)
    this.control = new Int32Array(control)
    this.#statistics = new Float64Array(control, 4 * STATISTICS, STATISTICS_COUNT)
  }

  get closed(): boolean {
    return this.control[CLOSED] !== 0
  }

  get inBatch(): boolean {
    return this.control[IN_BATCH] !== 0
  }

  get active(): number {
    return this.#statistics[1]!
  }

  statistics() {
    const [accepted = 0, active = 0, rejected = 0, errors = 0, bytesIn = 0, bytesOut = 0] = this.#statistics
    return { accepted, active, rejected, errors, bytesIn, bytesOut }
  }

  // ---- what happened

  readonly firstRecord = FIRST_RECORD

  /** Where the last record ends; it moves to the front when the reactor is closed in the middle of a batch. */
  get lastRecord(): number {
    return FIRST_RECORD + 4 * this.control[RECORDS]!
  }

  // ---- what is to be done

  /** How many operations are noted. */
  get operations(): number {
    return this.control[OPERATIONS]!
  }

  get full(): boolean {
    return this.control[OPERATIONS] === MOST_OPERATIONS
  }

  note(what: number, slot: number, a: number, b: number): void {
    const { control } = this
    const count = control[OPERATIONS]!
    const at = FIRST_OPERATION + 4 * count
    control[at] = what
    control[at + 1] = slot
    control[at + 2] = a
    control[at + 3] = b
    control[OPERATIONS] = count + 1
  }

  /** How many bytes the kernel would not take yet from an open slot; negative where it has said that the client is gone. */
  queued(slot: number): number {
    return this.control[QUEUED + slot]!
  }

  /** Counts `length` bytes to what waits, where something does. */
  addQueued(slot: number, length: number): number {
    const queued = this.control[QUEUED + slot]!
    return queued <= 0 ? 0 : (this.control[QUEUED + slot] = queued + length)
  }

  /** Whether a view's bytes lie in the data block. */
  holds(view: ArrayBufferView): boolean {
    return view.buffer === this.#block
  }

  hasRoom(length: number): boolean {
    return this.control[OUT_USED]! + length <= OUT_SIZE
  }

  /** Where what is copied next comes to lie. */
  get out(): number {
    return SLAB_SIZE + this.control[OUT_USED]!
  }

  /** So many bytes from `out` on are taken. */
  take(length: number): void {
    this.control[OUT_USED]! += length
  }
}

// The entries of a ring that wait for the end of the turn, in memory that the kernel's side reads. Internal; queue.ts is its only user.
import { native } from '../../native.js'
import { ENTRY_WORDS, writeEntry, type Sqe } from './sqe.js'

// native/loop/ring_loop.h has the same numbers: a header, entries of 64 bytes, completions of three words.
const PENDING = 0
const IN_BATCH = 1
const HEADER_WORDS = 16
export const RESULT_WORDS = 3
const MOST_RESULTS = 1024

const entryAt = (number: number): number => HEADER_WORDS + number * ENTRY_WORDS

/** Header, entries and completions. */
export const ringWords = (entries: number): Int32Array => new Int32Array(entryAt(entries) + MOST_RESULTS * RESULT_WORDS)

/** The part of them that has the completions of a batch. */
export const resultsIn = (words: Int32Array, entries: number): Int32Array => words.subarray(entryAt(entries))

export class Submission {
  readonly #handle: object
  readonly #words: Int32Array
  readonly #entries: number
  readonly #submit: () => void
  #scheduled = false

  /** @param submit hands over what is written: called at the end of a turn in which something was, and after the kernel took no more */
  constructor(handle: object, words: Int32Array, entries: number, submit: () => void) {
    this.#handle = handle
    this.#words = words
    this.#entries = entries
    this.#submit = submit
  }

  /** Whether so many entries can be written; hands over what is there, where there would be no room. */
  hasRoom(count: number): boolean {
    if (this.#words[PENDING]! + count > this.#entries) this.handOver()
    return this.#words[PENDING]! + count <= this.#entries
  }

  /** There is room. @param slot and `use` are the two words of its user_data */
  write(entry: Sqe, flags: number, slot: number, use: number): void {
    const words = this.#words
    writeEntry(words, entryAt(words[PENDING]!), entry, flags, slot, use)
    words[PENDING]!++
    if (!this.#scheduled && words[IN_BATCH] === 0) this.#schedule()
  }

  #schedule(): void {
    this.#scheduled = true
    process.nextTick(() => {
      this.#scheduled = false
      this.#submit()
    })
  }

  /** All that is written goes to the kernel, as far as it takes it. */
  handOver(): void {
    const words = this.#words
    const count = words[PENDING]!
    const left = native.ringSubmit(this.#handle, count)
    if (left >= 0 && count > 0) {
      words.copyWithin(HEADER_WORDS, entryAt(count), entryAt(words[PENDING]!))
      words[PENDING]! -= count
    }
    if (left !== 0) setImmediate(() => this.#submit())
  }
}

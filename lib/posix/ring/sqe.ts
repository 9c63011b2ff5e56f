// What an operation says to the kernel: struct io_uring_sqe, written into the memory that is handed over. Internal.
// See: man 2 io_uring_enter
import { constant } from '../../native.js'
import { asFd } from '../internal/arguments.js'

/** Words of an entry. */
export const ENTRY_WORDS = 16

// Where its fields are, in words. FLAGS is what each operation calls otherwise: rw_flags, msg_flags, open_flags ...
const FD = 1
const OFFSET = 2
const ADDRESS = 4
const LENGTH = 6
const FLAGS = 7
const USER_DATA = 8
const BUFFER = 10 // buf_index or buf_group, the lower half of its word
const FILE = 11 // splice_fd_in

const IOSQE_FIXED_FILE = constant('IOSQE_FIXED_FILE')
const HIGH = 2 ** 32

/** A descriptor of a ring's own table: quicker to work on than a number of the process. */
export class FixedFile {
  readonly index: number
  /** @param index where it is in the table of the ring that registered it */
  constructor(index: number) {
    this.index = index
  }
}

/** A descriptor, or what `registerFiles` gave for one. */
export type RingFile = number | FixedFile

/** A descriptor or a registered file. */
export function asRingFile(file: unknown, name = 'fd'): RingFile {
  return file instanceof FixedFile ? file : asFd(file, name)
}

/** The fields of an entry; those left out are 0. */
export interface Sqe {
  /** IORING_OP_READ and the like. */
  readonly code: number
  /** Left out: -1. */
  readonly fd?: RingFile
  readonly address?: number
  readonly length?: number
  /** -1: the file's own. */
  readonly offset?: number
  readonly flags?: number
  /** The number of a registered buffer, or of a group of buffers. */
  readonly buffer?: number
  /** The other descriptor of a splice. */
  readonly file?: number
  /** `ioprio`, where operations have flags of their own. */
  readonly priority?: number
  /** IOSQE_ flags. */
  readonly how?: number
}

/** Writes an entry at word `at`, with IOSQE_ flags `extra` and the two words of its user_data. */
export function writeEntry(words: Int32Array, at: number, entry: Sqe, extra: number, slot: number, use: number): void {
  const { code, fd = -1, address = 0, length = 0, offset = 0, flags = 0 } = entry
  const { buffer = 0, file = 0, priority = 0, how = 0 } = entry
  const isFixed = typeof fd !== 'number'
  words[at] = code | ((extra | how | (isFixed ? IOSQE_FIXED_FILE : 0)) << 8) | (priority << 16)
  words[at + FD] = isFixed ? fd.index : fd
  setLong(words, at + OFFSET, offset)
  setLong(words, at + ADDRESS, address)
  words[at + LENGTH] = length
  words[at + FLAGS] = flags
  words[at + USER_DATA] = slot
  words[at + USER_DATA + 1] = use
  words[at + BUFFER] = buffer
  words[at + FILE] = file
  for (let word = at + FILE + 1; word < at + ENTRY_WORDS; word++) words[word] = 0
}

function setLong(words: Int32Array, at: number, value: number): void {
  words[at] = value
  words[at + 1] = value < 0 ? -1 : Math.floor(value / HIGH)
}

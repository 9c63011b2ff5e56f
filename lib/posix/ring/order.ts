// The order that a caller asks of the operations that it begins: linked in a chain, or after all that was begun before. Internal.
import { codedError } from '../../errors.js'
import { constant } from '../../native.js'
import type { Group } from './held.js'

const IOSQE_IO_LINK = constant('IOSQE_IO_LINK')
const IOSQE_IO_HARDLINK = constant('IOSQE_IO_HARDLINK')
const IOSQE_IO_DRAIN = constant('IOSQE_IO_DRAIN')

/** The methods of a ring that say in which order its operations go. */
export interface RingOrder {
  /** Hands over what was begun, now. Otherwise that is done at the end of the turn, for all of it by one system call. */
  submit(): void

  /**
   * The operations that `body` begins are a chain: each begins when the one before it has succeeded, and after a failure the rest rejects
   * with ECANCELED. `body` is synchronous. A read or write that is short counts as a failure.
   *
   * @param hard the chain goes on after a failure
   * @returns what `body` returns
   * @throws what `body` throws; ERR_INVALID_STATE (in a chain already); ErrnoError EAGAIN, where it is longer than the ring has entries
   */
  linked<T>(body: () => T, options?: { hard?: boolean }): T

  /** The operations that `body` begins wait until all that was begun before them is over. */
  drained<T>(body: () => T): T
}

/** What is asked at present. */
export class RequestOrder {
  #flags = 0 // IOSQE_ flags of what is being prepared
  #chain: Group | undefined

  /** The chain that is being built. */
  get chain(): Group | undefined {
    return this.#chain
  }

  /** Whether what is being prepared waits for all before it. */
  get drains(): boolean {
    return (this.#flags & IOSQE_IO_DRAIN) !== 0
  }

  /** The flags of a link. */
  get linkFlags(): number {
    return this.#flags & ~IOSQE_IO_DRAIN
  }

  /** What is prepared in `body` goes into `chain`. A `hard` link goes on after a failure. @throws ERR_INVALID_STATE */
  linked<T>(chain: Group, hard: boolean, body: () => T): T {
    if (this.#chain) throw codedError(Error, 'ERR_INVALID_STATE', 'Invalid state: links within links')
    this.#chain = chain
    try {
      return this.#flagged(hard ? IOSQE_IO_HARDLINK : IOSQE_IO_LINK, body)
    } finally {
      this.#chain = undefined
    }
  }

  drained<T>(body: () => T): T {
    return this.#flagged(IOSQE_IO_DRAIN, body)
  }

  #flagged<T>(flags: number, body: () => T): T {
    const before = this.#flags
    this.#flags |= flags
    try {
      return body()
    } finally {
      this.#flags = before
    }
  }
}

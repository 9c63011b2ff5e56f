// The requests of a ring: a slot for each, whose number the kernel gives back with each completion. Internal.
import type { Sqe } from './sqe.js'

/** What was begun on a ring: it is told each completion, the last of them without IORING_CQE_F_MORE. */
export interface Request {
  /** Where it is in the table of its ring. */
  slot: number
  completed(result: number, flags: number): void
  /** This is the child of a fork that keeps what the parent's loop watches, and the operation is the parent's. */
  lost(): void
}

/** A request whose completion concerns nothing. */
export const unheard: Request = { slot: -1, completed: () => {}, lost: () => {} }

/** The requests of one ring that are in flight. */
export class InFlight {
  readonly #requests: (Request | undefined)[] = []
  readonly #fds: number[] = [] // the descriptor of each, -1 for none
  readonly #otherFds: number[] = []
  readonly #uses: number[] = [] // the upper word of each user_data: another one each time the slot is used
  readonly #free: number[] = []
  #lastUse = 0
  #count = 0

  get count(): number {
    return this.#count
  }

  /** Gives it a slot. */
  admit(request: Request, { fd = -1, file = -1 }: Sqe): number {
    const slot = this.#free.pop() ?? this.#requests.length
    this.#requests[slot] = request
    this.#fds[slot] = typeof fd === 'number' ? fd : -1
    this.#otherFds[slot] = file
    request.slot = slot
    this.#uses[slot] = this.#lastUse = (this.#lastUse + 1) & 0xfffff // so that both words together are exact as a number
    this.#count++
    return slot
  }

  /** The upper word of the user_data of the request in `slot`. */
  useOf(slot: number): number {
    return this.#uses[slot]!
  }

  at(slot: number): Request | undefined {
    return this.#requests[slot]
  }

  has(request: Request): boolean {
    return this.#requests[request.slot] === request
  }

  /** Its last completion has come. */
  release(slot: number): void {
    this.#requests[slot] = undefined
    this.#free.push(slot)
    this.#count--
  }

  /** Those on a descriptor; a registered file is none. */
  on(fd: number): Request[] {
    const isOn = (slot: number): boolean => this.#fds[slot] === fd || this.#otherFds[slot] === fd
    return this.#requests.filter((request, slot) => request && request !== unheard && isOn(slot)) as Request[]
  }

  all(): Request[] {
    return this.#requests.filter((request) => request !== undefined)
  }
}

// What waits its turn in JavaScript: what is drained, and all that was begun after it. The kernel would put it into a list in which nothing
// can be cancelled, and every request to cancel something else behind it. Internal; queue.ts is its only user.
import { constant } from '../../native.js'
import { FixedFile, type RingFile, type Sqe } from './sqe.js'
import type { Request } from './in-flight.js'

const IOSQE_IO_HARDLINK = constant('IOSQE_IO_HARDLINK')
const IORING_OP_LINK_TIMEOUT = constant('IORING_OP_LINK_TIMEOUT')
const LINKS = constant('IOSQE_IO_LINK') | IOSQE_IO_HARDLINK

export interface HeldEntry {
  readonly request: Request
  readonly sqe: Sqe
  /** IOSQE_ flags. */
  readonly flags: number
}

/** One operation, or the links of a chain: they are handed over together, with nothing between them. */
export class Group {
  /** It begins when all that was begun before it is over, and what comes after it begins when it is over. */
  drains = false
  readonly entries: HeldEntry[] = []

  /** Of one operation. */
  static of(entry: HeldEntry, drains: boolean): Group {
    const group = new Group()
    group.drains = drains
    group.entries.push(entry)
    return group
  }

  /** Takes a request out, with what cannot go without it. Gives those; none where it is not in here. */
  remove(request: Request): Request[] {
    const at = this.entries.findIndex((entry) => entry.request === request)
    return at < 0 ? [] : this.entries.splice(at, this.#bound(at)).map((entry) => entry.request)
  }

  // How many, from `at` on, cannot go without that one: after a hard link the rest goes on, but for its own time limit.
  #bound(at: number): number {
    if ((this.flagsOf(at) & IOSQE_IO_HARDLINK) === 0) return this.entries.length - at
    return this.entries[at + 1]?.sqe.code === IORING_OP_LINK_TIMEOUT ? 2 : 1
  }

  /** The IOSQE_ flags of an entry: the last one is linked to nothing. */
  flagsOf(at: number): number {
    const { flags } = this.entries[at]!
    return at === this.entries.length - 1 ? flags & ~LINKS : flags
  }
}

const isSame = (a: RingFile | undefined, b: RingFile): boolean =>
  a instanceof FixedFile ? b instanceof FixedFile && a.index === b.index : a === b

/** Groups in the order in which they go. */
export class Held {
  readonly #groups: Group[] = []

  get first(): Group | undefined {
    return this.#groups[0]
  }

  push(group: Group): void {
    this.#groups.push(group)
  }

  shift(): void {
    this.#groups.shift()
  }

  /** Takes a request out, with what in its chain cannot go without it. Gives those; none where it is not held. */
  remove(request: Request): Request[] {
    for (const [i, group] of this.#groups.entries()) {
      const gone = group.remove(request)
      if (group.entries.length === 0) this.#groups.splice(i, 1)
      if (gone.length > 0) return gone
    }
    return []
  }

  /** The requests on a descriptor or a registered file. */
  on(fd: RingFile): Request[] {
    const all = this.#groups.flatMap((group) => group.entries)
    return all.filter(({ sqe }) => isSame(sqe.fd, fd)).map(({ request }) => request)
  }
}

// A batch of what happened, told to what serves the connections (a sink): the reactor calls `tell` once for all of it.
import { constants } from 'node:os'
import { ErrnoError } from '../../errors.js'
import { kind, reason, type ReactorMemory } from './reactor-memory.js'

/** A connection as the reactor knows it. */
export interface Link {
  /** Its place in the reactor's tables; -1 from when it is closed, here or by the client. */
  slot: number
}

/** What is told. Nothing of it may throw. */
export interface Sink<L extends Link> {
  /** Whether chunks are kept: they are then copies, and else valid until the batch is over. */
  readonly keeps: boolean
  /** Of one that keeps chunks: takes bytes from where they lie, before they are copied, and gives how many. */
  fill?(link: L, bytes: Buffer, offset: number, length: number): number
  open(slot: number): L
  data(link: L, chunk: Buffer): void
  end(link: L): void
  drain(link: L): void
  /** The last that is told of a link. `error` where it did not end in order. */
  close(link: L, error: Error | undefined): void
  /** A client could not be taken: no descriptor is left (EMFILE ...: it waits), or select(2) has no room (ERANGE: it is gone). */
  refused(error: ErrnoError): void
  /** A client was closed unserved; its number is valid until the batch is over. */
  dropped(number: number): void
  /** Links were closed in this batch, which is over. */
  settled(): void
}

// Small chunks that follow one another are copied together; keeping one keeps so many bytes at most.
const PIECE = 8192
const { ETIMEDOUT } = constants.errno

export class Batch<L extends Link> {
  readonly #memory: ReactorMemory
  readonly #sink: Sink<L>
  readonly #links: (L | undefined)[] = []
  /** Links that are open, or whose end has still to be told. */
  open = 0
  /** The chunk that the sink is being given, which is most often what is written back, and where it lies. */
  chunk: Buffer | undefined
  offset = 0
  #copy: Buffer | undefined
  #copiedFrom = 0
  #copiedTo = 0
  #anyClosed = false

  constructor(memory: ReactorMemory, sink: Sink<L>) {
    this.#memory = memory
    this.#sink = sink
  }

  tell(): void {
    const memory = this.#memory
    const { control } = memory
    for (let at = memory.firstRecord; at < memory.lastRecord; at += 4) {
      if (control[at] === kind.data) this.#data(at)
      else this.#event(control[at]!, control[at + 1]!, control[at + 2]!, control[at + 3]!)
    }
    this.chunk = this.#copy = undefined
    this.#copiedTo = 0
    if (this.#anyClosed) this.#settled()
  }

  #settled(): void {
    this.#anyClosed = false
    this.#sink.settled()
  }

  #data(at: number): void {
    const { control, bytes } = this.#memory
    const slot = control[at + 1]!
    const link = this.#links[slot]!
    if (link.slot !== slot) return
    const offset = control[at + 2]!
    const length = control[at + 3]!
    if (this.#sink.keeps) return this.#keep(link, at, offset, length)
    this.offset = offset
    this.#sink.data(link, (this.chunk = bytes.subarray(offset, offset + length)))
  }

  #keep(link: L, at: number, offset: number, length: number): void {
    const filled = this.#sink.fill!(link, this.#memory.bytes, offset, length)
    if (filled < length) this.#sink.data(link, this.#kept(at, offset + filled, length - filled))
  }

  #kept(at: number, offset: number, length: number): Buffer {
    if (offset < this.#copiedFrom || offset + length > this.#copiedTo) this.#copyAhead(at, offset, length)
    const copy = this.#copy!
    const from = offset - this.#copiedFrom
    return length === copy.length ? copy : copy.subarray(from, from + length)
  }

  // The chunk of this record, and those of the next that lie behind it.
  #copyAhead(at: number, offset: number, length: number): void {
    const { control, bytes, lastRecord } = this.#memory
    let end = offset + length
    for (let next = at + 4; next < lastRecord; next += 4) {
      if (control[next] !== kind.data || control[next + 2] !== end) break
      if (end + control[next + 3]! > offset + PIECE) break
      end += control[next + 3]!
    }
    this.#copy = Buffer.from(bytes.subarray(offset, end))
    this.#copiedFrom = offset
    this.#copiedTo = end
  }

  #event(what: number, slot: number, a: number, b: number): void {
    if (what === kind.open) {
      this.open++
      this.#links[slot] = this.#sink.open(slot)
      return
    }
    const link = this.#links[slot]
    if (what === kind.close) this.#closed(slot, link, a, b)
    else if (what === kind.refused) this.#sink.refused(new ErrnoError(a, 'accept4'))
    else if (what === kind.dropped) this.#sink.dropped(a)
    else if (!link || link.slot !== slot) return
    else if (what === kind.end) this.#sink.end(link)
    else if (what === kind.drain) this.#sink.drain(link)
  }

  #closed(slot: number, link: L | undefined, errno: number, why: number): void {
    this.#anyClosed = true
    if (link) this.open--
    this.#links[slot] = undefined
    if (!link || why === reason.detached) return
    const error = why === reason.timedOut ? ETIMEDOUT : errno
    link.slot = slot // once more, so that the sink can still ask who it was
    try {
      this.#sink.close(link, error ? new ErrnoError(error, 'recv') : undefined)
    } finally {
      link.slot = -1 // whose slot it is next, it does not speak for
    }
  }
}

/** A client's address and port, from "port address". */
export function asPeer(text: string): { address: string; port: number } | undefined {
  const space = text.indexOf(' ')
  return space < 0 ? undefined : { address: text.slice(space + 1), port: Number(text.slice(0, space)) }
}

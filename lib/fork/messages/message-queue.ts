// Messages that have come in and were not looked at yet: as bytes, so that what they take of the heap is taken only when they are wanted.
import { ownCopy } from './message-frames.js'
import type { ReceivedHandle } from './handles.js'

// What a descriptor and a message count for beside the bytes: who sends many of them is read no faster.
const FD_WEIGHT = 4096
const MESSAGE_WEIGHT = 64

/** A message, and the descriptors beside it. */
export interface Waiting {
  readonly body: Buffer
  readonly handles: ReceivedHandle[]
}

const weightOf = ({ body, handles }: Waiting): number => body.length + handles.length * FD_WEIGHT + MESSAGE_WEIGHT

/** Closes those that nobody has taken. */
export const closeHandles = (handles: readonly ReceivedHandle[]): void => handles.forEach((handle) => handle.close())

export class MessageQueue {
  #waiting: Waiting[] = []
  #first = 0
  #weight = 0

  /** About how many bytes wait. */
  get weight(): number {
    return this.#weight
  }

  get length(): number {
    return this.#waiting.length - this.#first
  }

  /** Its bytes are copied. */
  push({ body, handles }: Waiting): void {
    const own = { body: ownCopy(body), handles }
    this.#weight += weightOf(own)
    this.#waiting.push(own)
  }

  shift(): Waiting | undefined {
    const next = this.#waiting[this.#first]
    if (!next) return undefined
    this.#weight -= weightOf(next)
    if (++this.#first > this.#waiting.length / 2) {
      this.#waiting.splice(0, this.#first)
      this.#first = 0
    }
    return next
  }

  /** Nobody will ask for the descriptors. */
  closeHandles(): void {
    for (const { handles } of this.#waiting.slice(this.#first)) closeHandles(handles)
  }

  /** Nobody will ask for any of them. */
  clear(): void {
    this.closeHandles()
    this.#waiting = []
    this.#first = 0
    this.#weight = 0
  }
}

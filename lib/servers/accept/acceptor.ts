// The accept loop of the models whose connections JavaScript accepts: fork and thread a connection.
import { POLLIN } from '../../posix/poll.js'
import { Watch } from '../../posix/event-loop/watch.js'
import { accept4, type Accepted } from '../../posix/sys-socket.js'
import { acceptFailure, EXHAUSTED_PAUSE } from './accept-errors.js'
import type { Listener } from './listener.js'
import { setTimeout } from '../../posix/internal/own-timers.js'

// How many connections one turn of the event loop takes at most, so that what else waits is served too. Those that processes share
// are taken one by one: who is quick would take the share of others.
const TURN = 64

/** What is accepted from: a Listener, or a descriptor of it. */
export type AcceptFrom = Pick<Listener, 'fd' | 'setNonBlocking'>

export interface AcceptorEvents {
  /** Takes over the connection. False: no more for now; `resume` asks for the next. */
  take(accepted: Accepted): boolean
  /** Accepting failed in a way that ends it. */
  failed(error: Error): void
}

/** Watches a listener and accepts; pauses when told to, and by itself while descriptors are exhausted. */
export class Acceptor {
  readonly #listener: AcceptFrom
  readonly #events: AcceptorEvents
  readonly #turnSize: number
  #watch: Watch | undefined
  #retry: NodeJS.Timeout | undefined
  #paused = false
  /** How often accepting had to rest because descriptors or memory were exhausted. */
  exhaustions = 0

  /** @param shared whether other processes accept from it too */
  constructor(listener: AcceptFrom, events: AcceptorEvents, shared = false) {
    this.#listener = listener
    this.#turnSize = shared ? 1 : TURN
    this.#events = events
    listener.setNonBlocking(true)
    this.#listen()
  }

  #listen(): void {
    this.#watch ??= new Watch(this.#listener.fd, POLLIN, () => this.#turn())
  }

  // The kernel may have no memory left to watch with; it is asked again.
  #listenAgain(): void {
    try {
      this.#listen()
    } catch {
      this.#rest()
    }
  }

  #unlisten(): void {
    this.#watch?.close()
    this.#watch = undefined
  }

  #turn(): void {
    for (let taken = 0; taken < this.#turnSize && this.#watch; taken++) {
      const accepted = this.#accept()
      if (!accepted) return
      if (!this.#events.take(accepted)) this.pause()
    }
  }

  #accept(): Accepted | null {
    try {
      return accept4(this.#listener.fd)
    } catch (error) {
      const failure = acceptFailure(error)
      if (failure === 'exhausted') this.#rest()
      else if (failure !== 'connection') this.#fail(error as Error)
      return null
    }
  }

  #rest(): void {
    this.exhaustions++
    this.#unlisten()
    this.#retry = setTimeout(() => {
      this.#retry = undefined
      if (!this.#paused) this.#listenAgain()
    }, EXHAUSTED_PAUSE)
  }

  #fail(error: Error): void {
    this.stop()
    this.#events.failed(error)
  }

  /** Connections wait in the kernel's queue until `resume`. */
  pause(): void {
    this.#paused = true
    this.#unlisten()
  }

  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    if (!this.#retry) this.#listenAgain()
  }

  /** For good. */
  stop(): void {
    this.pause()
    clearTimeout(this.#retry)
    this.#retry = undefined
  }
}

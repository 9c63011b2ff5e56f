// What accepts for a server that forks a child a connection: C++ where no listener is to be told of each, else JavaScript. After a fork has
// failed accepting rests for a while.
import type { ErrnoError } from '../../errors.js'
import { isForkHooked } from '../../posix/fork.js'
import type { Accepted } from '../../posix/sys-socket.js'
import { Acceptor } from '../accept/acceptor.js'
import { ForkAcceptor, type NativelyAccepted } from './native-acceptor.js'
import type { ForkSettings } from './fork-options.js'
import type { Counters } from '../serving/counters.js'
import type { ServerHost } from '../model.js'
import { setTimeout } from '../../posix/internal/own-timers.js'

const ofEachConnection = ['fork', 'exit']

/** How long a fork that failed is waited with before it is tried again, in milliseconds. */
export const RETRY = 50
const LONGEST_REST = 2000

export interface AcceptingServer extends NativelyAccepted {
  readonly host: ServerHost
  readonly settings: Pick<ForkSettings, 'maxChildren' | 'timeout'>
  readonly tally: Counters
  /** The descriptors that a child has beside its client. */
  readonly kept: readonly number[]
  /** JavaScript has accepted. False: no more for now. */
  readonly take: (accepted: Accepted) => boolean
  /** It has rested, and may accept again. */
  readonly rested: () => void
}

/** Accepts nothing until `resume`. */
export class AcceptMode {
  readonly #server: AcceptingServer
  readonly #native: ForkAcceptor
  readonly #js: Acceptor
  #rest = RETRY
  #resting: NodeJS.Timeout | undefined

  /** @throws ErrnoError ENOTSUP (in a Worker), EMFILE, ENOSPC ... */
  constructor(server: AcceptingServer) {
    const { host, tally, kept } = (this.#server = server)
    this.#js = new Acceptor(host.listener, {
      take: server.take,
      failed: (error: Error) => host.failed(error),
    })
    this.#js.pause()
    this.#native = new ForkAcceptor(host.listener, tally, kept, server, {
      isAsked: () => this.#mayBeNative() || this.#acceptInJs(),
      acceptFailed: (_error: ErrnoError) => this.#acceptInJs(),
    })
    host.onListener((event) => {
      if (ofEachConnection.includes(event)) this.#native.tellAllEnds()
    })
  }

  // No listener hears of each connection, and there is nothing to do for each.
  #mayBeNative(): boolean {
    const { host, settings } = this.#server
    return !host.wantsConnections && !host.hears(...ofEachConnection) && settings.timeout === 0 && !isForkHooked()
  }

  // JavaScript tells of each connection; also where C++ has met an error, which JavaScript meets again and deals with.
  #acceptInJs(): false {
    this.#native.pause()
    this.#native.tellAllEnds()
    this.#js.resume()
    return false
  }

  /** @param others connections that JavaScript has accepted and that are not over: each of the two counts the limits for what it accepts, so both do not accept at once */
  resume(others: number): void {
    if (this.#resting) return
    if (!this.#mayBeNative()) return void this.#acceptInJs()
    if (others > 0) return this.#js.resume()
    this.#js.pause()
    this.#native.resume(this.#server.settings.maxChildren, this.#server.host.maxConnections)
  }

  /**
   * A fork has failed: nothing is accepted for a while, longer after each failure.
   * @param pause the milliseconds, where it is no matter of the kernel's patience
   */
  rest(pause?: number): void {
    this.#js.pause()
    this.#native.pause()
    if (this.#resting) return
    this.#resting = setTimeout(() => {
      this.#resting = undefined
      this.#server.rested()
    }, pause ?? this.#rest)
    if (pause === undefined) this.#rest = Math.min(this.#rest * 2, LONGEST_REST)
  }

  /** A fork has worked. */
  worked(): void {
    this.#rest = RETRY
  }

  /** For good; children go on, and each end is told. */
  stop(): void {
    clearTimeout(this.#resting)
    this.#js.stop()
    this.#native.pause()
    this.#native.tellAllEnds()
  }

  /** Children that C++ has forked and that live. */
  get children(): number {
    return this.#native.children
  }

  /** How often accepting had to rest for want of descriptors or memory. */
  get exhaustions(): number {
    return this.#js.exhaustions
  }

  /** Ends the children that C++ has forked. */
  kill(): void {
    this.#native.kill()
  }

  close(): void {
    this.#native.close()
  }
}

// node:http on sockets that a server of this library has accepted, the same in every model: which of them wait for a reply, and their end without
// lost requests.
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { poll, POLLIN } from '../../posix/poll.js'
import { httpServer, type HttpApplication } from '../handler.js'
import { HttpSocket, LINGER } from './http-socket.js'
import { setTimeout } from '../../posix/internal/own-timers.js'

// Besides 'request': what an application answers by a response, and what it takes the socket for.
const ANSWERED = ['checkContinue', 'checkExpectation'] as const
const TAKEN = ['upgrade', 'connect'] as const

export interface HttpEvents {
  /** A request begins. Gives what is called at its end. */
  request(): () => void
  /** Whether the server ends, where a descriptor tells of that: it may be looked at later than a request. */
  isEnding?(): boolean
  /** The last connection is closed after `end`. */
  empty(): void
}

/** Whether a descriptor is readable, or hung up. */
export const isTold = (fd: number): boolean => poll([{ fd, events: POLLIN, revents: 0 }], 0) > 0

/** Gives sockets to node:http and knows which of them wait for a reply. */
export class HttpSockets {
  readonly #server: Server
  readonly #events: HttpEvents
  readonly #sockets = new Map<Socket, HttpSocket>()
  #sweeping: NodeJS.Timeout | undefined
  #minds = false
  #ending = false

  constructor(application: HttpApplication, events: HttpEvents) {
    this.#events = events
    this.#server = httpServer(application)
    this.#before('request', (request, response) => this.#begin(request, response))
    for (const event of ANSWERED) this.#beforeOthers(event, (request, response) => this.#begin(request, response))
    for (const event of TAKEN) this.#beforeOthers(event, (_request, socket) => this.#take(socket))
  }

  serve(socket: Socket): void {
    this.#mindTimeLimits()
    const served = new HttpSocket(socket)
    this.#sockets.set(socket, served)
    socket.once('close', () => {
      this.#sockets.delete(socket)
      served.over()
      this.#settle()
    })
    this.#server.emit('connection', socket)
    if (this.#ending) this.#sweepLater(LINGER)
  }

  // node:http looks at its time limits where it has a port of its own; it is made to believe that with the first connection.
  #mindTimeLimits(): void {
    if (this.#minds) return
    this.#minds = true
    this.#server.emit('listening')
  }

  #before(event: string, listener: (...args: never[]) => void): void {
    this.#server.prependListener(event, listener as (...args: unknown[]) => void)
  }

  // Where nothing listens to one of these, node:http answers by itself: it is listened to once the application does.
  #beforeOthers(event: string, listener: (...args: never[]) => void): void {
    if (this.#server.listenerCount(event) > 0) return this.#before(event, listener)
    const added = (name: string | symbol): void => {
      if (name !== event) return
      this.#server.off('newListener', added)
      this.#before(event, listener)
    }
    this.#server.on('newListener', added)
  }

  #begin(request: IncomingMessage, response: ServerResponse): void {
    const served = this.#sockets.get(request.socket)
    if (!served) return
    if (!this.#ending && this.#events.isEnding?.()) this.end()
    const done = this.#events.request()
    served.begin(request, response, () => {
      done()
      if (this.#ending && served.isIdle) this.#sweepLater(LINGER)
    })
    if (this.#ending) served.endSoon()
  }

  #take(socket: Socket): void {
    const served = this.#sockets.get(socket)
    if (!served) return
    served.take()
    this.#events.request()()
  }

  /**
   * What is being answered is answered, with "Connection: close". Idle connections are closed: those whose clients have asked a moment ago a moment
   * later, so that a request that is on its way still gets its answer.
   */
  end(): void {
    if (this.#ending) return
    this.#ending = true
    for (const served of this.#sockets.values()) served.endSoon()
    this.#sweep()
    this.#settle()
  }

  // Closes those that have been idle for long enough, and comes again for the others.
  #sweep(): void {
    const waits = [...this.#sockets.values()].map((served) => served.closeIfIdle())
    const next = Math.min(...waits)
    if (next < Infinity) this.#sweepLater(next)
  }

  #sweepLater(wait: number): void {
    this.#sweeping ??= setTimeout(() => {
      this.#sweeping = undefined
      this.#sweep()
    }, Math.ceil(wait))
  }

  #settle(): void {
    if (!this.#ending || this.#sockets.size > 0) return
    clearTimeout(this.#sweeping)
    this.#server.close()
    this.#events.empty()
  }
}

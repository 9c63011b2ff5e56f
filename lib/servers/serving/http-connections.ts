// HTTP in a process that serves many connections at once: node:http on accepted sockets, and its end without lost requests.
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { POLLIN } from '../../posix/poll.js'
import { Watch } from '../../posix/event-loop/watch.js'
import type { Accepted } from '../../posix/sys-socket.js'
import { Acceptor, type AcceptFrom } from '../accept/acceptor.js'
import { BlockingConnection } from './blocking-connection.js'
import { Deferred } from '../deferred.js'
import { httpServer, type HttpApplication } from '../handler.js'
import type { ByteTally } from '../connection.js'
import type { Client, ServerHost } from '../model.js'

// How long a connection may stay that has asked nothing yet, or whose client may be about to ask once more, when its process is
// to end. Milliseconds.
const LINGER = 1000

// Besides 'request': what an application answers by a response, and what it takes the socket for.
const ANSWERED = ['checkContinue', 'checkExpectation'] as const
const TAKEN = ['upgrade', 'connect'] as const

/** What such a process or isolate serves with. */
export interface HttpSetup {
  readonly host: Pick<ServerHost, 'idleTimeout'> & { readonly listener: AcceptFrom }
  /** Readable when it is to end. */
  readonly control: number
  readonly tally: ByteTally
  /** Where it is told whether all others that share the listener end too. */
  readonly cells: { readonly common: { get(name: 'closing'): number } }
}

/** Told what is done, and says when it is enough. */
export interface RequestObserver {
  /** A connection was accepted. Gives what must be called at its end. */
  connected(client: Client): () => void
  /** Whether there are as many connections as there may be. */
  isFull(): boolean
  /** One was accepted that is one too many: closes it. */
  refuse(accepted: Accepted): void
  /** One failed. */
  failed(client: Client, error: Error): void
  /** A request begins. Gives what must be called at its end. */
  begin(): () => Promise<void> | void
  isDone(): boolean
}

interface HttpWorkerEvents {
  /** A request begins. Gives what is called at its end. */
  request(): () => void
  /** The last connection is closed after `end`. */
  empty(): void
}

interface SocketState {
  /** What ends each request that is in work on it. */
  readonly requests: Set<() => void>
  /** The application has the socket, for a WebSocket or a tunnel: it is in work until it closes. */
  taken: boolean
  /** Whether it ever had a request. */
  used: boolean
}

const isIdle = ({ requests, taken }: SocketState): boolean => requests.size === 0 && !taken

/** Gives sockets to node:http and knows which of them wait for a reply. */
class HttpWorker {
  readonly #server: Server
  readonly #events: HttpWorkerEvents
  readonly #sockets = new Map<Socket, SocketState>()
  #ending: 'patiently' | 'at once' | undefined

  constructor(application: HttpApplication, events: HttpWorkerEvents) {
    this.#events = events
    this.#server = httpServer(application)
    this.#before('request', (request, response) => this.#begin(request, response))
    for (const event of ANSWERED) this.#beforeOthers(event, (request, response) => this.#begin(request, response))
    for (const event of TAKEN) this.#beforeOthers(event, (_request, socket) => this.#take(socket))
    this.#server.emit('listening') // so that it minds its time limits, as if it had a port of its own
  }

  serve(socket: Socket): void {
    const state: SocketState = { requests: new Set(), taken: false, used: false }
    this.#sockets.set(socket, state)
    socket.once('close', () => {
      this.#sockets.delete(socket)
      for (const over of state.requests) over()
      this.#settle()
    })
    this.#server.emit('connection', socket)
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

  // It is over with its response, or with its socket: a response that waits behind another one has no 'close' of its own then.
  #begin({ socket }: IncomingMessage, response: ServerResponse): void {
    const state = this.#sockets.get(socket)
    if (!state) return
    state.used = true
    if (this.#ending) response.shouldKeepAlive = false
    const done = this.#events.request()
    const over = (): void => {
      if (!state.requests.delete(over)) return
      done()
      if (this.#ending === 'at once' && isIdle(state)) socket.destroySoon()
    }
    state.requests.add(over)
    response.once('close', over)
  }

  // The application has the socket from here on; it is in work until it closes.
  #take(socket: Socket): void {
    const state = this.#sockets.get(socket)
    if (!state) return
    state.taken = true
    state.used = true
    this.#events.request()()
  }

  /**
   * What is being answered is answered, with "Connection: close"; idle connections are closed.
   * @param patient whether others go on with the port: then clients that are about to ask once more still get their answer
   */
  end(patient: boolean): void {
    if (this.#ending === 'at once') return
    this.#ending = patient ? 'patiently' : 'at once'
    if (!patient) this.#closeIdle((state) => state.used)
    setTimeout(() => this.#endNow(), LINGER)
    this.#settle()
  }

  #endNow(): void {
    this.#ending = 'at once'
    this.#closeIdle(() => true)
  }

  #closeIdle(which: (state: SocketState) => boolean): void {
    for (const [socket, state] of this.#sockets) if (isIdle(state) && which(state)) socket.destroySoon()
  }

  #settle(): void {
    if (!this.#ending || this.#sockets.size > 0) return
    this.#server.close()
    this.#events.empty()
  }
}

/** Serves HTTP until the worker is told to end or has done its share, and its connections are closed. */
export async function serveHttp(setup: HttpSetup, share: RequestObserver, application: HttpApplication): Promise<void> {
  const { cells, control, host } = setup
  const ended = new Deferred()
  const end = (patient: boolean): void => {
    acceptor.stop()
    watch.close()
    http.end(patient)
  }
  const http = new HttpWorker(application, {
    request: () => counted(share, () => end(true)),
    empty: () => ended.resolve(),
  })
  const take = (accepted: Accepted): boolean => {
    if (share.isFull()) share.refuse(accepted)
    else serveSocket(setup, share, http, accepted)
    return true
  }
  const acceptor = new Acceptor(host.listener, { take, failed: () => end(false) }, true)
  const watch = new Watch(control, POLLIN, () => end(cells.common.get('closing') === 0))
  await ended.promise
}

function counted(share: RequestObserver, enough: () => void): () => void {
  const done = share.begin()
  return () => {
    void done()
    if (share.isDone()) enough()
  }
}

function serveSocket({ host, tally }: HttpSetup, share: RequestObserver, http: HttpWorker, accepted: Accepted): void {
  const { fd, address } = accepted
  const { idleTimeout } = host
  const conn = new BlockingConnection(fd, address, { idleTimeout, tally })
  const socket = conn.toSocket()
  const { remoteAddress, remotePort } = conn
  socket.once('close', share.connected({ remoteAddress, remotePort }))
  socket.once('error', (error) => share.failed({ remoteAddress, remotePort }, error))
  http.serve(socket)
}

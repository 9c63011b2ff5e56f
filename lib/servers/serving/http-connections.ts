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
import type { Counters } from './counters.js'
import type { Client, ServerHost } from '../model.js'

// How long a connection may stay that has asked nothing yet, or whose client may be about to ask once more, when its process is
// to end. Milliseconds.
const LINGER = 1000

/** What such a process or isolate serves with. */
export interface HttpSetup {
  readonly host: Pick<ServerHost, 'maxConnections' | 'idleTimeout'> & { readonly listener: AcceptFrom }
  /** Readable when it is to end. */
  readonly control: number
  readonly tally: Counters
  /** Where it is told whether all others that share the listener end too. */
  readonly cells: { readonly master: { get(name: 'closing'): number } }
}

/** Told what is done, and says when it is enough. */
export interface RequestObserver {
  /** A connection was accepted. Gives what must be called at its end. */
  connected(client: Client): () => void
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

/** Gives sockets to node:http and knows which of them wait for a reply. */
class HttpWorker {
  readonly #server: Server
  readonly #events: HttpWorkerEvents
  // With the number of requests that each has in work (a WebSocket is one until it is closed), and whether it ever had one.
  readonly #sockets = new Map<Socket, { inWork: number; used: boolean }>()
  #ending: 'patiently' | 'at once' | undefined

  constructor(application: HttpApplication, events: HttpWorkerEvents) {
    this.#events = events
    this.#server = httpServer(application)
    this.#server.prependListener('request', (request, response) => this.#begin(request, response))
    // Only where the application listens itself: otherwise node:http does not look at a wish to upgrade.
    if (this.#server.listenerCount('upgrade') > 0) {
      this.#server.prependListener('upgrade', (_request, socket) => this.#upgrade(socket as Socket))
    }
    this.#server.emit('listening') // so that it minds its time limits, as if it had a port of its own
  }

  serve(socket: Socket): void {
    this.#sockets.set(socket, { inWork: 0, used: false })
    socket.once('close', () => {
      this.#sockets.delete(socket)
      this.#settle()
    })
    this.#server.emit('connection', socket)
  }

  #begin({ socket }: IncomingMessage, response: ServerResponse): void {
    const state = this.#sockets.get(socket)
    if (!state) return
    state.inWork++
    state.used = true
    if (this.#ending) response.shouldKeepAlive = false
    const done = this.#events.request()
    response.once('close', () => {
      state.inWork--
      done()
      if (this.#ending === 'at once' && state.inWork === 0) socket.destroySoon()
    })
  }

  #upgrade(socket: Socket): void {
    const state = this.#sockets.get(socket)
    if (!state) return
    state.inWork++
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

  #closeIdle(which: (state: { used: boolean }) => boolean): void {
    for (const [socket, state] of this.#sockets) if (state.inWork === 0 && which(state)) socket.destroySoon()
  }

  #settle(): void {
    if (!this.#ending || this.#sockets.size > 0) return
    this.#server.close()
    this.#events.empty()
  }
}

/** Serves HTTP until the worker is told to end or has done its share, and its connections are closed. */
export async function serveHttp(setup: HttpSetup, share: RequestObserver, application: HttpApplication): Promise<void> {
  const { cells, control, host, tally } = setup
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
    if (tally.get('active') >= host.maxConnections) share.refuse(accepted)
    else serveSocket(setup, share, http, accepted)
    return true
  }
  const acceptor = new Acceptor(host.listener, { take, failed: () => end(false) }, true)
  const watch = new Watch(control, POLLIN, () => end(cells.master.get('closing') === 0))
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

// HTTP in a process that serves many connections at once: node:http on accepted sockets, and its end without lost requests.
import { POLLIN } from '../../posix/poll.js'
import { Watch } from '../../posix/event-loop/watch.js'
import type { Accepted } from '../../posix/sys-socket.js'
import { Acceptor, type AcceptFrom } from '../accept/acceptor.js'
import { BlockingConnection } from './blocking-connection.js'
import { Deferred } from '../deferred.js'
import type { HttpApplication } from '../handler.js'
import type { ByteTally } from '../connection.js'
import type { Client, ServerHost } from '../model.js'
import { HttpSockets, isTold } from './http-sockets.js'

/** What such a process or isolate serves with. */
export interface HttpSetup {
  readonly host: Pick<ServerHost, 'idleTimeout'> & { readonly listener: AcceptFrom }
  /** Readable when it is to end. */
  readonly control: number
  readonly tally: ByteTally
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

/** Serves HTTP until the worker is told to end or has done its share, and its connections are closed. */
export async function serveHttp(setup: HttpSetup, share: RequestObserver, application: HttpApplication): Promise<void> {
  const { control, host } = setup
  const ended = new Deferred()
  const end = (): void => {
    acceptor.stop()
    watch.close()
    http.end()
  }
  const http = new HttpSockets(application, {
    request: () => counted(share, end),
    isEnding: () => isTold(control),
    empty: () => ended.resolve(),
  })
  const take = (accepted: Accepted): boolean => {
    if (share.isFull()) share.refuse(accepted)
    else serveSocket(setup, share, http, accepted)
    return true
  }
  const acceptor = new Acceptor(host.listener, { take, failed: end }, true)
  const watch = new Watch(control, POLLIN, end)
  await ended.promise
}

function counted(share: RequestObserver, enough: () => void): () => void {
  const done = share.begin()
  return () => {
    void done()
    if (share.isDone()) enough()
  }
}

function serveSocket({ host, tally }: HttpSetup, share: RequestObserver, http: HttpSockets, accepted: Accepted): void {
  const { fd, address } = accepted
  const { idleTimeout } = host
  const conn = new BlockingConnection(fd, address, { idleTimeout, tally })
  const socket = conn.toSocket()
  const { remoteAddress, remotePort } = conn
  socket.once('close', share.connected({ remoteAddress, remotePort }))
  socket.once('error', (error) => share.failed({ remoteAddress, remotePort }, error))
  http.serve(socket)
}

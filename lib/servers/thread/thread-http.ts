// An HTTP application on connections whose threads do the I/O: node:http is given a socket over each.
import { once } from 'node:events'
import type { Connection } from '../connection.js'
import type { ConnectionHandler, HttpApplication } from '../handler.js'
import { HttpSockets } from '../serving/http-sockets.js'
import { ThreadSocket } from './thread-socket.js'

const nothing = (): void => {}

/** A handler that serves HTTP with one node:http server for all connections, and what is to be called when accepting stops. */
export function httpHandler(application: HttpApplication): { serve: ConnectionHandler; stop: () => void } {
  const sockets = new HttpSockets(application, { request: () => nothing, empty: nothing })
  const serve = async (conn: Connection): Promise<void> => {
    const socket = new ThreadSocket(conn)
    sockets.serve(socket)
    if (!socket.closed) await once(socket, 'close')
  }
  return { serve, stop: () => sockets.end() }
}

// One connection served in a process of its own, whatever the handler: what forkServer and syncServer have in common.
import { once } from 'node:events'
import { Watch } from '../../posix/event-loop/watch.js'
import { POLLIN } from '../../posix/poll.js'
import type { SocketAddress } from '../../posix/socket/socket-address.js'
import { BlockingConnection, type BlockingOptions } from './blocking-connection.js'
import type { HttpApplication, KnownHandler } from '../handler.js'
import { HttpSockets, isTold } from './http-sockets.js'
import { RunningNative } from './native-handler.js'

/** The kinds of handler that a process of its own can serve. */
export const processKinds = ['function', 'native', 'http'] as const
export type ProcessHandler = Extract<KnownHandler, { kind: (typeof processKinds)[number] }>

type Serve = (conn: BlockingConnection, options: BlockingOptions) => void | Promise<void>

const nothing = (): void => {}

// Express and Fastify see what they know: an http.Server that was given a connection. All of this is made in the process that serves.
function serveHttp(application: HttpApplication): Serve {
  let http: HttpSockets | undefined
  return (conn, { ending }) => {
    const isEnding = (): boolean => ending !== undefined && isTold(ending)
    const sockets = (http ??= new HttpSockets(application, { request: () => nothing, isEnding, empty: nothing }))
    const socket = conn.toSocket()
    if (ending !== undefined) {
      const watch = new Watch(ending, POLLIN, () => {
        watch.close()
        sockets.end()
      })
      socket.once('close', () => watch.close())
    }
    sockets.serve(socket)
  }
}

/** What serves connections one after another; `stop` when there are no more. */
export interface ProcessServer {
  /** Closes the connection when its handler is done, whatever way it ended. Synchronous where the handler is. */
  serve(fd: number, address: SocketAddress | undefined, options: BlockingOptions): void | Promise<void>
  stop(): void
}

/**
 * Of a server of processes made in the parent, before a fork: a native handler is loaded once, and one that cannot be makes the server's start
 * fail.
 */
export function processServer(handler: ProcessHandler): ProcessServer {
  if (handler.kind === 'native') {
    const running = new RunningNative(handler.name)
    const serve = (conn: BlockingConnection, { tally }: BlockingOptions): void => running.serve(conn.fd, tally)
    return { serve: closing(serve), stop: () => running.stop() }
  }
  const serve = handler.kind === 'http' ? serveHttp(handler.application) : handler.serve
  return { serve: closing(serve), stop: () => {} }
}

function closing(serve: Serve) {
  return (fd: number, address: SocketAddress | undefined, options: BlockingOptions): void | Promise<void> => {
    const conn = new BlockingConnection(fd, address, options)
    let ending: void | Promise<void>
    try {
      ending = serve(conn, options)
    } catch (error) {
      conn.close()
      throw error
    }
    if (!ending && !conn.socket && !conn.isSending) return conn.close()
    return finish(conn, ending)
  }
}

// A handler that has handed its connection to a net.Socket is done when that socket is.
async function finish(conn: BlockingConnection, ending: void | Promise<void>): Promise<void> {
  try {
    await ending
    if (conn.socket && !conn.socket.closed) await once(conn.socket, 'close')
  } finally {
    conn.close()
    await conn.sent()
  }
}

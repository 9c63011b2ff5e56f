// One connection served in a process of its own, whatever the handler: what forkServer and syncServer have in common.
import { once } from 'node:events'
import { Watch } from '../../posix/event-loop/watch.js'
import { POLLIN } from '../../posix/poll.js'
import { AF_UNIX, type SocketAddress } from '../../posix/socket/socket-address.js'
import { SOCK_STREAM, socketpair } from '../../posix/sys-socket.js'
import { close, write } from '../../posix/unistd.js'
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

/** Made in the parent, before a fork: a native handler is loaded once, and one that cannot be makes the server's start fail. */
export function processServer(handler: ProcessHandler): ProcessServer {
  rehearse()
  return connectionServer(handler)
}

/** The same for who serves where it is made, and does not fork: an isolate. */
export function connectionServer(handler: ProcessHandler): ProcessServer {
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

// What a child calls first is compiled here, in the parent, before the first fork, and often enough that V8 has nothing more to do for
// it: it compiles a function when it is called, and again when it is called often, and each child would do that anew.
export const REHEARSALS = 40
let rehearsed = false

function answerSync(conn: BlockingConnection): void {
  conn.writeSync(String(conn.readSync(256)))
}

async function answer(conn: BlockingConnection): Promise<void> {
  const request = await conn.read(256)
  await conn.write(String(request))
}

function rehearse(): void {
  if (rehearsed) return
  rehearsed = true
  for (let i = 0; i < REHEARSALS; i++) {
    for (const handler of [answerSync, answer]) {
      const [client, served] = socketpair(AF_UNIX, SOCK_STREAM)
      write(client, '?')
      const ending = closing(handler)(served, unnamed, { idleTimeout: 0 })
      void Promise.resolve(ending).then(() => close(client))
    }
  }
}

const unnamed = { family: AF_UNIX, path: '' }

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

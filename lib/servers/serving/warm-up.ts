// What a child of a server calls first, called in the parent before the first fork, and often enough that V8 has nothing more to do for it:
// V8 compiles a function when it is called, and again when it is called often, and each child would do that anew.
import { compileAhead } from '../../fork/compile-ahead.js'
import { AF_UNIX } from '../../posix/socket/socket-address.js'
import { SOCK_STREAM, socketpair } from '../../posix/sys-socket.js'
import { close, write } from '../../posix/unistd.js'
import type { ByteTally } from '../connection.js'
import { guard } from './child-reports.js'
import { processServer, type ProcessHandler } from './process-handler.js'

const TIMES = 40

const unnamed = { family: AF_UNIX, path: '' }
const nothing = (): void => {}

const synchronous = processServer({
  kind: 'function',
  serve: (conn) => {
    conn.writeSync(String(conn.readSync(256)))
  },
})

const asynchronous = processServer({
  kind: 'function',
  serve: async (conn) => {
    const request = await conn.read(256)
    await conn.write(String(request))
  },
})

// One connection after the other: two descriptors at a time.
async function serveOnce({ serve }: typeof synchronous): Promise<void> {
  const [client, served] = socketpair(AF_UNIX, SOCK_STREAM)
  try {
    write(client, '?')
    await serve(served, unnamed, { idleTimeout: 0 })
  } finally {
    close(client)
  }
}

let isWarm: Promise<void> | undefined

async function serveOften(): Promise<void> {
  for (let i = 0; i < TIMES; i++) {
    await serveOnce(synchronous)
    await serveOnce(asynchronous)
  }
}

/** Of all that serve connections in processes of their own; the work is done the first time. Children are slower at first where it fails. */
export function warmUpServing(): Promise<void> {
  isWarm ??= serveOften().catch(nothing)
  return isWarm
}

const functionOf = (handler: ProcessHandler): unknown =>
  handler.kind === 'function' ? handler.serve : handler.kind === 'http' ? handler.application : undefined

/** Of a server with a child a connection. @param own functions, each of a file that a child runs */
export function warmUpChildren(handler: ProcessHandler, tally: ByteTally, own: readonly unknown[]): void {
  for (let i = 0; i < TIMES; i++) {
    void guard(nothing, nothing)
    tally.received(0)
    tally.sent(0)
  }
  compileAhead(functionOf(handler), ...own)
}

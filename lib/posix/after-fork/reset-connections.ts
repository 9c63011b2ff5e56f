// Connections that a program has made, in a worker that goes on with it: they end as if their other end had reset them, which clients of databases,
// brokers and the like are made for. A client that waits for an answer, or only listens, would never write, and never find its connection dead.
import type { Socket } from 'node:net'
import { constants } from 'node:os'
import { ErrnoError } from '../../errors.js'

interface OfNode {
  _server?: unknown
  server?: unknown
  _httpMessage?: unknown
  _handle?: { getAsyncId?(): number } | null
}

const served = new WeakSet<object>()

/** A socket on which this process serves a client. */
export function noteServed<T extends Socket>(socket: T): T {
  served.add(socket)
  return socket
}

// Of child processes these are pipes.
const isTcp = ({ _handle: handle }: OfNode): boolean => ['TCP', 'TLSWrap'].includes(handle?.constructor.name ?? '')

// Agents of node:http begin anew by themselves; who awaits an answer over HTTP is in the middle of what goes on in the parent.
const isOfHttp = (socket: Socket): boolean =>
  Boolean((socket as OfNode)._httpMessage) || socket.listenerCount('agentRemove') > 0

/** Whether the program has made the connection, or is about to, and its number is smaller. */
export function isOfClient(socket: Socket, madeBefore: number): boolean {
  const { _server, server, _handle: handle } = socket as OfNode
  if (!((handle?.getAsyncId?.() ?? Infinity) < madeBefore)) return false
  return !_server && !server && !served.has(socket) && isTcp(socket as OfNode) && !isOfHttp(socket)
}

const WARNING = 'POSIX_ASYNC_RESET'

let told = 0

// A program without a listener for the end of a connection is not ended for one that it could not keep. Said once.
function tellOf(error: unknown): void {
  if (told === process.pid) return
  told = process.pid
  const reason = error instanceof Error ? error.message : String(error)
  process.emitWarning(
    `a connection of the program's was reset in worker ${process.pid}, and that was not heard: ${reason}`,
    {
      code: WARNING,
    },
  )
}

function guardEvents(socket: Socket): void {
  const { emit } = socket
  socket.emit = (event: string | symbol, ...args: unknown[]): boolean => {
    try {
      return Reflect.apply(emit, socket, [event, ...args]) as boolean
    } catch (error) {
      tellOf(error)
      return true
    }
  }
}

/** In a worker, right after the fork: its listeners hear of the end in the first turn of the event loop. */
export function resetConnection(socket: Socket): void {
  guardEvents(socket)
  socket.destroy(socket.listenerCount('error') > 0 ? new ErrnoError(constants.errno.ECONNRESET, 'read') : undefined)
}

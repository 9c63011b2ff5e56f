// Connections of undici, which Node's fetch stands on, in a child: its pools let go of those of the parent's, and connect anew.
//
// undici keeps what a socket belongs to under symbols of its own, whose descriptions are the same in its versions 6 to 8, Node's copies and those of
// npm. Where they are not found, the first request on such a connection fails with EPIPE, and those that follow connect anew.
import type { Socket } from 'node:net'

type Symbols = Record<symbol, unknown>

/** undici's client of one connection. */
interface Client extends Symbols {
  emit(event: string, ...args: unknown[]): boolean
  dispatch(...args: unknown[]): boolean
}

function symbolOf(of: object, description: string): symbol | undefined {
  for (let at: object | null = of; at; at = Object.getPrototypeOf(at) as object | null) {
    const found = Object.getOwnPropertySymbols(at).find((symbol) => symbol.description === description)
    if (found) return found
  }
  return undefined
}

const valueOf = (of: object, description: string): unknown => {
  const symbol = symbolOf(of, description)
  return symbol && (of as Symbols)[symbol]
}

function clientOf(socket: Socket): Client | undefined {
  const client = valueOf(socket, 'client') as Partial<Client> | null | undefined
  return typeof client?.dispatch === 'function' && typeof client.emit === 'function' ? (client as Client) : undefined
}

// Requests of the parent's: they are not sent again by the child, and nobody hears of them there.
function dropRequests(client: Client): void {
  const queue = valueOf(client, 'queue')
  if (Array.isArray(queue)) queue.length = 0
  for (const index of ['running index', 'pending index']) {
    const symbol = symbolOf(client, index)
    if (symbol) client[symbol] = 0
  }
}

// The pool of the client gives what waits there to a client that has become free.
function dropWaiting(client: Client): void {
  client.dispatch = () => true
  try {
    client.emit('drain', valueOf(client, 'url'), [client])
  } finally {
    Reflect.deleteProperty(client, 'dispatch')
  }
}

function leaveClient(client: Client, socket: Socket): void {
  dropRequests(client)
  dropWaiting(client)
  const parser = valueOf(socket, 'parser') as { statusCode?: number | null } | null | undefined
  if (parser) parser.statusCode = null // a response that was coming ends with nothing
  socket.destroy() // the client connects when it is next used
}

/** Ends those of the sockets that are undici's; gives the others. */
export function leaveDispatchers(sockets: readonly Socket[]): Socket[] {
  return sockets.filter((socket) => {
    const client = clientOf(socket)
    if (client) leaveClient(client, socket)
    return !client
  })
}

const dispatchers = ['undici.globalDispatcher.1', 'undici.globalDispatcher.2'].map((name) => Symbol.for(name))

/** The dispatcher of fetch begins with no connection; also none that was being made. */
export function leaveFetch(): void {
  for (const name of dispatchers) {
    const dispatcher = (globalThis as unknown as Symbols)[name]
    if (typeof dispatcher !== 'object' || dispatcher === null) continue
    for (const kept of [valueOf(dispatcher, 'clients'), valueOf(dispatcher, 'origins')])
      if (kept instanceof Map || kept instanceof Set) kept.clear()
  }
}

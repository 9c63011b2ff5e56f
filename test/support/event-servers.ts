// What the cases about eventServer have in common: a server with the back end that the first argument after the case names, and its clients.
import { createHash } from 'node:crypto'
import { eventServer, native, type EventServerOptions, type Handler, type Server } from 'posix-async'
import {
  AF_INET,
  connect as connectFd,
  dup,
  open,
  socket,
  SOCK_STREAM,
  getrlimit,
  setrlimit,
  RLIMIT_NOFILE,
} from 'posix-async/posix'
import { connect, echo, ended } from './clients.js'

export const [name = 'epoll', handlerName = 'callbacks'] = process.argv.slice(3)
export const edgeTriggered = name === 'epoll-edge'
export const backend = (edgeTriggered ? 'epoll' : name) as NonNullable<EventServerOptions['backend']>
export const MEBI = 1024 * 1024

export const echoes: Record<string, Handler> = {
  callbacks: { data: (conn, chunk) => void conn.write(chunk) },
  function: async (conn) => {
    for await (const chunk of conn) await conn.write(chunk)
  },
  native: native('echo'),
}

export const serve = (handler: Handler, options: EventServerOptions = {}): Promise<Server> =>
  eventServer({ host: '127.0.0.1', backend, edgeTriggered, ...options }, handler)

export const portOf = (server: Server): number => (server.address() as { port: number }).port
export const to = (server: Server) => ({ host: '127.0.0.1', port: portOf(server) })

export function memory(): number {
  globalThis.gc!()
  return process.memoryUsage.rss()
}

export const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

// A block that repeats nowhere, so that bytes lost, doubled or exchanged are seen.
export function pattern(size: number): Buffer {
  const bytes = Buffer.allocUnsafe(size)
  for (let at = 0; at + 4 <= size; at += 4) bytes.writeUInt32LE((at * 2654435761) >>> 0, at)
  return bytes
}

// A plain socket that is connected before the event loop has turned once.
export function plainClient(server: Server): number {
  const fd = socket(AF_INET, SOCK_STREAM)
  connectFd(fd, { family: AF_INET, address: '127.0.0.1', port: portOf(server) })
  return fd
}

export async function threeEchoes(address: Parameters<typeof connect>[0]): Promise<string[]> {
  const client = await connect(address)
  const replies = [await echo(client, 'hello'), await echo(client, 'wörld'), await echo(client, 'x'.repeat(1000))]
  client.end()
  await ended(client)
  return replies
}

export const errors = (server: Server): string[] => {
  const seen: string[] = []
  server.on('clientError', (error: NodeJS.ErrnoException) => seen.push(error.code ?? error.message))
  return seen
}

// From here on, and not from the start of the process: modules are read many at once. Before a server begins to accept: io_uring takes the limit
// of that time.
export function limitDescriptors(): void {
  setrlimit(RLIMIT_NOFILE, { ...getrlimit(RLIMIT_NOFILE), soft: 96 })
}

// Uses up all descriptors of the process.
export function fill(): number[] {
  const held = [open('/dev/null')]
  for (;;) {
    try {
      held.push(dup(held[0]!))
    } catch {
      return held
    }
  }
}

// The server models as one table, so that a contract is written once and holds for all of them.
import { lookup } from 'node:dns/promises'
import {
  eventServer,
  forkServer,
  syncServer,
  threadServer,
  type Connection,
  type Server,
  type ServerOptions,
} from 'posix-async'
import { warmUp as pool } from './bytes.js'
import { sockets } from './warm-up.js'

type Open = (options: ServerOptions, handler: Parameters<typeof forkServer>[1]) => Promise<Server>

export const models: Record<string, Open> = {
  sync: syncServer,
  fork: forkServer,
  prefork: (options, handler) => forkServer(options && { ...options, workers: 2 }, handler),
  thread: threadServer,
  event: (options, handler) => eventServer(options, handler),
}

/** Whether the model gives each handler a process of its own, so that it may block. */
export const ownProcess = (model: string): boolean => ['sync', 'fork', 'prefork'].includes(model)

export const loopback = { host: '127.0.0.1' }

export const portOf = (server: Server): number => (server.address() as { port: number }).port
export const to = (server: Server) => ({ ...loopback, port: portOf(server) })

/** Sends back what comes, for every model. */
export async function echoing(conn: Connection): Promise<void> {
  for await (const chunk of conn) await conn.write(chunk)
}

/** What a server told of failed clients: codes, or messages where there is none. */
export function clientErrors(server: Server): string[] {
  const seen: string[] = []
  server.on('clientError', (error: NodeJS.ErrnoException) => seen.push(error.code ?? error.message))
  return seen
}

/** What servers and their clients open once in a process and keep. */
export async function warmUp(): Promise<void> {
  await pool()
  await sockets()
  await lookup('localhost')
}

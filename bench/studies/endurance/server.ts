// The server of an endurance run, as a program: node --expose-gc server.js BACKEND callbacks|function|view echo|upload. It tells its port, and
// at each message of its parent what it holds after a full collection.
import { readdirSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { type Connection, eventServer, type EventServerOptions, type Handler } from 'posix-async'
import * as handlers from '../../contest/handlers.js'

/** What the server holds. Memory is in bytes. */
export interface Held {
  rss: number
  descriptors: number
  active: number
  accepted: number
}

const [backend, kind, work] = process.argv.slice(2) as [
  EventServerOptions['backend'],
  'callbacks' | 'function' | 'view',
  'echo' | 'upload',
]

// Reads into one buffer of its own.
async function uploadInto(conn: Connection): Promise<void> {
  const view = Buffer.allocUnsafe(65_536)
  let size = 0
  for (let count; (count = await conn.read(view)) > 0;) size += count
  await conn.write(String(size))
}

const handler: Handler = kind === 'view' ? uploadInto : kind === 'callbacks' ? handlers.callbacks[work] : handlers[work]
const options: EventServerOptions = { port: 0, host: '127.0.0.1', backlog: 4096, ...(backend && { backend }) }
const server = await eventServer(options, handler)

function held(): Held {
  globalThis.gc!()
  globalThis.gc!() // what the first one finalized
  const { active, accepted } = server.stats()
  const descriptors = readdirSync('/proc/self/fd').length - 1 // that of the folder
  return { rss: process.memoryUsage.rss(), descriptors, active, accepted }
}

process.on('message', () => process.send!(held()))
process.once('disconnect', () => process.exit())
process.send!((server.address() as AddressInfo).port)

// What the fixtures about threadServer share: its flavours, and a server for a case.
import { once } from 'node:events'
import {
  type http,
  native,
  threadServer,
  type ConnectionHandler,
  type Server,
  type ThreadServerOptions,
} from 'posix-async'
import { ask, client, restOf } from './client.js'

export const local = { host: '127.0.0.1' }

export const echo: ConnectionHandler = async (conn) => {
  for await (const chunk of conn) await conn.write(chunk)
}

const replyOnce: ConnectionHandler = async (conn) => {
  const request = await conn.read(64)
  if (request) await conn.write(`reply to ${request}`)
}

export type Handler = ConnectionHandler | ReturnType<typeof native> | ReturnType<typeof http>

/** Each way to serve without a module: a thread a connection and a pool, a function and native code. */
export const flavours: Record<string, [ThreadServerOptions, Handler]> = {
  function: [{}, echo],
  'function-pool': [{ threads: 4 }, echo],
  native: [{}, native('echo')],
  'native-pool': [{ threads: 4 }, native('echo')],
}

/** Each way to serve: one reply to a request of at most 64 bytes. */
export const replying: Record<string, [ThreadServerOptions, Handler | URL]> = {
  function: [{}, replyOnce],
  'function-pool': [{ threads: 8 }, replyOnce],
  native: [{}, native('fibonacci')],
  'native-pool': [{ threads: 8 }, native('fibonacci')],
  module: [{ threads: 2 }, new URL('../fixtures/isolates/tasks.js', import.meta.url)],
}

/** Runs `body` with a server that is closed afterwards. */
export async function withServer<T>(
  options: ThreadServerOptions,
  handler: Handler | URL,
  body: (server: Server) => Promise<T>,
): Promise<T> {
  const server = await threadServer({ ...local, ...options }, handler)
  try {
    return await body(server)
  } finally {
    await server.close()
  }
}

/** A case for each flavour: name:flavour. */
export function each(name: string, body: (flavour: string) => unknown): Record<string, () => unknown> {
  return Object.fromEntries(Object.keys(flavours).map((flavour) => [`${name}:${flavour}`, () => body(flavour)]))
}

/** The code of an error, or what it says. */
export const codeOf = (error: unknown): unknown => (error as { code?: unknown }).code ?? String(error)

/** A server that takes one connection, which echoes: what the second is told while the first is there. */
export async function overLimit(server: Server): Promise<unknown> {
  const first = await client(server)
  first.write('x')
  await once(first, 'data')
  const refused = await ask(server, '')
  first.end()
  await restOf(first)
  const { accepted, rejected } = server.stats()
  return { refused, accepted, rejected }
}

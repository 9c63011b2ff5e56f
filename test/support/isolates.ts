// What the fixtures about threadServer with a module share. The modules are in test/fixtures/isolates.
import { once } from 'node:events'
import { get, type Agent, type IncomingMessage } from 'node:http'
import { threadServer, type Server, type ThreadServerOptions } from 'posix-async'

const local = { host: '127.0.0.1' }
const moduleOf = (name: string): URL => new URL(`../fixtures/isolates/${name}.js`, import.meta.url)

/** A server of two isolates of a module in test/fixtures/isolates. */
export const open = (name: string, options: ThreadServerOptions = {}): Promise<Server> =>
  threadServer({ ...local, threads: 2, ...options }, moduleOf(name))

/** Runs `body` with a server that is closed afterwards. */
export async function withServer<T>(
  name: string,
  options: ThreadServerOptions,
  body: (server: Server) => Promise<T>,
): Promise<T> {
  const server = await open(name, options)
  try {
    return await body(server)
  } finally {
    await server.close()
  }
}

/** The body of the page at `path`. */
export async function page(server: Server, path: string, agent?: Agent): Promise<string> {
  const { port } = server.address() as { port: number }
  const asked = get({ ...local, port, path, ...(agent && { agent }) })
  const [response] = (await once(asked, 'response')) as [IncomingMessage]
  let text = ''
  for await (const chunk of response) text += chunk
  return text
}

// Clients for the servers' fixtures, on node:net, in the fixture's own process.
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import type { Server } from 'posix-async'

/** What libuv opens with the first socket and keeps, opened before a fixture's leak gate. */
export async function sockets(): Promise<void> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  socket.destroy()
  server.close()
  await once(server, 'close')
}

/** A client whose connection is made; it may be reset without anybody listening. */
export async function client(server: Server, options: { allowHalfOpen?: boolean } = {}): Promise<Socket> {
  const address = server.address()!
  const to = typeof address === 'string' ? { path: address } : { port: address.port, host: address.address }
  const socket = connect({ ...to, ...options })
  await once(socket, 'connect')
  socket.on('error', () => {})
  return socket
}

/** Everything that comes until the other side ends. */
export async function restOf(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve)) // even after an error
  return Buffer.concat(chunks)
}

/** Sends `text` and gives the reply: all that comes until the server closes. */
export async function ask(server: Server, text: string): Promise<string> {
  const socket = await client(server)
  socket.write(text)
  return String(await restOf(socket))
}

/** Sends `text`, reads as many bytes back, `times` over one connection. */
export async function pingPong(server: Server, text: string, times: number): Promise<string[]> {
  const socket = await client(server)
  const replies: string[] = []
  for (let i = 0; i < times; i++) {
    socket.write(text)
    const [reply] = (await once(socket, 'data')) as [Buffer]
    replies.push(String(reply))
  }
  socket.end()
  await restOf(socket)
  return replies
}

/** Resolves when `done()` holds: asked once a turn of the event loop. */
export async function until(done: () => boolean): Promise<void> {
  while (!done()) await new Promise((resolve) => setImmediate(resolve))
}

/** Runs `body` so many times, `atOnce` at a time. */
export async function repeat(times: number, atOnce: number, body: () => Promise<unknown>): Promise<void> {
  let left = times
  const lane = async (): Promise<void> => {
    while (left-- > 0) await body()
  }
  await Promise.all(Array.from({ length: atOnce }, lane))
}

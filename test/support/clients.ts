// Clients for the servers' cases, over node:net and over plain sockets.
import { once } from 'node:events'
import { connect as connectTo, type NetConnectOpts, type Socket } from 'node:net'

/** Connects; what breaks the connection later is no uncaught exception. */
export async function connect(options: NetConnectOpts): Promise<Socket> {
  const socket = connectTo(options)
  await once(socket, 'connect')
  socket.on('error', () => {})
  return socket
}

// Waits for the first of some events and leaves no listener behind.
async function happened(socket: Socket, events: string[]): Promise<void> {
  const { promise, resolve } = deferred()
  for (const event of events) socket.on(event, resolve)
  await promise
  for (const event of events) socket.off(event, resolve)
}

/** Reads exactly `length` bytes, or what came before the end. */
export async function readBytes(socket: Socket, length: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  while (size < length) {
    const chunk = socket.read(Math.min(length - size, socket.readableLength) || undefined) as Buffer | null
    if (chunk === null) {
      if (socket.readableEnded || socket.destroyed) break
      await happened(socket, ['readable', 'end', 'close'])
      continue
    }
    chunks.push(chunk)
    size += chunk.length
  }
  return Buffer.concat(chunks)
}

/** Sends `text` and reads as many bytes back. */
export async function echo(socket: Socket, text: string): Promise<string> {
  socket.write(text)
  return (await readBytes(socket, Buffer.byteLength(text))).toString()
}

/** Everything until the end. */
export async function readAll(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of socket) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

export async function ended(socket: Socket): Promise<void> {
  if (!socket.closed) await once(socket, 'close')
}

/** Waits until `condition` holds, turn by turn of the event loop. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1))
}

/** A promise with its resolve: Promise.withResolvers of later versions of Node. */
export function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => {}
  const promise = new Promise<void>((done) => (resolve = done))
  return { promise, resolve }
}

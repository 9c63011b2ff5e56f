// The contestants that are JavaScript, as programs: node servers.js KIND HANDLER prints its port and serves until it is
// told to stop, or whoever started it is gone.
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { pathToFileURL } from 'node:url'
import { answer } from './handlers.js'

interface Running {
  port: number
  close(): Promise<void>
}

const nodeHandlers: Record<string, (socket: Socket) => void> = {
  fibonacci: (socket) => socket.once('data', (request) => socket.end(answer(request.toString()))),
  echo: (socket) => socket.on('data', (chunk) => socket.write(chunk)),
}

async function nodeNet(handler: string): Promise<Running> {
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => socket.destroy())
    nodeHandlers[handler]!(socket)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen({ port: 0, host: '127.0.0.1', backlog: 1024 }, resolve)
  })
  const { port } = server.address() as AddressInfo
  return { port, close: () => new Promise((resolve) => server.close(() => resolve())) }
}

type Kind = (handler: string) => Promise<Running>

const kinds: Record<string, Kind> = { 'node-net': nodeNet }

async function main(kind: string, handler: string): Promise<void> {
  const start = kinds[kind]
  if (!start) throw new Error(`no kind of server "${kind}"; there are ${Object.keys(kinds).join(', ')}`)
  const server = await start(handler)
  const stop = (): void => void server.close().finally(() => process.exit(0))
  process.once('SIGTERM', stop)
  process.stdin.on('end', stop).resume()
  process.stdout.write(`${server.port}\n`)
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await main(process.argv[2] ?? '', process.argv[3] ?? '')
}

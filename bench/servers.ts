// The contestants that are JavaScript, as programs: node servers.js KIND HANDLER prints its port and serves until it is
// told to stop, or whoever started it is gone.
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { pathToFileURL } from 'node:url'
import { eventServer, forkServer, native, type Server, syncServer, threadServer } from 'posix-async'
import { answer, callbacks, echo, fibonacci } from './handlers.js'

interface Running {
  port: number
  close(): Promise<void>
}

const nodeHandlers: Record<Name, (socket: Socket) => void> = {
  fibonacci: (socket) => socket.once('data', (request) => socket.end(answer(request.toString()))),
  echo: (socket) => socket.on('data', (chunk) => socket.write(chunk)),
}

async function nodeNet(name: Name): Promise<Running> {
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => socket.destroy())
    nodeHandlers[name](socket)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen({ port: 0, host: '127.0.0.1', backlog: 1024 }, resolve)
  })
  const { port } = server.address() as AddressInfo
  return { port, close: () => new Promise((resolve) => server.close(() => resolve())) }
}

type Name = 'fibonacci' | 'echo'

const handlers = { fibonacci, echo }

// As the C peers: this machine only, and room for every client to wait.
const options = { port: 0, host: '127.0.0.1', backlog: 1024, gracefulTimeout: 500 }

async function running(starting: Promise<Server>): Promise<Running> {
  const server = await starting
  const { port } = server.address() as AddressInfo
  return { port, close: () => server.close() }
}

const kinds: Record<string, (name: Name) => Promise<Running>> = {
  sync: (name) => running(syncServer(options, handlers[name])),
  fork: (name) => running(forkServer(options, handlers[name])),
  thread: (name) => running(threadServer(options, handlers[name])),
  'thread-native': (name) => running(threadServer(options, native(name))),
  event: (name) => running(eventServer(options, handlers[name])),
  'event-callbacks': (name) => running(eventServer(options, callbacks[name])),
  'event-poll': (name) => running(eventServer({ ...options, backend: 'poll' }, handlers[name])),
  'event-select': (name) => running(eventServer({ ...options, backend: 'select' }, handlers[name])),
  'event-native': (name) => running(eventServer(options, native(name))),
  'node-net': nodeNet,
}

function isName(name: string): name is Name {
  return name === 'fibonacci' || name === 'echo'
}

async function main(kind = '', name = ''): Promise<void> {
  const start = kinds[kind]
  if (!start) throw new Error(`no kind of server "${kind}"; there are ${Object.keys(kinds).join(', ')}`)
  if (!isName(name)) throw new Error(`no handler "${name}": it is fibonacci or echo`)
  const server = await start(name)
  const stop = (): void => void server.close().finally(() => process.exit(0))
  process.once('SIGTERM', stop)
  process.stdin.on('end', stop).resume()
  process.stdout.write(`${server.port}\n`)
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await main(process.argv[2], process.argv[3])
}

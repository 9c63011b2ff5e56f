// The contestants that are JavaScript, as programs: node servers.js KIND HANDLER prints its port and serves until it is
// told to stop, or whoever started it is gone. HANDLER is a name of handlers.ts, or the file of a handler.
import cluster from 'node:cluster'
import { createServer as createHttpServer } from 'node:http'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { eventServer, forkServer, type Handler, native, type Server, syncServer, threadServer } from 'posix-async'
import { answer, blocking, callbacks, HANDLER_NAMES, type HandlerName, THINK_TIME } from './handlers.js'

interface Running {
  port: number
  close(): Promise<void>
}

const nodeHandlers: Record<HandlerName, (socket: Socket) => void> = {
  fibonacci: (socket) => socket.once('data', (request) => socket.end(answer(request.toString()))),
  echo: (socket) => socket.on('data', (chunk) => socket.write(chunk)),
  think: (socket) => socket.once('data', (request) => setTimeout(() => socket.end(request), THINK_TIME)),
  upload: (socket) => {
    let size = 0
    socket.on('data', (chunk) => (size += chunk.length)).on('end', () => socket.end(String(size)))
  },
}

async function nodeNet(name: HandlerName): Promise<Running> {
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
    socket.on('error', () => socket.destroy())
    if (name !== 'upload') socket.on('end', () => socket.end())
    nodeHandlers[name](socket)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen({ port: 0, host: '127.0.0.1', backlog: 1024 }, resolve)
  })
  const { port } = server.address() as AddressInfo
  return { port, close: () => new Promise((resolve) => server.close(() => resolve())) }
}

async function nodeHttp(): Promise<Running> {
  const server = createHttpServer((_request, response) => void response.end('hello, world\n'))
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen({ port: 0, host: '127.0.0.1', backlog: 1024 }, resolve)
  })
  const { port } = server.address() as AddressInfo
  return { port, close: async () => server.closeAllConnections() }
}

const CORES = availableParallelism()

async function nodeCluster(name: string): Promise<Running> {
  cluster.setupPrimary({ exec: process.argv[1]!, args: ['node-net', name] })
  const listening = Array.from({ length: CORES }, () => {
    const worker = cluster.fork()
    return new Promise<number>((resolve) => worker.once('listening', ({ port }) => resolve(port)))
  })
  const [port] = await Promise.all(listening)
  const close = async (): Promise<void> => {
    for (const worker of Object.values(cluster.workers ?? {})) worker?.process.kill('SIGKILL')
  }
  return { port: port!, close }
}

// As the C peers: this machine only, and room for every client to wait.
const options = { port: 0, host: '127.0.0.1', backlog: 1024, gracefulTimeout: 500 }

/** A handler as it was named: its module, and what is in it. */
interface Named {
  name: HandlerName | undefined
  file: string
  url: URL
}

async function serving({ url, file }: Named): Promise<Handler> {
  const { default: handler } = (await import(url.href)) as { default?: Handler }
  if (handler === undefined) throw new Error(`${file} has no default export: that is the handler`)
  return handler
}

const blockingOf = (named: Named): Handler | Promise<Handler> => (named.name ? blocking[named.name] : serving(named))
const callbacksOf = (named: Named): Handler | Promise<Handler> => (named.name ? callbacks[named.name] : serving(named))
const nativeOf = ({ name, file }: Named): Handler => native(name ?? file)

// Each takes what its kind in the list below gives it.
type Open = (options: object, handler: Handler) => Promise<Server>
const models = { sync: syncServer, fork: forkServer, thread: threadServer, event: eventServer } as Record<string, Open>

interface Kind {
  model: keyof typeof models
  handler: (named: Named) => Handler | Promise<Handler>
  options?: object
}

const MOST = 2048

const kinds: Record<string, Kind> = {
  sync: { model: 'sync', handler: serving },
  'sync-native': { model: 'sync', handler: nativeOf },
  fork: { model: 'fork', handler: serving, options: { maxChildren: MOST } },
  'fork-blocking': { model: 'fork', handler: blockingOf, options: { maxChildren: MOST } },
  'fork-native': { model: 'fork', handler: nativeOf, options: { maxChildren: MOST } },
  prefork: { model: 'fork', handler: serving, options: { workers: CORES } },
  'prefork-native': { model: 'fork', handler: nativeOf, options: { workers: CORES } },
  thread: { model: 'thread', handler: serving, options: { maxThreads: MOST } },
  'thread-native': { model: 'thread', handler: nativeOf, options: { maxThreads: MOST } },
  'thread-pool': { model: 'thread', handler: serving, options: { threads: 64 } },
  'thread-pool-native': { model: 'thread', handler: nativeOf, options: { threads: 64 } },
  'thread-isolate': { model: 'thread', handler: ({ url }) => url, options: { threads: 1 } },
  'thread-isolates': { model: 'thread', handler: ({ url }) => url, options: { threads: CORES } },
  event: { model: 'event', handler: serving },
  'event-callbacks': { model: 'event', handler: callbacksOf },
  'event-poll': { model: 'event', handler: serving, options: { backend: 'poll' } },
  'event-select': { model: 'event', handler: serving, options: { backend: 'select' } },
  'event-uring': { model: 'event', handler: callbacksOf, options: { backend: 'io_uring' } },
  'event-native': { model: 'event', handler: nativeOf },
}

function named(text: string): Named {
  const name = HANDLER_NAMES.find((known) => known === text)
  const url = name || text === 'http' ? new URL(`modules/${text}.js`, import.meta.url) : pathToFileURL(resolve(text))
  return { name, file: text, url }
}

async function open(kind: string, named: Named): Promise<Running> {
  const known = Object.hasOwn(kinds, kind) ? kinds[kind] : undefined
  if (!known) throw new Error(`no kind of server "${kind}"; there are ${Object.keys(kinds).join(', ')}`)
  const server = await models[known.model]!({ ...options, ...known.options }, await known.handler(named))
  const { port } = server.address() as AddressInfo
  return { port, close: () => server.close() }
}

function start(kind: string, text: string): Promise<Running> {
  const handler = named(text)
  if (handler.name && kind === 'node-net') return nodeNet(handler.name)
  if (text === 'http' && kind === 'node-net') return nodeHttp()
  if (kind === 'node-cluster') return nodeCluster(text)
  return open(kind, handler)
}

const server = await start(process.argv[2] ?? '', process.argv[3] ?? '')
const stop = (): void => void server.close().finally(() => process.exit(0))
process.once('SIGTERM', stop)
// The workers of a cluster end with their primary.
if (cluster.isPrimary) process.stdin.on('end', stop).resume()
process.stdout.write(`${server.port}\n`)

// An HTTP application whose answers come at once, late, never, before the end of an upload, or not at all.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { isMainThread } from 'node:worker_threads'

export type Kind = 'plain' | 'limited' | 'hasty'

type Answer = (request: IncomingMessage, response: ServerResponse) => void

const answers: Record<string, Answer> = {
  '/slow': (_request, response) => void setTimeout(() => response.end('slow.'), 300),
  '/late': (_request, response) => {
    response.setTimeout(100, () => {
      response.statusCode = 503
      response.end('late.')
    })
  },
  '/never': () => {},
  '/die': () => {
    if (isMainThread) process.kill(process.pid, 'SIGKILL')
    process.exit(3)
  },
  '/reset': ({ socket }) => void socket.resetAndDestroy(),
  '/socket': ({ socket }, response) => response.end(JSON.stringify(described(socket)) + '.'),
  '/upload': (_request, response) => {
    response.writeHead(413, { Connection: 'close' })
    response.end('too large.')
  },
}

// What applications ask sockets, and do with them.
function described(socket: Socket): unknown {
  socket.setNoDelay(true).setKeepAlive(true, 1000).setTimeout(5000).unref().ref()
  const { remoteAddress, remoteFamily, localAddress, localFamily, connecting, pending, readyState, timeout } = socket
  const sameName = (socket.address() as { address: string }).address === localAddress
  const numbers = [socket.remotePort, socket.localPort, socket.bytesRead].map((value) => Number(value) > 0)
  const ends = [socket.destroySoon, socket.resetAndDestroy].map((end) => typeof end)
  const addresses = [remoteAddress, remoteFamily, localAddress, localFamily, sameName]
  return [...addresses, ...numbers, ...ends, connecting, pending, readyState, timeout, socket.bytesWritten]
}

const limits: Record<Kind, object> = {
  plain: { keepAliveTimeout: 60_000 },
  limited: { keepAliveTimeout: 100 },
  hasty: { headersTimeout: 200, requestTimeout: 200, connectionsCheckingInterval: 20 },
}

/** What upgrades to an echo, and answers all else by its path. */
export function application(kind: Kind = 'plain'): Server {
  const server = createServer(limits[kind], (request, response) => {
    const answer = answers[request.url!]
    if (answer) answer(request, response)
    else request.resume().on('end', () => response.end(`you asked for ${request.url}.`))
  })
  return server.on('upgrade', (_request, socket: Socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\n.')
    socket.pipe(socket)
  })
}

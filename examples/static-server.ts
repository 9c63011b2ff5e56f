// The asynchronous web server: one thread serves all clients. Files of FOLDER/static go from the file to the socket by sendfile,
// without passing through memory of ours; files of FOLDER/dynamic are read asynchronously, and sent piece by piece as they come.
//
//   node dist/examples/static-server.js [PORT, default 8080] [FOLDER, default www] [epoll | poll | select | io_uring]
//   curl http://127.0.0.1:8080/static/picture.png
//   wrk -c 100 -d 5 http://127.0.0.1:8080/static/page.html
import { join } from 'node:path'
import { eventServer, File, type Connection, type EventServerOptions } from 'posix-async'
import { close, dup, IPPROTO_TCP, sendfileAsync, setsockopt, TCP_NODELAY } from 'posix-async/posix'

const [port = '8080', folder = 'www', backend = 'epoll'] = process.argv.slice(2)
const PIECE = 64 * 1024
const LONGEST_HEAD = 16 * 1024

/** The heads of the requests that a client sends, one after the other. */
async function* headsOf(conn: Connection): AsyncGenerator<string> {
  let text = ''
  for await (const chunk of conn) {
    text += chunk.toString('latin1')
    for (let end = text.indexOf('\r\n\r\n'); end >= 0; end = text.indexOf('\r\n\r\n')) {
      yield text.slice(0, end)
      text = text.slice(end + 4)
    }
    if (text.length > LONGEST_HEAD) throw new RangeError('the head of a request is too long')
  }
}

const answer = (conn: Connection, status: string, length: number): Promise<void> =>
  conn.write(`HTTP/1.1 ${status}\r\nContent-Length: ${length}\r\n\r\n`)

/** By the kernel alone. The descriptor is one of our own: that of the connection may be closed, and be another's, meanwhile. */
async function sendStatic(conn: Connection, file: File, size: number): Promise<void> {
  const fd = dup(conn.fd)
  try {
    if ((await sendfileAsync(fd, file.fd, 0, size)) < size) throw new Error('the file or the connection ended too soon')
  } finally {
    close(fd)
  }
}

/** No thread waits for the disk, and the next piece is read when the client has taken the last. */
async function sendDynamic(conn: Connection, file: File, size: number): Promise<void> {
  const piece = Buffer.allocUnsafe(Math.min(PIECE, size))
  for (let at = 0; at < size;) {
    const { bytesRead } = await file.read(piece, 0, Math.min(piece.length, size - at), at)
    if (bytesRead === 0) throw new Error('the file ended too soon')
    await conn.write(piece.subarray(0, bytesRead))
    at += bytesRead
  }
}

const senders = { static: sendStatic, dynamic: sendDynamic }

/** The kind and the path that a request line asks for; undefined where there can be none. */
function wanted(head: string): { kind: keyof typeof senders; path: string } | undefined {
  const [, kind, name] = /^GET \/(static|dynamic)\/([\w.-]+(?:\/[\w.-]+)*) HTTP\/1\.[01](?:\r\n|$)/.exec(head) ?? []
  if (!name || name.split('/').includes('..')) return undefined
  return { kind: kind as keyof typeof senders, path: join(folder, kind!, name) }
}

async function serveOne(conn: Connection, head: string): Promise<void> {
  const what = wanted(head)
  const file = what && (await File.open(what.path).catch(() => undefined))
  if (!file) return answer(conn, '404 Not Found', 0)
  try {
    const stats = await file.stat()
    if (!stats.isFile()) return await answer(conn, '404 Not Found', 0)
    await answer(conn, '200 OK', stats.size)
    await senders[what.kind](conn, file, stats.size)
  } finally {
    await file.close()
  }
}

async function serve(conn: Connection): Promise<void> {
  setsockopt(conn.fd, IPPROTO_TCP, TCP_NODELAY, 1) // a head does not wait for the acknowledgement of the one before
  for await (const head of headsOf(conn)) {
    await serveOne(conn, head)
    if (/^connection: *close/im.test(head)) return
  }
}

const options = {
  port: Number(port),
  host: '127.0.0.1',
  backend: backend as NonNullable<EventServerOptions['backend']>,
}
const server = await eventServer(options, serve)
server.on('clientError', (error) => console.error(`a client: ${error.message}`))
console.log(`serving ${folder} on port ${(server.address() as { port: number }).port}, by ${backend}`)
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void server.close())

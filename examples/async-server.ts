// The Async Server: clients upload 100 MB each. One process waits for all of them with epoll and hands each client that has begun
// to send to a process of its own, so that uploads run at once.
//
//   node dist/examples/async-server.js [PORT, default 5000] [FOLDER, default uploads]
//   node dist/examples/async-client.js & node dist/examples/async-client.js
import { mkdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { _exit, close, fork, O_CREAT, O_TRUNC, O_WRONLY, open, read, waitpidAsync, write } from 'posix-async/posix'
import { EPOLL_CTL_ADD, EPOLL_CTL_DEL, epoll_create1, epoll_ctl, epoll_waitAsync, EPOLLIN } from 'posix-async/posix'
import { accept4, AF_INET, bind, getsockname, listen, SOCK_NONBLOCK, SOCK_STREAM, socket } from 'posix-async/posix'
import { setsockopt, SO_REUSEADDR, SOL_SOCKET, WEXITSTATUS, WIFEXITED, WTERMSIG } from 'posix-async/posix'

const [port = '5000', folder = 'uploads'] = process.argv.slice(2)
const CHUNK = 1 << 18

function startListening(): number {
  const fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK)
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, 1)
  bind(fd, { family: AF_INET, address: '127.0.0.1', port: Number(port) })
  listen(fd)
  return fd
}

mkdirSync(folder, { recursive: true })
const listener = startListening()
const epfd = epoll_create1()
const waiting = new Map<number, string>() // accepted, and nothing has come yet: descriptor and file
let uploads = 0
epoll_ctl(epfd, EPOLL_CTL_ADD, listener, { events: EPOLLIN })

function acceptAll(): void {
  for (let client = accept4(listener); client !== null; client = accept4(listener)) {
    waiting.set(client.fd, join(folder, `upload-${++uploads}`))
    epoll_ctl(epfd, EPOLL_CTL_ADD, client.fd, { events: EPOLLIN })
  }
}

/** In the child: blocking reads to the end of the upload, into the file; then the client is told how much came. */
function receive(client: number, path: string): void {
  const file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
  const buffer = Buffer.allocUnsafe(CHUNK)
  let bytes = 0
  for (let count = read(client, buffer)!; count > 0; count = read(client, buffer)!) {
    for (let done = 0; done < count;) done += write(file, buffer, done, count - done)!
    bytes += count
  }
  write(client, `${bytes} bytes received\n`)
}

/** The child's whole life: what belongs to the parent is closed, and it never returns to the parent's loop. */
function childProcess(client: number, path: string): never {
  try {
    close(listener)
    close(epfd)
    for (const other of waiting.keys()) close(other)
    receive(client, path)
    _exit(0)
  } catch (error) {
    console.error(`process ${process.pid}: ${(error as Error).message}`)
    _exit(1)
  }
}

/** Waits for the child without blocking, and reports the file. */
async function reap(pid: number, path: string, begun: number): Promise<void> {
  const { status } = await waitpidAsync(pid)
  const seconds = ((performance.now() - begun) / 1000).toFixed(2)
  if (WIFEXITED(status) && WEXITSTATUS(status) === 0) {
    console.log(`process ${pid} received ${path}: ${statSync(path).size} bytes in ${seconds} s`)
  } else {
    const how = WIFEXITED(status) ? `exited with ${WEXITSTATUS(status)}` : `was killed by signal ${WTERMSIG(status)}`
    console.log(`process ${pid} ${how} after ${seconds} s; ${path} is removed`)
    rmSync(path, { force: true })
  }
}

function handOver(client: number): void {
  const path = waiting.get(client)!
  epoll_ctl(epfd, EPOLL_CTL_DEL, client)
  waiting.delete(client)
  try {
    const begun = performance.now()
    const pid = fork()
    if (pid === 0) childProcess(client, path)
    console.log(`process ${pid} receives ${path}`)
    void reap(pid, path, begun)
  } catch (error) {
    console.log(`${path} is refused: ${(error as Error).message}`) // EAGAIN: no more processes
  } finally {
    close(client)
  }
}

console.log(`listening on port ${getsockname(listener).port}, process ${process.pid}, files go to ${folder}`)
const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => stop.abort())

try {
  for (;;) {
    for (const { data: fd } of await epoll_waitAsync(epfd, 64, null, { signal: stop.signal })) {
      if (fd === listener) acceptAll()
      else handOver(fd)
    }
  }
} catch (error) {
  if (!stop.signal.aborted) throw error
}
for (const fd of [listener, epfd, ...waiting.keys()]) close(fd) // uploads that were begun go on to their end

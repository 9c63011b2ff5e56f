// The lesson's third server: one loop, which calls back for each descriptor that is ready. The same in C is event.c.
import {
  accept4,
  close,
  EPOLL_CTL_ADD,
  epoll_create1,
  epoll_ctl,
  epoll_wait,
  EPOLLIN,
  read,
  write,
} from 'posix-async/posix'
import { fib, listenOn } from './listen.js'

const loop = epoll_create1()
const callbacks = new Map<number, (fd: number) => void>()

function watch(fd: number, callback: (fd: number) => void): void {
  callbacks.set(fd, callback)
  epoll_ctl(loop, EPOLL_CTL_ADD, fd, { events: EPOLLIN })
}

function onConnection(listener: number): void {
  const accepted = accept4(listener, 0)
  if (accepted) watch(accepted.fd, onData)
}

function onData(client: number): void {
  const text = Buffer.alloc(256)
  const count = read(client, text) // it is ready: this does not wait
  if (count) write(client, String(fib(Number(text.toString('utf8', 0, count)))))
  callbacks.delete(client)
  close(client) // and it is watched no more
}

watch(listenOn(Number(process.argv[2] ?? 2999)), onConnection)
for (;;) {
  for (const { data: fd } of epoll_wait(loop, 64)) callbacks.get(Number(fd))?.(Number(fd))
}

// The lesson's first server: a process for each connection. The same in C is process.c; what goes wrong without one of its lines is in wrong/.
import { _exit, accept4, close, fork, read, waitpid, WNOHANG, write } from 'posix-async/posix'
import { fib, listenOn } from './listen.js'

function answer(client: number): void {
  const text = Buffer.alloc(256)
  const count = read(client, text) // blocks: this process has no other client
  if (count) write(client, String(fib(Number(text.toString('utf8', 0, count)))))
}

const listener = listenOn(Number(process.argv[2] ?? 2999))
let children = 0
for (;;) {
  const { fd: client } = accept4(listener, 0)!
  if (fork() === 0) {
    // The child has a copy of everything, both descriptors included.
    close(listener) // or the port stays taken for as long as this child lives
    answer(client)
    close(client)
    _exit(0)
  }
  children++
  close(client) // or the client never sees the end of the reply
  while (children > 0 && waitpid(-1, WNOHANG).pid > 0) children-- // or what is left of each child stays: a zombie
}

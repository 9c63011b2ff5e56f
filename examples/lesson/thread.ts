// The lesson's second server: a thread for each connection. The same in C is thread.c, whose `serve` the threads begin with: compile it by
//   cc -shared -fPIC -pthread -o thread.so examples/lesson/thread.c
import { resolve } from 'node:path'
import { accept4, native, pthread_create, pthread_detach } from 'posix-async/posix'
import { listenOn } from './listen.js'

const [port = '2999', library = 'thread.so'] = process.argv.slice(2)
const serve = native(resolve(library), 'serve')
const listener = listenOn(Number(port))
for (;;) {
  const { fd: client } = accept4(listener, 0)!
  const argument = Int32Array.of(client) // its bytes are copied to the heap, where `serve` frees them
  pthread_detach(pthread_create(serve, argument)) // nobody joins it: what it had is freed when it ends
}

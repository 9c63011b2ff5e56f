// What goes wrong where the parent does not close the connection: its client never sees the end of the reply.
import {
  _exit,
  accept4,
  AF_INET,
  close,
  connect,
  fork,
  poll,
  POLLIN,
  read,
  SOCK_STREAM,
  socket,
  waitpid,
  write,
} from 'posix-async/posix'
import { listenOn, portOf } from '../listen.js'

const listener = listenOn(0)
const client = socket(AF_INET, SOCK_STREAM, 0)
connect(client, { family: AF_INET, address: '127.0.0.1', port: portOf(listener) })
const { fd: connection } = accept4(listener, 0)!
const child = fork()
if (child === 0) {
  close(listener)
  write(connection, '89')
  close(connection)
  _exit(0)
}
// close(connection) is what is missing here.
waitpid(child, 0)
const text = Buffer.alloc(16)
console.log(`the reply: ${text.toString('utf8', 0, read(client, text)!)}`)
const isReady = (): boolean => poll([{ fd: client, events: POLLIN }], 100) > 0
console.log(isReady() ? 'the end of the reply' : 'no end of the reply, for the parent still has the connection')
close(connection)
console.log(isReady() && read(client, text) === 0 ? 'the end of the reply, now that it has closed it' : 'still no end')

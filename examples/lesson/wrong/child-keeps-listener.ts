// What goes wrong where the child does not close the listener: the server is gone, and its port is not.
import {
  _exit,
  AF_INET,
  bind,
  close,
  fork,
  listen,
  pipe,
  read,
  SO_REUSEADDR,
  setsockopt,
  SOCK_STREAM,
  socket,
  SOL_SOCKET,
  waitpid,
} from 'posix-async/posix'
import { listenOn, portOf } from '../listen.js'

const listener = listenOn(0)
const port = portOf(listener)
const [reader, writer] = pipe()
const child = fork()
if (child === 0) {
  // close(listener) is what is missing here.
  close(writer)
  read(reader, Buffer.alloc(1)) // it is busy with its client, until the parent says so
  _exit(0)
}
close(listener) // the server ends

function again(): string {
  const other = socket(AF_INET, SOCK_STREAM, 0)
  try {
    setsockopt(other, SOL_SOCKET, SO_REUSEADDR, 1)
    bind(other, { family: AF_INET, address: '127.0.0.1', port })
    listen(other, 1)
    return 'the port is free'
  } catch (error) {
    return `the port is taken: ${(error as NodeJS.ErrnoException).code}`
  } finally {
    close(other)
  }
}

console.log(again())
close(writer)
waitpid(child, 0)
console.log(`${again()}, now that the child is gone`)

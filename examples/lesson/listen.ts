// What the lesson's servers begin with: a socket that listens on loopback, and its port. The same in C is listen.h.
import {
  AF_INET,
  bind,
  getsockname,
  listen,
  setsockopt,
  SO_REUSEADDR,
  SOCK_STREAM,
  socket,
  SOL_SOCKET,
} from 'posix-async/posix'

/** Listens on the port; 0 lets the kernel choose one, which is printed. */
export function listenOn(port: number): number {
  const listener = socket(AF_INET, SOCK_STREAM, 0)
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, 1)
  bind(listener, { family: AF_INET, address: '127.0.0.1', port })
  listen(listener, 511)
  console.log(`port ${portOf(listener)}`)
  return listener
}

/** The port of a socket. */
export function portOf(fd: number): number {
  const address = getsockname(fd)
  return 'port' in address ? address.port! : 0
}

/** The work: fib(0) = fib(1) = 1, as the lesson counts, so fib(10) is 89 and not 55. */
export function fib(n: number): number {
  return n < 2 ? 1 : fib(n - 1) + fib(n - 2)
}

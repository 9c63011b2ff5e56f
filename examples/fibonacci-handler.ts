// A connection handler as a module: each isolate of threadServer loads it for itself, and blocks in it.
import type { Connection } from 'posix-async'

/** Recursive on purpose, so that an answer takes time; fib(0) = fib(1) = 1. */
export function fib(n: number): number {
  return n < 2 ? 1 : fib(n - 1) + fib(n - 2)
}

/** One request a connection: a number in decimal, answered by its Fibonacci number. */
export default function fibonacci(conn: Connection): void {
  const request = conn.readSync(256) // a blocking read(2)
  if (request) conn.writeSync(String(fib(Number(request))))
}

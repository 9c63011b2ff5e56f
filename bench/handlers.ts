// The lesson's two handlers: the same source under all four models.
import type { Connection, EventCallbacks } from 'posix-async'

const LARGEST = 34

/** Recursive on purpose: the lesson's unit of work. fib(0) = fib(1) = 1. */
function fib(n: number): number {
  return n < 2 ? 1 : fib(n - 1) + fib(n - 2)
}

/** The reply to a request's text: fib(n) in decimal, or "out of range" for what is no integer from 0 to 34. */
export function answer(text: string): string {
  const n = /^\s*[+-]?\d+\s*$/.test(text) ? Number(text) : NaN
  return n >= 0 && n <= LARGEST ? String(fib(n)) : 'out of range'
}

/** One request a connection: a number as text; the reply is its Fibonacci number. */
export async function fibonacci(conn: Connection): Promise<void> {
  const request = await conn.read(256)
  if (request) await conn.write(answer(request.toString()))
}

/** Sends back what comes, until the client has had enough. */
export async function echo(conn: Connection): Promise<void> {
  for await (const chunk of conn) await conn.write(chunk)
}

/** Both once more in the form that is eventServer's fast path: callbacks shared by all connections. */
export const callbacks = {
  fibonacci: {
    data(conn, chunk) {
      conn.write(answer(chunk.toString()))
      conn.end()
    },
  },
  echo: {
    data: (conn, chunk) => void conn.write(chunk),
  },
} satisfies Record<string, EventCallbacks>

// The two handlers that the command has by name, under every model: fibonacci and echo.
import type { Connection } from 'posix-async'

// Recursive on purpose: the lesson's unit of work. fib(0) = fib(1) = 1, so fib(10) is 89.
const fib = (n: number): number => (n < 2 ? 1 : fib(n - 1) + fib(n - 2))

const LARGEST = 34

// No regular expression: it would be compiled anew in each forked child.
function reply(text: string): string {
  const digits = text.trim().startsWith('+') ? text.trim().slice(1) : text.trim()
  const isNumber = digits !== '' && [...digits].every((digit) => digit >= '0' && digit <= '9')
  return isNumber && Number(digits) <= LARGEST ? String(fib(Number(digits))) : 'out of range'
}

/** One request a connection: a number as text; the reply is its Fibonacci number, or "out of range" for what is none from 0 to 34. */
export async function fibonacci(conn: Connection): Promise<void> {
  const request = await conn.read(256)
  if (request) await conn.write(reply(request.toString()))
}

/** Sends back what comes, until the client has had enough. */
export async function echo(conn: Connection): Promise<void> {
  for await (const chunk of conn) await conn.write(chunk)
}

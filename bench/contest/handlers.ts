// The handlers that are compared: the same source under all four models.
import { setTimeout as wait } from 'node:timers/promises'
import type { Connection, EventCallbacks } from 'posix-async'

/** The handlers by name; each exists in C too, and in Python. */
export const HANDLER_NAMES = ['fibonacci', 'echo', 'think', 'upload'] as const

export type HandlerName = (typeof HANDLER_NAMES)[number]

const LARGEST = 34

/** Milliseconds that `think` waits, as a handler does that asks a database. */
export const THINK_TIME = 10

/** Recursive on purpose: the lesson's unit of work. fib(0) = fib(1) = 1. */
function fib(n: number): number {
  return n < 2 ? 1 : fib(n - 1) + fib(n - 2)
}

const [ZERO, NINE] = [48, 57]

/**
 * The reply to a request's text: fib(n) in decimal, or "out of range" for what is no integer from 0 to 34. Parsed as strtol(3) does it for
 * the C peers: a regular expression would be compiled anew in each forked child.
 */
export function answer(text: string): string {
  const digits = text.trim()
  const start = digits[0] === '+' ? 1 : 0
  let n = digits.length > start ? 0 : NaN
  for (let at = start; at < digits.length; at++) {
    const code = digits.charCodeAt(at)
    n = code >= ZERO && code <= NINE ? n * 10 + code - ZERO : NaN
  }
  return n <= LARGEST ? String(fib(n)) : 'out of range'
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

/** One request a connection, which goes back after a wait that needs no CPU. */
export async function think(conn: Connection): Promise<void> {
  const request = await conn.read(256)
  if (!request) return
  const reply = Buffer.from(request)
  await wait(THINK_TIME)
  await conn.write(reply)
}

/** Reads to the end; the reply is how many bytes came. */
export async function upload(conn: Connection): Promise<void> {
  let size = 0
  for await (const chunk of conn) size += chunk.length
  await conn.write(String(size))
}

/** All once more with calls that block, as C has them: for handlers that have a process or a thread of their own. */
export const blocking = {
  fibonacci(conn) {
    const request = conn.readSync(256)
    if (request) conn.writeSync(answer(request.toString()))
  },
  echo(conn) {
    for (let chunk = conn.readSync(); chunk; chunk = conn.readSync()) conn.writeSync(chunk)
  },
  think(conn) {
    const request = conn.readSync(256)
    if (!request) return
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, THINK_TIME)
    conn.writeSync(request)
  },
  upload(conn) {
    let size = 0
    for (let chunk = conn.readSync(); chunk; chunk = conn.readSync()) size += chunk.length
    conn.writeSync(String(size))
  },
} satisfies Record<HandlerName, (conn: Connection) => void>

/** All once more in the form that is eventServer's fast path: callbacks shared by all connections. */
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
  think: {
    data(conn, chunk) {
      const reply = Buffer.from(chunk)
      setTimeout(() => {
        conn.write(reply)
        conn.end()
      }, THINK_TIME)
    },
  },
  upload: {
    open: (conn) => void (conn.data = 0),
    data: (conn, chunk) => void (conn.data = (conn.data as number) + chunk.length),
    end(conn) {
      conn.write(String(conn.data))
      conn.end()
    },
  },
} satisfies Record<HandlerName, EventCallbacks>
